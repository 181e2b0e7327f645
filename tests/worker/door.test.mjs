import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, question } from "./support/stack.mjs";
import { pause } from "./support/until.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack({ door: true }); });
after(() => stack?.close());

/** @param {import("./support/browser.mjs").Browser} browser @param {string} sql */
const vaultSql = (browser, sql) => stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/sql", sql);

/** @param {import("./support/browser.mjs").Browser} browser @param {any} held */
const ask = (browser, held) => browser.call("/auth/token", { method: "POST", json: question(held, "resume") });

async function restart() {
  await stack.workerd.kill();
  await stack.workerd.begin();
}

/** With accidents that are over afterwards. @param {string} path @param {{ delayMs?: number, lose?: boolean }} accident @param {() => Promise<void>} body */
async function during(path, accident, body) {
  await stack.workerd.befall(path, accident);
  await body().finally(() => stack.workerd.befall(path, {}));
}

describe("accidents of the platform", () => {
  test("a finished login that is noted twice lands again all the same", async () => {
    const browser = stack.browser();
    const { request, callback } = await begin(stack, browser);
    const first = await browser.navigate(callback, { site: "cross-site" });
    const cookie = browser.cookie(SESSION_COOKIE);
    const [session] = (cookie ?? "").split(".");
    const finish = JSON.stringify({ state: request.state, session });
    await stack.workerd.ask("LOGIN_DESK", browser.cookie(BINDING_COOKIE), "/finish", finish);
    const again = await browser.navigate(callback, { site: "cross-site" });
    assert.deepEqual([again.status, again.text, browser.cookie(SESSION_COOKIE)], [200, first.text, cookie]);
  });

  test("a prompt logout removes the cookie; one that is late does not, as it may be a newer session's by then", async () => {
    const { browser } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    await during("/logout", { delayMs: 2200 }, async () => {
      const late = await browser.call("/auth/logout", { method: "POST" });
      assert.deepEqual([late.status, late.json.state, late.headers["set-cookie"]], [200, "logged_out", undefined]);
    });
    assert.equal(browser.cookie(SESSION_COOKIE), cookie);
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
    const { browser: other } = await enter(stack);
    assert.equal((await other.call("/auth/logout", { method: "POST" })).status, 200);
    assert.equal(other.cookie(SESSION_COOKIE), undefined);
  });

  test("the tokens of a renewal whose answers were lost are not revoked: the session may have them", async () => {
    const { browser, session } = await enter(stack);
    const { callback } = await begin(stack, browser);
    await during("/renew", { lose: true }, async () => {
      assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 503);
    });
    const renewed = (await browser.call("/auth/session")).json;
    assert.deepEqual([renewed.state, renewed.generation], ["active", session.generation + 1]);
    const refreshToken = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
    await pause(500);
    assert.ok(!stack.as.revoked.includes(refreshToken));
  });

  test("the tokens of a new session whose answers were lost are revoked: nobody gets its cookie", async () => {
    const browser = stack.browser();
    const { callback } = await begin(stack, browser);
    await during("/establish", { lose: true }, async () => {
      assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 503);
    });
    const refreshToken = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
    await pause(500);
    assert.ok(stack.as.revoked.includes(refreshToken));
    assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  });

  test("a row with a status of a later version is not acted on: the session asks its user", async () => {
    const { browser, session } = await enter(stack);
    await vaultSql(browser, "UPDATE session SET status = 'live:later'");
    await restart();
    assert.equal((await browser.call("/auth/session")).json.state, "reauth_required");
    const answer = await ask(browser, session);
    assert.deepEqual([answer.status, answer.json.code], [401, "reauth_required"]);
    assert.equal((await browser.call("/api/orders")).json.code, "reauth_required");
  });

  test("a row of a later shape is left as it is, and whoever asks is told to come again", async () => {
    const { browser, session } = await enter(stack);
    await vaultSql(browser, "UPDATE session SET shape = 3");
    await restart();
    const before = await vaultSql(browser, "SELECT * FROM session");
    const answer = await ask(browser, session);
    assert.deepEqual([answer.status, answer.json.code], [503, "temporarily_unavailable"]);
    assert.equal((await browser.call("/auth/session")).json.code, "temporarily_unavailable");
    assert.deepEqual(await vaultSql(browser, "SELECT * FROM session"), before);
  });

  test("an alarm that was lost is armed again at the next touch", async () => {
    const { browser, session } = await enter(stack);
    const vault = (/** @type {string} */ path) => stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), path);
    const checkup = Date.now() + 7 * 86_400_000;
    assert.ok(Math.abs((await vault("/alarm")) - checkup) < 60_000, "no alarm is armed further ahead than the time to look after keys");
    await vault("/lose-alarm");
    await restart();
    assert.equal((await ask(browser, session)).status, 200);
    assert.ok(Math.abs((await vault("/alarm")) - checkup) < 60_000);
  });

  test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
});
