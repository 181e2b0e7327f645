import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { send } from "./support/browser.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { refusal } from "./support/socket.mjs";
import { SESSION_COOKIE, question } from "./support/stack.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack(); });
after(() => stack?.close());

const PROTECTED = /** @type {const} */ ([["GET", "/auth/session"], ["POST", "/auth/token"], ["POST", "/auth/logout"], ["GET", "/api/orders"]]);

test("it lives", async () => {
  const answer = await send(`${stack.app}/healthz`);
  assert.deepEqual([answer.status, answer.json], [200, { ok: true }]);
});

test("unknown addresses are not found", async () => {
  const browser = stack.browser();
  for (const path of ["/auth", "/auth/", "/auth/nothing", "/auth/login/", "/auth/token/x", "/api", "/api/", "/api/nobody", "/healthz/x", "/auth/callback", "/internal/session", "/establish", "/session", "/connect"]) {
    const answer = await browser.call(path);
    assert.deepEqual([answer.status, answer.json?.code, answer.json?.type], [404, "not_found", "urn:everlit:problem:not_found"], path);
  }
});

test("wrong methods are told the right one", async () => {
  const browser = stack.browser();
  for (const [path, allow] of [["/healthz", "GET"], ["/auth/login", "GET, POST"], ["/auth/callback/demo", "GET, POST"], ["/auth/session", "GET"], ["/auth/events", "GET"], ["/auth/token", "POST"], ["/auth/logout", "POST"]]) {
    for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"].filter((method) => !allow?.split(", ").includes(method))) {
      const answer = await browser.call(path ?? "", { method });
      assert.deepEqual([answer.status, answer.headers.allow], [405, allow], `${method} ${path}`);
    }
  }
});

test("bodies that are too large, or no question, are refused", async () => {
  const { browser } = await enter(stack);
  const post = (/** @type {string} */ path, /** @type {string} */ body, headers = {}) => browser.call(path, { method: "POST", body, headers });
  const large = JSON.stringify({ v: 1, reason: "resume", op_id: "x".repeat(5000) });
  for (const path of ["/auth/token", "/auth/logout"]) {
    assert.deepEqual([(await post(path, large)).json.code], ["too_large"], path);
    assert.deepEqual([(await post(path, large, { "transfer-encoding": "chunked" })).status], [413], path);
  }
  for (const body of ["", "{", "[]", "null", "{}", '{"v":1}', '{"v":1,"reason":"because"}', '{"v":1,"reason":"resume","epoch":-1}', '{"v":1,"reason":"resume","active_ago":-1}', `{"v":1,"reason":"resume","op_id":"${"x".repeat(65)}"}`]) {
    assert.deepEqual([(await post("/auth/token", body)).json.code], ["bad_request"], body);
  }
  for (const body of ['{"v":2,"reason":"resume"}']) assert.equal((await post("/auth/token", body)).json.code, "unsupported_version");
  assert.equal((await browser.call("/auth/session", { headers: { "everlit-version": "2" } })).json.code, "unsupported_version");
  assert.equal((await browser.call("/auth/session")).json.state, "active");
});

