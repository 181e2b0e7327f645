/** Through the edge Worker, which has the address: what it hands on to the services Worker, what it keeps, and what comes back. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { openSdk } from "../providers/support/sdk.mjs";
import { signIn } from "../providers/support/standing.mjs";
import { startBreeze } from "../servers/stand-ins/breeze/index.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { sendRaw } from "../worker/support/raw.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "../worker/support/stack.mjs";
import { startBoth } from "./support/both.mjs";
import { APP, logIn } from "./support/logins.mjs";
import { startRecorder } from "./support/recorder.mjs";
import { accountOf, KEY, OPERATOR_KEY, SECRET } from "./support/services.mjs";

/** @type {(() => Promise<unknown>)[]} */
const ends = [];
/** @type {Awaited<ReturnType<typeof startBoth>>} */ let both;
/** @type {Awaited<ReturnType<typeof startUpstox>>} */ let upstox;
/** @type {Awaited<ReturnType<typeof startBreeze>>} */ let breeze;
/** @type {Awaited<ReturnType<typeof startRecorder>>} */ let recorder;

before(async () => {
  both = await startBoth(async (app) => {
    upstox = await startUpstox({ clientId: APP.upstox, clientSecret: SECRET, redirectUri: `${app}/service/upstox/callback` });
    ends.push(upstox.close);
    breeze = await startBreeze({ clientId: APP.breeze, clientSecret: SECRET, redirectUri: `${app}/service/breeze/callback` });
    ends.push(breeze.close);
    recorder = await startRecorder(breeze.origin);
    ends.push(recorder.close);
    return {
      SERVICE_UPSTOX: { provider: "upstox", client_id: APP.upstox, origin: upstox.origin, login_url: `${upstox.origin}/v2/login/authorization/dialog` },
      SECRET_UPSTOX_CLIENT_SECRET: SECRET,
      SERVICE_BREEZE: { provider: "breeze", client_id: APP.breeze, origin: recorder.origin, login_url: `${breeze.origin}/apiuser/login`, ...accountOf("breeze") },
      SECRET_BREEZE_CLIENT_SECRET: SECRET,
      CALLER_REPORTS: { services: ["upstox", "breeze"] },
      CALLER_OPERATOR: { services: ["upstox", "breeze"], operator: true },
    };
  });
  ends.push(both.close);
});
after(async () => {
  for (const end of ends.reverse()) await end();
});

test("a refusal comes back with its headers: whose scheme it is, and when to come again", async () => {
  const stranger = await both.ask("POST", "/service/upstox/token", { key: null });
  assert.deepEqual([stranger.status, stranger.json.code, stranger.headers["www-authenticate"]], [401, "unauthorized", "Bearer"]);
  assert.match(stranger.headers["content-type"] ?? "", /^application\/problem\+json/);
  const none = await both.ask("POST", "/service/upstox/token");
  assert.deepEqual([none.status, none.json.code, none.json.reason], [503, "no_token", "needs_human"]);
  assert.equal(Number(none.headers["retry-after"]), Math.ceil(none.json.retry_after));
  assert.ok(Number(none.headers["retry-after"]) > 0);
  assert.equal(none.headers["cache-control"], "no-store");
});

