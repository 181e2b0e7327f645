import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { generateKeyPair } from "jose";

import { send } from "./support/browser.mjs";
import { logIn } from "./support/person.mjs";
import { startRealStack } from "./support/real-stack.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { open } from "./support/socket.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack({ door: true, change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, grants: "per_login" } }) }); });
after(() => stack?.close());

/** Every sub, sid and jti that was made up here. @type {Set<string>} */
const names = new Set();
const name = () => {
  const made = randomBytes(12).toString("base64url");
  names.add(made);
  return made;
};
const seconds = () => Math.floor(Date.now() / 1000);

/** The claims of a good Logout Token. @param {Record<string, unknown>} claims undefined leaves one out */
const said = (claims) => {
  const all = { iss: stack.as.issuer, aud: stack.as.clientId, iat: seconds(), exp: seconds() + 120, jti: name(), events: { [EVENT]: {} }, ...claims };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
};

/** Sends what a server would. @param {string | Record<string, string>} form @param {Record<string, string>} [headers] */
const post = (form, headers = {}) =>
  send(`${stack.app}/auth/backchannel-logout`, {
    method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body: typeof form === "string" ? form : new URLSearchParams(form).toString(),
  });

/** @param {Record<string, unknown>} claims */
const logout = async (claims) => post({ logout_token: await stack.as.signed(said(claims)) });

/** @param {import("./support/browser.mjs").Browser} browser */
const stateOf = async (browser) => (await browser.call("/auth/session")).json.state;

/** A login with these claims. @param {Record<string, unknown>} claims */
async function login(claims) {
  stack.as.claims = claims;
  const { browser } = await enter(stack);
  stack.as.claims = {};
  return browser;
}

/** What a login says whose session is over already. @param {Awaited<ReturnType<typeof begin>>} begun @param {import("./support/browser.mjs").Browser} browser @param {Record<string, unknown>} claims */
async function finish(begun, browser, claims) {
  stack.as.claims = claims;
  const { status } = await browser.navigate(begun.callback, { site: "cross-site" });
  stack.as.claims = {};
  return status;
}

test("a logout of a session ends that one on all its devices within a second, and revokes its refresh token", async () => {
  const [sub, sid] = [name(), name()];
  const [one, two] = [await login({ sub, sid }), await login({ sub, sid })];
  const other = await login({ sub, sid: name() });
  const sockets = [await open(one), await open(two)];
  const revoked = stack.as.revoked.length;
  const began = Date.now();
  const answer = await logout({ sub, sid });
  assert.deepEqual([answer.status, answer.headers["cache-control"], answer.text], [200, "no-store", ""]);
  for (const socket of sockets) assert.equal((await socket.notice("ended")).kind, "ended");
  assert.ok(Date.now() - began < 1_000);
  assert.equal((await one.call("/auth/sessions")).json.reason, "backchannel_logout");
  assert.equal(await stateOf(other), "active");
  await until("both revocations", () => stack.as.revoked.length >= revoked + 2);
});

test("a logout of a user ends all of their sessions, and nobody else's", async () => {
  const sub = name();
  const [one, two] = [await login({ sub, sid: name() }), await login({ sub })];
  const stranger = await login({ sub: name() });
  assert.equal((await logout({ sub })).status, 200);
  assert.deepEqual([await stateOf(one), await stateOf(two), await stateOf(stranger)], ["logged_out", "logged_out", "active"]);
});

test("the server's retry is answered as the first was, and has no second effect", async () => {
  const sub = name();
  await login({ sub });
  const token = await stack.as.signed(said({ sub }));
  assert.equal((await post({ logout_token: token })).status, 200);
  // The user logs in again: what was said before is not about that.
  const again = await login({ sub, iat: seconds() + 2 });
  assert.equal((await post({ logout_token: token })).status, 200);
  assert.equal(await stateOf(again), "active");
});

test("a jti that was used is not taken for another content", async () => {
  const [sub, jti] = [name(), name()];
  assert.equal((await logout({ sub, jti })).status, 200);
  const later = await login({ sub, iat: seconds() + 2 });
  const answer = await logout({ sub, jti, iat: seconds() + 3 });
  assert.deepEqual([answer.status, answer.json.error], [400, "invalid_request"]);
  assert.equal(await stateOf(later), "active");
});

