import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, test } from "node:test";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { expiryOf } from "../servers/stand-ins/upstox/tokens.mjs";
import { read, SECRET, signIn, standing } from "./support/standing.mjs";

const CLIENT = "everlit-demo";
const REDIRECT = "http://localhost:8787/auth/callback/upstox";
const EVENING = Date.parse("2026-10-02T20:00:00+05:30");
const HOUR = 3_600_000;

/** @param {any} t @param {Partial<import("../servers/stand-ins/upstox/index.mjs").Options>} [options] */
const start = (t, options = {}) => standing(t, startUpstox({ clientSecret: SECRET, clock: stoppedClock(EVENING), ...options }));

/** @param {{ origin: string }} upstox @param {Record<string, string>} [more] */
const dialog = (upstox, more = {}) =>
  `${upstox.origin}/v2/login/authorization/dialog?${new URLSearchParams({ response_type: "code", client_id: CLIENT, redirect_uri: REDIRECT, state: "st/a&te", ...more })}`;

/** @param {{ origin: string }} upstox @param {Record<string, string>} form */
const exchange = async (upstox, form) => read(await fetch(`${upstox.origin}/v2/login/authorization/token`, {
  method: "POST",
  body: new URLSearchParams({ client_id: CLIENT, client_secret: SECRET, redirect_uri: REDIRECT, grant_type: "authorization_code", ...form }),
}));

