/** Other programs of the operator's: who is let in, what each may ask, how often, and how quickly it is answered. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { send } from "../worker/support/browser.mjs";
import { sendRaw } from "../worker/support/raw.mjs";
import { pause, until } from "../worker/support/until.mjs";
import { KEY, OPERATOR_KEY, SECRET, service } from "./support/services.mjs";
import { MINUTE, ROUTES, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

const OTHER_KEY = "other-key-0123456789abcdefghijklmnopqrstuvwxyz";

/** Upstox, and Kite beside it, with a caller of each. @param {import("node:test").TestContext} t @param {object} [more] */
const two = (t, more = {}) => stack(t, "upstox", {
  more,
  variables: {
    SERVICE_KITE: service("kite", { origin: "http://127.0.0.1:9" }).SERVICE_KITE,
    SECRET_KITE_CLIENT_SECRET: SECRET,
    CALLER_OTHER: { services: ["kite"] },
    SECRET_CALLER_OTHER_KEY: OTHER_KEY,
    CALLER_OPERATOR: { services: ["upstox", "kite"], operator: true },
  },
});

/** @param {Stack} on @param {string} method @param {string} path @param {Record<string, string>} [headers] @param {string} [body] */
const raw = (on, method, path, headers = {}, body = undefined) => send(on.services.origin + path, { method, headers, body });

const ENDPOINTS = /** @type {const} */ ([
  ["GET", "status"], ["POST", "token"], ["POST", "refresh"], ["PUT", "credential"], ["DELETE", "credential"], ["POST", "login"],
]);