test("a login that comes to its end after the logout of its session is refused, and its tokens are revoked", async () => {
  const [sub, sid] = [name(), name()];
  const browser = stack.browser();
  const begun = await begin(stack, browser);
  assert.equal((await logout({ sid })).status, 200);
  const revoked = stack.as.revoked.length;
  assert.equal(await finish(begun, browser, { sub, sid }), 400);
  assert.equal(await stateOf(browser), "logged_out");
  await until("the revocation", () => stack.as.revoked.length > revoked);
  // Another session of the same user is another matter.
  assert.equal(await stateOf(await login({ sub, sid: name() })), "active");
});

test("after the logout of a user a login is refused whose ID Token is not later", async () => {
  const sub = name();
  const at = seconds();
  assert.equal((await logout({ sub, iat: at })).status, 200);
  for (const [iat, expected] of [[at - 5, 400], [at, 400], [at + 1, 200]]) {
    const browser = stack.browser();
    assert.equal(await finish(await begin(stack, browser), browser, { sub, iat }), expected, `${Number(iat) - at}`);
  }
});

test("a login that began before the logout of its user is refused, though its code is spent after it", async () => {
  const sub = name();
  const browser = stack.browser();
  const begun = await begin(stack, browser);
  const at = seconds() + 1;
  assert.equal((await logout({ sub, iat: at })).status, 200);
  assert.equal(await finish(begun, browser, { sub, iat: at + 2 }), 400);
  // A server that says when its user signed in is believed.
  for (const [auth_time, expected] of [[at, 400], [at + 1, 200]]) {
    const other = stack.browser();
    assert.equal(await finish(await begin(stack, other), other, { sub, iat: at + 2, auth_time }), expected, `${Number(auth_time) - at}`);
  }
});

test("a logout that comes while the login is on its way to the vault ends it", async () => {
  const [sub, sid] = [name(), name()];
  const browser = stack.browser();
  const begun = await begin(stack, browser);
  // The vault has it, and its word is late: to the index the vault is vacant first.
  await stack.workerd.befall("/establish", { drop: true, times: 3 });
  const finished = finish(begun, browser, { sub, sid });
  await until("the entry", () => stack.workerd.output.includes("object_failed"));
  assert.equal((await logout({ sid })).status, 200);
  assert.equal(await finished, 200, "the vault has taken it");
  await until("the end of it", async () => (await stateOf(browser)) === "logged_out");
});

/** A login again, in this browser. @param {import("./support/browser.mjs").Browser} browser @param {Record<string, unknown>} claims */
const loginAgain = async (browser, claims) => finish(await begin(stack, browser), browser, claims);

test("the end of an old session at the server spares who has logged in again since, in the same browser", async () => {
  const [sub, old, now] = [name(), name(), name()];
  const browser = await login({ sub, sid: old });
  const cookie = browser.cookie(SESSION_COOKIE);
  assert.equal(await loginAgain(browser, { sub, sid: now }), 200);
  assert.equal(browser.cookie(SESSION_COOKIE), cookie);
  assert.equal((await logout({ sub, sid: old })).status, 200);
  assert.equal(await stateOf(browser), "active");
  assert.equal((await logout({ sub, sid: now })).status, 200);
  assert.equal(await stateOf(browser), "logged_out");
});

test("a login again that fails spares the old one no logout", async () => {
  const [sub, sid] = [name(), name()];
  const browser = await login({ sub, sid: name() });
  assert.equal((await logout({ sid })).status, 200);
  assert.equal(await loginAgain(browser, { sub, sid, iat: seconds() + 5 }), 400);
  assert.equal(await stateOf(browser), "active");
  assert.equal((await logout({ sub, iat: seconds() + 1 })).status, 200);
  assert.equal(await stateOf(browser), "logged_out");
});

test("what was noted is carried out also by a Worker that was killed meanwhile", async () => {
  const sub = name();
  const browser = await login({ sub });
  await stack.workerd.befall("/revoke", { drop: true, times: 2 });
  assert.equal((await logout({ sub })).status, 200);
  await stack.workerd.kill();
  await stack.workerd.begin();
  await until("the end of it", async () => (await stateOf(browser)) === "logged_out");
});

