import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { send } from "./support/browser.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, question } from "./support/stack.mjs";

/** @typedef {import("./support/browser.mjs").Answer} Answer */
/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */

/** @param {Record<string, string>} limits @param {(stack: ScriptedStack) => Promise<void>} story */
async function limited(limits, story) {
  const stack = await startScriptedStack({ change: (given) => ({ ...given, LIMITS: { ...given.LIMITS, ...limits } }) });
  try {
    await story(stack);
    assertNothingLeaked(stack, [...stack.as.issued, "x".repeat(30), "y".repeat(30)]);
  } finally {
    await stack.close();
  }
}

/** @param {number} count @param {(index: number) => Promise<Answer>} ask */
const atOnce = (count, ask) => Promise.all(Array.from({ length: count }, (_, index) => ask(index)));

/** How many were answered with each status. @param {Answer[]} answers */
function statuses(answers) {
  const counts = /** @type {Record<number, number>} */ ({});
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** @param {Answer} answer @param {number} most seconds */
function assertThrottled(answer, most) {
  assert.equal(answer.status, 429, answer.text);
  assert.ok(Number(answer.headers["retry-after"]) >= 1 && Number(answer.headers["retry-after"]) <= most, answer.headers["retry-after"]);
  assert.equal(answer.json?.code ?? answer.headers["everlit-code"], "throttled");
}

/** A login from an address, in a browser that has none of our cookies. @param {ScriptedStack} stack @param {string} address */
const knock = (stack, address) => stack.browser().navigate("/auth/login", { site: "none", headers: { "cf-connecting-ip": address } });

/** @param {ScriptedStack} stack @param {string} className */
const objects = async (stack, className) => (await readdir(join(stack.workerd.folder, "disk", className)).catch(() => [])).filter((name) => name.endsWith(".sqlite")).length;

/** How many login desks hold a row or have held one. The runtime makes an empty file for every object, also for a gate. @param {ScriptedStack} stack */
async function written({ workerd }) {
  const folder = join(workerd.folder, "disk", "LoginDesk");
  const names = (await readdir(folder)).filter((name) => /\.sqlite(-wal)?$/.test(name));
  const texts = await Promise.all(names.map(async (name) => ({ name: name.split(".")[0], text: await readFile(join(folder, name), "latin1") })));
  return new Set(texts.filter(({ text }) => text.includes("transaction_sealed")).map(({ name }) => name)).size;
}

describe("logins", () => {
  test("from many addresses at once: no more pass than all together may, and the others leave nothing behind", () =>
    limited({ logins: "10/1h" }, async (stack) => {
      const answers = await atOnce(60, (index) => knock(stack, `192.0.2.${index}`));
      assert.deepEqual(statuses(answers), { 302: 10, 429: 50 });
      for (const answer of answers.filter(({ status }) => status === 429)) {
        assertThrottled(answer, 360);
        assert.match(answer.text, /href="\/auth\/login\?/);
        assert.equal(answer.headers["set-cookie"], undefined);
      }
      assert.equal(await written(stack), 10);
    }));

  test("from one address at once: what all others share is not used up", () =>
    limited({ logins: "20/1h", logins_per_address: "5/1h" }, async (stack) => {
      assert.deepEqual(statuses(await atOnce(30, () => knock(stack, "192.0.2.1"))), { 302: 5, 429: 25 });
      assert.deepEqual(statuses(await atOnce(30, (index) => knock(stack, `2001:db8::${index}`))), { 302: 5, 429: 25 });
      assert.deepEqual(statuses(await atOnce(10, (index) => knock(stack, `198.51.100.${index}`))), { 302: 10 });
      assert.equal((await knock(stack, "203.0.113.1")).status, 429);
    }));

  test("from one site of IPv6 at once, whatever network they say", () =>
    limited({ logins: "20/1h", logins_per_site: "6/1h" }, async (stack) => {
      assert.deepEqual(statuses(await atOnce(30, (index) => knock(stack, `2001:db8:1:${index}::1`))), { 302: 6, 429: 24 });
      assert.equal((await knock(stack, "2001:db8:2::1")).status, 302);
    }));

  test("of strangers from everywhere lock nobody out who has begun one before", () =>
    limited({ logins: "5/1h" }, async (stack) => {
      const browser = stack.browser();
      await begin(stack, browser);
      assert.deepEqual(statuses(await atOnce(20, (index) => knock(stack, `192.0.2.${index}`))), { 302: 4, 429: 16 });
      await enter(stack, browser);
      browser.setCookie(BINDING_COOKIE, `${"A".repeat(24)}.${"A".repeat(22)}`);
      assert.equal((await browser.navigate("/auth/login", { site: "none" })).status, 429, "a cookie that is not ours is none");
    }));

  test("of one browser at once", () =>
    limited({ logins_per_browser: "4/1h" }, async (stack) => {
      stack.as.metadata = { pushed_authorization_request_endpoint: `${stack.as.issuer}/par` };
      const browser = stack.browser();
      await begin(stack, browser);
      const answers = await atOnce(12, () => browser.navigate("/auth/login", { site: "same-origin" }));
      assert.deepEqual(statuses(answers), { 302: 3, 429: 9 });
      assert.equal(stack.as.hits("/par"), 4, "nothing is left at the server for those that do not begin");
      assert.equal((await stack.browser().navigate("/auth/login")).status, 302);
    }));
});

test("callbacks of one browser at once: no code is spent beyond them", () =>
  limited({ callbacks_per_browser: "5/1h" }, async (stack) => {
    const browser = stack.browser();
    const { code, callback } = await begin(stack, browser);
    const guesses = await atOnce(20, () => browser.navigate(`/auth/callback/demo?code=x&state=${"A".repeat(43)}`, { site: "cross-site" }));
    assert.deepEqual(statuses(guesses), { 400: 5, 429: 15 });
    assertThrottled(await browser.navigate(callback, { site: "cross-site" }), 720);
    assert.ok(!stack.as.requests("authorization_code").some((form) => form.get("code") === code));
    await enter(stack);
  }));

describe("questions for a token", () => {
  test("with a cookie that is not ours: counted over all addresses, no object is made, and who has a session is served", () =>
    limited({ refusals: "10/1h" }, async (stack) => {
      const { browser, session } = await enter(stack);
      const vaults = await objects(stack, "SessionVault");
      const guesses = await atOnce(40, (index) => {
        const stranger = stack.browser();
        stranger.setCookie(SESSION_COOKIE, `${"A".repeat(22)}${index + 10}.${"A".repeat(22)}`);
        return stranger.call("/auth/token", { method: "POST", json: question(undefined, "resume"), headers: { "cf-connecting-ip": `192.0.2.${index}` } });
      });
      assert.deepEqual(statuses(guesses), { 401: 10, 429: 30 });
      guesses.filter(({ status }) => status === 429).forEach((answer) => assertThrottled(answer, 360));
      assert.equal(await objects(stack, "SessionVault"), vaults);
      // Who has no cookie at all is logged out, and has to be told so.
      assert.deepEqual(statuses(await atOnce(20, () => stack.browser().call("/auth/token", { method: "POST", json: question(undefined, "resume") }))), { 401: 20 });
      assert.equal((await browser.call("/auth/token", { method: "POST", json: question(session, "resume") })).status, 200);
    }));

  test("of a session that is over", () =>
    limited({ refusals: "5/1h" }, async (stack) => {
      const { browser } = await enter(stack);
      const cookie = browser.cookie(SESSION_COOKIE) ?? "";
      await browser.call("/auth/logout", { method: "POST" });
      browser.setCookie(SESSION_COOKIE, cookie);
      const ask = () => browser.call("/auth/token", { method: "POST", json: question(undefined, "resume") });
      assert.deepEqual(statuses(await atOnce(20, ask)), { 401: 5, 429: 15 });
    }));

  test("that would rotate: beyond them the token that there is serves, and when it is dead they wait; questions that rotate nothing are not counted", () =>
    limited({ rotations_per_session: "2/1h" }, async (stack) => {
      stack.as.accessTtl = 1;
      const { browser, session } = await enter(stack);
      const ask = (/** @type {any} */ held, reason = "resume") => browser.call("/auth/token", { method: "POST", json: question(held, reason) });
      let held = session;
      // Tokens of a second are near their end at once.
      for (const generation of [2, 3]) {
        held = (await askUntil(() => ask(held), ({ json }) => json.generation === generation)).json;
      }
      const answers = await atOnce(20, () => ask(held));
      assert.ok(answers.every(({ status, json }) => status === 429 || json.generation === 3), JSON.stringify(statuses(answers)));
      assertThrottled(await askUntil(() => ask(held), ({ status }) => status === 429), 1800);
      assert.equal(stack.as.requests("refresh_token").length, 2);
      // Who asks for news alone, or calls, is told as before.
      assert.equal((await browser.call("/auth/session")).json.state, "active");
      assert.ok(stack.workerd.log.some((line) => line.event === "throttled" && line.what === "rotation"));
    }));

  test("a thousand for the current generation are none too many", () =>
    limited({ rotations_per_session: "1/1h", refusals: "1/1h" }, async (stack) => {
      const { browser, session } = await enter(stack);
      for (let round = 0; round < 10; round += 1) {
        assert.deepEqual(statuses(await atOnce(100, () => browser.call("/auth/token", { method: "POST", json: question(session, "deadline") }))), { 200: 100 });
      }
    }));
});

test("back-channel logouts from one address at once: what others share is not used up, and the server's own comes later", () =>
  limited({ logouts_per_address: "5/4s" }, async (stack) => {
    const sub = "one-to-be-logged-out";
    stack.as.claims = { sub };
    const { browser } = await enter(stack);
    stack.as.claims = {};
    const seconds = Math.floor(Date.now() / 1000);
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const token = await stack.as.signed({ iss: stack.as.issuer, aud: stack.as.clientId, iat: seconds, exp: seconds + 120, jti: "one", events, sub });
    const logout = (/** @type {string} */ address, /** @type {string} */ logout_token) =>
      send(`${stack.app}/auth/backchannel-logout`, {
        method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", "cf-connecting-ip": address }, body: new URLSearchParams({ logout_token }).toString(),
      });
    const own = "192.0.2.1";
    for (const address of [() => own, (/** @type {number} */ index) => `2001:db8:1:${index}::1`]) {
      const answers = await atOnce(30, (index) => logout(address(index), "x.y.z"));
      assert.deepEqual(statuses(answers), { 400: 5, 429: 25 });
      for (const answer of answers.filter(({ status }) => status === 429)) assertThrottled(answer, 4);
    }
    assert.equal((await logout("198.51.100.1", "x.y.z")).status, 400);
    assert.equal((await logout(own, token)).status, 429);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    const heard = await askUntil(() => logout(own, token), ({ status }) => status !== 429);
    assert.equal(heard.status, 200);
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
    assert.ok(stack.workerd.log.some((line) => line.event === "throttled" && line.what === "logout"));
  }));

test("lines that a stranger can cause are few, whatever is asked", () =>
  limited({}, async (stack) => {
    await enter(stack);
    const ours = { "sec-fetch-site": "same-origin", "everlit-version": "1" };
    const asked = [
      () => send(`${stack.app}/auth/logout`, { method: "POST", headers: ours, body: "{}" }),
      () => send(`${stack.app}/auth/logout`, { method: "POST", headers: { "sec-fetch-site": "cross-site" } }),
      () => send(`${stack.app}/auth/login`, { headers: { "sec-purpose": "prefetch" } }),
      () => send(`${stack.app}/auth/login?prompt=none&via=frame&relogin=a`, { headers: { "sec-fetch-site": "same-origin" } }),
      () => send(`${stack.app}/auth/login?prompt=none&via=frame&relogin=a`, { headers: { "sec-fetch-site": "cross-site" } }),
      () => send(`${stack.app}/auth/callback/demo?code=a&state=${"A".repeat(43)}`, {}),
      () => send(`${stack.app}/auth/callback/demo`, { method: "POST", body: "code=a" }),
      () => send(`${stack.app}/auth/logged-out`, {}),
      () => send(`${stack.app}/api/..%2f`, {}),
      () => send(`${stack.app}/auth/events`, { headers: { upgrade: "websocket", "sec-fetch-site": "cross-site" } }),
    ];
    for (const ask of asked) {
      for (let at = 0; at < 70; at++) await ask();
      // Let in at once, and one more a second.
      assert.ok(stack.workerd.log.length < 120, `${stack.workerd.log.length}, most of them ${JSON.stringify(stack.workerd.log.at(-1))}`);
    }
    assert.ok(stack.workerd.log.length >= 60, `${stack.workerd.log.length}`);
  }));

test("what happens as often as the app or a loop likes writes no lines of its own, whoever asks", () =>
  limited({ logins_per_browser: "4/1h" }, async (stack) => {
    const { browser } = await enter(stack);
    const answered = () => stack.workerd.log.filter(({ event }) => event === "answered" || event === "refused").length;
    const before = answered();
    stack.script.answer = () => ({ status: 404, json: { error: "there is none" } });
    assert.deepEqual(statuses(await atOnce(70, () => browser.call("/api/orders"))), { 404: 70 });
    assert.equal(answered(), before, "what an upstream answers is its own to write down");
    // A page that sends its user to the login again and again.
    const logins = await atOnce(20, () => browser.navigate("/auth/login", { site: "same-origin" }));
    assert.deepEqual(statuses(logins), { 302: 3, 429: 17 });
    assert.equal(answered(), before + 3);
    assert.equal((await browser.call("/api/..%2f")).status, 404);
    assert.equal(answered(), before + 4, "what we refuse ourselves is said");
  }));

test("the rotator, from outside: an unknown path however often, and few lines of it", () =>
  limited({}, async (stack) => {
    await enter(stack);
    const headers = { "everlit-internal": `v1 0 ${Date.now() + 10_000} ${"A".repeat(43)}` };
    const answers = await atOnce(200, () => send(`${stack.app}/internal/rotate`, { method: "POST", headers, body: "{}" }));
    assert.deepEqual(statuses(answers), { 404: 200 });
    const lines = stack.workerd.log.filter((line) => line.event === "internal_refused").length;
    assert.ok(lines > 0 && lines <= 70, `${lines}`);
  }));

/** Asks again until it is so. @param {() => Promise<Answer>} ask @param {(answer: Answer) => boolean} isSo */
async function askUntil(ask, isSo) {
  for (const end = Date.now() + 20_000; ;) {
    const answer = await ask();
    if (isSo(answer)) return answer;
    if (Date.now() > end) throw new Error(`still ${answer.status}: ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
