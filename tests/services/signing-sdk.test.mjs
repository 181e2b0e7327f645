/** A broker's own SDK, unmodified, pointed at us: it shows a service key where its token goes, and the broker sees the token. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { openSdk, SdkError } from "../providers/support/sdk.mjs";
import { startBreeze } from "../servers/stand-ins/breeze/index.mjs";
import { startKite } from "../servers/stand-ins/kite/index.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { sendRaw } from "../worker/support/raw.mjs";
import { APP, logIn } from "./support/logins.mjs";
import { startRecorder } from "./support/recorder.mjs";
import { startServices } from "./support/signing-stack.mjs";

const SECRET = "s3cr3t";
/** A key as `openssl rand -base64 32` makes one: with all that an address, a form and JSON write in another way. */
const KEY = "Zm9/+y0tLXRoaXMtaXMtYS1rZXktb2YtdGVzdHM/Pw==";
const REDIRECT = "http://localhost:8787/service/broker/callback";
const PAIR = Buffer.from(`everlit:${KEY}`).toString("base64");

/**
 * @param {import("node:test").TestContext} t
 * @param {"breeze" | "kite" | "upstox"} provider
 */
async function standing(t, provider) {
  const start = { breeze: startBreeze, kite: startKite, upstox: startUpstox }[provider];
  const standIn = await start({ clientId: APP[provider], clientSecret: SECRET, redirectUri: REDIRECT });
  t.after(() => standIn.close());
  const recorder = await startRecorder(standIn.origin);
  t.after(() => recorder.close());
  const services = await startServices(t, { provider, origin: recorder.origin, clientId: APP[provider], secret: SECRET, key: KEY });
  const base = `${services.app}/api/broker`;
  const renew = async () => {
    const login = await logIn[provider](standIn, SECRET, REDIRECT);
    await services.hand(login);
    recorder.calls.length = 0;
    return login;
  };
  await renew();
  /** What went to the broker: its own token, and nothing that its caller is known by. */
  const isClean = () => {
    assert.ok(recorder.calls.length > 0);
    for (const { raw } of recorder.calls) {
      for (const form of [KEY, PAIR, encodeURIComponent(KEY), KEY.replaceAll("/", "\\/")]) assert.ok(!raw.includes(form), raw);
      assert.doesNotMatch(raw, /\ncookie\n|x-forwarded|cf-connecting/i);
    }
  };
  return { ...services, standIn, recorder, base, renew, isClean };
}

/** @param {Promise<unknown>} call @param {(error: SdkError) => void} look */
const raised = (call, look) => assert.rejects(call, (error) => {
  assert.ok(error instanceof SdkError, String(error));
  look(error);
  return true;
});

