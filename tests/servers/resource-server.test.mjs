import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createCounters } from "./counters.mjs";
import { listen } from "./listener.mjs";
import { createResourceServer } from "./resource-server.mjs";
import { startServers } from "./servers.mjs";
import { App, CLIENT_SECRET } from "./support/app.mjs";

const ACCESS_TTL = 20;
const INVALID_TOKEN = /^Bearer error="invalid_token"/;

describe("resource server", { timeout: 30_000 }, () => {
  /** @type {import("./servers.mjs").Servers} */ let servers;
  /** @type {App} */ let app;
  /** @type {any} */ let tokens;

  before(async () => {
    servers = await startServers({ clientSecret: CLIENT_SECRET, accessTtl: ACCESS_TTL });
    app = await App.discover(servers.issuer);
    ({ tokens } = await app.logIn());
  });
  after(() => servers.close());

  /** @param {string | undefined} authorization @param {RequestInit} [init] */
  const call = (authorization, init = {}) => fetch(`${servers.resource}/orders`, {
    ...init,
    headers: { ...(authorization === undefined ? {} : { authorization }), ...init.headers },
  });

  test("lists orders for a live access token", async () => {
    const response = await call(`Bearer ${tokens.access_token}`);
    assert.equal(response.status, 200);
    const orders = await response.json();
    assert.ok(Array.isArray(orders) && orders.length >= 3);
    assert.deepEqual(Object.keys(orders[0]), ["id", "item", "quantity", "status", "placed_at"]);
    assert.equal((await call(`bearer ${tokens.access_token}`, { method: "HEAD" })).status, 200);
  });

  test("asks for an access token when there is none, without an error code (RFC 6750 section 3.1)", async () => {
    for (const authorization of [undefined, "Basic YTpi", "Bearer", "Bearer a b"]) {
      const response = await call(authorization);
      assert.equal(response.status, 401, authorization);
      assert.equal(response.headers.get("www-authenticate"), 'Bearer realm="orders"');
    }
  });

  test("refuses garbage and refresh tokens", async () => {
    for (const token of ["garbage", tokens.refresh_token, tokens.id_token]) {
      const response = await call(`Bearer ${token}`);
      assert.equal(response.status, 401);
      assert.match(response.headers.get("www-authenticate") ?? "", INVALID_TOKEN);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
    }
  });

  test("refuses an access token from the moment it expires", async (t) => {
    const { tokens: fresh } = await app.logIn();
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    t.mock.timers.setTime(Date.now() + (ACCESS_TTL - 2) * 1000);
    assert.equal((await call(`Bearer ${fresh.access_token}`)).status, 200);
    t.mock.timers.setTime(Date.now() + 2000);
    const response = await call(`Bearer ${fresh.access_token}`);
    assert.equal(response.status, 401);
    assert.match(response.headers.get("www-authenticate") ?? "", INVALID_TOKEN);
    const next = await app.refresh(fresh.refresh_token);
    assert.equal((await call(`Bearer ${next.body.access_token}`)).status, 200);
  });

  test("places an order, and says what is wrong with a bad one", async () => {
    /** @param {string} body @param {string} [type] */
    const post = (body, type = "application/json") =>
      call(`Bearer ${tokens.access_token}`, { method: "POST", body, headers: { "content-type": type } });

    const placed = await post(JSON.stringify({ item: "Glass chimney", quantity: 2 }));
    assert.equal(placed.status, 201);
    const order = await placed.json();
    const [newest] = await (await call(`Bearer ${tokens.access_token}`)).json();
    assert.deepEqual(newest, order);

    assert.equal((await post("{")).status, 400);
    assert.equal((await post(JSON.stringify({ item: "", quantity: 1 }))).status, 400);
    assert.equal((await post(JSON.stringify({ item: "x", quantity: 0 }))).status, 400);
    assert.equal((await post("item=x", "text/plain")).status, 415);
    assert.equal((await post(JSON.stringify({ item: "x".repeat(5000) }))).status, 413);
  });

  test("remembers a bounded number of orders", async () => {
    for (let index = 0; index < 60; index += 1) {
      const response = await call(`Bearer ${tokens.access_token}`, {
        method: "POST", body: JSON.stringify({ item: `Wick ${index}` }), headers: { "content-type": "application/json" },
      });
      assert.equal(response.status, 201);
    }
    const orders = await (await call(`Bearer ${tokens.access_token}`)).json();
    assert.equal(orders.length, 50);
    assert.equal(orders[0].item, "Wick 59");
  });

  test("knows its path and its methods", async () => {
    assert.equal((await fetch(`${servers.resource}/elsewhere`)).status, 404);
    const response = await call(`Bearer ${tokens.access_token}`, { method: "DELETE" });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD, POST");
  });

  test("says 503, not 401, when the authorization server cannot be asked", async () => {
    const listener = await listen(0, { what: "resource server", flag: "--resource-port" });
    const silent = await listen(0, { what: "authorization server", flag: "--port" });
    const counters = createCounters();
    try {
      listener.serve(createResourceServer({
        introspectionEndpoint: `${silent.origin}/token/introspection`, clientId: "orders", clientSecret: "x", counters, log: () => {},
      }));
      const response = await fetch(`${listener.origin}/orders`, { headers: { authorization: "Bearer x" } });
      assert.equal(response.status, 503);
      assert.equal(counters.resource_401, 0);
    } finally {
      await Promise.all([listener.close(), silent.close()]);
    }
  });
});
