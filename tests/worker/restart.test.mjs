import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn, due, enterDue, enterExpired } from "./support/asking.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { SESSION_COOKIE, question } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */

/** @param {string} name @param {(stack: ScriptedStack) => Promise<void>} body @param {Parameters<typeof startScriptedStack>[0]} [options] */
const play = (name, body, options) => test(name, async () => {
  const stack = await startScriptedStack(options);
  try {
    await body(stack);
    assertNothingLeaked(stack, stack.as.issued);
  } finally {
    await stack.close();
  }
});

/** @param {ScriptedStack} stack */
async function restart(stack) {
  await stack.workerd.kill();
  await stack.workerd.begin();
}

describe("storage", { concurrency: 5 }, () => {
  describe("after SIGKILL and a new start", { concurrency: 4 }, () => {
    play("a session is still there, with its user, its token and its refresh token", async (stack) => {
      stack.as.accessTtl = 12;
      const { browser, session } = await enter(stack);
      await restart(stack);
      const shown = (await browser.call("/auth/session")).json;
      assert.deepEqual([shown.state, shown.epoch, shown.generation, shown.user], ["active", session.epoch, 1, session.user]);
      assert.equal((await browser.call("/api/orders")).status, 200);
      await due(shown);
      assert.equal((await askOn(browser, shown)).json.generation, 2);
    });

    play("a login that was begun before can be finished, and one that was finished lands again", async (stack) => {
      const [begun, finished] = [stack.browser(), stack.browser()];
      const { callback: done } = await begin(stack, finished);
      await finished.navigate(done, { site: "cross-site" });
      const { callback } = await begin(stack, begun);
      await restart(stack);
      assert.equal((await begun.navigate(callback, { site: "cross-site" })).status, 200);
      assert.equal((await finished.navigate(done, { site: "cross-site" })).status, 200);
      assert.equal((await begun.call("/auth/session")).json.state, "active");
    });

    play("a session that was ended stays ended", async (stack) => {
      const { browser } = await enter(stack);
      const cookie = browser.cookie(SESSION_COOKIE) ?? "";
      await browser.call("/auth/logout", { method: "POST" });
      await restart(stack);
      browser.setCookie(SESSION_COOKIE, cookie);
      assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
      assert.equal((await ask(browser, undefined, "resume")).json.code, "session_ended");
    });

    play("in the middle of a refresh, the session waits until nothing can still be under way, and goes on", async (stack) => {
      const { browser, session, deadAt } = await enterDue(stack, 4);
      stack.as.accessTtl = 3600;
      stack.as.onToken = () => ({ delayMs: 60_000 });
      const lost = ask(browser, session, "deadline").catch(() => "cut");
      await until("the refresh", () => stack.as.requests("refresh_token").length === 1);
      const sentAt = Date.now();
      const sent = stack.as.requests("refresh_token").at(-1)?.get("refresh_token");
      await stack.workerd.kill();
      assert.equal(await lost, "cut");
      stack.as.onToken = () => undefined;
      await stack.workerd.begin();

      await pause(deadAt - Date.now() + 500);
      const waiting = await ask(browser, session, "deadline");
      assert.deepEqual([waiting.status, waiting.json.code], [503, "temporarily_unavailable"]);
      assert.equal((await browser.call("/auth/session")).json.state, "active");
      assert.equal(stack.as.requests("refresh_token").length, 1);
      // Its answer is lost. Once it can be under way no longer, and the token is needed, there is nothing left to lose.
      const again = await until("the next generation", async () => {
        const { json } = await ask(browser, session, "deadline");
        return json.generation === 2 && json;
      }, 45_000);
      assert.ok(Date.now() - sentAt >= 29_000);
      assert.equal(Math.round(again.lifetime), 3600);
      assert.deepEqual(stack.as.requests("refresh_token").map((form) => form.get("refresh_token")), [sent, sent]);
      const outcomes = stack.workerd.log.filter((line) => line.event === "outcome");
      assert.deepEqual(outcomes.map((line) => line.outcome), ["resent_never_sent"]);
    });
  });

  describe("what is at rest", { concurrency: 4 }, () => {
    play("is sealed: no token and no claim can be read from the disk", async (stack) => {
      const { browser, session } = await enterExpired(stack);
      // The escrow has kept the answer to this.
      assert.equal((await askOn(browser, session)).json.generation, 2);
      await begin(stack, browser);
      await stack.workerd.kill();
      const text = await diskText(stack.workerd);
      const tables = ["access_token", "claimed_at", "transaction_sealed"];
      assert.ok(text.includes("SQLite format 3") && tables.every((column) => text.includes(column)), "the tables are there");
      for (const secret of [...stack.secrets, ...stack.as.issued, stack.as.nonce, "grace@example.com", "scripted-user", browser.cookie(SESSION_COOKIE) ?? ""]) {
        assert.ok(secret.length > 10 && !text.includes(secret), "a secret is on the disk as it is");
      }
      await stack.workerd.begin();
    });

    play("cannot be opened with another key: the cookie no longer counts", async (stack) => {
      const { browser } = await enter(stack);
      await stack.workerd.kill();
      await stack.workerd.configure({ SECRET_SESSION_KEY: "B".repeat(43).replace(/.$/, "A") });
      await stack.workerd.begin();
      assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
    });
  });

  describe("a limit", { concurrency: 5 }, () => {
    const limits = (/** @type {object} */ LIMITS) => ({ change: (/** @type {any} */ given) => ({ ...given, LIMITS }) });

    /** Each login with a grant of its own. @param {object} LIMITS */
    const alone = (LIMITS) => ({ change: (/** @type {any} */ given) => ({ ...given, LIMITS, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, grants: "per_login" } }) });

    play("of idleness leaves the refresh token to lapse where other sessions live by the same grant", async (stack) => {
      const { browser } = await enter(stack);
      const status = async () => (await stack.workerd.each("SESSION_VAULT", "/sql", "SELECT status, outbox FROM session")).flat();
      await until("the limit", async () => (await status())[0]?.status === "ended:idle_limit", 20_000);
      // An outbox is there from its first errand on.
      assert.deepEqual((await status()).map(({ outbox }) => outbox), [null]);
      assert.deepEqual(stack.as.revoked, []);
      assert.equal((await ask(browser, undefined, "resume")).json.reason, "idle_limit");
    }, { ...limits({ idle: "3s", absolute: "1h" }), door: true });

    play("of idleness ends the session by itself, and revokes its refresh token", async (stack) => {
      const { browser } = await enter(stack);
      const refreshToken = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
      await until("the revocation", () => stack.as.revoked.includes(refreshToken), 20_000);
      const answer = await ask(browser, undefined, "resume");
      assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "session_ended", "idle_limit"]);
      assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
    }, alone({ idle: "3s", absolute: "1h" }));

    play("ends the session also where the alarm had rung for something else before", async (stack) => {
      const { browser, session } = await enterDue(stack, 4);
      stack.as.accessTtl = 3600;
      // The alarm is armed for the end of this request's time now, which is before the limit.
      assert.equal((await askOn(browser, session)).json.generation, 2);
      const refreshToken = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
      await until("the revocation", () => stack.as.revoked.includes(refreshToken), 45_000);
      assert.equal((await ask(browser, session, "resume")).json.reason, "idle_limit");
    }, alone({ idle: "35s", absolute: "1h" }));

    play("of idleness counts from the activity that a tab reports, not from refreshes", async (stack) => {
      const { browser, session } = await enter(stack);
      for (let step = 0; step < 3; step += 1) {
        await pause(4_000);
        const answer = await browser.call("/auth/token", { method: "POST", json: question(session, "activity", { active_ago: 0.1 }) });
        assert.equal(answer.status, 200, answer.text);
        assert.ok(answer.json.idle_left > 8.5);
      }
      for (let step = 0; step < 3; step += 1) {
        await pause(4_000);
        await ask(browser, session, "resume");
      }
      assert.equal((await ask(browser, session, "resume")).json.reason, "idle_limit");
    }, limits({ idle: "10s", absolute: "1h" }));

    play("of the session's whole life ends it whatever its user does", async (stack) => {
      const { browser, session } = await enter(stack);
      await pause(5_000);
      await browser.call("/auth/token", { method: "POST", json: question(session, "activity", { active_ago: 0 }) });
      // The vault counts from when it took the login, which is later than the epoch.
      const { json } = await ask(browser, session, "resume");
      await pause(json.absolute_left * 1_000 + 200);
      assert.equal((await ask(browser, session, "resume")).json.reason, "absolute_limit");
    }, limits({ idle: "8s", absolute: "8s" }));
  });
});