/** @param {string} base @param {string} method @param {string} path @param {Record<string, string>} headers @param {string} [body] */
async function raw(base, method, path, headers, body = "") {
  const { pathname, host } = new URL(base);
  const length = body ? { "content-length": String(Buffer.byteLength(body)) } : {};
  const lines = Object.entries({ host, connection: "close", ...length, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const answer = await sendRaw(base, [`${method} ${pathname}${path} HTTP/1.1`, ...lines].join("\r\n"), { body });
  return { ...answer, get json() { return JSON.parse(answer.text); } };
}

test("Upstox's SDK calls with a service key, and goes on with it across a renewal", async (t) => {
  const { base, recorder, standIn, renew, isClean } = await standing(t, "upstox");
  const sdk = await openSdk(t, "upstox", [base]);
  const profile = await sdk("profile", { access_token: KEY });
  assert.deepEqual([profile.status, profile.data.is_active], ["success", true]);
  assert.equal((await sdk("holdings", { access_token: KEY })).data[0].trading_symbol, "YESBANK");
  assert.equal(recorder.calls.length, 2);
  isClean();

  // While its answer is under way, another token comes: the same call goes out again, with that one.
  await standIn.act("endTokens");
  const held = recorder.hold();
  const asked = sdk("profile", { access_token: KEY });
  await held.reached;
  const { token } = await renew();
  held.release();
  assert.equal((await asked).status, "success");
  assert.deepEqual(recorder.calls.map(({ headers }) => headers.authorization), [`Bearer ${token}`]);
  isClean();

  // None comes: the broker's own refusal is handed on, and after it we say that there is none.
  await standIn.act("endTokens");
  await raised(sdk("profile", { access_token: KEY }), (error) => assert.deepEqual([error.status, error.wire.errors[0].errorCode], [401, "UDAPI100050"]));
  await raised(sdk("profile", { access_token: KEY }), (error) => assert.deepEqual([error.status, error.wire.reason], [503, "needs_human"]));
  // Its SDK would sleep for as long as a header says, and a person can take until tomorrow: the document says it, and no header.
  const none = await raw(base, "GET", "/v2/user/profile", { authorization: `Bearer ${KEY}` });
  assert.ok(none.json.retry_after > 10 && !/^retry-after:/im.test(none.headers), none.headers);
  const profiles = recorder.calls.filter(({ target }) => target === "/v2/user/profile");
  assert.equal(profiles.length, 2, "what we know is not asked for");
  await renew();
  assert.equal((await sdk("profile", { access_token: KEY })).status, "success");
});

test("Upstox's SDK logs nobody out, and changes no address", async (t) => {
  const { base, recorder } = await standing(t, "upstox");
  const sdk = await openSdk(t, "upstox", [base]);
  for (const act of [sdk("logout", { access_token: KEY }), sdk("update_ip", { access_token: KEY, primary_ip: "192.0.2.7" })]) {
    await raised(act, (error) => {
      assert.deepEqual([error.status, error.wire.code], [404, "not_found"]);
      assert.match(error.wire.errors[0].message, /\/service\/\{name\}\/credential/);
    });
  }
  await raised(sdk("profile", { access_token: "another-key-of-thirty-two-letters" }), (error) => {
    assert.deepEqual([error.status, error.wire.errors[0].errorCode], [401, "unauthorized"]);
  });
  assert.equal(recorder.calls.length, 0);
  assert.equal((await sdk("profile", { access_token: KEY })).status, "success");
});

test("Upstox's refusals and pages come through as they are", async (t) => {
  const { base, standIn, services } = await standing(t, "upstox");
  const sdk = await openSdk(t, "upstox", [base]);
  standIn.faults.add({ kind: "refusal", name: "UDAPI100500" });
  await raised(sdk("profile", { access_token: KEY }), (error) => assert.deepEqual([error.status, error.wire.errors[0].errorCode], [500, "UDAPI100500"]));
  standIn.faults.add({ kind: "html", status: 403 });
  await raised(sdk("profile", { access_token: KEY }), (error) => assert.ok(error.status === 403 && /<html>/.test(error.body ?? "")));
  standIn.faults.add({ kind: "lost" });
  await raised(sdk("profile", { access_token: KEY }), (error) => assert.deepEqual([error.status, error.wire.code], [502, "upstream_unreachable"]));
  assert.equal((await sdk("profile", { access_token: KEY })).status, "success");
  const { json: status } = await services.ask("GET", "broker/status", undefined, KEY);
  assert.equal(status.valid, true, "none of it is about the token");
});

test("Kite's SDK calls with a service key, and its hook hears when nobody is logged in", async (t) => {
  const { base, recorder, standIn, renew, isClean } = await standing(t, "kite");
  const sdk = await openSdk(t, "kite", [base]);
  await sdk("new", { api_key: "anything", access_token: KEY });
  assert.match((await sdk("ask", { method: "profile" })).user_id, /^[A-Z]{2}\d{4}$/);
  assert.equal((await sdk("ask", { method: "holdings" }))[0].tradingsymbol, "INFY");
  assert.match(recorder.calls[0]?.headers.authorization ?? "", /^token kitekey:\w{32}$/);
  assert.equal(recorder.calls[0]?.headers["x-kite-version"], "3");
  isClean();
  await raised(sdk("ask", { method: "invalidate_access_token" }), (error) => assert.equal(error.type, "InputException"));
  assert.equal(standIn.counters()["DELETE /session/token"], 0);
  await raised(sdk("ltp", { instrument: "NSE:INFY" }), (error) => assert.equal(error.type, "PermissionException"));
  await standIn.act("logOutEverywhere");
  await raised(sdk("ask", { method: "profile" }), (error) => assert.equal(error.type, "TokenException"));
  assert.equal(await sdk("expiries"), 1);
  await raised(sdk("ask", { method: "profile" }), (error) => assert.deepEqual([error.type, error.status], ["TokenException", 503]));
  await renew();
  assert.match((await sdk("ask", { method: "profile" })).user_id, /^[A-Z]{2}\d{4}$/);
  // A key that is nobody's: the same error, and the broker hears nothing of it.
  const calls = recorder.calls.length;
  await sdk("new", { api_key: "anything", access_token: "another-key-of-thirty-two-letters" });
  await raised(sdk("ask", { method: "profile" }), (error) => assert.deepEqual([error.type, error.status], ["TokenException", 401]));
  assert.equal(recorder.calls.length, calls);
});

test("Breeze's SDK logs in with a service key, reads by GETs with a body, and goes on across a renewal", async (t) => {
  const { base, recorder, standIn, renew, isClean } = await standing(t, "breeze");
  const sdk = await openSdk(t, "breeze", [base, "0", standIn.origin]);
  const ask = (/** @type {string} */ method, /** @type {Record<string, unknown>} */ given = {}) => sdk("ask", { method, ...given });
  const { user_id: user, session_key: key } = await sdk("generate_session", { app_key: "anything", secret: "anything", session: KEY });
  assert.ok(user.length > 0);
  assert.equal(key, KEY);
  assert.equal(recorder.calls.length, 0, "nothing goes to the broker");
  assert.equal((await ask("get_customer_details", { api_session: KEY })).Status, 200);

  assert.equal((await ask("set_funds", { transaction_type: "credit", amount: "250", segment: "Equity" })).Status, 200);
  assert.equal((await ask("get_funds")).Success.allocated_equity, 250);
  assert.equal((await ask("get_demat_holdings")).Success[0].stock_code, "ITC");
  const quotes = await ask("get_quotes", { stock_code: "ITC", exchange_code: "NSE", product_type: "cash", right: "others", strike_price: "0" });
  assert.deepEqual([quotes.Error, quotes.Success[0].stock_code], [null, "ITC"]);
  const charts = await ask("get_historical_data_v2", {
    interval: "1day", from_date: "2026-10-01T00:00:00.000Z", to_date: "2026-10-02T00:00:00.000Z", stock_code: "ITC", exchange_code: "NSE", product_type: "cash",
  });
  assert.equal(charts.Success[0].stock_code, "ITC");
  const funds = recorder.calls.find(({ method, target }) => method === "GET" && target.endsWith("/funds"));
  assert.deepEqual([funds?.body, funds?.headers["x-appkey"], funds?.headers["content-type"]], ["{}", APP.breeze, "application/json"]);
  isClean();

  await standIn.act("endSessions");
  await renew();
  assert.equal((await ask("get_funds")).Status, 200);
  isClean();

  await standIn.act("endSessions");
  // A refusal with HTTP's 200: it is the body that says it, and the vault hears of it.
  const refused = await ask("get_funds");
  assert.deepEqual([refused.Success, refused.Status], [null, 500]);
  await raised(sdk("generate_session", { app_key: "a", secret: "a", session: "another-key-of-thirty-two-letters" }), (error) => assert.match(error.message, /Please check session key/));
});

test("a read of Breeze's is a POST that says so, for whoever has nothing but a fetch", async (t) => {
  const { base, recorder } = await standing(t, "breeze");
  const headers = { authorization: `Bearer ${KEY}`, "x-http-method-override": "GET" };
  const answer = await fetch(`${base}/breezeapi/api/v1/quotes`, { method: "POST", headers, body: '{"stock_code":"ITC"}' });
  assert.equal((await answer.json()).Success[0].stock_code, "ITC");
  assert.deepEqual([recorder.calls[0]?.method, recorder.calls[0]?.body], ["GET", '{"stock_code":"ITC"}']);
});

test("Breeze over a socket: what is slow, cut, lost or no JSON is told, and the next call goes on", async (t) => {
  const { base, standIn } = await standing(t, "breeze");
  const get = () => raw(base, "GET", "/breezeapi/api/v1/funds", { "x-sessiontoken": KEY, "content-type": "application/json" }, "{}");
  assert.equal((await get()).json.Status, 200);
  standIn.faults.add({ kind: "lost" });
  const lost = await get();
  assert.deepEqual([lost.status, lost.json.code, lost.json.Status], [502, "upstream_unreachable", 502]);
  assert.match(lost.headers, /everlit-code: upstream_unreachable/i);
  standIn.faults.add({ kind: "html", status: 503 });
  const page = await get();
  assert.ok(page.status === 503 && page.text.includes("<html>"));
  assert.match(page.headers, /content-security-policy: default-src 'none'/i);
  standIn.faults.add({ kind: "slow", ms: 300 });
  assert.equal((await get()).json.Status, 200);
});

test("an answer that stops after its beginning keeps nobody for ever: over a socket it is told, else its head is handed on", async (t) => {
  const { base, recorder } = await standing(t, "breeze");
  const call = (/** @type {string} */ method, limitMs = 25_000) => {
    const { pathname, host } = new URL(base);
    const body = method === "GET" ? "{}" : '{"transaction_type":"credit","amount":"250","segment":"Equity"}';
    const head = [`${method} ${pathname}/breezeapi/api/v1/funds HTTP/1.1`, `host: ${host}`, "connection: close", `x-sessiontoken: ${KEY}`, "content-type: application/json", `content-length: ${body.length}`];
    return sendRaw(base, head.join("\r\n"), { body, limitMs });
  };
  recorder.stall(2);
  const [socket, streamed] = await Promise.all([call("GET"), call("POST", 14_000)]);
  assert.deepEqual([socket.status, JSON.parse(socket.text).code], [502, "upstream_unreachable"]);
  assert.ok(socket.tookMs >= 14_000 && socket.tookMs < 20_000, `${socket.tookMs}`);
  // Whether it is a refusal cannot be seen: its caller has the head, and goes by limits of its own from there.
  assert.deepEqual([streamed.status, /content-length: \d+/i.test(streamed.headers)], [200, true], streamed.headers);
});

test("a key that stands elsewhere, a session cookie, or a path with two readings: nothing goes out, and it is said what to do", async (t) => {
  const { base, recorder } = await standing(t, "upstox");
  const bearer = { authorization: `Bearer ${KEY}` };
  for (const [method, path, headers, body, status, detail] of /** @type {const} */ ([
    ["GET", `/v2/user/profile?access_token=${encodeURIComponent(KEY)}`, bearer, "", 400, /service key stands in the query/],
    ["GET", "/v2/user/profile", { ...bearer, "x-api-key": KEY }, "", 400, /service key stands in the path or in a second header/],
    ["POST", "/v2/order/place", { ...bearer, "content-type": "application/json" }, JSON.stringify({ token: KEY }), 400, /service key stands in the body/],
    ["GET", "/v2/user/profile", { ...bearer, cookie: "__Host-Http-everlit=a.b" }, "", 400, /a session cookie came together/],
    ["GET", "/v2/%2e%2e/logout", bearer, "", 400, /read in two ways/],
    ["POST", "/v2/log%6Fut", bearer, "", 404, /logs in or out/],
    ["POST", "/v2/order/place", bearer, "a".repeat(256 * 1024 + 1), 413, /256 KB/],
    ["GET", "/v2/user/profile", {}, "", 401, undefined],
    ["GET", "/v2/user/profile", { authorization: KEY }, "", 401, undefined],
  ])) {
    const answer = await raw(base, method, path, headers, body);
    assert.equal(answer.status, status, `${method} ${path} ${answer.text}`);
    if (detail) assert.match(answer.json.detail, detail);
    assert.ok(!answer.text.includes(KEY));
  }
  assert.equal(recorder.calls.length, 0);
});