test("an operator logs in through the app's own address, and a program gets the token there", async () => {
  const { json, status } = await both.ask("POST", "/service/upstox/login", { key: OPERATOR_KEY });
  assert.equal(status, 200);
  assert.ok(json.login_url.startsWith(`${both.app}/service/upstox/login?ticket=`), json.login_url);

  const browser = both.browser();
  const begun = await browser.navigate(json.login_url);
  assert.equal(begun.status, 303);
  const location = new URL(begun.headers.location ?? "");
  assert.deepEqual([location.origin, location.searchParams.get("redirect_uri")], [upstox.origin, `${both.app}/service/upstox/callback`]);
  const cookies = begun.headers["set-cookie"] ?? [];
  assert.equal(cookies.length, 1);
  assert.match(cookies[0] ?? "", /^__Host-Http-everlit-[\w-]+=[^;]+; .*HttpOnly/);

  const back = await signIn(upstox, location.href, "ada");
  assert.equal(back.origin, both.app);
  // In another browser it is nobody's login.
  assert.equal((await both.browser().navigate(back, { site: "cross-site" })).status, 400);
  const connected = await browser.navigate((await browser.navigate(back, { site: "cross-site" })).headers.location ?? "", { site: "cross-site" });
  assert.equal(connected.status, 200, connected.text);
  assert.match(connected.text, /Connected/);
  assert.match(`${connected.headers["content-security-policy"]}`, /default-src 'none'/);

  const token = await both.ask("POST", "/service/upstox/token");
  assert.equal(token.status, 200, token.text);
  const profile = await fetch(`${upstox.origin}/v2/user/profile`, { headers: { authorization: `Bearer ${token.json.access_token}` } });
  assert.equal(profile.status, 200);
  const told = await both.ask("GET", "/service/upstox/status");
  assert.deepEqual([told.status, told.json.valid, told.json.source, told.json.epoch], [200, true, "logged_in", token.json.epoch]);
  assert.deepEqual((await both.ask("GET", "/service")).json.services.map((/** @type {any} */ { name }) => name), ["breeze", "upstox"]);
});

test("a broker's form, which another site has the browser post, comes through as one", async () => {
  const browser = both.browser();
  const posted = await browser.navigate("/service/breeze/callback", { site: "cross-site", method: "POST", form: { apisession: "12345678" }, headers: { origin: "https://broker.example" } });
  assert.deepEqual([posted.status, posted.headers.location, posted.headers["set-cookie"]?.length], [303, "/service/breeze/callback", 1], posted.text);
  const page = await browser.navigate("/service/breeze/callback");
  assert.equal(page.status, 400);
  assert.match(page.text, /This login is no longer valid/, "nobody began it");
});

test("the cookies of a session go no further than to the edge Worker, and all others do", async () => {
  const cookie = `theme=dark; ${SESSION_COOKIE}=canary-session; ${BINDING_COOKIE}=canary-binding; __Host-Http-everlit-service=kept; ${SESSION_COOKIE}=canary-twice`;
  for (const [path, status] of /** @type {[string, number][]} */ ([["/service/upstox/callback", 400], ["/api/upstox/v2/user/profile", 401]])) {
    const answer = await both.ask("GET", path, { key: null, headers: { cookie, "x-of-theirs": "1", "everlit-user": "canary" } });
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    const { headers, path: came } = await both.looked();
    assert.deepEqual([came, headers.cookie, headers["x-of-theirs"]], [path, "theme=dark; __Host-Http-everlit-service=kept", "1"]);
    assert.doesNotMatch(JSON.stringify(headers), /canary/);
  }
  // With none but those, nothing is left that would be a cookie.
  assert.equal((await both.ask("GET", "/api/upstox/v2/user/profile", { key: null, headers: { cookie: `${SESSION_COOKIE}=canary` } })).status, 401);
  assert.ok(!(await both.looked()).headers.cookie);
  // What is asked in the name of a session goes another way, and not without one.
  const before = await both.looked();
  assert.equal((await both.ask("GET", "/service/upstox/status", { key: null, headers: { cookie: `${SESSION_COOKIE}=canary` } })).status, 403);
  assert.deepEqual(await both.looked(), before);
  // A body comes along where a cookie was beside it.
  const handed = await both.ask("PUT", "/service/upstox/credential", { key: OPERATOR_KEY, body: { credential: " " }, headers: { cookie: `${BINDING_COOKIE}=canary` } });
  assert.deepEqual([handed.status, handed.json.verdict], [422, "malformed"]);
});

test("a session and a service key together are refused, and go no further", async () => {
  await both.ask("GET", "/service/upstox/status");
  /** @type {[string, Record<string, string>][]} */
  const shown = [["/service/upstox/status", {}], ["/api/upstox/v2/user/profile", {}], ["/api/breeze/breezeapi/api/v1/quotes", { authorization: "", "x-sessiontoken": KEY }]];
  for (const [path, headers] of shown) {
    const answer = await both.ask("GET", path, { headers: { cookie: `a=b; ${SESSION_COOKIE}=canary`, ...headers } });
    assert.deepEqual([answer.status, answer.json?.code], [400, "bad_request"], `${path}: ${answer.text}`);
  }
  assert.equal((await both.looked()).path, "/service/upstox/status");
});

