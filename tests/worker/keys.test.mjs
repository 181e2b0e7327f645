import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn, enterExpired } from "./support/asking.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE, secretText } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */

/** @param {string} name @param {(stack: ScriptedStack, keys: { first: string, second: string }) => Promise<void>} body */
const play = (name, body) => test(name, async () => {
  const keys = { first: secretText(), second: secretText() };
  const stack = await startScriptedStack({ door: true, change: (given) => ({ ...given, SECRET_SESSION_KEY: keys.first }) });
  stack.secrets.push(keys.first, keys.second);
  try {
    await body(stack, keys);
    assertNothingLeaked(stack, stack.as.issued);
  } finally {
    await stack.close();
  }
});

/** Starts the Worker with these versions of the key. @param {ScriptedStack} stack @param {string | undefined} first @param {string} [second] */
async function deploy({ workerd }, first, second) {
  await workerd.kill();
  await workerd.configure({ SECRET_SESSION_KEY: first, SECRET_SESSION_KEY_2: second });
  await workerd.begin();
}

/** Which version of the key the session's own key is wrapped by. @param {ScriptedStack} stack @param {string | undefined} cookie */
const wrappedBy = async ({ workerd }, cookie) => (await workerd.ask("SESSION_VAULT", cookie, "/sql", "SELECT hex(substr(data_key, 1, 1)) AS version FROM session"))[0]?.version;

/** What a session is called in lists, and who is in the list with it. @param {import("./support/browser.mjs").Browser} browser */
const listed = async (browser) => (await browser.call("/auth/sessions")).json.sessions;

