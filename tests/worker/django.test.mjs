import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { askOn } from "./support/asking.mjs";
import { logIn } from "./support/person.mjs";
import { startRealStack } from "./support/real-stack.mjs";
import { startScriptedServer } from "./support/scripted-server.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** Seconds: due from its half on. */
const ACCESS_TTL = 8;

/**
 * The resource server, at the end of a road that a test may close for a while: what is on it meanwhile comes late, with the
 * token that it left with.
 */
const road = {
  open: Promise.resolve(),
  /** Status by access token, in the order of arrival. @type {{ token: string, status: number }[]} */
  arrived: [],
};

/** @type {Awaited<ReturnType<typeof startRealStack>>} */
let stack;
/** @type {Awaited<ReturnType<typeof startScriptedServer>>} */
let way;
before(async () => {
  way = await startScriptedServer(async ({ method, path, headers, body }) => {
    await road.open;
    const { authorization = "", "content-type": type } = headers;
    const answer = await fetch(`${stack.servers.resource}${path}`, { method, headers: { authorization, ...(type && { "content-type": type }) }, ...(body && { body }) });
    road.arrived.push(/** @type {never} */ ({ token: authorization, status: answer.status }));
    const kept = ["www-authenticate", "content-type"].flatMap((name) => { const value = answer.headers.get(name); return value ? [[name, value]] : []; });
    return { status: answer.status, headers: Object.fromEntries(kept), body: await answer.text() };
  });
  stack = await startRealStack("django-oauth-toolkit", {
    accessTtl: ACCESS_TTL,
    change: (given) => ({ ...given, UPSTREAM_ORDERS: { ...given.UPSTREAM_ORDERS, origin: way.origin } }),
  });
});
after(async () => {
  await stack?.close();
  await way?.close();
});

test("the main job on a server that forgives, and that ends the old access token with the refresh", async () => {
  const browser = stack.browser();
  const landing = await logIn(browser, { returnTo: "/orders" });
  assert.equal(landing.status, 200, landing.text);
  assert.ok(browser.cookie(SESSION_COOKIE) && browser.cookie(BINDING_COOKIE));
  const session = (await browser.call("/auth/session")).json;
  assert.deepEqual([session.state, session.generation, session.lifetime, session.user.email], ["active", 1, ACCESS_TTL, "ada@example.com"]);

  const orders = await browser.call("/api/orders");
  assert.equal(orders.status, 200, orders.text);
  assert.ok(orders.json.length > 0);

  // A call leaves with the first token, and is on its way still when that is superseded: dead, on this server.
  await pause(ACCESS_TTL * 500 + 100);
  let open = () => {};
  road.open = new Promise((resolve) => { open = () => resolve(undefined); });
  const calls = way.asked.length;
  const late = browser.call("/api/orders");
  await until("the call to leave", () => way.asked.length === calls + 1);
  const refreshed = (await askOn(browser, session)).json;
  assert.equal(refreshed.generation, 2);
  road.arrived = [];
  open();
  const answer = await late;
  assert.deepEqual([answer.status, answer.headers["everlit-code"]], [200, undefined], answer.text);
  assert.deepEqual(road.arrived.map(({ status }) => status), [401, 200]);
  assert.equal(new Set(road.arrived.map(({ token }) => token)).size, 2, "repeated with the current token");
  const { refresh_grants, refresh_errors } = await stack.counters();
  assert.deepEqual([refresh_grants, refresh_errors], [1, 0], "which was there: no second refresh");
  assert.equal((await browser.call("/auth/session")).json.generation, 2);

  // A call with a body goes back to the tab, which asks for the token and sends it again.
  const placed = await browser.call("/api/orders", { method: "POST", json: { item: "lamp", quantity: 1 } });
  assert.ok(placed.status >= 200 && placed.status < 300, placed.text);

  const logout = await browser.call("/auth/logout", { method: "POST" });
  assert.deepEqual([logout.status, logout.json], [200, { v: 1, state: "logged_out" }]);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  await until("the revocation", async () => (await stack.counters()).revocations >= 1);
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
});

test("several rotations, each with ten callers, spend each refresh token once", async () => {
  const browser = stack.browser();
  await logIn(browser);
  const before = await stack.counters();
  let { json: held } = await browser.call("/auth/session");
  for (let rotation = 1; rotation <= 3; rotation += 1) {
    await pause((held.expires_in - ACCESS_TTL / 2 + 0.3) * 1000);
    const answers = await Promise.all(Array.from({ length: 10 }, () => askOn(browser, held)));
    assert.deepEqual([...new Set(answers.map(({ json }) => json.generation))], [held.generation + 1]);
    held = answers[0]?.json;
    assert.equal((await browser.call("/api/orders")).status, 200);
  }
  const after = await stack.counters();
  assert.deepEqual([after.refresh_grants - before.refresh_grants, after.replays_forgiven, after.reuse_detected], [3, 0, 0]);
});
