import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { askOn } from "./support/asking.mjs";
import { authorize, logIn } from "./support/person.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, question, startStack } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** Short enough to see a few rotations, and within the vault's lead from its second half on. */
const ACCESS_TTL = 12;

/** @type {Awaited<ReturnType<typeof startStack>>} */
let stack;
before(async () => { stack = await startStack({ accessTtl: ACCESS_TTL }); });
after(() => stack?.close());

test("a login leads to a session, a token, an upstream, and a logout that ends all of it", async () => {
  const browser = stack.browser();
  const before = await browser.call("/auth/session");
  assert.equal(before.status, 200);
  assert.deepEqual([before.json.state, before.json.providers], ["logged_out", [{ name: "demo", state: "unavailable" }]]);

  const entering = Date.now();
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
  assert.deepEqual(session.json.providers, [{ name: "demo", state: "ready", own: true }]);
  assert.deepEqual(session.json.upstreams.map((/** @type {any} */ upstream) => [upstream.name, upstream.path, upstream.mode]), [["orders", "/orders", "bff"]]);
  assert.ok(session.json.expires_in > ACCESS_TTL - 2 - (Date.now() - entering) / 1000 && session.json.expires_in <= ACCESS_TTL && session.json.lifetime === ACCESS_TTL);
  assert.ok(Math.abs(session.json.epoch - Date.now()) < 30_000);

  const token = await browser.call("/auth/token", { method: "POST", json: question(session.json, "resume") });
  assert.equal(token.status, 200, token.text);
  assert.equal(token.json.generation, 1);
  assert.equal(token.json.access_token, undefined);

  const orders = await browser.call("/api/orders");
  assert.equal(orders.status, 200, orders.text);
  assert.ok(orders.text.includes("id"), orders.text);
  assert.equal(orders.headers["everlit-code"], undefined);

  const { revocations } = stack.servers.counters();
  const logout = await browser.call("/auth/logout", { method: "POST" });
  assert.deepEqual([logout.status, logout.json], [200, { v: 1, state: "logged_out", end_session: "/auth/end-session" }]);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  await until("the revocation", () => stack.servers.counters().revocations === revocations + 1);
});

test("a server that rotates strictly sees each refresh token once, over several rotations and many callers", async () => {
  const browser = stack.browser();
  await logIn(browser);
  const before = stack.servers.counters();
  let { json: held } = await browser.call("/auth/session");
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    await pause((held.expires_in - ACCESS_TTL / 2 + 0.3) * 1000);
    const answers = await Promise.all(Array.from({ length: 10 }, () => askOn(browser, held)));
    assert.deepEqual([...new Set(answers.map(({ json }) => json.generation))], [held.generation + 1]);
    held = answers[0]?.json;
    assert.equal((await browser.call("/api/orders")).status, 200);
  }
  const after = stack.servers.counters();
  assert.deepEqual([after.refresh_grants - before.refresh_grants, after.refresh_errors, after.reuse_detected], [3, before.refresh_errors, 0]);
});

test("a second login in the same browser keeps its grant, whatever becomes of the first one's", async () => {
  const browser = stack.browser();
  await logIn(browser);
  const { json: first } = await browser.call("/auth/session");
  await logIn(browser);
  const { json: second } = await browser.call("/auth/session");
  assert.ok(second.epoch > first.epoch || (second.epoch === first.epoch && second.generation > first.generation));
  // Long enough for anything that goes on behind the login. This server keeps one grant for both, and ends it with a token.
  await pause(ACCESS_TTL * 500 + 500);
  const answer = await askOn(browser, second);
  assert.deepEqual([answer.status, answer.json.generation], [200, second.generation + 1], answer.text);
  assert.equal((await browser.call("/api/orders")).status, 200);
});

test("a person who says no comes back to a page with a way back", async () => {
  const browser = stack.browser();
  const callback = await authorize(browser, { login: "no@example.com", decide: "deny", returnTo: "/cart" });
  assert.equal(callback.searchParams.get("error"), "access_denied");
  const page = await browser.navigate(callback, { site: "cross-site" });
  assert.equal(page.status, 400);
  assert.match(page.text, /href="\/auth\/login\?provider=demo&amp;return_to=%2Fcart"/);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
});
