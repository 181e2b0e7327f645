import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ask as askFor, askOn as askOnFor, enterExpired as enterExpiredIn, EXPIRED_MS } from "./support/asking.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
/** The same, where a user's logins have a grant each, and a token request is soon over. @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let perLogin;
before(async () => {
  stack = await startScriptedStack({ door: true });
  const grace = { window: "9s", replay: "same_pair", depth: "previous", blast: "family" };
  const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, grants: "per_login", grace } });
  perLogin = await startScriptedStack({ door: true, change });
});
after(async () => {
  await stack?.close();
  await perLogin?.close();
});

/** @param {import("./support/browser.mjs").Browser} browser @param {string} sql */
const vaultSql = (browser, sql) => stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/sql", sql);

/** @param {import("./support/browser.mjs").Browser} browser @param {any} held */
const ask = (browser, held) => askFor(browser, held, "resume");
/** @param {import("./support/browser.mjs").Browser} browser @param {any} held */
const askOn = (browser, held) => askOnFor(browser, held, "resume");

async function restart() {
  await stack.workerd.kill();
  await stack.workerd.begin();
}

/** With accidents that are over afterwards. @param {string} path @param {{ delayMs?: number, lose?: boolean }} accident @param {() => Promise<void>} body */
async function during(path, accident, body, { workerd } = stack) {
  await workerd.befall(path, accident);
  await body().finally(() => workerd.befall(path, {}));
}

/** A login whose token has ended. */
const enterExpired = () => enterExpiredIn(stack);

const refreshes = () => stack.as.requests("refresh_token").length;