test("no key, a wrong one, another service's, and a service that there is not are answered with the same letters", async (t) => {
  const on = await two(t);
  for (const [method, rest] of ENDPOINTS) {
    const answers = [];
    for (const [name, key] of /** @type {const} */ ([
      ["upstox", null], ["upstox", "wrong-key-0123456789abcdefghijklmnopqrstuvwxyz"], ["upstox", OTHER_KEY], ["upstox", KEY.slice(0, -1)],
      ["nowhere", null], ["nowhere", KEY], ["nowhere", OPERATOR_KEY], ["UPSTOX", KEY], ["upstox%20", KEY], ["kite", KEY],
    ])) {
      const { status, text, headers } = await on.services.ask(method, `${name}/${rest}`, undefined, key);
      const { date: _date, ...others } = headers;
      answers.push(JSON.stringify({ status, text, others }));
    }
    assert.equal(new Set(answers).size, 1, `${method} ${rest}: ${[...new Set(answers)].join("\n")}`);
    assert.match(answers[0] ?? "", /^\{"status":401,.*"www-authenticate":"Bearer"/);
  }
  assert.equal((await raw(on, "GET", "/service", { authorization: "Bearer nothing" })).status, 401);
  assert.equal((await raw(on, "GET", "/service")).status, 401);
});

/** What strangers send under `/api`: method, what follows the service, headers, body. @type {[string, string, Record<string, string>?, string?][]} */
const KNOCKS = [
  ["GET", ""], ["GET", "/"], ["GET", "/v2/user/profile"], ["GET", "/user/profile?x=1"], ["GET", "/breezeapi/api/v1/funds", {}, "{}"],
  ["POST", "/v2/order/place", { "content-type": "application/json" }, '{"quantity":1}'], ["POST", "/orders/regular", {}, "a".repeat(300 * 1024)],
  ["PUT", "/v2/order/modify"], ["PATCH", "/x"], ["DELETE", "/session/token?api_key=a"], ["OPTIONS", "/v2/user/profile"], ["TRACE", "/v2"],
  // What each provider's own logins are.
  ["GET", "/apiuser/login"], ["POST", "/session/token"], ["DELETE", "/v2/logout"],
  // Breeze's exchange, whose key is in the body: with none, a wrong one, one that is none, too much, and by the way that a `fetch` goes.
  ["GET", "/breezeapi/api/v1/customerdetails"],
  ["GET", "/breezeapi/api/v1/customerdetails", {}, '{"SessionToken":"wrong-key-0123456789abcdefghijklmnopqrstuvwxyz","AppKey":"a"}'],
  ["POST", "/breezeapi/api/v1/customerdetails", {}, `{"SessionToken":"${OTHER_KEY}"}`], ["POST", "/breezeapi/api/v1/customerdetails", {}, "\u0000{"],
  ["POST", "/breezeapi/api/v1/customerdetails", {}, "a".repeat(20_000)], ["POST", "/breezeapi/api/v1/CustomerDetails/", { "x-http-method-override": "GET" }, "[]"],
  ["PUT", "/breezeapi/api/v1/customerdetails", {}, "{}"],
  // Crooked paths, upgrades, cookies, and keys that are none or stand elsewhere.
  ["GET", "/v2/%2e%2e/logout"], ["GET", "//v2"], ["GET", "/v2%2fx"], ["GET", "/a%"], ["GET", "/..%2f..%2fservice"], ["GET", `/${"a".repeat(5_000)}`],
  ["GET", "/v2/feed", { connection: "Upgrade", upgrade: "websocket", "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-version": "13" }],
  ["GET", "/v2/user/profile", { cookie: "__Host-Http-everlit=a.b" }], ["GET", "/x", { authorization: "Bearer wrong-key-0123456789abcdefghijklmnopqrstuvwxyz" }],
  ["GET", "/x", { authorization: `token a:${OTHER_KEY}x` }], ["GET", "/x", { "x-sessiontoken": "nobody" }], ["GET", "/x", { "x-sessiontoken": "a", authorization: "Bearer b" }],
  ["GET", "/x", { authorization: `Bearer ${"a".repeat(2_000)}` }], ["GET", "/x", { authorization: "Bearer wrong", cookie: "__Host-Http-everlit=a.b" }], ["GET", `/x?key=${KEY}`],
];

test("under /api a stranger is answered with the same letters whatever is asked for, of services that there are and of those that there are not", async (t) => {
  const on = await two(t, { account: "AB1234" });
  const { origin } = on.services;
  await on.services.configure({
    SERVICE_BREEZE: { provider: "breeze", client_id: "a", account: "AB1234", origin: "http://127.0.0.1:9" }, SECRET_BREEZE_CLIENT_SECRET: SECRET,
    SERVICE_BILLING: { provider: "oidc", client_id: "a", token_url: "http://127.0.0.1:9/token", grant: "client_credentials" }, SECRET_BILLING_CLIENT_SECRET: SECRET,
  });
  await on.services.restart();
  const names = ["upstox", "kite", "breeze", "billing", "nowhere", "UPSTOX", "upstox%20", ""];
  const knock = async (/** @type {string} */ name, /** @type {typeof KNOCKS[number]} */ [method, rest, headers = {}, body = ""]) => {
    const length = body || method === "POST" ? { "content-length": String(Buffer.byteLength(body)) } : {};
    const lines = Object.entries({ host: new URL(origin).host, connection: "close", ...length, ...headers }).map(([header, value]) => `${header}: ${value}`);
    const { status, headers: answered, text } = await sendRaw(origin, [`${method} /api/${name}${rest} HTTP/1.1`, ...lines].join("\r\n"), { body });
    return JSON.stringify([status, answered.replace(/\r\n(date|connection): [^\r]*/gi, ""), text]);
  };
  /** @type {Map<string, string>} */
  const answers = new Map();
  for (const one of KNOCKS) {
    const told = await Promise.all(names.map((name) => knock(name, one)));
    told.forEach((answer, at) => answers.set(answer, answers.get(answer) ?? `${one[0]} /api/${names[at]}${one[1].slice(0, 80)} ${JSON.stringify(one[2] ?? {}).slice(0, 120)}`));
  }
  // Another service's key is as good as none.
  const foreign = await Promise.all(["breeze", "billing", "kite", "nowhere"].map((name) => knock(name, ["GET", "/user/profile", { authorization: `Bearer ${KEY}` }])));
  for (const answer of foreign) answers.set(answer, answers.get(answer) ?? "another service's key");
  assert.equal(answers.size, 1, [...answers].map(([answer, first]) => `${first}\n  ${answer}`).join("\n"));
  const [status, headers, text] = JSON.parse([...answers.keys()][0] ?? "[]");
  assert.equal(status, 401);
  assert.match(headers, /www-authenticate: Bearer/i);
  // Each SDK finds its own error in it (signing-sdk.test.mjs).
  const { code, Error: breeze, error_type: kite, errors: [upstox] } = JSON.parse(text);
  assert.deepEqual([code, breeze, kite, upstox.errorCode], ["unauthorized", "Invalid session.", "TokenException", "unauthorized"]);
  // Who answers a HEAD says nothing more, and nothing else.
  const heads = await Promise.all(names.map((name) => knock(name, ["HEAD", "/v2/user/profile"])));
  assert.equal(new Set(heads).size, 1, [...new Set(heads)].join("\n"));

  // Nor is a body waited for at one name and not at another.
  for (const path of ["/breezeapi/api/v1/customerdetails", "/v2/order/place"]) {
    const times = await Promise.all(names.map(async (name) => {
      const head = [`POST /api/${name}${path} HTTP/1.1`, `host: ${new URL(origin).host}`, "connection: close", "content-length: 100"].join("\r\n");
      const { status: code, tookMs } = await sendRaw(origin, head, { body: '{"Ses' });
      assert.equal(code, 401);
      return tookMs > 5_000;
    }));
    assert.equal(new Set(times).size, 1, `${path}: ${times}`);
  }
});

test("a body that comes too slowly is waited for ten seconds by everything that reads one, and nothing is done", async (t) => {
  const on = await two(t);
  const { token } = await on.accepted();
  const { generation } = await on.services.status("upstox");
  /** Method, path, key, status, and what the answer says. @type {[string, string, string | null, number, RegExp][]} */
  const slow = [
    ["POST", "/service/upstox/token", KEY, 408, /"too_slow"/], ["POST", "/service/upstox/refresh", OPERATOR_KEY, 408, /"too_slow"/],
    ["PUT", "/service/upstox/credential", OPERATOR_KEY, 408, /"too_slow"/], ["POST", "/service/upstox/callback", null, 408, /"too_slow"/],
    ["POST", "/api/upstox/v2/order/place", KEY, 408, /"too_slow"/],
    // Whoever sends this learns nothing.
    ["POST", "/service/upstox/notify/anything", null, 200, /"ok":true/],
  ];
  const before = on.standIn.counters();
  await Promise.all(slow.flatMap(([method, path, key, status, says]) => [["content-length: 300", '{"c":1'], ["transfer-encoding: chunked", '6\r\n{"c":1\r\n']].map(async ([framing = "", body = ""]) => {
    const head = [`${method} ${path} HTTP/1.1`, `host: ${new URL(on.services.origin).host}`, "content-type: application/json", ...(key ? [`authorization: Bearer ${key}`] : []), framing];
    const answer = await sendRaw(on.services.origin, head.join("\r\n"), { body, limitMs: 35_000 });
    assert.deepEqual([answer.status, says.test(answer.text)], [status, true], `${method} ${path} ${framing}: ${answer.text}`);
    assert.ok(answer.tookMs > 9_000, `${method} ${path}: ${answer.tookMs} ms`);
  })));
  assert.deepEqual(on.standIn.counters(), before, "the provider has heard of none");
  const given = (await on.services.token("upstox")).json;
  assert.deepEqual([given.access_token, given.generation], [token, generation]);
});

test("a key is shown after Bearer, once, and not together with a browser's session", async (t) => {
  const on = await two(t);
  const status = async (/** @type {Record<string, string>} */ headers) => (await raw(on, "GET", "/service/upstox/status", headers)).status;
  for (const [authorization, expected] of /** @type {const} */ ([
    [`Bearer ${KEY}`, 200], [`bearer ${KEY}`, 200], [`BEARER   ${KEY}  `, 200],
    [`Basic ${KEY}`, 401], [KEY, 401], ["Bearer", 401], ["Bearer ", 401], [`Bearer ${KEY} ${KEY}`, 401], [`Bearer ${KEY}, Bearer ${KEY}`, 401],
  ])) assert.equal(await status({ authorization }), expected, authorization);
  assert.equal(await status({ authorization: `Bearer ${KEY}`, cookie: "theme=dark; __host-http-everlit=x" }), 200, "another cookie is nobody's session");
  for (const cookie of ["__Host-Http-everlit=a.b", "a=b; __Host-Http-everlit=a.b; __Host-Http-everlit=c.d"]) {
    for (const path of ["upstox/status", "nowhere/status"]) {
      const { status: code, json } = await raw(on, "GET", `/service/${path}`, { authorization: `Bearer ${KEY}`, cookie });
      assert.deepEqual([code, json?.code], [400, "bad_request"]);
    }
  }
  assert.equal(await status({ "x-api-key": KEY }), 401);
  assert.equal((await raw(on, "GET", `/service/upstox/status?key=${KEY}`)).status, 401);
});

test("each address takes its methods and says which; what is none is not found", async (t) => {
  const on = await two(t);
  const authorization = `Bearer ${OPERATOR_KEY}`;
  const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
  for (const [rest, allow] of /** @type {const} */ ([
    ["/status", "GET"], ["/token", "POST"], ["/refresh", "POST"], ["/credential", "PUT, DELETE"], ["/login", "GET, POST"], ["/callback", "GET, POST"],
    ["/notify/abc", "POST"],
  ])) {
    for (const method of METHODS) {
      const { status, headers } = await raw(on, method, `/service/upstox${rest}`, { authorization });
      if (allow.split(", ").includes(method)) assert.notEqual(status, 405, `${method} ${rest}`);
      else assert.deepEqual([status, headers.allow], [405, allow], `${method} ${rest}`);
    }
  }
  for (const method of METHODS.filter((name) => name !== "GET")) assert.deepEqual([(await raw(on, method, "/service", { authorization })).headers.allow], ["GET"]);
  for (const path of ["/service/upstox/token/", "/service/upstox/", "/service/upstox", "/service/", "/service/upstox/tokens", "/", "/services", "/service/upstox/status/x"]) {
    const { status, json } = await raw(on, "GET", path, { authorization });
    assert.ok([401, 404].includes(status) && json.code, path);
    assert.ok(status === 404 || path === path);
  }
  assert.deepEqual((await raw(on, "GET", "/healthz")).json, { ok: true });
});

test("a question that cannot be understood is told why, and costs nothing", async (t) => {
  const on = await two(t);
  const { token } = await on.accepted();
  for (const [rest, body, status, says] of /** @type {[string, string | object, number, RegExp][]} */ ([
    ["token", "{", 400, /no JSON object/],
    ["token", "[]", 400, /no JSON object/],
    ["token", '"text"', 400, /no JSON object/],
    ["token", "\u0000", 400, /no JSON object/],
    ["token", { reads_only: "yes" }, 400, /reads_only is not true or false/],
    ["token", { reads_only: null }, 400, /reads_only is not true or false/],
    ["token", `{"x":"${"a".repeat(5_000)}"}`, 413, /^$/],
    ["refresh", { epoch: 1 }, 400, /go together/],
    ["refresh", { generation: 1 }, 400, /go together/],
    ["refresh", { epoch: "1", generation: 1 }, 400, /whole numbers/],
    ["refresh", { epoch: 1.5, generation: 1 }, 400, /whole numbers/],
    ["refresh", { epoch: -1, generation: 1 }, 400, /whole numbers/],
    ["refresh", { epoch: 1, generation: 2 ** 32 }, 400, /below 4294967296/],
  ])) {
    const answer = await on.services.ask("POST", `upstox/${rest}`, body);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [status, "application/problem+json"], JSON.stringify(body).slice(0, 60));
    assert.match(answer.json.detail ?? "", says);
  }
  for (const body of ["", " \n", {}, { reads_only: true }, { reads_only: false, more: [1] }]) {
    const answer = await on.services.ask("POST", "upstox/token", body);
    assert.deepEqual([answer.status, answer.json.access_token, answer.headers["cache-control"]], [200, token, "no-store"]);
  }
  const { callers } = await on.services.status("upstox");
  assert.deepEqual(callers.map((/** @type {any} */ { name, tokens, nones }) => [name, tokens, nones]), [["reports", 5, 0]]);
});

