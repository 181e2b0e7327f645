import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { askOn } from "./support/asking.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { open } from "./support/socket.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
const SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack({ door: true }); });
after(() => stack?.close());

let users = 0;
/** A user of whom nobody has heard. */
const somebody = () => `user-${(users += 1)}`;

/** A login of this user, in this browser. @param {string} sub @param {{ browser?: import("./support/browser.mjs").Browser, userAgent?: string }} [options] */
async function login(sub, { browser = stack.browser(), userAgent } = {}) {
  stack.as.claims = { sub };
  const { callback } = await begin(stack, browser);
  const landing = await browser.navigate(callback, { site: "cross-site", ...(userAgent && { headers: { "user-agent": userAgent } }) });
  stack.as.claims = {};
  assert.equal(landing.status, 200, landing.text);
  return browser;
}

/** @param {import("./support/browser.mjs").Browser} browser */
async function list(browser) {
  const { status, json } = await browser.call("/auth/sessions");
  assert.equal(status, 200, JSON.stringify(json));
  return json.sessions;
}

/** @param {import("./support/browser.mjs").Browser} browser */
const stateOf = async (browser) => (await browser.call("/auth/session")).json.state;
/** @param {import("./support/browser.mjs").Browser} browser @param {string} path */
const remove = (browser, path) => browser.call(path, { method: "DELETE" });

test("a user sees their own devices, the one that asks first, by names of ours and not by their ids", async () => {
  const sub = somebody();
  const one = await login(sub, { userAgent: FIREFOX });
  const two = await login(sub, { userAgent: SAFARI });
  await login(somebody(), { userAgent: FIREFOX });
  const before = Date.now() / 1000;
  const seen = await list(one);
  assert.deepEqual(seen.map((/** @type {any} */ { device, current, state }) => [device, current, state]),
    [["Firefox on Linux", true, "active"], ["Safari on macOS", false, "active"]]);
  for (const { id, login_at, active_at } of seen) {
    assert.match(id, /^[\w-]{22}$/);
    assert.ok(Math.abs(login_at - before) < 60 && Math.abs(active_at - before) < 60);
  }
  const ids = [one, two].map((browser) => browser.cookie(SESSION_COOKIE)?.split(".")[0] ?? "?");
  for (const id of ids) assert.ok(!JSON.stringify(seen).includes(id), "an id is half of a cookie");
  assert.deepEqual((await list(two)).map((/** @type {any} */ { device }) => device), ["Safari on macOS", "Firefox on Linux"]);
});

test("a session that is revoked on another device is over within a second, told on its socket", async () => {
  const sub = somebody();
  const [own, lost, third] = [await login(sub), await login(sub), await login(sub)];
  const socket = await open(lost);
  const [, ...others] = await list(own);
  const began = Date.now();
  const known = new Set((await list(lost)).filter((/** @type {any} */ device) => device.current).map((/** @type {any} */ { id }) => id));
  const meant = others.find((/** @type {any} */ { id }) => known.has(id));
  assert.equal((await remove(own, `/auth/sessions/${meant.id}`)).status, 204);
  assert.equal((await socket.notice("ended")).kind, "ended");
  assert.ok(Date.now() - began < 1_000);
  assert.equal(await stateOf(lost), "logged_out");
  assert.equal((await lost.call("/auth/sessions")).json.reason, "other_device");
  assert.deepEqual([await stateOf(own), await stateOf(third)], ["active", "active"]);
  assert.equal((await list(own)).length, 2);
  assert.equal((await remove(own, `/auth/sessions/${meant.id}`)).status, 404);
});