/** @param {import("./support/scripted-stack.mjs").ScriptedStack} where */
const newest = ({ as }) => as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";

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

  test("what another release asks while a deployment is under way is refused, and nothing is done", async () => {
    const { browser, session } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    for (const [binding, path] of /** @type {const} */ ([["SESSION_VAULT", "/revoke?by=admin"], ["ESCROW", "/taken?request=9&by=1"], ["LOGIN_DESK", "/admit?browser"], ["SESSION_INDEX", "/list"]])) {
      for (const host of ["t0123456789abcd", "object"]) await assert.rejects(stack.workerd.ask(binding, cookie, path, "", host), /503/, `${binding} at ${host}`);
    }
    assert.deepEqual(await stack.workerd.ask("ESCROW", cookie, "/sql", "SELECT request FROM escrow WHERE request = 9"), []);
    assert.equal((await ask(browser, session)).status, 200);
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
    // On a machine that is slow enough the first ones are late as well.
    await until("one that is prompt", async () => {
      assert.equal((await other.call("/auth/logout", { method: "POST" })).status, 200);
      return other.cookie(SESSION_COOKIE) === undefined;
    });
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

  test("a new session whose first answers are lost begins all the same", async () => {
    const browser = stack.browser();
    const { callback } = await begin(stack, browser);
    const losses = () => stack.workerd.log.filter((line) => line.event === "object_failed" && line.binding === "SESSION_VAULT").length;
    const before = losses();
    await stack.workerd.befall("/establish", { lose: true });
    const landing = browser.navigate(callback, { site: "cross-site" });
    await until("both tries of the first time", () => losses() > before);
    await stack.workerd.befall("/establish", {});
    assert.equal((await landing).status, 200);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    assert.ok(!stack.as.revoked.includes(newest(stack)));
  });

  test("the tokens of a new session whose answers were lost are revoked, as nobody gets its cookie, unless logins share their grant", async () => {
    for (const [where, isRevoked] of /** @type {const} */ ([[perLogin, true], [stack, false]])) {
      const browser = where.browser();
      const { callback } = await begin(where, browser);
      await during("/establish", { lose: true }, async () => {
        assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 503);
      }, where);
      await pause(500);
      assert.equal(where.as.revoked.includes(newest(where)), isRevoked);
      assert.equal(browser.cookie(SESSION_COOKIE), undefined);
    }
  });

  test("of two renewals that overtake each other the newer one's name stays", async () => {
    const { browser, session } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    const renew = (/** @type {number} */ later, /** @type {string} */ name) => {
      const holder = { provider: "demo", user: { sub: session.user.sub, name } };
      const login = { epoch: session.epoch + later, access_token: `access-of-${name}`, expires_in: 3_600_000, refresh_token: `refresh-of-${name}`, holder };
      return stack.workerd.ask("SESSION_VAULT", cookie, "/renew", JSON.stringify(login));
    };
    const shown = async () => (await browser.call("/auth/session")).json.user.name;
    assert.ok((await renew(2000, "Newer")).current);
    assert.equal(await shown(), "Newer");
    assert.ok((await renew(1000, "Older")).current);
    assert.equal(await shown(), "Newer");
    await restart();
    assert.equal(await shown(), "Newer");
  });

  test("what another instance of an object has written is not written over: its logout stays", async () => {
    const { browser, session } = await enterExpired();
    const before = refreshes();
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    // No other column that tells one turn from another changes with it.
    await vaultSql(browser, "UPDATE session SET status = 'ended:logout', access_token = NULL, refresh_token = NULL, user = NULL, version = version + 1");
    const answer = await ask(browser, session);
    assert.deepEqual([answer.status, answer.json.code, answer.json.reason], [401, "session_ended", "logout"]);
    assert.equal(refreshes(), before);
    assert.ok(stack.workerd.log.some((line) => line.event === "turn_lost" && line.reason === "superseded"));
    assert.equal((await vaultSql(browser, "SELECT status FROM session"))[0].status, "ended:logout");
  });

  test("every write of a row has its number", async () => {
    const { browser, session } = await enterExpired();
    const version = async () => (await vaultSql(browser, "SELECT version FROM session"))[0].version;
    assert.equal(await version(), 1);
    assert.equal((await askOn(browser, session)).json.generation, 2);
    assert.equal(await version(), 3);
  });

  test("nobody waits all over again because an object was reset", async () => {
    const entering = Date.now();
    const { browser, session } = await enterExpired();
    // What this machine takes for what it does without waiting, and more.
    const tookMs = Date.now() - entering - EXPIRED_MS;
    stack.as.onToken = async (form) => (form.get("grant_type") === "refresh_token" ? { delayMs: 8_000 + tookMs, json: await stack.as.tokens(form) } : undefined);
    const began = Date.now();
    const timed = async (/** @type {Promise<any>} */ asked) => ({ answer: await asked, after: Date.now() - began });
    const [question, call] = [timed(ask(browser, session)), timed(browser.call("/api/orders"))];
    await pause(3_000);
    await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/reset");
    for (const [asked, least, most] of /** @type {const} */ ([[question, 4_300, 5_900], [call, 3_800, 5_400]])) {
      const { answer, after } = await asked;
      assert.deepEqual([answer.status, answer.json.code], [503, "temporarily_unavailable"]);
      assert.ok(after >= least && after < most + tookMs, `answered after ${after} ms`);
    }
    await until("the new token", async () => (await browser.call("/auth/session")).json.generation === 2);
    stack.as.onToken = () => undefined;
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
    for (const touch of [() => ask(browser, session), () => browser.call("/auth/session")]) {
      await vault("/lose-alarm");
      await restart();
      assert.equal((await touch()).status, 200);
      const armedAt = await vault("/alarm");
      assert.ok(Math.abs(armedAt - checkup) < 60_000);
      const { armedOutside } = await vault("/counts");
      for (let times = 0; times < 3; times += 1) assert.equal((await touch()).status, 200);
      assert.equal((await vault("/counts")).armedOutside, armedOutside, "and no more than once");
    }
  });

  test("the handler of an alarm stays for what it has begun", async () => {
    const { browser } = await enter(stack);
    const [cookie, token] = [browser.cookie(SESSION_COOKIE), newest(stack)];
    const tries = () => stack.as.revoked.filter((revoked) => revoked === token).length;
    const counts = () => stack.workerd.ask("SESSION_VAULT", cookie, "/counts");
    stack.as.onRevocation = () => (tries() < 2 ? { status: 503 } : { delayMs: 1_500 });
    await browser.call("/auth/logout", { method: "POST" });
    await until("a try by the alarm", () => tries() === 2);
    const during = await counts();
    assert.equal(during.alarmsRung - during.alarmsEnded, 1);
    await until("the end of the handler", async () => { const { alarmsRung, alarmsEnded } = await counts(); return alarmsRung === alarmsEnded; });
    assert.equal(stack.workerd.log.findLast((line) => line.event === "revocation")?.result, "revoked");
    stack.as.onRevocation = () => undefined;
  });

  test("it leaves for an alarm that comes earlier", async () => {
    const { as, workerd } = perLogin;
    const { browser, session } = await enter(perLogin);
    const cookie = browser.cookie(SESSION_COOKIE);
    const counts = () => workerd.ask("SESSION_VAULT", cookie, "/counts");
    const token = newest(perLogin);
    const tries = () => as.revoked.filter((revoked) => revoked === token).length;
    as.onRevocation = () => (tries() < 2 ? { status: 503 } : { delayMs: 5_500 });
    const holder = { provider: "demo", user: { sub: session.user.sub, name: "Grace" } };
    const login = { epoch: session.epoch + 1, access_token: "access-of-a-renewal", expires_in: 1, refresh_token: "refresh-of-a-renewal", holder };
    const results = () => workerd.log.filter((line) => line.event === "revocation").length;
    const before = results();
    await workerd.ask("SESSION_VAULT", cookie, "/renew", JSON.stringify(login));
    await until("a try by the alarm", () => tries() === 2);
    const { alarmsRung, alarmsEnded } = await counts();
    assert.equal(alarmsRung - alarmsEnded, 1);
    // It is guarded by an alarm of its own.
    as.onToken = async (form) => ({ delayMs: 6_000, json: await as.tokens(form) });
    const asked = ask(browser, (await browser.call("/auth/session")).json);
    await until("the end of the handler", async () => (await counts()).alarmsEnded > alarmsEnded, 3_000);
    await until("the end of the handler", async () => (await counts()).alarmsEnded > alarmsEnded, 3_000);
    assert.equal(results(), before + 1, "the revocation is under way");
    await asked;
    Object.assign(as, { onToken: () => undefined, onRevocation: () => undefined });
  });

  test("a desk whose alarm fails sweeps later, by itself and with no configuration", async () => {
    const browser = stack.browser();
    await begin(stack, browser);
    await begin(stack, browser);
    const desk = (/** @type {string} */ path, sql = "") => stack.workerd.ask("LOGIN_DESK", browser.cookie(BINDING_COOKIE), path, sql);
    const pending = async () => (await desk("/sql", "SELECT id FROM login")).length;
    await desk("/sql", "UPDATE login SET created_at = 0 WHERE id = (SELECT min(id) FROM login)");
    await desk("/sql", "CREATE TRIGGER broken BEFORE DELETE ON login BEGIN SELECT RAISE(ABORT, 'broken'); END");
    await desk("/ring");
    const failures = () => stack.workerd.log.filter((line) => line.event === "alarm_failed").length;
    await until("two failures", () => failures() === 2);
    assert.equal(await pending(), 2);
    await desk("/sql", "DROP TRIGGER broken");
    await until("the sweep", async () => (await pending()) === 1);

    await desk("/sql", "UPDATE login SET created_at = 0");
    await stack.workerd.kill();
    await stack.workerd.configure({ ORIGINS: [] });
    await stack.workerd.begin();
    assert.equal((await browser.call("/auth/session")).json.code, "misconfigured");
    await desk("/ring");
    await until("the end", async () => (await desk("/sql", "SELECT name FROM sqlite_master WHERE name = 'login'")).length === 0);
    await stack.workerd.kill();
    await stack.workerd.configure({ ORIGINS: [stack.app] });
    await stack.workerd.begin();
  });

  test("nothing secret was answered or logged", () => {
    for (const where of [stack, perLogin]) assertNothingLeaked(where, where.as.issued);
  });
});
