import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startKite } from "../servers/stand-ins/kite/index.mjs";
import { checksumOf, expiryOf } from "../servers/stand-ins/kite/tokens.mjs";
import { read, SECRET, signIn, standing } from "./support/standing.mjs";

const KEY = "kitekey";
const EVENING = Date.parse("2026-10-02T20:00:00+05:30");
const MORNING = Date.parse("2026-10-03T06:00:00+05:30");

/** @param {any} t @param {Partial<Parameters<typeof startKite>[0]>} [options] */
const start = (t, options = {}) => standing(t, startKite({ clientSecret: SECRET, clock: stoppedClock(EVENING), ...options }));

/** @param {{ origin: string }} kite @param {Record<string, string>} [more] */
const loginOf = (kite, more = {}) => `${kite.origin}/connect/login?${new URLSearchParams({ v: "3", api_key: KEY, ...more })}`;

/** @param {{ origin: string }} kite @param {string} [login] */
const requestTokenOf = async (kite, login = "ada") => (await signIn(kite, loginOf(kite), login)).searchParams.get("request_token") ?? "";

/** @param {{ origin: string }} kite @param {string} token @param {{ kind?: "request" | "refresh", key?: string, secret?: string }} [how] */
const exchange = async (kite, token, { kind = "request", key = KEY, secret = SECRET } = {}) =>
  read(await fetch(`${kite.origin}/session/${kind === "request" ? "token" : "refresh_token"}`, {
    method: "POST",
    body: new URLSearchParams({ api_key: key, [`${kind}_token`]: token, checksum: checksumOf(KEY, token, secret) }),
  }));

/** @param {{ origin: string }} kite @param {string} token @param {string} [key] */
const ask = async (kite, token, key = KEY) => read(await fetch(`${kite.origin}/user/profile`, { headers: { authorization: `token ${key}:${token}`, "x-kite-version": "3" } }));

/** @param {{ origin: string }} kite @param {string} [login] */
const logIn = async (kite, login) => (await exchange(kite, await requestTokenOf(kite, login))).body.data;

const EXPIRED = { status: "error", message: "Incorrect `api_key` or `access_token`.", data: null, error_type: "TokenException" };

test("the checksum is that of the official SDK", () => {
  assert.equal(checksumOf("kkey", "reqtok", "ksecret"), "f001d0d71afefb992caaab9a55422c47da1c67128dabb2fe73457ea3494cee49");
});

for (const [issued, expires] of /** @type {[string, string][]} */ ([
  ["2026-10-02T20:00:00+05:30", "2026-10-03T06:00:00+05:30"],
  ["2026-10-03T05:59:59+05:30", "2026-10-03T06:00:00+05:30"],
  ["2026-10-03T06:00:00+05:30", "2026-10-04T06:00:00+05:30"],
])) {
  test(`a token of ${issued} expires at ${expires}`, () => assert.equal(expiryOf(Date.parse(issued)), Date.parse(expires)));
}

describe("login", () => {
  test("comes back with a request token, without a state, and with what the app had it carry", async (t) => {
    const kite = await start(t);
    const back = await signIn(kite, loginOf(kite, { state: "not-a-thing", redirect_params: "a=1&b=x%26y" }), "ada");
    assert.equal(back.origin + back.pathname, "http://localhost:8787/auth/callback/kite");
    assert.match(back.search, /^\?action=login&type=login&status=success&request_token=\w{32}&a=1&b=x%26y$/);
  });

  test("of another app, or of another version, is refused on a page", async (t) => {
    const kite = await start(t);
    for (const more of /** @type {Record<string, string>[]} */ ([{ api_key: "other" }, { v: "2" }])) assert.equal((await fetch(loginOf(kite, more))).status, 400);
  });
});