test("a token says all that a program needs, and in the provider's own way", async (t) => {
  for (const [provider, type] of /** @type {const} */ ([["upstox", "Bearer"], ["breeze", "X-SessionToken"], ["kite", "token"]])) {
    const on = await stack(t, provider);
    const { token, json: accepted } = await on.accepted();
    const before = on.clock.now();
    const answer = await on.services.token(provider);
    const { server_time: time, expires_in: left, ...json } = answer.json;
    assert.ok(time >= before - 5 && time <= on.clock.now() + 5);
    assert.equal(Math.round(left * 1_000), json.expires_at - time);
    assert.deepEqual(json, {
      access_token: token, token_type: type, client_id: "everlit-demo", expires_at: accepted.expires_at, epoch: accepted.epoch, generation: accepted.generation,
      read_only: false, provider,
    });
    assert.equal(json.expires_at % MINUTE, 0, "a cutoff of the wall clock, to the millisecond");
  }
});

test("a caller that holds an older token gets the newer one, and only one that holds this one has the provider asked", async (t) => {
  const on = await two(t);
  const { json: first } = await on.accepted();
  const { token, json: second } = await on.accepted();
  await on.pass(5 * MINUTE);
  const asked = on.count(ROUTES.upstox.validate);
  const behind = await on.services.ask("POST", "upstox/refresh", { epoch: first.epoch, generation: first.generation });
  assert.deepEqual([behind.status, behind.json.access_token, on.count(ROUTES.upstox.validate)], [200, token, asked]);
  const same = await on.services.ask("POST", "upstox/refresh", { epoch: second.epoch, generation: second.generation });
  assert.deepEqual([same.status, same.json.access_token, on.count(ROUTES.upstox.validate)], [200, token, asked + 1]);
  // The provider said so a moment ago.
  const again = await on.services.ask("POST", "upstox/refresh", { epoch: second.epoch, generation: second.generation });
  assert.deepEqual([again.status, on.count(ROUTES.upstox.validate)], [200, asked + 1]);

  await on.standIn.act("endTokens");
  await on.pass(5 * MINUTE);
  const over = await on.services.ask("POST", "upstox/refresh", { epoch: second.epoch, generation: second.generation });
  assert.deepEqual([over.status, over.json.reason], [503, "needs_human"]);
});