/** @param {{ origin: string }} upstox @param {string} token @param {string} [path] @param {RequestInit} [init] */
const ask = async (upstox, token, path = "/v2/user/profile", init = {}) =>
  read(await fetch(`${upstox.origin}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } }));

/** @param {{ origin: string }} upstox @param {string} [login] */
async function codeOf(upstox, login = "ada") {
  return (await signIn(upstox, dialog(upstox), login)).searchParams.get("code") ?? "";
}

/** @param {{ origin: string }} upstox @param {string} [login] */
async function logIn(upstox, login) {
  const { status, body } = await exchange(upstox, { code: await codeOf(upstox, login) });
  assert.equal(status, 200);
  return body;
}

/** @param {{ body: any }} answer */
const code = ({ body }) => body.errors[0].errorCode;

for (const [issued, expires] of /** @type {[string, number][]} */ ([
  ["2026-10-02T20:00:00+05:30", 1790978400000],
  ["2026-10-02T02:30:00+05:30", 1790892000000],
  ["2026-10-02T03:29:59+05:30", 1790892000000],
  ["2026-10-02T03:30:00+05:30", 1790978400000],
])) {
  test(`a token of ${issued} expires at ${expires}`, () => assert.equal(expiryOf(Date.parse(issued)), expires));
}

test("the documentation's own message expires when it says", () => assert.equal(expiryOf(1731412800000), 1731448800000));

describe("login", () => {
  test("comes back with a code and the state as it was, and the code gives a token without saying for how long", async (t) => {
    const upstox = await start(t);
    const back = await signIn(upstox, dialog(upstox), "ada");
    assert.equal(back.origin + back.pathname, REDIRECT);
    assert.equal(back.searchParams.get("state"), "st/a&te");
    const { status, body } = await exchange(upstox, { code: back.searchParams.get("code") ?? "" });
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(body), ["email", "exchanges", "products", "broker", "user_id", "user_name", "order_types", "user_type", "poa", "is_active", "access_token", "extended_token"]);
    const profile = await ask(upstox, body.access_token);
    assert.deepEqual([profile.status, profile.body.status, profile.body.data.user_id], [200, "success", body.user_id]);
  });

  test("is on a page whose form may lead back to the app, and nowhere else", async (t) => {
    const policy = (await fetch(dialog(await start(t)))).headers.get("content-security-policy") ?? "";
    assert.ok(policy.split("; ").includes("form-action 'self' http://localhost:8787"), policy);
  });

  test("the same name is the same person, another is another", async (t) => {
    const upstox = await start(t);
    const [one, again, other] = [await logIn(upstox, "ada"), await logIn(upstox, "ada"), await logIn(upstox, "bob")];
    assert.equal(one.user_id, again.user_id);
    assert.notEqual(one.user_id, other.user_id);
    assert.notEqual(one.access_token, again.access_token);
  });

  test("of another client, another address or another response type is refused", async (t) => {
    const upstox = await start(t);
    for (const more of /** @type {Record<string, string>[]} */ ([{ client_id: "other" }, { redirect_uri: `${REDIRECT}/` }, { response_type: "token" }])) {
      const answer = await read(await fetch(dialog(upstox, more)));
      assert.deepEqual([answer.status, code(answer)], [400, "UDAPI100068"], JSON.stringify(more));
    }
  });

  test("an error has its code twice, as the real one", async (t) => {
    const upstox = await start(t);
    const { body } = await read(await fetch(dialog(upstox, { client_id: "other" })));
    assert.deepEqual(body, {
      status: "error",
      errors: [{
        errorCode: "UDAPI100068", message: "Check your 'client_id' and 'redirect_uri'; one or both are incorrect.", propertyPath: null, invalidValue: null,
        error_code: "UDAPI100068", property_path: null, invalid_value: null,
      }],
    });
  });
});

describe("a code", () => {
  for (const [why, wrong, expected] of /** @type {[string, Record<string, string>, string][]} */ ([
    ["a wrong secret", { client_secret: "wrong" }, "UDAPI100069"],
    ["another client", { client_id: "other" }, "UDAPI100069"],
    ["another address", { redirect_uri: "http://localhost:8787/" }, "UDAPI100068"],
    ["another grant", { grant_type: "refresh_token" }, "UDAPI100036"],
  ])) {
    test(`is spent by an exchange with ${why}`, async (t) => {
      const upstox = await start(t);
      const one = await codeOf(upstox);
      assert.equal(code(await exchange(upstox, { code: one, ...wrong })), expected);
      assert.equal(code(await exchange(upstox, { code: one })), "UDAPI100057");
    });
  }

  test("is spent by being used, and is not guessed", async (t) => {
    const upstox = await start(t);
    const one = await codeOf(upstox);
    assert.equal((await exchange(upstox, { code: one })).status, 200);
    assert.equal(code(await exchange(upstox, { code: one })), "UDAPI100057");
    assert.equal(code(await exchange(upstox, { code: "mk404x" })), "UDAPI100057");
  });

  test("does not live for ever", async (t) => {
    const upstox = await start(t);
    const one = await codeOf(upstox);
    upstox.clock.advance(HOUR);
    assert.equal(code(await exchange(upstox, { code: one })), "UDAPI100057");
  });

  test("of an inactive app, or of a person whose segments are inactive, gives nothing", async (t) => {
    const upstox = await start(t);
    const [first, second] = [await codeOf(upstox), await codeOf(upstox)];
    await upstox.act("configure", { isActive: false });
    assert.equal(code(await exchange(upstox, { code: first })), "UDAPI100073");
    await upstox.act("configure", { isActive: true });
    await upstox.act("suspend");
    assert.equal(code(await exchange(upstox, { code: second })), "UDAPI100058");
  });
});

describe("a daily token", () => {
  test("lives until half past three in India, to the millisecond", async (t) => {
    const upstox = await start(t);
    const { access_token: token } = await logIn(upstox);
    upstox.clock.set(1790978400000 - 1);
    assert.equal((await ask(upstox, token)).status, 200);
    upstox.clock.set(1790978400000);
    const dead = await ask(upstox, token);
    assert.deepEqual([dead.status, code(dead), dead.body.errors[0].message], [401, "UDAPI100050", "Invalid token used to access API"]);
  });

  test("of half past two in the night lives an hour", async (t) => {
    const upstox = await start(t, { clock: stoppedClock(Date.parse("2026-10-03T02:30:00+05:30")) });
    const { access_token: token } = await logIn(upstox);
    upstox.clock.advance(HOUR - 1);
    assert.equal((await ask(upstox, token)).status, 200);
    upstox.clock.advance(1);
    assert.equal((await ask(upstox, token)).status, 401);
  });

  test("is over with its logout, and others are not", async (t) => {
    const upstox = await start(t);
    const [one, other] = [await logIn(upstox), await logIn(upstox)];
    const out = await ask(upstox, one.access_token, "/v2/logout", { method: "DELETE", body: "{}" });
    assert.deepEqual([out.status, out.body], [200, { status: "success", data: true }]);
    assert.equal(code(await ask(upstox, one.access_token)), "UDAPI100050");
    assert.equal((await ask(upstox, other.access_token)).status, 200);
  });

  test("is over, as all of that person's, when the static address changes", async (t) => {
    const upstox = await start(t);
    const [one, two, other] = [await logIn(upstox), await logIn(upstox), await logIn(upstox, "bob")];
    const put = await ask(upstox, one.access_token, "/v2/user/ip", { method: "PUT", body: JSON.stringify({ primary_ip: "192.0.2.1" }) });
    assert.equal(put.body.data.access_tokens_invalidated, true);
    assert.deepEqual(await Promise.all([one, two, other].map(async ({ access_token: token }) => (await ask(upstox, token)).status)), [401, 401, 200]);
  });

  test("none, a made up one and one in another scheme are all invalid", async (t) => {
    const upstox = await start(t);
    const { access_token: token } = await logIn(upstox);
    for (const authorization of ["", "Bearer", "Bearer made-up", `Basic ${token}`, `Bearer ${token} more`]) {
      const answer = await read(await fetch(`${upstox.origin}/v2/user/profile`, { headers: { authorization } }));
      assert.deepEqual([answer.status, code(answer)], [401, "UDAPI100050"], authorization);
    }
  });

  test("says nothing about the funds at night, and is good for the rest", async (t) => {
    const upstox = await start(t, { clock: stoppedClock(Date.parse("2026-10-03T03:31:00+05:30")) });
    const { access_token: token } = await logIn(upstox);
    assert.equal(code(await ask(upstox, token, "/v3/user/get-funds-and-margin")), "UDAPI100072");
    assert.equal((await ask(upstox, token)).status, 200);
    upstox.clock.set(Date.parse("2026-10-03T05:30:00+05:30"));
    assert.equal((await ask(upstox, token, "/v3/user/get-funds-and-margin")).status, 200);
  });
});

describe("the extended token", () => {
  test("reads what it may for a year, and nothing else", async (t) => {
    const upstox = await start(t);
    const { extended_token: token } = await logIn(upstox);
    upstox.clock.advance(364 * 24 * HOUR);
    assert.equal((await ask(upstox, token, "/v2/portfolio/long-term-holdings")).status, 200);
    assert.equal(code(await ask(upstox, token)), "UDAPI100067");
    upstox.clock.advance(24 * HOUR);
    assert.equal(code(await ask(upstox, token, "/v2/portfolio/long-term-holdings")), "UDAPI100050");
  });

  test("stays the same over logins until another is asked for", async (t) => {
    const upstox = await start(t);
    const [one, same] = [await logIn(upstox), await logIn(upstox)];
    assert.equal(one.extended_token, same.extended_token);
    const { body } = await exchange(upstox, { code: await codeOf(upstox), refresh_extended_token: "true" });
    assert.notEqual(body.extended_token, one.extended_token);
    assert.equal(code(await ask(upstox, one.extended_token, "/v2/portfolio/long-term-holdings")), "UDAPI100050");
  });
});

describe("a request for a token", () => {
  /** @param {any} t */
  async function notified(t) {
    /** @type {any[]} */
    const heard = [];
    const server = createServer(async (req, res) => {
      let text = "";
      for await (const chunk of req) text += chunk;
      heard.push(JSON.parse(text));
      res.end("heard");
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
    t.after(() => { server.closeAllConnections(); server.close(); });
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    const upstox = await start(t, { notifierUrl: `http://127.0.0.1:${port}/notify` });
    return { upstox, heard, url: `http://127.0.0.1:${port}/notify` };
  }

  /** @param {{ origin: string }} upstox @param {string} [secret] */
  const request = async (upstox, secret = SECRET, client = CLIENT) => read(await fetch(`${upstox.origin}/v3/login/auth/token/request/${client}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_secret: secret }),
  }));

  test("is answered with the time by which it is over, as text, and approved with a token that works", async (t) => {
    const { upstox, heard, url } = await notified(t);
    assert.deepEqual((await request(upstox)).body, { status: "success", data: { authorization_expiry: "1790978400000", notifier_url: url } });
    assert.deepEqual(heard, []);
    assert.deepEqual(await upstox.act("approve"), { answers: [{ status: 200, text: "heard" }] });
    const { access_token: token, user_id: user, ...rest } = /** @type {Record<string, string>} */ (heard[0]);
    assert.deepEqual(rest, { client_id: CLIENT, token_type: "Bearer", expires_at: "1790978400000", issued_at: String(EVENING), message_type: "access_token" });
    assert.equal((await ask(upstox, token)).body.data.user_id, user);
  });

  test("can be delivered twice, forged, and in another's name", async (t) => {
    const { upstox, heard } = await notified(t);
    await request(upstox);
    await upstox.act("approve", { times: 2 });
    assert.deepEqual(heard[0], heard[1]);
    await upstox.act("forge", { client_id: "other" });
    assert.deepEqual([heard[2].client_id, (await ask(upstox, heard[2].access_token)).status], ["other", 401]);
    await request(upstox);
    await upstox.act("approve", { login: "mallory" });
    assert.notEqual(heard[3].user_id, heard[0].user_id);
  });

  test("that is rejected, or never answered, is never heard of", async (t) => {
    const { upstox, heard } = await notified(t);
    await request(upstox);
    await upstox.act("reject");
    await assert.rejects(upstox.act("approve"), /No request/);
    await request(upstox);
    upstox.clock.set(1790978400000);
    await assert.rejects(upstox.act("approve"), /No request/);
    assert.deepEqual(heard, []);
    assert.deepEqual(await upstox.act("pending"), { pending: false, expires_at: 1790978400000 });
  });

  test("with a wrong secret or for another client is refused, and nothing is pending", async (t) => {
    const { upstox } = await notified(t);
    assert.equal(code(await request(upstox, "wrong")), "UDAPI100069");
    assert.equal(code(await request(upstox, SECRET, "other")), "UDAPI100069");
    await assert.rejects(upstox.act("approve"), /No request/);
  });

  test("whose notifier is not there is told so", async (t) => {
    const upstox = await start(t, { notifierUrl: "http://127.0.0.1:1/" });
    await request(upstox);
    const { answers } = await upstox.act("approve");
    assert.equal(answers[0].status, 0);
  });
});

test("more than fifty calls in a second are too many, of that person", async (t) => {
  const upstox = await start(t);
  const [one, other] = [await logIn(upstox), await logIn(upstox, "bob")];
  for (let n = 0; n < 50; n += 1) assert.equal((await ask(upstox, one.access_token)).status, 200);
  const over = await ask(upstox, one.access_token);
  assert.deepEqual([over.status, code(over), over.headers.get("retry-after")], [429, "UDAPI10005", null]);
  assert.equal((await ask(upstox, other.access_token)).status, 200);
  upstox.clock.advance(1_000);
  assert.equal((await ask(upstox, one.access_token)).status, 200);
});

test("an address that there is not is not supported", async (t) => {
  const upstox = await start(t);
  const answer = await read(await fetch(`${upstox.origin}/v2/nothing`));
  assert.deepEqual([answer.status, code(answer)], [404, "UDAPI10000"]);
});
