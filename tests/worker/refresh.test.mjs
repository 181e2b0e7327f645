import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn, askUntilHungUp, due, enterDue as enterDueIn, enterExpired } from "./support/asking.mjs";
import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */

/** Long enough to log in and to ask. Seconds. */
const SHORT_TTL = 8;

/** Seconds for which a server may forgive. */
const WINDOW = 12;

/**
 * A test with a Worker and servers of its own: most of these tests wait, so they wait together.
 *
 * @param {string} name
 * @param {(stack: ScriptedStack) => Promise<void>} body
 * @param {{ grace?: object }} [options] what the server forgives: nothing, if it is not said
 */
const play = (name, body, { grace } = {}) => test(name, async () => {
  const stack = await startScriptedStack({ change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...(grace && { grace }) } }) });
  try {
    await body(stack);
    assertNothingLeaked(stack, stack.as.issued);
  } finally {
    await stack.close();
  }
});

/** @param {ScriptedStack} stack */
const refreshes = (stack) => stack.as.requests("refresh_token").length;

/** @param {ScriptedStack} stack */
const outcomes = (stack) => stack.workerd.log.filter((line) => line.event === "outcome").map((line) => line.outcome);

/** Answers refreshes only; codes go on as usual. @param {ScriptedStack} stack @param {(form: URLSearchParams) => any} answer */
const onRefresh = ({ as }, answer) => { as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? answer(form) : undefined); };

/** A login whose token is due. @param {ScriptedStack} stack */
async function enterDue(stack) {
  const entered = await enterDueIn(stack, SHORT_TTL);
  stack.as.accessTtl = 3600;
  return entered;
}

/** Seconds between two rotations. */
const MINIMUM_INTERVAL = 10;

/** Waits until a token is old enough for a refresh that nobody needs, as the vault sees it. @param {import("./support/browser.mjs").Browser} browser */
const settle = (browser) => until("the minimum interval to be over", async () => {
  const { lifetime, expires_in: left } = (await browser.call("/auth/session")).json;
  return lifetime - left >= MINIMUM_INTERVAL;
}, 20_000);