test("sixty a minute for each caller, then it is told when to come again, and nobody else waits for that", async (t) => {
  const on = await two(t);
  await on.accepted();
  const begun = Date.now();
  const answers = await Promise.all(Array.from({ length: 90 }, () => on.services.token("upstox")));
  const longest = Math.ceil((Date.now() - begun) / 1_000);
  const served = answers.filter(({ status }) => status === 200).length;
  assert.ok(served >= 60 && served <= 61 + longest, `${served} in ${longest} s`);
  const limited = answers.filter(({ status }) => status !== 200);
  for (const { status, json, headers } of limited) {
    assert.deepEqual([status, json.code, json.reason], [429, "no_token", "caller_limited"]);
    assert.ok(json.retry_after > 0 && json.retry_after <= 60);
    assert.equal(Number(headers["retry-after"]), Math.ceil(json.retry_after));
  }
  assert.equal((await on.services.ask("POST", "upstox/token", {}, OPERATOR_KEY)).status, 200);
  assert.equal((await on.services.ask("GET", "upstox/status")).status, 200, "a status is none of it");
  const { callers } = await on.services.status("upstox");
  const reports = callers.find((/** @type {any} */ { name }) => name === "reports");
  assert.deepEqual([reports.tokens, reports.limited], [served, limited.length]);
  await on.pass(MINUTE);
  assert.equal((await on.services.token("upstox")).status, 200);
});