for (const grants of /** @type {const} */ (["per_login", "shared"])) test(`the refresh token of a session that is revoked on another device is ${grants === "shared" ? "left to lapse where it is the grant of all" : "revoked"}`, async () => {
  const apart = await startScriptedStack({ door: true, change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, grants } }) });
  try {
    apart.as.accessTtl = 4;
    const [{ browser: own, session }] = [await enter(apart), await enter(apart), await enter(apart)];
    const [, one] = await list(own);
    assert.equal((await remove(own, `/auth/sessions/${one.id}`)).status, 204);
    assert.equal((await remove(own, "/auth/sessions")).status, 204);
    if (grants === "per_login") {
      await until("both revocations", () => apart.as.revoked.length === 2);
    } else {
      // An outbox is there from its first errand on.
      const rows = (await apart.workerd.each("SESSION_VAULT", "/sql", "SELECT status, outbox FROM session")).flat();
      const ended = rows.filter(({ status }) => status === "ended:other_device");
      assert.deepEqual(ended.map(({ outbox }) => outbox), [null, null]);
      assert.deepEqual(apart.as.revoked, []);
    }
    assert.equal((await askOn(own, session)).json.generation, session.generation + 1);
  } finally {
    await apart.close();
  }
});

test("all others are ended at once, and the one that asks stays", async () => {
  const sub = somebody();
  const own = await login(sub);
  const others = [];
  for (let count = 0; count < 3; count += 1) others.push(await open(await login(sub)));
  const stranger = await login(somebody());
  const began = Date.now();
  assert.equal((await remove(own, "/auth/sessions")).status, 204);
  for (const socket of others) assert.equal((await socket.notice("ended")).kind, "ended");
  assert.ok(Date.now() - began < 1_000);
  assert.deepEqual((await list(own)).map((/** @type {any} */ { current }) => current), [true]);
  assert.deepEqual([await stateOf(own), await stateOf(stranger)], ["active", "active"]);
});

test("to end the own session is to log out", async () => {
  const own = await login(somebody());
  const [{ id }] = await list(own);
  assert.equal((await remove(own, `/auth/sessions/${id}`)).status, 204);
  assert.equal(own.cookie(SESSION_COOKIE), undefined);
  assert.equal((await own.call("/auth/sessions")).json.code, "logged_out");
});

test("nobody ends or sees another user's sessions", async () => {
  const [ada, bob] = [await login(somebody()), await login(somebody())];
  const [{ id }] = await list(ada);
  assert.equal((await remove(bob, `/auth/sessions/${id}`)).status, 404);
  for (const bad of ["", "x", "..%2flogout", "%00", "A".repeat(5000)]) {
    assert.equal((await remove(bob, `/auth/sessions/${bad}`)).status, 404, bad);
  }
  assert.equal(await stateOf(ada), "active");
});

test("the cross-site rule holds for all of it", async () => {
  const own = await login(somebody());
  const other = await list(own);
  for (const headers of [{ "sec-fetch-site": "same-site" }, { "sec-fetch-site": "cross-site" }, { "everlit-version": undefined }]) {
    assert.equal((await own.call("/auth/sessions", { headers })).status, 403);
    assert.equal((await own.call("/auth/sessions", { method: "DELETE", headers })).status, 403);
    assert.equal((await own.call(`/auth/sessions/${other[0].id}`, { method: "DELETE", headers })).status, 403);
  }
  const wrong = await own.call("/auth/sessions", { method: "POST" });
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, "GET, DELETE"]);
  assert.equal((await stack.browser().call("/auth/sessions")).json.code, "logged_out");
  assert.equal(await stateOf(own), "active");
});