describe("a request that is not to be believed is answered 400, and ends nothing:", () => {
  /** @type {import("./support/browser.mjs").Browser} */
  let browser;
  const sub = name();
  before(async () => { browser = await login({ sub }); });

  /** @param {Awaited<ReturnType<typeof post>>} answer */
  const isRefused = async (answer) => {
    assert.equal(answer.status, 400, answer.text);
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.match(answer.headers["content-type"] ?? "", /^application\/json/);
    assert.equal(answer.json.error, "invalid_request");
    assert.ok(answer.json.error_description);
    assert.equal(await stateOf(browser), "active");
  };

  for (const [what, claims] of /** @type {[string, Record<string, unknown>][]} */ ([
    ["another issuer", { iss: "https://as.example" }],
    ["no issuer", { iss: undefined }],
    ["another audience", { aud: "other" }],
    ["no audience", { aud: undefined }],
    ["expired", { exp: 1 }],
    ["no exp", { exp: undefined }],
    ["issued in the future", { iat: seconds() + 7200, exp: seconds() + 9000 }],
    ["no iat", { iat: undefined }],
    ["no jti", { jti: undefined }],
    ["no event", { events: undefined }],
    ["another event", { events: { "http://schemas.openid.net/event/other": {} } }],
    ["a nonce", { nonce: "n" }],
    ["neither sub nor sid", { sub: undefined }],
    ["a sid that is no text", { sid: 7 }],
  ])) {
    test(what, async () => isRefused(await logout({ sub, ...claims })));
  }

  test("another key's signature", async () => {
    const { privateKey } = await generateKeyPair("ES256");
    await isRefused(await post({ logout_token: await stack.as.signed(said({ sub }), { privateKey }) }));
  });

  test("a key that nobody knows, and the keys are not read again for each", async () => {
    const reads = stack.as.hits("/jwks");
    const junk = await Promise.all(Array.from({ length: 5 }, async () => post({ logout_token: await stack.as.signed(said({ sub }), { kid: name() }) })));
    for (const answer of junk) await isRefused(answer);
    assert.ok(stack.as.hits("/jwks") - reads <= 2);
  });

  test("the issuer's new key is not such a one, also where somebody has just had the keys read", async () => {
    const browser = await login({ sub: "renewed" });
    await post({ logout_token: await stack.as.signed(said({ sub }), { kid: name() }) });
    const reads = stack.as.hits("/jwks");
    await stack.as.rotateKeys();
    assert.equal((await logout({ sub: "renewed" })).status, 200);
    assert.equal(await stateOf(browser), "logged_out");
    assert.equal(stack.as.hits("/jwks") - reads, 1);
  });

  test("keys that cannot be had are not asked for again by each", async () => {
    const other = await startScriptedStack();
    try {
      other.as.metadata = { jwks_uri: `${other.as.issuer}/nowhere` };
      const token = await other.as.signed({ ...said({ sub }), iss: other.as.issuer });
      const ask = () => send(`${other.app}/auth/backchannel-logout`, {
        method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ logout_token: token }).toString(),
      });
      for (const { status } of await Promise.all(Array.from({ length: 8 }, ask))) assert.equal(status, 400);
      assert.ok(other.as.hits("/nowhere") <= 2, `${other.as.hits("/nowhere")}`);
    } finally {
      await other.close();
    }
  });

  test("no signature at all, and no token", async () => {
    const part = (/** @type {unknown} */ json) => Buffer.from(JSON.stringify(json)).toString("base64url");
    await isRefused(await post({ logout_token: `${part({ alg: "none" })}.${part(said({ sub }))}.` }));
    await isRefused(await post({ logout_token: `${part({ alg: "HS256" })}.${part(said({ sub }))}.AAAA` }));
    for (const token of ["", "x", "a.b.c", "a".repeat(7_000)]) await isRefused(await post({ logout_token: token }));
    await isRefused(await post({}));
  });

  test("an ID Token", async () => isRefused(await post({ logout_token: await stack.as.signed({ ...said({ sub }), events: undefined, nonce: "n" }) })));

  test("a request that is no form, twice a token, and too much of it", async () => {
    const token = await stack.as.signed(said({ sub }));
    await isRefused(await post(JSON.stringify({ logout_token: token }), { "content-type": "application/json" }));
    await isRefused(await post(`logout_token=${token}&logout_token=${token}`));
    await isRefused(await post(`logout_token=${token}&x=${"y".repeat(20_000)}`));
    await isRefused(await post("logout_token=%ff"));
    assert.equal((await send(`${stack.app}/auth/backchannel-logout`)).status, 405);
  });
});