/** All that is kept, as it lies there: what is written is sealed anew, and is another each time. @param {Stack} on */
async function lying(on) {
  const kept = await on.services.object("VAULT", on.name, "bytes", "SELECT name, hex(value) AS value FROM kept ORDER BY name");
  const copies = await on.services.object("BACKUP", on.name, "bytes", "SELECT * FROM copy");
  return JSON.stringify([kept, copies]);
}

/** A call of a caller's to Upstox. @param {Stack} on @param {string} [key] */
const profile = (on, key = KEY) => raw(on, "GET", "/api/upstox/v2/user/profile", { authorization: `Bearer ${key}` });

/** So many calls, no faster than Upstox takes them: fifty a second. @param {Stack} on @param {number} count */
async function profiles(on, count) {
  const answers = [];
  for (let left = count; left > 0; left -= 40) {
    answers.push(...await Promise.all(Array.from({ length: Math.min(40, left) }, () => profile(on))));
    await on.pass(1_100);
  }
  return answers;
}

/** What is told of a caller's use. @param {Stack} on @param {string} [who] */
async function used(on, who = "reports") {
  const { callers } = await on.services.status(on.name);
  const { tokens, calls, nones, limited } = callers.find((/** @type {any} */ { name }) => name === who);
  return { tokens, calls, nones, limited };
}