test("only our own pages may act in the name of the cookie", async () => {
  const { browser, session } = await enter(stack);
  const refused = [
    { "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { "sec-fetch-site": "none" }, { "everlit-version": undefined },
    { "sec-fetch-site": undefined, origin: "https://evil.example" }, { "sec-fetch-site": undefined, origin: "null" },
    { "sec-fetch-site": undefined, origin: stack.app.replace("localhost", "127.0.0.1") },
  ];
  for (const [method, path] of PROTECTED) {
    for (const headers of refused) {
      const answer = await browser.call(path, { method, headers: /** @type {any} */ (headers), ...(method === "POST" && { body: JSON.stringify(question(session, "resume")) }) });
      assert.deepEqual([answer.status, answer.json?.code], [403, "cross_site"], `${method} ${path} ${JSON.stringify(headers)}`);
      assert.equal(answer.headers["set-cookie"], undefined);
    }
    if (method === "POST") {
      const blind = await browser.call(path, { method, headers: { "sec-fetch-site": undefined, origin: undefined }, body: JSON.stringify(question(session, "resume")) });
      assert.equal(blind.status, 403, path);
    }
  }
  assert.equal((await browser.call("/auth/session")).json.state, "active");
  // A browser without Fetch Metadata is let in by its Origin, or by the custom header of a read.
  assert.equal((await browser.call("/auth/session", { headers: { "sec-fetch-site": undefined, origin: undefined } })).json.state, "active");
  assert.equal((await browser.call("/auth/token", { method: "POST", headers: { "sec-fetch-site": undefined }, json: question(session, "resume") })).status, 200);
});

test("a cookie that is not ours is no session, and makes no object", async () => {
  const { browser } = await enter(stack);
  const good = browser.cookie(SESSION_COOKIE) ?? "";
  const objects = async () => (await readdir(join(stack.workerd.folder, "disk", "SessionVault"))).length;
  const count = await objects();
  const [id = "", mac = ""] = good.split(".");
  const flip = (/** @type {string} */ text) => `${text.slice(0, 5)}${text[5] === "A" ? "B" : "A"}${text.slice(6)}`;
  for (const value of [`${flip(id)}.${mac}`, `${id}.${flip(mac)}`, id, `.${mac}`, "", "x", `${"A".repeat(24)}.${"A".repeat(22)}`, `${good}; ${SESSION_COOKIE}=${good}`]) {
    const stranger = stack.browser();
    stranger.setCookie(SESSION_COOKIE, value);
    assert.equal((await stranger.call("/auth/session")).json.state, "logged_out", value);
    const answer = await stranger.call("/auth/token", { method: "POST", json: question(undefined, "resume") });
    assert.deepEqual([answer.status, answer.json.code], [401, "logged_out"]);
    assert.equal((await stranger.call("/auth/logout", { method: "POST" })).status, 200);
  }
  assert.equal(await objects(), count);
  assert.equal((await browser.call("/auth/session")).json.state, "active");
});

test("every answer of ours says that it may not be stored, sniffed, framed or referred to", async () => {
  const { browser, landing } = await enter(stack);
  const answers = [
    landing, await browser.call("/auth/session"), await browser.call("/auth/token", { method: "POST", json: question(undefined, "resume") }),
    await browser.call("/auth/nothing"), await browser.call("/api/nobody"), await browser.navigate("/auth/login"),
    await browser.navigate("/auth/callback/demo?code=x"), await send(`${stack.app}/healthz`), await browser.call("/auth/logout", { method: "POST" }),
  ];
  for (const { headers, url, status } of answers) {
    const where = `${status} ${url.pathname}`;
    assert.equal(headers["cache-control"], "no-store", where);
    assert.equal(headers["x-content-type-options"], "nosniff", where);
    assert.equal(headers["x-frame-options"], "DENY", where);
    assert.equal(headers["referrer-policy"], "no-referrer", where);
    assert.equal(headers["cross-origin-resource-policy"], "same-origin", where);
    const policy = String(headers["content-security-policy"] ?? "");
    assert.match(policy, /^default-src 'none'/, where);
    assert.match(policy, /frame-ancestors 'none'/, where);
    assert.doesNotMatch(policy, /unsafe/, where);
    assert.equal(headers["access-control-allow-origin"], undefined, where);
  }
});

test("after a POST or DELETE of ours no redirect repeats it", async () => {
  const { browser, session } = await enter(stack);
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const asked = [
    () => browser.call("/auth/token", { method: "POST", json: question(session, "resume") }),
    () => browser.call("/auth/backchannel-logout", { method: "POST", body: "logout_token=x", headers: form }),
    () => browser.navigate("/auth/callback/demo?code=x&state=y", { method: "POST", form: { code: "x", state: "y" }, site: "cross-site" }),
    () => browser.navigate("/auth/login", { method: "POST", form: { return_to: "/" }, site: "same-origin" }),
    () => browser.call(`/auth/sessions/${"A".repeat(22)}`, { method: "DELETE" }),
    () => browser.call("/auth/sessions", { method: "DELETE" }),
    () => browser.call("/auth/logout", { method: "POST" }),
    () => browser.call("/auth/nothing", { method: "POST" }),
  ];
  for (const ask of asked) {
    const { status, headers, url } = await ask();
    // The only redirect that may follow is the one that turns it into a GET.
    assert.ok(status === 303 || status < 300 || status >= 400, `${url.pathname}: ${status}`);
    assert.ok(status === 303 || headers.location === undefined, url.pathname);
  }
});

test("a WebSocket under /api is refused on purpose, and reaches no upstream", async () => {
  const { browser } = await enter(stack);
  const calls = stack.resource.asked.length;
  for (const upgrade of ["websocket", "WebSocket"]) {
    for (const path of ["/api/orders", "/api/orders/feed", "/api/nobody"]) {
      const { status, headers, json } = await refusal(browser, { path, headers: { upgrade } });
      assert.deepEqual([status, json?.code, headers["everlit-code"]], [400, "no_websocket", "no_websocket"], `${upgrade} ${path}`);
    }
  }
  assert.equal(stack.resource.asked.length, calls);
  assert.equal((await browser.call("/api/orders")).status, 200);
});

test("the binding cookie is Lax, the session cookie Strict, and both are for the server alone", async () => {
  const browser = stack.browser();
  await begin(stack, browser);
  const { landing } = await enter(stack, browser);
  const lines = browser.seen.flatMap((answer) => answer.headers["set-cookie"] ?? []);
  const of = (/** @type {string} */ name) => lines.find((line) => line.startsWith(`${name}=`)) ?? "";
  assert.match(of("__Host-Http-everlit-binding"), /; SameSite=Lax$/);
  assert.match(of("__Host-Http-everlit"), /; SameSite=Strict$/);
  assert.match(of("__Host-Http-everlit"), /; Max-Age=7776000;/);
  for (const line of lines) assert.match(line, /^__Host-Http-[^;]+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=/);
  assert.equal(landing.headers["set-cookie"]?.length, 1);
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