test("who sends nonsense without end fills no log", async () => {
  const lines = () => stack.workerd.log.filter(({ event }) => event === "backchannel_logout_refused").length;
  const [before, began] = [lines(), Date.now()];
  const TIMES = 400;
  for (let times = 0; times < TIMES; times += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => post({})));
    assert.ok(answers.every(({ status }) => status === 400));
  }
  // Sixty at once, and one a second from then on.
  const allowed = 60 + Math.ceil((Date.now() - began) / 1_000) + 1;
  const written = lines() - before;
  assert.ok(written <= allowed && allowed < TIMES, `${written} lines, and ${allowed} are allowed`);
});

test("no cookie and no cross-site rule has a say in it", async () => {
  const sub = name();
  const browser = await login({ sub });
  const token = await stack.as.signed(said({ sub }));
  const answer = await post({ logout_token: token }, { "sec-fetch-site": "cross-site", origin: "https://as.example", cookie: "__Host-Http-everlit=x" });
  assert.equal(answer.status, 200);
  assert.equal(await stateOf(browser), "logged_out");
});

test("a token that names session and user ends those of the user as well that have no session, and no other", async () => {
  const [sub, sid] = [name(), name()];
  const [meant, without, other, later] = [await login({ sub, sid }), await login({ sub }), await login({ sub, sid: name() }), await login({ sub, iat: seconds() + 5, auth_time: seconds() + 5 })];
  const stranger = await login({ sub: name() });
  const token = await stack.as.signed(said({ sub, sid }));
  assert.equal((await post({ logout_token: token })).status, 200);
  const states = () => Promise.all([meant, without, other, later, stranger].map(stateOf));
  assert.deepEqual(await states(), ["logged_out", "logged_out", "active", "active", "active"]);
  assert.equal((await without.call("/auth/sessions")).json.reason, "backchannel_logout");
  assert.equal((await post({ logout_token: token })).status, 200);
  assert.deepEqual(await states(), ["logged_out", "logged_out", "active", "active", "active"]);
});

test("a logout that a vault has not heard is no success, and its repetition is", async () => {
  const [sub, sid] = [name(), name()];
  const browser = await login({ sub });
  const token = await stack.as.signed(said({ sub, sid }));
  await stack.workerd.befall("/revoke", { drop: true, times: 2 });
  const answer = await post({ logout_token: token });
  assert.deepEqual([answer.status, answer.json.error], [400, "temporarily_unavailable"]);
  assert.equal((await post({ logout_token: token })).status, 200);
  assert.equal(await stateOf(browser), "logged_out");
});

test("no answer, log or file held anything that is secret or says who was logged out", async () => {
  const named = [...names];
  assert.ok(named.length > 40);
  assertNothingLeaked(stack, stack.as.issued);
  const disk = await diskText(stack.workerd);
  assert.ok(disk.includes("session_sealed"), "there is something to look in");
  for (const secret of [...stack.secrets, ...stack.as.issued, ...named]) assert.ok(!disk.includes(secret), "a name or a secret is on the disk");
  // What a stranger says is answered by words of ours.
  for (const secret of named) assert.ok(!stack.workerd.output.includes(secret), "a name is in the log");
  for (const browser of stack.browsers) {
    const id = browser.cookie(SESSION_COOKIE)?.split(".")[0];
    assert.ok(id === undefined || !disk.includes(id), "a session's id is on the disk");
  }
});

test("oidc-provider logs its users out here, too", async () => {
  const real = await startRealStack("oidc-provider", { accessTtl: 60, backchannel: true });
  try {
    const [one, two, stranger] = [real.browser(), real.browser(), real.browser()];
    for (const browser of [one, two]) await logIn(browser);
    await logIn(stranger, { login: "grace@example.com" });
    const socket = await open(one);
    // The person signs out at the server itself.
    const page = await one.navigate(`${real.servers.issuer}/session/end`, { site: "none" });
    const [, action = ""] = / action="([^"]+)"/.exec(page.text) ?? [];
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
    await one.navigate(new URL(action, page.url), { site: "same-origin", method: "POST", form: { xsrf, logout: "yes" }, headers: { origin: page.url.origin } });
    assert.equal((await socket.notice("ended")).kind, "ended");
    assert.deepEqual(await Promise.all([one, two, stranger].map(stateOf)), ["logged_out", "active", "active"]);
  } finally {
    await real.close();
  }
});