describe("a session key that is renewed", { concurrency: 4 }, () => {
  play("and then seals an entry of an index: an isolate that does not know it concludes nothing", async (stack) => {
    const { browser } = await enter(stack);
    const sql = async (/** @type {string} */ text) => (await stack.workerd.each("SESSION_INDEX", "/sql", text)).flat();
    // What is sealed says its key's version first.
    await sql("UPDATE entry SET session_sealed = CAST(x'09' || substr(session_sealed, 2) AS BLOB)");
    assert.equal((await browser.call("/auth/sessions")).status, 503);
    const at = Math.floor(Date.now() / 1000);
    const token = { iss: stack.as.issuer, aud: stack.as.clientId, sub: "scripted-user", iat: at, exp: at + 120, jti: "ahead", events: { "http://schemas.openid.net/event/backchannel-logout": {} } };
    assert.equal((await browser.navigate("/auth/backchannel-logout", { method: "POST", form: { logout_token: await stack.as.signed(token) } })).status, 200);
    assert.deepEqual(await sql("SELECT ending FROM entry"), [{ ending: "backchannel_logout" }]);
    await sql("UPDATE entry SET session_sealed = CAST(x'01' || substr(session_sealed, 2) AS BLOB)");
    await until("the end of the session", async () => (await browser.call("/auth/session")).json.state === "logged_out", 10_000);
  });

  play("takes the index of sessions along, by its alarm: a logout finds them after the old key has gone", async (stack, { first, second }) => {
    stack.as.claims = { sid: "sid-of-both-browsers" };
    const browsers = [(await enter(stack)).browser, (await enter(stack)).browser];
    const [one] = browsers;
    assert.ok(one);
    const [before] = await listed(one);
    // Late enough that it rings under both keys.
    await stack.workerd.each("SESSION_INDEX", "/ring", "3000");
    await deploy(stack, first, second);
    const now = await listed(one);
    assert.deepEqual([now.length, now[0].current, now[0].id === before.id], [2, true, false]);
    const moves = () => stack.workerd.log.filter(({ event }) => event === "index_moved").map(({ sessions }) => sessions);
    await until("the user's index and that of the session at the server to move", () => moves().length === 2, 20_000);
    assert.deepEqual(moves(), [2, 2]);
    for (const browser of browsers) {
      await browser.call("/auth/session");
      await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/ring");
      await until("the new wrap", async () => (await wrappedBy(stack, browser.cookie(SESSION_COOKIE))) === "02");
    }
    await deploy(stack, undefined, second);
    assert.deepEqual((await listed(one)).map((/** @type {any} */ { id }) => id).sort(), now.map((/** @type {any} */ { id }) => id).sort());
    const at = Math.floor(Date.now() / 1000);
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const token = await stack.as.signed({ iss: stack.as.issuer, aud: stack.as.clientId, iat: at, exp: at + 60, jti: "one", sid: "sid-of-both-browsers", events });
    assert.equal((await one.navigate("/auth/backchannel-logout", { method: "POST", form: { logout_token: token } })).status, 200);
    for (const browser of browsers) assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  });

  play("refuses a login that a logout has overtaken which was noted before it", async (stack, { first, second }) => {
    const browser = stack.browser();
    const { callback } = await begin(stack, browser);
    const at = Math.floor(Date.now() / 1000);
    const token = { iss: stack.as.issuer, aud: stack.as.clientId, iat: at, exp: at + 120, jti: "before", sid: "sid-of-before", events: { "http://schemas.openid.net/event/backchannel-logout": {} } };
    assert.equal((await browser.navigate("/auth/backchannel-logout", { method: "POST", form: { logout_token: await stack.as.signed(token) } })).status, 200);
    await deploy(stack, first, second);
    stack.as.claims = { sid: "sid-of-before" };
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 400);
  });

  play("logs nobody out: cookie and data are made anew before the old key goes", async (stack, { first, second }) => {
    const { browser, session } = await enterExpired(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    assert.equal(await wrappedBy(stack, cookie), "01");
    await deploy(stack, first, second);
    const shown = await browser.call("/auth/session");
    assert.deepEqual([shown.json.state, shown.headers["set-cookie"]?.length], ["active", 1]);
    const minted = browser.cookie(SESSION_COOKIE);
    assert.notEqual(minted, cookie);
    assert.equal(minted?.split(".")[0], cookie?.split(".")[0], "the session keeps its name");
    assert.equal((await browser.call("/auth/session")).headers["set-cookie"], undefined, "once is enough");
    assert.equal(await wrappedBy(stack, cookie), "01", "to look writes nothing");
    const refreshed = (await askOn(browser, session)).json;
    assert.deepEqual([refreshed.generation, await wrappedBy(stack, cookie)], [2, "02"]);
    await deploy(stack, undefined, second);
    const after = (await browser.call("/auth/session")).json;
    assert.deepEqual([after.state, after.generation, after.user.sub], ["active", 2, "scripted-user"]);
    assert.equal((await browser.call("/api/orders")).status, 200);
  });

  play("is taken over by the alarm of a session that nobody comes to", async (stack, { first, second }) => {
    const { browser, session } = await enterExpired(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    // The alarm that watched over this request is left armed, and rings for nothing.
    const refreshed = await askOn(browser, session);
    assert.equal(refreshed.json.generation, 2);
    await deploy(stack, first, second);
    await until("the alarm", async () => (await wrappedBy(stack, cookie)) === "02", 45_000);
    // A question brings the cookie as well.
    const asked = await ask(browser, refreshed.json);
    assert.deepEqual([asked.status, asked.headers["set-cookie"]?.length], [200, 1]);
    await deploy(stack, undefined, second);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  play("and whose old one went too early, asks for the user", async (stack, { first, second }) => {
    const { browser, session } = await enter(stack);
    await deploy(stack, first, second);
    await browser.call("/auth/session");
    await deploy(stack, undefined, second);
    const answer = await ask(browser, session);
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "reauth_required", "unreadable"]);
    assert.equal((await browser.call("/api/orders")).json.code, "reauth_required");
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
    const { session: next } = await enter(stack, browser);
    assert.equal(next.state, "active");
    assert.ok(next.epoch > session.epoch);
  });

  play("is not known yet to an older isolate: it changes nothing, and the session goes on after it", async (stack, { first, second }) => {
    const { browser, session } = await enterExpired(stack);
    const old = browser.cookie(SESSION_COOKIE) ?? "";
    await deploy(stack, first, second);
    const refreshed = (await askOn(browser, session)).json;
    assert.equal(refreshed.generation, 2);
    const rows = () => stack.workerd.ask("SESSION_VAULT", old, "/sql", "SELECT * FROM session");
    const before = await rows();
    const minted = browser.cookie(SESSION_COOKIE) ?? "";
    await deploy(stack, first);
    browser.setCookie(SESSION_COOKIE, old);
    for (const answer of [await ask(browser, refreshed), await browser.call("/auth/session"), await browser.call("/api/orders")]) {
      assert.deepEqual([answer.status, answer.json.code], [503, "temporarily_unavailable"]);
    }
    assert.deepEqual(await rows(), before);
    await deploy(stack, first, second);
    browser.setCookie(SESSION_COOKIE, minted);
    assert.equal((await ask(browser, refreshed)).json.generation, 2);
  });
});