test("a program is known by its key, also where it sends the header of a page of ours", async () => {
  const page = { "everlit-version": "1" };
  assert.equal((await both.ask("GET", "/service/upstox/status", { headers: page })).status, 200);
  assert.equal((await both.ask("PUT", "/service/upstox/credential", { key: OPERATOR_KEY, body: { credential: " " }, headers: page })).json.verdict, "malformed");
  // To Breeze the key is shown in a header of its own.
  const path = "/api/breeze/breezeapi/api/v1/dematholdings";
  const none = await both.ask("GET", path, { key: null, headers: { ...page, "x-sessiontoken": KEY } });
  assert.deepEqual([none.status, none.json.reason], [503, "needs_human"], none.text);
  assert.equal((await both.ask("GET", path, { headers: page })).json.reason, "needs_human");
  // A wrong key is a program's as well, and without one it is the page of somebody who has no session.
  assert.equal((await both.ask("GET", "/service/upstox/status", { key: `${KEY}x`, headers: page })).json.code, "unauthorized");
  assert.equal((await both.ask("GET", "/service/upstox/status", { key: null, headers: page })).json.code, "logged_out");
});

test("a GET with a body reaches the services Worker whole, and Breeze with it", async () => {
  const { code } = await logIn.breeze(breeze, SECRET, "");
  const handed = await both.ask("PUT", "/service/breeze/credential", { key: OPERATOR_KEY, body: { credential: code } });
  assert.deepEqual([handed.status, handed.json.verdict], [200, "accepted"]);
  recorder.calls.length = 0;
  const body = '{"stock_code":"ITC"}';
  const head = ["GET /api/breeze/breezeapi/api/v1/quotes HTTP/1.1", `Host: ${new URL(both.app).host}`, `X-SessionToken: ${KEY}`, "Content-Type: application/json"];
  const whole = await sendRaw(both.app, [...head, `Content-Length: ${body.length}`].join("\r\n"), { body });
  assert.equal(whole.status, 200, whole.text);
  assert.equal(JSON.parse(whole.text).Success[0].stock_code, "ITC");
  assert.deepEqual(recorder.calls.map(({ method, body }) => [method, body]), [["GET", body]]);
});

test("Breeze's own SDK works at the app's address", async (t) => {
  const sdk = await openSdk(t, "breeze", [`${both.app.replace("localhost", "127.0.0.1")}/api/breeze`, "0", breeze.origin]);
  assert.equal((await sdk("generate_session", { app_key: "anything", secret: "anything", session: KEY })).session_key, KEY);
  assert.equal((await sdk("ask", { method: "get_demat_holdings" })).Success[0].stock_code, "ITC");
});

test("what is the edge Worker's stays its own: upstreams, and a stranger at a name that nobody has", async () => {
  const before = await both.looked();
  const upstream = await both.ask("GET", "/api/orders/7", { key: null, headers: { "sec-fetch-site": "same-origin", "everlit-version": "1" } });
  assert.equal(upstream.json.code, "logged_out", upstream.text);
  assert.deepEqual(await both.looked(), before, "it went to nobody else");
  const nobodys = await both.ask("GET", "/api/nobodys/x", { key: null });
  assert.equal(nobodys.status, 401, nobodys.text);
});

test("without the binding there is nothing under /service, and no such name under /api", async (t) => {
  const alone = await startBoth(
    async () => ({ SERVICE_UPSTOX: { provider: "upstox", client_id: "a" }, SECRET_UPSTOX_CLIENT_SECRET: SECRET, CALLER_REPORTS: { services: ["upstox"] } }),
    { bound: false },
  );
  t.after(alone.close);
  for (const [method, path] of [["GET", "/service"], ["GET", "/service/upstox/status"], ["POST", "/service/upstox/token"], ["GET", "/api/upstox/v2/user/profile"]]) {
    const answer = await alone.ask(method ?? "", path ?? "");
    assert.deepEqual([answer.status, answer.json.code], [404, "not_found"], `${method} ${path}`);
  }
  assert.equal((await alone.ask("GET", "/healthz", { key: null })).status, 200);
});