test("calls are not tokens: more of them than tokens are let through, none is written down alone, and the next row tells how many there were", async (t) => {
  const on = await two(t);
  await on.accepted();
  assert.equal((await profile(on)).status, 200);
  // That this caller came at all is written, here and in the copy.
  await until("the copy", async () => (await lying(on)) === (await pause(200), await lying(on)));
  const before = await lying(on);
  const answers = await profiles(on, 150);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200], "sixty a minute is for tokens");
  await pause(500);
  assert.equal(await lying(on), before, "nothing is written");
  assert.deepEqual(await used(on), { tokens: 0, calls: 151, nones: 0, limited: 0 });
  assert.equal((await on.services.token("upstox")).status, 200, "and tokens are not used up by them");

  // The next check writes a row, and what was counted is in it.
  await on.pass(31 * MINUTE);
  await on.until("a check", ({ checked_at: at }) => at >= on.clock.now() - MINUTE);
  await on.services.restart();
  assert.deepEqual(await used(on), { tokens: 1, calls: 151, nones: 0, limited: 0 });
});

test("a caller that has more calls made than its rate for them is told when to come again, and nobody else waits for that", async (t) => {
  const on = await two(t, { call_rate: "100/1m" });
  await on.accepted();
  const begun = on.clock.now();
  const answers = await profiles(on, 140);
  const longest = Math.ceil((on.clock.now() - begun) / 1_000);
  const made = answers.filter(({ status }) => status === 200).length;
  assert.ok(made >= 100 && made <= 100 + 2 * longest, `${made} in ${longest} s`);
  const limited = answers.filter(({ status }) => status !== 200);
  for (const { status, json, headers } of limited) {
    assert.deepEqual([status, json.code, json.reason, headers["everlit-code"]], [429, "no_token", "caller_limited", "no_token"]);
    assert.ok(json.retry_after > 0 && json.retry_after <= 60);
    assert.equal(json.errors[0].errorCode, "no_token", "where its SDK looks");
    assert.equal(Number(headers["retry-after"]), Math.ceil(json.retry_after));
  }
  assert.deepEqual(await used(on), { tokens: 0, calls: made, nones: 0, limited: limited.length });
  assert.equal((await profile(on, OPERATOR_KEY)).status, 200);
  assert.equal((await on.services.token("upstox")).status, 200);
  await on.pass(MINUTE);
  assert.equal((await profile(on)).status, 200);
});

test("fifty callers at once all get the token, and are counted by name as far as there are places", async (t) => {
  const names = Array.from({ length: 50 }, (_, n) => `c${n}`);
  const keyOf = (/** @type {string} */ name) => `key-of-${name}-0123456789abcdefghijklmnopqrstuvwxyz`;
  const variables = Object.fromEntries(names.flatMap((name) => [
    [`CALLER_${name.toUpperCase()}`, { services: ["upstox"] }], [`SECRET_CALLER_${name.toUpperCase()}_KEY`, keyOf(name)],
  ]));
  const on = await stack(t, "upstox", { variables });
  const { token } = await on.accepted();
  const answers = await Promise.all(names.map((name) => on.services.ask("POST", "upstox/token", {}, keyOf(name))));
  assert.deepEqual([...new Set(answers.map(({ status, json }) => `${status} ${json.access_token}`))], [`200 ${token}`]);
  const { callers } = await on.services.status("upstox");
  const total = callers.reduce((/** @type {number} */ sum, /** @type {any} */ { tokens }) => sum + tokens, 0);
  assert.equal(total, 50);
  assert.equal(callers.length, 33);
  assert.equal(callers.find((/** @type {any} */ { name }) => name === "others").tokens, 18);

  // The provider is asked once for all who doubt it at once.
  await on.pass(5 * MINUTE);
  const asked = on.count(ROUTES.upstox.validate);
  await Promise.all(names.map((name) => on.services.ask("POST", "upstox/refresh", {}, keyOf(name))));
  assert.equal(on.count(ROUTES.upstox.validate), asked + 1);
});

