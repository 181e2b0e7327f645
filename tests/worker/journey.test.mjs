import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { logIn } from "./support/person.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, question, startStack } from "./support/stack.mjs";

/** @type {Awaited<ReturnType<typeof startStack>>} */
let stack;
before(async () => { stack = await startStack(); });
after(() => stack?.close());

test("a login leads to a session, a token, an upstream, and a logout that ends all of it", async () => {
  const browser = stack.browser();
  const before = await browser.call("/auth/session");
  assert.equal(before.status, 200);
  assert.deepEqual([before.json.state, before.json.providers], ["logged_out", [{ name: "demo", state: "unavailable" }]]);

  const landing = await logIn(browser, { returnTo: "/orders?tab=open#top" });
  assert.equal(landing.status, 200, landing.text);
  assert.match(landing.text, /href="\/orders\?tab=open#top"/);
  assert.match(landing.headers["content-type"] ?? "", /^text\/html/);
  const cookie = landing.headers["set-cookie"]?.find((line) => line.startsWith(`${SESSION_COOKIE}=`)) ?? "";
  for (const attribute of ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"]) assert.ok(cookie.includes(attribute), cookie);
  assert.ok(browser.cookie(BINDING_COOKIE));

  const session = await browser.call("/auth/session");
  assert.equal(session.json.state, "active", session.text);
  assert.equal(session.json.generation, 1);
  assert.deepEqual([session.json.user.email], ["ada@example.com"]);
  assert.deepEqual(session.json.providers, [{ name: "demo", state: "ready" }]);
  assert.deepEqual(session.json.upstreams.map((/** @type {any} */ upstream) => [upstream.name, upstream.path, upstream.mode]), [["orders", "/orders", "bff"]]);
  assert.ok(session.json.expires_in > 50 && session.json.expires_in <= 60 && session.json.lifetime === 60);
  assert.ok(Math.abs(session.json.epoch - Date.now()) < 30_000);

  const token = await browser.call("/auth/token", { method: "POST", json: question(session.json, "resume") });
  assert.equal(token.status, 200, token.text);
  assert.equal(token.json.generation, 1);
  assert.equal(token.json.access_token, undefined);

  const orders = await browser.call("/api/orders");
  assert.equal(orders.status, 200, orders.text);
  assert.ok(orders.text.includes("id"), orders.text);
  assert.equal(orders.headers["everlit-code"], undefined);

  const logout = await browser.call("/auth/logout", { method: "POST" });
  assert.deepEqual([logout.status, logout.json], [200, { v: 1, state: "logged_out" }]);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
});