test("what has ended by itself is not in the list, and is dropped from the index when it is met, or by the alarm", async () => {
  const apart = await startScriptedStack({ door: true });
  try {
    const [{ browser: own }, { browser: met }, { browser: unmet }] = [await enter(apart), await enter(apart), await enter(apart)];
    const sql = async (/** @type {string} */ text) => (await apart.workerd.each("SESSION_INDEX", "/sql", text)).flat();
    const lines = async () => (await sql("SELECT id FROM entry")).length;
    const settle = () => sql("UPDATE entry SET entered_at = entered_at - 130000");
    const expire = async (/** @type {import("./support/browser.mjs").Browser} */ browser) => {
      const cookie = browser.cookie(SESSION_COOKIE);
      await apart.workerd.ask("SESSION_VAULT", cookie, "/sql", "UPDATE session SET active_at = 0");
      await apart.workerd.ask("SESSION_VAULT", cookie, "/reset");
      assert.equal(await stateOf(browser), "logged_out");
    };
    await expire(met);
    assert.deepEqual([(await list(own)).length, await lines()], [2, 3], "a login may be on its way for two minutes");
    await settle();
    assert.deepEqual([(await list(own)).length, await lines()], [2, 2]);
    await expire(unmet);
    assert.equal(await lines(), 2);
    await apart.workerd.each("SESSION_INDEX", "/ring", "0");
    await until("the line to go", async () => (await lines()) === 1, 10_000);
  } finally {
    await apart.close();
  }
});

test("who logs out, or makes place for another user, is in no index any more", async () => {
  const apart = await startScriptedStack({ door: true });
  try {
    // With its last line an index is erased.
    const lines = async () => (await apart.workerd.each("SESSION_INDEX", "/sql", "SELECT name FROM sqlite_master WHERE name = 'entry'")).flat().length;
    for (const sid of [undefined, "a-session-at-the-server"]) {
      apart.as.claims = { sid };
      const each = sid ? 2 : 1;
      const { browser } = await enter(apart);
      assert.equal(await lines(), each);
      assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
      await until("the lines to go", async () => (await lines()) === 0);
      await enter(apart, browser);
      const [{ id }] = await list(browser);
      assert.equal((await remove(browser, `/auth/sessions/${id}`)).status, 204);
      await until("the lines to go", async () => (await lines()) === 0);
      await enter(apart, browser);
      apart.as.claims = { sub: "somebody-else", sid };
      await enter(apart, browser);
      await until("the lines of the first user to go", async () => (await lines()) === each);
      assert.equal((await list(browser)).length, 1);
      await browser.call("/auth/logout", { method: "POST" });
      await until("the lines to go", async () => (await lines()) === 0);
    }
  } finally {
    await apart.close();
  }
});

test("a login that is on its way while somebody looks is in the index all the same", async () => {
  const sub = somebody();
  const [own, late] = [await login(sub), stack.browser()];
  const { callback } = await begin(stack, late);
  stack.as.claims = { sub };
  await stack.workerd.befall("/establish", { drop: true, delayMs: 700, times: 2 });
  let looks = 0;
  const finished = late.navigate(callback, { site: "cross-site" });
  const looking = { on: true };
  const looked = (async () => { for (; looking.on; looks += 1) await list(own); })();
  assert.equal((await finished).status, 200);
  looking.on = false;
  await looked;
  stack.as.claims = {};
  assert.ok(looks > 1);
  assert.equal(await stateOf(late), "active");
  assert.equal((await remove(own, "/auth/sessions")).status, 204);
  assert.equal(await stateOf(late), "logged_out");
});

test("a login again is the same line, with the device of that login", async () => {
  const sub = somebody();
  const browser = await login(sub, { userAgent: FIREFOX });
  const [{ id, login_at }] = await list(browser);
  await login(sub, { browser, userAgent: SAFARI });
  const [again, ...more] = await list(browser);
  assert.deepEqual([again.id, again.device, more.length], [id, "Safari on macOS", 0]);
  assert.ok(again.login_at > login_at);
});

test("where another user logs in, the session of the first is in neither list", async () => {
  const [ada, bob] = [somebody(), somebody()];
  const elsewhere = await login(ada, { userAgent: SAFARI });
  const browser = await login(ada, { userAgent: FIREFOX });
  assert.equal((await list(elsewhere)).length, 2);
  await login(bob, { browser, userAgent: FIREFOX });
  const own = await list(browser);
  assert.deepEqual(own.map((/** @type {any} */ { current }) => current), [true], "nothing of the first user");
  await until("the end of the session that was replaced", async () => (await list(elsewhere)).length === 1);
  assert.equal((await remove(browser, "/auth/sessions")).status, 204);
  assert.equal(await stateOf(elsewhere), "active");
});

