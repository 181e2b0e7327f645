import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";

import { startServers } from "./servers.mjs";
import { App, CLIENT_SECRET } from "./support/app.mjs";

describe("refresh token rotation", { timeout: 30_000 }, () => {
  /** @type {import("./servers.mjs").Servers} */ let servers;
  /** @type {App} */ let app;

  beforeEach(async () => {
    servers = await startServers({ clientSecret: CLIENT_SECRET });
    app = await App.discover(servers.issuer);
  });
  afterEach(() => servers.close());

  /** @param {string} accessToken */
  const orders = async (accessToken) =>
    (await fetch(`${servers.resource}/orders`, { headers: { authorization: `Bearer ${accessToken}` } })).status;

  test("every refresh rotates, and the superseded access token lives on until it expires", async () => {
    const { tokens } = await app.logIn();
    const seen = new Set([tokens.refresh_token]);
    let current = tokens;
    for (let rotation = 0; rotation < 3; rotation += 1) {
      const answer = await app.refresh(current.refresh_token);
      assert.equal(answer.status, 200);
      assert.ok(!seen.has(answer.body.refresh_token), "a new refresh token each time");
      seen.add(answer.body.refresh_token);
      assert.equal(answer.body.expires_in, 60);
      current = answer.body;
    }
    assert.equal(await orders(tokens.access_token), 200);
    assert.equal(await orders(current.access_token), 200);
    assert.equal(servers.counters().refresh_grants, 3);
    assert.equal(servers.counters().refresh_errors, 0);
  });

  test("a refresh token that is presented again revokes its grant", async () => {
    const { tokens } = await app.logIn();
    const next = (await app.refresh(tokens.refresh_token)).body;

    const reuse = await app.refresh(tokens.refresh_token);
    assert.equal(reuse.status, 400);
    assert.equal(reuse.body.error, "invalid_grant");
    assert.equal((await app.refresh(next.refresh_token)).status, 400, "its successor is dead");
    assert.equal(await orders(next.access_token), 401, "and so is the access token");

    const { refresh_grants, refresh_errors, reuse_detected } = servers.counters();
    assert.deepEqual({ refresh_grants, refresh_errors, reuse_detected }, { refresh_grants: 3, refresh_errors: 2, reuse_detected: 1 });
  });

  test("of three refreshes at once one succeeds, and even its refresh token is dead", async () => {
    const { tokens } = await app.logIn();
    const answers = await Promise.all([1, 2, 3].map(() => app.refresh(tokens.refresh_token)));
    const won = answers.filter((answer) => answer.status === 200);
    assert.equal(won.length, 1);
    assert.equal((await app.refresh(won[0]?.body.refresh_token)).status, 400);
    assert.equal(servers.counters().reuse_detected, 1);
  });

  test("an unknown refresh token is refused like a reused one and ends nothing", async () => {
    const { tokens } = await app.logIn();
    const next = (await app.refresh(tokens.refresh_token)).body;
    const garbage = await app.refresh("garbage");
    assert.equal(garbage.status, 400);
    assert.equal(servers.counters().reuse_detected, 0);
    assert.equal((await app.refresh(next.refresh_token)).status, 200);
    const reuse = await app.refresh(tokens.refresh_token);
    assert.deepEqual(garbage.body, reuse.body, "the wire does not tell them apart");
  });

  test("another browser's grant is not touched by a reuse", async () => {
    const one = await app.logIn();
    const two = await app.logIn();
    await app.refresh(one.tokens.refresh_token);
    await app.refresh(one.tokens.refresh_token);
    assert.equal((await app.refresh(two.tokens.refresh_token)).status, 200);
  });

  test("revoking the refresh token ends the grant", async () => {
    const { tokens } = await app.logIn();
    assert.equal((await app.revoke(tokens.refresh_token)).status, 200);
    assert.equal((await app.refresh(tokens.refresh_token)).status, 400);
    assert.equal(await orders(tokens.access_token), 401);
  });

  test("the control server counts each thing once", async () => {
    const zero = {
      code_grants: 0, refresh_grants: 0, refresh_errors: 0, reuse_detected: 0, revocations: 0, resource_calls: 0, resource_401: 0,
    };
    const read = async () => (await fetch(`${servers.control}/counters`)).json();
    assert.deepEqual(await read(), zero);

    const { tokens } = await app.logIn();
    assert.deepEqual(await read(), { ...zero, code_grants: 1 });
    const next = (await app.refresh(tokens.refresh_token)).body;
    await app.refresh("garbage");
    await orders(next.access_token);
    await orders("garbage");
    await app.revoke(next.refresh_token);
    await app.revoke("unknown: still answered with 200");
    const counted = { code_grants: 1, refresh_grants: 2, refresh_errors: 1, reuse_detected: 0, revocations: 2, resource_calls: 2, resource_401: 1 };
    assert.deepEqual(await read(), counted);
    assert.deepEqual(servers.counters(), counted);

    assert.equal((await fetch(`${servers.control}/other`)).status, 404);
    const posted = await fetch(`${servers.control}/counters`, { method: "POST" });
    assert.equal(posted.status, 405);
    assert.equal(posted.headers.get("allow"), "GET");
  });
});