test("a list has the services of whoever asks, and no other", async (t) => {
  const on = await two(t);
  await on.accepted();
  const list = async (/** @type {string} */ key) => (await raw(on, "GET", "/service", { authorization: `Bearer ${key}` })).json;
  assert.deepEqual(await list(KEY), { services: [{ name: "upstox", provider: "upstox", title: "Upstox", status: "active" }] });
  assert.deepEqual((await list(OPERATOR_KEY)).services.map((/** @type {any} */ { name, status }) => [name, status]), [["kite", "needs_human"], ["upstox", "active"]]);
  assert.deepEqual((await list(OTHER_KEY)).services.map((/** @type {any} */ { name }) => name), ["kite"]);
});

test("a status tells how old each secret is and which is to be set anew, to each caller of its own", async (t) => {
  const signing = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
  const on = await stack(t, "upstox", { variables: {
    SERVICE_KITE: service("kite", { origin: "http://127.0.0.1:9" }).SERVICE_KITE,
    SECRET_KITE_CLIENT_SECRET: SECRET,
    CALLER_OTHER: { services: ["kite"] },
    SECRET_CALLER_OTHER_KEY: OTHER_KEY,
    SECRET_SESSION_KEY_2: Buffer.alloc(32, 8).toString("base64url"),
    ALERT_OPS: { url: "http://127.0.0.1:9", services: ["upstox"] },
    SECRET_ALERT_OPS_SIGNING_KEY: signing,
    ALERT_NIGHT: { url: "http://127.0.0.1:9", services: ["kite"] },
    SECRET_ALERT_NIGHT_SIGNING_KEY: signing,
  } });
  // By the clock that tests move, which does not begin at the machine's day.
  const day = (/** @type {number} */ ago) => new Date(on.clock.now() - ago * 86_400_000).toISOString().slice(0, 10);
  await on.services.configure({
    SECRETS_SET_AT: { max_age: "30d", SECRET_UPSTOX_CLIENT_SECRET: day(31), SECRET_SESSION_KEY: day(29), SECRET_CALLER_REPORTS_KEY: day(2), SECRET_CALLER_OPERATOR_KEY: day(400) },
  });
  await on.services.restart();
  const told = async (/** @type {string} */ key) => {
    const { secrets } = (await on.services.ask("GET", "upstox/status", undefined, key)).json;
    return secrets.map((/** @type {any} */ { name, set, source, age_in, old, advice }) => {
      assert.deepEqual([set, source], [true, "secret"], name);
      if (old === true) assert.match(advice, /set a new one/, name);
      else if (old === null) assert.match(advice, /Nobody wrote down/, name);
      else assert.equal(advice, null, name);
      return [name.replace("SECRET_", ""), age_in === null ? null : Math.floor(age_in / 86_400), old];
    });
  };
  const ours = [["UPSTOX_CLIENT_SECRET", 31, true], ["SESSION_KEY", 29, false], ["SESSION_KEY_2", null, null]];
  assert.deepEqual(await told(KEY), [...ours, ["CALLER_REPORTS_KEY", 2, false]]);
  assert.deepEqual(await told(OPERATOR_KEY), [...ours, ["CALLER_OPERATOR_KEY", 400, true], ["CALLER_REPORTS_KEY", 2, false], ["ALERT_OPS_SIGNING_KEY", null, null]]);
  const { text, json } = await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY);
  for (const secret of [SECRET, KEY, OPERATOR_KEY, OTHER_KEY, signing]) assert.ok(!text.includes(secret));
  assert.deepEqual(json.configuration.token_url, { set: false, source: "none" });
  assert.deepEqual(json.configuration.origin, { set: true, source: "variable" });
  // Next month the other key is old, too.
  await on.pass(2 * 24 * 60 * MINUTE);
  assert.deepEqual((await told(KEY))[1], ["SESSION_KEY", 31, true]);
});

test("how long a caller waits when nothing is due is measured", async (t) => {
  const on = await stack(t, "upstox", { more: { rate: "10000/1m" } });
  await on.accepted();
  const times = [];
  for (let n = 0; n < 200; n += 1) {
    const begun = performance.now();
    assert.equal((await on.services.token("upstox")).status, 200);
    times.push(performance.now() - begun);
  }
  times.sort((one, other) => one - other);
  t.diagnostic(`POST token, 200 times one after the other: median ${times[100]?.toFixed(1)} ms, p95 ${times[190]?.toFixed(1)} ms`);
  assert.equal(on.count(ROUTES.upstox.validate), 1, "the provider is asked for none of them");
});
