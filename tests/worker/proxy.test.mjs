import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";

import { callOn } from "./support/asking.mjs";
import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause } from "./support/until.mjs";

const EXPIRED = { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' }, body: "expired" };

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack(); });
after(() => stack?.close());
beforeEach(() => { stack.script.answer = () => ({ json: [{ id: 1 }] }); });

const refreshes = () => stack.as.requests("refresh_token").length;
const lastAsked = () => stack.resource.asked.at(-1);

test("a call reaches the upstream with the access token and without the browser's own credentials", async () => {
  const { browser } = await enter(stack);
  const answer = await browser.call("/api/orders/7/items?page=2&q=a%20b", { headers: { "x-own": "kept", authorization: "Bearer canary", "x-forwarded-for": "6.6.6.6" } });
  assert.deepEqual([answer.status, answer.json], [200, [{ id: 1 }]]);
  const asked = lastAsked();
  assert.deepEqual([asked?.path, asked?.query.get("page"), asked?.query.get("q")], ["/orders/7/items", "2", "a b"]);
  const accessToken = stack.as.issued.findLast((token) => token.startsWith("access-"));
  assert.equal(asked?.headers.authorization, `Bearer ${accessToken}`);
  assert.equal(asked?.headers["x-own"], "kept");
  for (const name of ["cookie", "origin", "everlit-version", "sec-fetch-site", "x-forwarded-for"]) assert.equal(asked?.headers[name], undefined, name);
});

test("a call of a page that was opened for another login reaches nobody", async () => {
  const { browser, session } = await enter(stack);
  const calls = stack.resource.asked.length;
  for (const epoch of [`${session.epoch - 1}`, `${session.epoch + 1}`, "", "canary"]) {
    const answer = await browser.call("/api/orders", { method: "POST", headers: { "everlit-epoch": epoch }, json: { item: "tea" } });
    assert.deepEqual([answer.status, answer.json.code, answer.headers["everlit-code"]], [401, "logged_out", "logged_out"], epoch);
  }
  assert.equal(stack.resource.asked.length, calls);
  assert.equal((await browser.call("/api/orders", { headers: { "everlit-epoch": `${session.epoch}` } })).status, 200);
});

test("an upstream's answer keeps its own headers and loses those that would act on our origin", async () => {
  const { browser } = await enter(stack);
  stack.script.answer = () => ({
    status: 201,
    headers: {
      "content-type": "text/html", etag: '"7"', "set-cookie": ["a=1; Path=/", `${SESSION_COOKIE}=canary; Path=/`], "everlit-code": "logged_out",
      "access-control-allow-origin": "*", "clear-site-data": '"*"', location: "https://evil.example/", "content-security-policy": "script-src *",
    },
    body: "<script>alert(1)</script>",
  });
  const { headers, status, text } = await browser.call("/api/orders");
  assert.deepEqual([status, text, headers.etag], [201, "<script>alert(1)</script>", '"7"']);
  for (const name of ["set-cookie", "everlit-code", "access-control-allow-origin", "clear-site-data", "location"]) assert.equal(headers[name], undefined, name);
  assert.equal(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'; sandbox");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["cache-control"], "no-store");
  assert.match(headers.vary ?? "", /cookie/);
});

test("a redirect of the upstream is not followed, and leads to our own path where it stays inside", async () => {
  const { browser } = await enter(stack);
  stack.script.answer = () => ({ status: 303, headers: { location: "/orders/9?x" } });
  const inside = await browser.call("/api/orders");
  assert.deepEqual([inside.status, inside.headers.location], [303, "/api/orders/9?x"]);
});

test("a redirect of the upstream keeps its status after a POST, and leads nowhere where it would leave the upstream", async () => {
  const { browser } = await enter(stack);
  const calls = stack.resource.asked.length;
  for (const [at, status] of [301, 302, 303, 307, 308].entries()) {
    stack.script.answer = () => ({ status, headers: { location: "/orders/9" } });
    const inside = await browser.call("/api/orders", { method: "POST", json: { item: "tea" } });
    assert.deepEqual([inside.status, inside.headers.location], [status, "/api/orders/9"]);
    stack.script.answer = () => ({ status, headers: { location: "https://evil.example/" } });
    const outside = await browser.call("/api/orders", { method: "POST", json: { item: "tea" } });
    assert.deepEqual([outside.status, outside.headers.location], [status, undefined]);
    assert.equal(stack.resource.asked.length, calls + 2 * (at + 1), "and is followed by nobody");
  }
});

test("bodies are passed on in both directions, as they come", async () => {
  const { browser } = await enter(stack);
  const body = Buffer.alloc(300_000, "x");
  const answer = await browser.call("/api/orders", { method: "POST", body, headers: { "content-type": "text/plain" } });
  assert.equal(answer.status, 200);
  assert.deepEqual([lastAsked()?.method, lastAsked()?.body.length, lastAsked()?.headers["content-type"]], ["POST", 300_000, "text/plain"]);

  stack.script.answer = () => ({ body: "first ", chunks: [{ afterMs: 1500, text: "second" }] });
  const began = Date.now();
  const { firstAfter, lastAfter, text } = await new Promise((resolve, reject) => {
    const headers = { host: new URL(stack.app).host, "everlit-version": "1", "sec-fetch-site": "same-origin", cookie: `${SESSION_COOKIE}=${browser.cookie(SESSION_COOKIE)}` };
    request({ host: "127.0.0.1", port: new URL(stack.app).port, path: "/api/orders", headers }, (incoming) => {
      let [firstAfter, lastAfter, text] = [0, 0, ""];
      incoming.setEncoding("utf8").on("data", (chunk) => { lastAfter = Date.now() - began; firstAfter ||= lastAfter; text += chunk; });
      incoming.on("end", () => resolve({ firstAfter, lastAfter, text })).on("error", reject);
    }).on("error", reject).end();
  });
  assert.equal(text, "first second");
  assert.ok(lastAfter - firstAfter > 750, `the first part came after ${firstAfter} ms, the second after ${lastAfter} ms`);
});

test("a compressed answer arrives as it was meant", async () => {
  const { browser } = await enter(stack);
  const text = JSON.stringify([{ id: "x".repeat(2000) }]);
  const packed = gzipSync(text);
  stack.script.answer = () => ({ headers: { "content-type": "application/json", "content-encoding": "gzip", "content-length": String(packed.length) }, body: packed });
  const answer = await browser.call("/api/orders", { headers: { "accept-encoding": "gzip" } });
  assert.equal(answer.headers["content-encoding"], "gzip");
  assert.equal(gunzipSync(answer.bytes).toString(), text);
});

test("an answer without a body arrives without one", async () => {
  const { browser } = await enter(stack);
  for (const status of [204, 304]) {
    stack.script.answer = () => ({ status });
    assert.equal((await browser.call("/api/orders")).status, status);
  }
  stack.script.answer = () => ({ json: [{ id: 1 }] });
  const head = await browser.call("/api/orders", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [200, ""]);
});

test("a call without a session never reaches the upstream", async () => {
  const browser = stack.browser();
  const count = stack.resource.asked.length;
  const answer = await browser.call("/api/orders");
  assert.deepEqual([answer.status, answer.json.code, answer.headers["everlit-code"]], [401, "logged_out", "logged_out"]);
  assert.equal(stack.resource.asked.length, count);
});

test("a call to nowhere, by another method, or along a crooked path never reaches the upstream", async () => {
  const { browser } = await enter(stack);
  const count = stack.resource.asked.length;
  const nowhere = await browser.call("/api/nobody/x");
  assert.deepEqual([nowhere.status, nowhere.headers["everlit-code"]], [404, "not_found"]);
  const method = await browser.call("/api/orders", { method: "DELETE" });
  assert.deepEqual([method.status, method.headers.allow, method.json.code], [405, "GET, HEAD, POST", "method_not_allowed"]);
  for (const path of ["/api/orders/%2e%2e/admin", "/api/orders/..%2fadmin", "/api/orders//x", "/api/orders/%00"]) {
    const answer = await browser.call(path);
    // Some of them the client itself straightens into another address.
    assert.ok([400, 404].includes(answer.status), `${path}: ${answer.status}`);
  }
  assert.equal(stack.resource.asked.length, count);
});

test("a call of another site is refused, whatever its cookie", async () => {
  const { browser } = await enter(stack);
  const count = stack.resource.asked.length;
  for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { "everlit-version": undefined }]) {
    const answer = await browser.call("/api/orders", { headers: /** @type {any} */ (headers) });
    assert.deepEqual([answer.status, answer.headers["everlit-code"]], [403, "cross_site"]);
  }
  assert.equal(stack.resource.asked.length, count);
});

