/** Other programs of the operator's: who is let in, what each may ask, how often, and how quickly it is answered. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { send } from "../worker/support/browser.mjs";
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
