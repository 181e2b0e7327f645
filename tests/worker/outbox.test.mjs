import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn, PATIENCE_MS } from "./support/asking.mjs";
import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { keepVaults, putVaultsBack } from "./support/storage.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */
/** @typedef {import("./support/browser.mjs").Browser} Browser */

/** @param {string} name @param {(stack: ScriptedStack) => Promise<void>} body @param {object} [provider] */
const play = (name, body, provider = {}) => test(name, async () => {
  const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...provider } });
  const stack = await startScriptedStack({ door: true, change });
  try {
    await body(stack);
    assertNothingLeaked(stack, stack.as.issued);
  } finally {
    await stack.close();
  }
});

/** @param {ScriptedStack} stack */
const newest = (stack) => stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";

/** @param {ScriptedStack} stack @param {string} token */
const tries = (stack, token) => stack.as.revoked.filter((revoked) => revoked === token).length;

/** The row of a session. @param {ScriptedStack} stack @param {string} cookie */
const row = async (stack, cookie) => (await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", "SELECT * FROM session"))[0];

/** @param {ScriptedStack} stack */
async function restart({ workerd }) {
  await workerd.kill();
  await workerd.begin();
}

describe("a refresh token that nobody will use again", { concurrency: 4 }, () => {
  play("is revoked until the server has taken it, also across SIGKILL, and is sealed meanwhile", async (stack) => {
    const { browser } = await enter(stack);
    const [cookie, token] = [browser.cookie(SESSION_COOKIE) ?? "", newest(stack)];
    stack.as.onRevocation = () => ({ status: 503 });
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
    await until("two tries", () => tries(stack, token) >= 2);
    await stack.workerd.kill();
    assert.ok(!(await diskText(stack.workerd)).includes(token));
    const before = tries(stack, token);
    await stack.workerd.begin();
    await until("a try after the restart, by the alarm alone", () => tries(stack, token) > before, 45_000);
    stack.as.onRevocation = () => ({});
    // Nothing is left to revoke once the server says so.
    const taken = await until("the end", async () => {
      const found = stack.workerd.log.filter((line) => line.event === "revocation").at(-1);
      return found?.result === "revoked" && tries(stack, token);
    }, 60_000);
    await pause(1500);
    assert.equal(tries(stack, token), taken);
    assert.equal((await row(stack, cookie)).status, "ended:logout");
  });

  play("is revoked once an operator has put right what the client was refused for", async (stack) => {
    const { browser } = await enter(stack);
    const token = newest(stack);
    const isRefused = (/** @type {string} */ reason) => () => stack.workerd.log.some((line) => line.event === "revocation" && line.result === reason);
    const codes = ["invalid_client", "unauthorized_client"];
    stack.as.onRevocation = () => ({ status: 401, json: { error: codes[tries(stack, token) - 1] ?? codes[1] } });
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
    for (const code of codes) await until(code, isRefused(code));
    const other = { kind: "oidc", issuer: stack.as.issuer, client_id: "everlit-demo" };
    await stack.workerd.configure({ PROVIDER_DEMO: undefined, SECRET_DEMO_CLIENT_SECRET: undefined, PROVIDER_OTHER: other, SECRET_OTHER_CLIENT_SECRET: stack.secrets[0] });
    await restart(stack);
    await until("a try without a provider", isRefused("the provider is no longer configured"), 45_000);
    stack.as.onRevocation = () => undefined;
    const before = tries(stack, token);
    await stack.workerd.configure({ PROVIDER_DEMO: other, SECRET_DEMO_CLIENT_SECRET: stack.secrets[0], PROVIDER_OTHER: undefined, SECRET_OTHER_CLIENT_SECRET: undefined });
    await restart(stack);
    await until("the revocation", () => tries(stack, token) > before && isRefused("revoked")(), 45_000);
  });

  for (const [by, reason] of /** @type {const} */ ([["admin", "admin"], ["backchannel", "backchannel_logout"], ["other_device", "other_device"]])) {
    play(`is revoked where the session is ended from outside (${by}), once however often that is said`, async (stack) => {
      const { browser, session } = await enter(stack);
      const [cookie, token] = [browser.cookie(SESSION_COOKIE) ?? "", newest(stack)];
      for (let time = 0; time < 2; time += 1) {
        assert.deepEqual(await stack.workerd.ask("SESSION_VAULT", cookie, `/revoke?by=${by}`), { ended: { reason, epoch: session.epoch } });
      }
      const answer = await ask(browser, session, "resume");
      assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "session_ended", reason]);
      assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
      await until("the revocation", () => tries(stack, token) === 1);
      await pause(500);
      assert.equal(tries(stack, token), 1);
      await assert.rejects(stack.workerd.ask("SESSION_VAULT", cookie, "/revoke?by=nobody"), /404/);
    });
  }
});