describe("a refresh", { concurrency: 5 }, () => {
  play("a refresh is idempotent by epoch and generation", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const count = refreshes(stack);
    const first = await askOn(browser, session);
    assert.deepEqual([first.status, first.json.generation, first.json.lifetime], [200, 2, 3600], first.text);
    assert.deepEqual(outcomes(stack), ["success"]);
    // The same question again, from a tab that is behind: it gets the current token, and nothing is spent.
    for (const reason of ["deadline", "unauthorized", "forced", "resume"]) {
      const again = await ask(browser, session, reason);
      assert.deepEqual([again.json.epoch, again.json.generation], [session.epoch, 2], reason);
    }
    assert.equal((await ask(browser, undefined, "resume")).json.generation, 2);
    assert.equal(refreshes(stack), count + 1);
    assert.equal(stack.as.requests("refresh_token").at(-1)?.get("refresh_token")?.startsWith("refresh-"), true);
  });

  play("a token that is not due is not refreshed, and a forced refresh keeps the minimum interval", async (stack) => {
    const { browser, session } = await enter(stack);
    const count = refreshes(stack);
    for (const reason of ["deadline", "resume", "activity", "forced", "unauthorized"]) {
      assert.equal((await ask(browser, session, reason)).json.generation, 1, reason);
    }
    assert.equal(refreshes(stack), count);
    await settle(browser);
    assert.equal((await ask(browser, session, "deadline")).json.generation, 1);
    const forced = await askOn(browser, session, "forced");
    assert.equal(forced.json.generation, 2);
    assert.equal((await ask(browser, forced.json, "forced")).json.generation, 2);
    assert.equal(refreshes(stack), count + 1);
  });

  play("200 callers at expiry make one token request", async (stack) => {
    const { browser, session } = await enterExpired(stack);
    const count = refreshes(stack);
    onRefresh(stack, async (form) => ({ delayMs: 300, json: await stack.as.tokens(form) }));
    const answers = await Promise.all(Array.from({ length: 200 }, () => askOn(browser, session)));
    assert.deepEqual([...new Set(answers.map((answer) => `${answer.status} ${answer.json.generation}`))], ["200 2"]);
    assert.equal(refreshes(stack), count + 1);
  });

  play("a refresh token as long as any that is accepted is kept, presented and replaced", async (stack) => {
    // Of such characters that JSON takes six for each.
    const tokens = ["\u0001", "\u0002"].map((character) => character.repeat(16_384));
    stack.as.onToken = async (form) => {
      const isCode = form.get("grant_type") === "authorization_code";
      return { json: { ...(await stack.as.tokens(form)), refresh_token: tokens[isCode ? 0 : 1] } };
    };
    const { browser, session } = await enterExpired(stack);
    assert.equal((await askOn(browser, session)).json.generation, 2);
    assert.deepEqual(stack.as.requests("refresh_token").map((form) => form.get("refresh_token") === tokens[0]), [true]);
  });

  play("a refresh token that is longer is the operator's affair, and ends nothing", async (stack) => {
    const { browser, session } = await enterExpired(stack);
    onRefresh(stack, async (form) => ({ json: { ...(await stack.as.tokens(form)), refresh_token: "r".repeat(16_385) } }));
    assert.equal((await ask(browser, session, "deadline")).json.code, "temporarily_unavailable");
    await until("what came of it", () => outcomes(stack).length > 0);
    assert.deepEqual(outcomes(stack), ["misconfigured"]);
    assert.equal(stack.workerd.log.findLast((line) => line.event === "token_answered")?.reason, "a refresh token of more than 16 KB");
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  play("a caller that hangs up does not stop the refresh", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const count = refreshes(stack);
    const caller = new AbortController();
    onRefresh(stack, async (form) => {
      caller.abort();
      return { delayMs: 800, json: await stack.as.tokens(form) };
    });
    await assert.rejects(askUntilHungUp(browser, session, caller.signal), { name: "AbortError" });
    await until("the new token", async () => (await browser.call("/auth/session")).json.generation === 2);
    assert.equal(refreshes(stack), count + 1);
  });

  play("a refresh that is slow is answered with the living token, and committed when it comes", async (stack) => {
    stack.as.accessTtl = 60;
    const entering = Date.now();
    const { browser, session } = await enter(stack);
    // What this machine takes for what it does without waiting, and more.
    const tookMs = Date.now() - entering;
    onRefresh(stack, async (form) => ({ delayMs: 6000 + tookMs, json: await stack.as.tokens(form) }));
    await settle(browser);
    const count = refreshes(stack);
    const began = Date.now();
    const answer = await ask(browser, session, "forced");
    const waited = Date.now() - began;
    assert.deepEqual([answer.status, answer.json.generation], [200, 1]);
    assert.ok(waited >= 4_300 && waited < 5_800 + tookMs, `waited ${waited} ms`);
    await until("the new token", async () => (await browser.call("/auth/session")).json.generation === 2, 10_000 + tookMs);
    assert.equal(refreshes(stack), count + 1);
  });

  for (const [name, outcome, given, isWait] of /** @type {[string, string, any, (seconds: number) => boolean][]} */ ([
    ["503", "transient", { status: 503, body: "busy" }, (seconds) => seconds > 0 && seconds <= 30],
    ["429 with Retry-After", "throttled", { status: 429, headers: { "retry-after": "30" } }, (seconds) => seconds > 10 && seconds <= 30],
    ["429 with a date", "throttled", { status: 429, headers: { "retry-after": new Date(Date.now() + 20 * 60_000).toUTCString() } }, (seconds) => seconds > 600 && seconds <= 1260],
    ["a page of HTML", "transient", { headers: { "content-type": "text/html" }, body: "<p>Please accept our terms</p>" }, (seconds) => seconds > 0],
    ["409", "transient", { status: 409, json: { error: "conflict" } }, (seconds) => seconds > 0],
    ["an unknown 4xx", "transient", { status: 418, json: { error: "teapot" } }, (seconds) => seconds > 0],
    ["invalid_client", "misconfigured", { status: 401, json: { error: "invalid_client" } }, (seconds) => seconds > 0],
  ])) {
    play(`a refresh that fails with ${name} keeps the session`, async (stack) => {
      const { browser, session, deadAt } = await enterDue(stack);
      const count = refreshes(stack);
      onRefresh(stack, () => given);
      const living = await ask(browser, session, "deadline");
      assert.deepEqual([living.status, living.json.generation], [200, 1], living.text);
      // Who asked may have been answered before it was tried.
      await until("what came of it", () => outcomes(stack).length > 0);
      assert.equal(refreshes(stack), count + 1);
      await pause(deadAt - Date.now() + 1000);
      const dead = await ask(browser, session, "deadline");
      assert.deepEqual([dead.status, dead.headers["content-type"]], [503, "application/problem+json"]);
      assert.equal(dead.json.code, "temporarily_unavailable");
      assert.deepEqual(outcomes(stack).slice(0, 1), [outcome]);
      assert.ok(isWait(dead.json.retry_after), `retry_after is ${dead.json.retry_after}`);
      assert.equal(dead.headers["retry-after"], String(Math.max(1, Math.ceil(dead.json.retry_after))));
      const shown = (await browser.call("/auth/session")).json;
      assert.equal(shown.state, "active");
      assert.equal(shown.expires_in, 0);
    });
  }

  // Nobody knows whether any of these rotated the token.
  for (const [name, given] of /** @type {[string, any][]} */ ([
    ["a connection that breaks", { json: { access_token: "cut" }, cut: true }],
    ["a connection that breaks before anything is said", { cut: true, chunks: [] }],
    ["no answer in time", { delayMs: 60_000 }],
    ["JSON that is cut short", { headers: { "content-type": "application/json" }, body: '{"access_token":"access-1","expires_in":36' }],
  ])) {
    play(`a refresh that ends with ${name} keeps the session, and is made again within the window`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      onRefresh(stack, () => (refreshes(stack) === 1 ? given : undefined));
      const answer = await until("the new token", async () => {
        const asked = await ask(browser, session, "deadline");
        assert.ok(asked.status === 200 || asked.json.code === "temporarily_unavailable", asked.text);
        assert.equal((await browser.call("/auth/session")).json.state, "active");
        return asked.json.generation === 2 && asked.json;
      }, WINDOW * 1000);
      assert.equal(answer.lifetime, 3600);
      const presented = stack.as.requests("refresh_token").map((form) => form.get("refresh_token"));
      assert.deepEqual([presented.length, new Set(presented).size, outcomes(stack)], [2, 1, ["replayed_within_grace"]]);
    }, { grace: { window: `${WINDOW}s`, replay: "same_pair", depth: "previous", blast: "family" } });
  }

  play("a refresh that ends with JSON that is cut short, on a server that forgives nothing, is left alone while the token lives", async (stack) => {
    const { browser, session, tookMs, livesUntil } = await enterDue(stack);
    onRefresh(stack, () => (refreshes(stack) === 1 ? { headers: { "content-type": "application/json" }, body: '{"access' } : undefined));
    do {
      const living = await ask(browser, session, "deadline");
      assert.deepEqual([living.status, living.json.generation], [200, 1]);
      await until("the refresh", () => refreshes(stack) > 0);
      assert.equal(refreshes(stack), 1);
      await pause(200);
    } while (Date.now() < livesUntil - 500 - tookMs);
    const answer = await until("a new token", async () => {
      const { json } = await ask(browser, session, "deadline");
      return json.generation === 2 && json;
    });
    assert.equal(answer.lifetime, 3600);
    // That it was taken shows that the first one had not been.
    assert.deepEqual([refreshes(stack), outcomes(stack)], [2, ["resent_never_sent"]]);
  });

  play("a refresh that failed is made again, and the session goes on", async (stack) => {
    const { browser, session } = await enterDue(stack);
    onRefresh(stack, () => ({ status: 503 }));
    await ask(browser, session, "deadline");
    stack.as.onToken = () => undefined;
    const answer = await until("a new token", async () => {
      const { json } = await ask(browser, session, "deadline");
      return json.generation === 2 && json;
    });
    assert.equal(answer.lifetime, 3600);
    assert.equal(outcomes(stack).at(-1), "success");
  });

  play("invalid_grant asks for the user, and keeps the session", async (stack) => {
    const { browser, session } = await enterDue(stack);
    onRefresh(stack, () => ({ status: 400, json: { error: "invalid_grant" } }));
    const answer = await askOn(browser, session);
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "reauth_required", "revoked"]);
    const toDo = (/** @type {any} */ { vault, provider, how, login_url: loginUrl, who }) => ({ vault, provider, how, loginUrl, who });
    assert.deepEqual(toDo(answer.json), { vault: "login", provider: "demo", how: ["popup", "redirect"], loginUrl: "/auth/login", who: "you" });
    assert.deepEqual(outcomes(stack), ["revoked"]);
    const shown = (await browser.call("/auth/session")).json;
    assert.deepEqual([shown.state, shown.epoch, shown.generation, shown.user.sub], ["reauth_required", session.epoch, 1, "scripted-user"]);
    assert.deepEqual(shown.providers, [{ name: "demo", state: "needs_human", own: true }]);
    const call = await browser.call("/api/orders");
    assert.deepEqual([call.status, call.headers["everlit-code"], toDo(call.json)], [401, "reauth_required", toDo(answer.json)]);
    // Where it says, the login begins.
    const login = await browser.navigate(answer.json.login_url);
    assert.equal(login.status, 302);
    const count = refreshes(stack);
    await ask(browser, session, "forced");
    assert.equal(refreshes(stack), count);
  });

  play("a grant without a refresh token asks for the user when its token has expired", async (stack) => {
    stack.as.withoutRefreshToken = true;
    const { browser, session } = await enterExpired(stack);
    const answer = await askOn(browser, session);
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "reauth_required", "no_refresh_token"]);
  });

  play("a refresh answer without a refresh token keeps the old one", async (stack) => {
    const { browser, session } = await enterDue(stack);
    onRefresh(stack, () => ({ json: { access_token: "access-short-1", token_type: "Bearer", expires_in: session.lifetime } }));
    const second = await askOn(browser, session);
    assert.equal(second.json.generation, 2);
    const presented = stack.as.requests("refresh_token").at(-1)?.get("refresh_token");
    await due(second.json);
    assert.equal((await askOn(browser, second.json)).json.generation, 3);
    assert.equal(stack.as.requests("refresh_token").at(-1)?.get("refresh_token"), presented);
  });

  play("a logout revokes the refresh token, and tries again where the server is busy", async (stack) => {
    const { browser } = await enter(stack);
    const refreshToken = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
    let busy = 1;
    stack.as.onRevocation = () => (busy-- > 0 ? { status: 503 } : {});
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    const logout = await browser.call("/auth/logout", { method: "POST" });
    assert.deepEqual([logout.status, browser.cookie(SESSION_COOKIE)], [200, undefined]);
    await until("two revocations", () => stack.as.revoked.filter((token) => token === refreshToken).length === 2);
    // The cookie that somebody kept opens nothing.
    browser.setCookie(SESSION_COOKIE, cookie);
    const answer = await ask(browser, undefined, "resume");
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "session_ended", "logout"]);
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
    assert.deepEqual([(await browser.call("/auth/logout", { method: "POST" })).status], [200]);
  });

  play("a refresh answer that comes after the logout brings nothing back, and its token is revoked", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    let loggedOut = () => {};
    const isOver = new Promise((resolve) => { loggedOut = () => resolve(undefined); });
    onRefresh(stack, async (form) => {
      const json = await stack.as.tokens(form);
      await isOver;
      return { json, delayMs: 500 };
    });
    const count = refreshes(stack);
    const late = askOn(browser, session);
    await until("the refresh", () => refreshes(stack) === count + 1);
    const other = stack.browser();
    other.setCookie(SESSION_COOKIE, cookie);
    await other.call("/auth/logout", { method: "POST" });
    loggedOut();
    const answer = await late;
    assert.deepEqual([answer.status, answer.json.code], [401, "session_ended"]);
    const successor = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
    await until("its revocation", () => stack.as.revoked.includes(successor));
    assert.deepEqual(outcomes(stack), []);
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  });
});