describe("a request token", () => {
  test("gives an access token once, and says when it was in India", async (t) => {
    const kite = await start(t);
    const token = await requestTokenOf(kite);
    const { status, body } = await exchange(kite, token);
    assert.deepEqual([status, body.data.login_time, body.data.refresh_token], [200, "2026-10-02 20:00:00", ""]);
    assert.equal((await ask(kite, body.data.access_token)).body.data.user_id, body.data.user_id);
    const again = await exchange(kite, token);
    assert.deepEqual([again.status, again.body.error_type, again.body.message], [403, "TokenException", "Token is invalid or has expired."]);
  });

  test("is no good with a wrong secret or another app, or after some minutes", async (t) => {
    const kite = await start(t);
    const token = await requestTokenOf(kite);
    assert.deepEqual((await exchange(kite, token, { secret: "wrong" })).body.message, "Invalid `checksum`.");
    const other = await exchange(kite, token, { key: "other" });
    assert.deepEqual([other.status, other.body.error_type], [400, "InputException"]);
    kite.clock.advance(5 * 60_000);
    assert.equal((await exchange(kite, token)).body.message, "Token is invalid or has expired.");
  });

  test("is not another kind of token", async (t) => {
    const kite = await start(t);
    const { access_token: access, public_token: open } = await logIn(kite);
    for (const token of [access, open]) assert.equal((await exchange(kite, token)).status, 403);
    assert.equal((await ask(kite, open)).status, 403);
  });
});

describe("an access token", () => {
  test("lives until six in the morning in India, to the millisecond", async (t) => {
    const kite = await start(t);
    const { access_token: token } = await logIn(kite);
    kite.clock.set(MORNING - 1);
    assert.equal((await ask(kite, token)).status, 200);
    kite.clock.set(MORNING);
    const dead = await ask(kite, token);
    assert.deepEqual([dead.status, dead.body], [403, EXPIRED]);
  });

  test("is over with its logout, and with that of the person, of whom others are not", async (t) => {
    const kite = await start(t);
    const [one, two, bob] = [await logIn(kite), await logIn(kite), await logIn(kite, "bob")];
    await fetch(`${kite.origin}/session/token?${new URLSearchParams({ api_key: KEY, access_token: one.access_token })}`, { method: "DELETE" });
    assert.deepEqual([(await ask(kite, one.access_token)).status, (await ask(kite, two.access_token)).status], [403, 200]);
    await kite.act("logOutEverywhere");
    assert.deepEqual([(await ask(kite, two.access_token)).status, (await ask(kite, bob.access_token)).status], [403, 200]);
  });

  test("is one with its key", async (t) => {
    const kite = await start(t);
    const { access_token: token } = await logIn(kite);
    assert.deepEqual((await ask(kite, token, "other")).body, EXPIRED);
  });

  test("is not to blame where an app may not ask", async (t) => {
    const kite = await start(t);
    const { access_token: token } = await logIn(kite);
    const answer = await read(await fetch(`${kite.origin}/quote/ltp?i=NSE:INFY`, { headers: { authorization: `token ${KEY}:${token}` } }));
    assert.deepEqual([answer.status, answer.body.error_type], [403, "PermissionException"]);
    assert.equal((await ask(kite, token)).status, 200);
  });

  test("may be used ten times a second", async (t) => {
    const kite = await start(t);
    const { access_token: token } = await logIn(kite);
    for (let n = 0; n < 10; n += 1) assert.equal((await ask(kite, token)).status, 200);
    const over = await ask(kite, token);
    assert.deepEqual([over.status, over.body.error_type], [429, "NetworkException"]);
    kite.clock.advance(1_000);
    assert.equal((await ask(kite, token)).status, 200);
  });
});

test("a refresh token is for approved apps, gives a new pair after six, and is spent by that", async (t) => {
  const kite = await start(t, { renews: true });
  const { refresh_token: token } = await logIn(kite);
  kite.clock.set(MORNING);
  const renewed = await exchange(kite, token, { kind: "refresh" });
  assert.equal((await ask(kite, renewed.body.data.access_token)).status, 200);
  assert.equal((await exchange(kite, token, { kind: "refresh" })).body.error_type, "TokenException");
});