describe("a grant that nobody uses", { concurrency: 2 }, () => {
  play("is refreshed before the server lets it lapse, which is no activity", async (stack) => {
    const { browser, session } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    const { active_at } = await row(stack, cookie);
    await until("the refresh", () => stack.as.requests("refresh_token").length === 1, 15_000);
    assert.ok(Date.now() - session.epoch >= 8_500);
    const kept = await until("the next generation", async () => {
      const found = await row(stack, cookie);
      return found.generation === 2 && found;
    });
    assert.deepEqual([kept.active_at, kept.outcomes], [active_at, "1,0,0,0,0,0,0,0,0"]);
    assert.equal((await browser.call("/auth/session")).json.generation, 2);
  }, { grant_idle: "10s" });

  play("is left alone where the server's limit shall rule", async (stack) => {
    await enter(stack);
    await pause(11_000);
    assert.equal(stack.as.requests("refresh_token").length, 0);
  }, { grant_idle: "10s", keep_grant: "never" });
});

describe("a vault whose file was put back", { concurrency: 2 }, () => {
  /** A session that was refreshed so often since its file was kept. @param {ScriptedStack} stack @param {number} rotations */
  async function restored(stack, rotations) {
    stack.as.accessTtl = 2;
    const { browser, session } = await enter(stack);
    await stack.workerd.kill();
    await keepVaults(stack.workerd);
    await stack.workerd.begin();
    let held = session;
    for (let rotation = 0; rotation < rotations; rotation += 1) {
      await pause(2100);
      held = (await askOn(browser, held)).json;
      assert.equal(held.generation, rotation + 2);
    }
    await stack.workerd.kill();
    await putVaultsBack(stack.workerd);
    await stack.workerd.begin();
    stack.as.accessTtl = 3600;
    assert.equal((await browser.call("/auth/session")).json.generation, 1, "it is back in time");
    await pause(2100);
    return { browser, held };
  }

  /** What a tab does: it asks with what it was told last. @param {Browser} browser @param {any} held @param {(json: any) => boolean} isEnd */
  async function asked(browser, held, isEnd) {
    return until("an end", async () => {
      const { status, json } = await ask(browser, held);
      if (isEnd(json)) return json;
      // What was found may have expired meanwhile.
      if (status === 503) return undefined;
      assert.equal(status, 200, JSON.stringify(json));
      assert.ok(json.epoch === held.epoch && json.generation >= held.generation);
      held = json;
    }, PATIENCE_MS);
  }

  play("finds in its escrow what came of the request that it does not remember", async (stack) => {
    const { browser, held } = await restored(stack, 1);
    const successor = newest(stack);
    const alive = await asked(browser, held, (json) => json.expires_in > 0);
    assert.ok(alive.generation > held.generation, "what a tab holds never goes back");
    const presented = stack.as.requests("refresh_token").map((form) => form.get("refresh_token"));
    assert.equal(presented.at(-1), successor, "the token that the escrow had");
    assert.equal(new Set(presented).size, presented.length, "no refresh token was presented twice");
  });

  play("that is further behind presents what it has once more, and asks for the user if that is refused", async (stack) => {
    const { browser, held } = await restored(stack, 2);
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined);
    const refused = await asked(browser, held, (json) => json.code === "reauth_required");
    assert.equal(refused.reason, "rotation_lost");
  });
});