test("a vault that does not hear is told again by the alarm, also across a crash", async () => {
  const sub = somebody();
  const [own, deaf] = [await login(sub), await login(sub)];
  await stack.workerd.befall("/revoke", { drop: true, times: 2 });
  const { status, json } = await remove(own, "/auth/sessions");
  assert.deepEqual([status, json.code], [503, "temporarily_unavailable"]);
  assert.equal((await list(own)).length, 1, "over for whoever looks");
  assert.equal(await stateOf(deaf), "active");
  await stack.workerd.kill();
  await stack.workerd.begin();
  await until("the end of the session", async () => (await stateOf(deaf)) === "logged_out", 10_000);
});

test("a login in a browser whose session is being ended is a session of its own", async () => {
  const sub = somebody();
  const [own, deaf] = [await login(sub), await login(sub)];
  const cookie = deaf.cookie(SESSION_COOKIE);
  await stack.workerd.befall("/revoke", { drop: true, times: 4 });
  assert.equal((await remove(own, "/auth/sessions")).status, 503);
  await login(sub, { browser: deaf });
  assert.notEqual(deaf.cookie(SESSION_COOKIE), cookie);
  await until("the end of the first session", async () => (await stack.workerd.ask("SESSION_VAULT", cookie, "/session")).answer === "ended", 10_000);
  assert.equal(await stateOf(deaf), "active");
  assert.equal((await list(own)).length, 2);
});

test("a login that failed does not keep who ends all others waiting", async () => {
  const sub = somebody();
  const [own, other, late] = [await login(sub), await login(sub), stack.browser()];
  const { callback } = await begin(stack, late);
  stack.as.claims = { sub };
  await stack.workerd.befall("/establish", { drop: true });
  assert.equal((await late.navigate(callback, { site: "cross-site" })).status, 503);
  await stack.workerd.befall("/establish", { times: 1 });
  stack.as.claims = {};
  assert.equal((await remove(own, "/auth/sessions")).status, 204);
  assert.deepEqual([await stateOf(own), await stateOf(other)], ["active", "logged_out"]);
});

test("an alarm that an index has lost is armed again by who looks", async () => {
  const own = await login(somebody());
  await stack.workerd.each("SESSION_INDEX", "/lose-alarm");
  // Only the storage knows.
  await stack.workerd.kill();
  await stack.workerd.begin();
  await list(own);
  const again = (await stack.workerd.each("SESSION_INDEX", "/alarm")).filter((at) => at !== null);
  assert.equal(again.length, 1);
});

test("without its index no login is taken, and its tokens are left to lapse where to revoke them would end other logins", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  await stack.workerd.befall("/enter", { drop: true, times: 2 });
  const revoked = stack.as.revoked.length;
  assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 503);
  assert.equal(await stateOf(browser), "logged_out");
  // Here all logins of a user share one grant.
  await until("the decision", () => stack.workerd.log.some(({ event }) => event === "grant_left_to_lapse"));
  assert.equal(stack.as.revoked.length, revoked);
  await enter(stack, browser);
  assert.equal(await stateOf(browser), "active");
});

test("no answer, log or file held anything that is secret", async () => {
  assertNothingLeaked(stack, stack.as.issued);
  const disk = await diskText(stack.workerd);
  assert.ok(disk.includes("session_sealed"), "there is something to look in");
  for (const secret of [...stack.secrets, ...stack.as.issued]) assert.ok(!disk.includes(secret), "a secret is on the disk");
  for (let user = 1; user <= users; user += 1) assert.ok(!new RegExp(`user-${user}(?!\\d)`).test(disk), `user-${user} is on the disk`);
  for (const browser of stack.browsers) {
    const id = browser.cookie(SESSION_COOKIE)?.split(".")[0];
    assert.ok(id === undefined || !disk.includes(id), "a session's id is on the disk");
  }
});