test("a refusal for a young token goes to the tab, and spends nothing", async () => {
  const { browser } = await enter(stack);
  const count = refreshes();
  stack.script.answer = () => EXPIRED;
  const answer = await browser.call("/api/orders");
  assert.deepEqual([answer.status, answer.json.code, answer.headers["everlit-code"]], [401, "access_expired", "access_expired"]);
  assert.equal(refreshes(), count);
});

test("a refusal that is not about the token is the upstream's own answer", async () => {
  const { browser } = await enter(stack);
  stack.script.answer = () => ({ status: 401, headers: { "www-authenticate": 'Bearer error="insufficient_scope"' }, body: "no" });
  const answer = await browser.call("/api/orders");
  assert.deepEqual([answer.status, answer.text, answer.headers["everlit-code"]], [401, "no", undefined]);
});

test("a call without a body is repeated once with a new token; one with a body goes back to the tab", async () => {
  const { browser, session } = await enter(stack);
  const other = await enter(stack);
  await pause(10_200 - (Date.now() - other.session.epoch));
  const old = new Set(stack.as.issued);
  stack.script.answer = ({ headers }) => (old.has((headers.authorization ?? "").slice(7)) ? EXPIRED : { json: [{ id: 2 }] });

  const [count, calls] = [refreshes(), stack.resource.asked.length];
  const read = await callOn(browser, "/api/orders");
  assert.deepEqual([read.status, read.json, refreshes() - count, stack.resource.asked.length - calls], [200, [{ id: 2 }], 1, 2]);
  assert.equal((await browser.call("/auth/session")).json.generation, session.generation + 1);

  const write = await other.browser.call("/api/orders", { method: "POST", json: { item: 1 } });
  assert.deepEqual([write.status, write.headers["everlit-code"], refreshes() - count], [401, "access_expired", 2]);
  assert.deepEqual([(await other.browser.call("/api/orders", { method: "POST", json: { item: 1 } })).status, refreshes() - count], [200, 2]);

  // A new token that is refused as well is not a reason for a third.
  stack.script.answer = () => EXPIRED;
  assert.equal((await browser.call("/api/orders")).headers["everlit-code"], "access_expired");
  assert.equal(refreshes() - count, 2);
});

test("an upstream that cannot be reached is said to be so", async () => {
  const { browser } = await enter(stack);
  await stack.resource.close();
  const answer = await browser.call("/api/orders");
  assert.deepEqual([answer.status, answer.json.code, answer.headers["everlit-code"]], [502, "upstream_unreachable", "upstream_unreachable"]);
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
