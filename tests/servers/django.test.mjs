import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { createRemoteJWKSet, jwtVerify } from "jose";

import { startDjango } from "./django.mjs";
import { listen } from "./listener.mjs";
import { App, CLIENT_SECRET } from "./support/app.mjs";
import { Browser } from "./support/browser.mjs";

const GRACE = 3;

describe("django-oauth-toolkit", { timeout: 90_000 }, () => {
  /** @type {import("./django.mjs").DjangoServers} */ let servers;
  /** @type {App} */ let app;

  before(async () => {
    servers = await startDjango({ clientSecret: CLIENT_SECRET, grace: GRACE, accessTtl: 33 });
    app = await App.discover(servers.issuer);
  });
  after(() => servers?.close());

  /** @param {string} accessToken */
  const orders = async (accessToken) =>
    (await fetch(`${servers.resource}/orders`, { headers: { authorization: `Bearer ${accessToken}` } })).status;

  test("is found by discovery, at an issuer with a path", () => {
    assert.match(servers.issuer, /^http:\/\/127\.0\.0\.1:\d+\/o$/);
    assert.equal(app.metadata.issuer, servers.issuer);
    assert.deepEqual(app.metadata.code_challenge_methods_supported, ["S256"]);
    assert.equal(app.metadata.authorization_response_iss_parameter_supported, true);
    for (const name of ["authorization", "token", "userinfo", "revocation", "introspection"]) {
      assert.ok(app.metadata[`${name}_endpoint`].startsWith(`${servers.issuer}/`), name);
    }
  });

  test("a login gives a signed ID Token and a refresh token", async () => {
    const { tokens, seen, callback, request } = await app.logIn({ login: "Ada Lovelace" });
    assert.deepEqual(seen, ["sign-in", "consent"]);
    assert.equal(callback.get("iss"), servers.issuer);
    assert.equal(tokens.expires_in, 33);
    assert.ok(tokens.refresh_token);
    const { payload, protectedHeader } = await jwtVerify(tokens.id_token, createRemoteJWKSet(new URL(app.metadata.jwks_uri)), {
      issuer: servers.issuer, audience: app.clientId,
    });
    assert.equal(protectedHeader.alg, "RS256");
    assert.equal(payload.nonce, request.nonce);
    const claims = { sub: "ada%20lovelace", name: "Ada Lovelace", email: "ada.lovelace@example.com" };
    const { sub, name, email } = payload;
    assert.deepEqual({ sub, name, email }, claims, "the same account as at the other server");
    const userinfo = await fetch(app.metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
    assert.deepEqual(await userinfo.json(), { ...claims, email_verified: false });
  });

  test("a wrong password form, a refusal and a wrong redirect URI are answered as such", async () => {
    const browser = new Browser(new URL(servers.issuer).origin);
    const page = await browser.visit(app.authorizationRequest().url);
    const again = await browser.press(page, "sign-in", { login: "", password: "" });
    assert.equal(again.status, 400);
    const consent = await browser.press(again, "sign-in", { login: "bob", password: "x" });
    const denied = await browser.press(consent, "deny");
    assert.equal(denied.url.searchParams.get("error"), "access_denied");
    const wrong = await browser.visit(app.authorizationRequest({ redirect_uri: "http://localhost:1/other" }).url);
    assert.equal(wrong.status, 400);
    const unprotected = await browser.visit(app.authorizationRequest({ code_challenge: undefined, code_challenge_method: undefined }).url);
    assert.equal(unprotected.url.searchParams.get("error"), "invalid_request");
  });

  test("a refresh rotates, and the superseded access token is dead at once", async () => {
    const { tokens } = await app.logIn();
    assert.equal(await orders(tokens.access_token), 200);
    const next = (await app.refresh(tokens.refresh_token)).body;
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.equal(await orders(tokens.access_token), 401);
    assert.equal(await orders(next.access_token), 200);
  });

  test("within the grace period a replay gives the same pair, afterwards it is refused and ends the family", async () => {
    const { tokens } = await app.logIn();
    const before = await servers.counters();
    const next = (await app.refresh(tokens.refresh_token)).body;
    const replay = await app.refresh(tokens.refresh_token);
    assert.equal(replay.status, 200);
    assert.equal(replay.body.refresh_token, next.refresh_token);
    assert.equal(replay.body.access_token, next.access_token);
    assert.equal(await orders(next.access_token), 200);

    await sleep(GRACE * 1_000 + 100);
    const late = await app.refresh(tokens.refresh_token);
    assert.equal(late.status, 400);
    assert.equal(late.body.error, "invalid_grant");
    assert.equal((await app.refresh(next.refresh_token)).status, 400, "its successor is dead");
    assert.equal(await orders(next.access_token), 401);

    const seen = await servers.counters();
    const moved = Object.fromEntries(Object.entries(seen).map(([name, value]) => [name, value - before[/** @type {keyof typeof before} */ (name)]]));
    assert.deepEqual(moved, {
      code_grants: 0, refresh_grants: 4, refresh_errors: 2, replays_forgiven: 1, reuse_detected: 2, revocations: 0, resource_calls: 2, resource_401: 1,
    });
    assert.deepEqual(await (await fetch(`${servers.control}/counters`)).json(), seen);
  });

  test("only the previous refresh token is forgiven, not the one before it", async () => {
    const { tokens } = await app.logIn();
    const second = (await app.refresh(tokens.refresh_token)).body;
    await app.refresh(second.refresh_token);
    assert.equal((await app.refresh(tokens.refresh_token)).status, 400);
  });

  test("of eight refreshes at once all get the same pair, and it works", async () => {
    const { tokens } = await app.logIn();
    const answers = await Promise.all(Array.from({ length: 8 }, () => app.refresh(tokens.refresh_token)));
    assert.deepEqual(answers.map((answer) => answer.status), Array(8).fill(200));
    const pairs = new Set(answers.map(({ body }) => `${body.access_token} ${body.refresh_token}`));
    assert.equal(pairs.size, 1);
    assert.equal((await app.refresh(answers[0]?.body.refresh_token)).status, 200);
  });

  test("revoking the refresh token ends the grant, and another browser's stays", async () => {
    const one = (await app.logIn()).tokens;
    const two = (await app.logIn()).tokens;
    const { revocations } = await servers.counters();
    assert.equal((await app.revoke(one.refresh_token)).status, 200);
    assert.equal((await servers.counters()).revocations, revocations + 1);
    assert.equal((await app.refresh(one.refresh_token)).status, 400, "also within the grace period");
    assert.equal(await orders(one.access_token), 401);
    assert.equal((await app.refresh(two.refresh_token)).status, 200);
  });
});

describe("startDjango", { timeout: 90_000 }, () => {
  test("without grace it is strict, and without reuse protection it ends nothing but the token", async (t) => {
    const strict = await startDjango({ clientSecret: CLIENT_SECRET, grace: 0 });
    t.after(strict.close);
    const lax = await startDjango({ clientSecret: CLIENT_SECRET, grace: 0, reuseProtection: false });
    t.after(lax.close);
    for (const [{ issuer }, successor] of /** @type {const} */ ([[strict, 400], [lax, 200]])) {
      const app = await App.discover(issuer);
      const { tokens } = await app.logIn();
      const next = (await app.refresh(tokens.refresh_token)).body;
      assert.equal((await app.refresh(tokens.refresh_token)).status, 400);
      assert.equal((await app.refresh(next.refresh_token)).status, successor);
    }
  });

  test("close ends the process and removes its folder, and can be called twice", async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("everlit-django-"));
    const before = new Set(folders());
    const lines = /** @type {string[]} */ ([]);
    const servers = await startDjango({ clientSecret: CLIENT_SECRET, log: (line) => lines.push(line) });
    const app = await App.discover(servers.issuer);
    await app.refresh("garbage-that-must-not-be-logged");
    const mine = folders().filter((name) => !before.has(name));
    assert.ok(mine.length > 0);
    await servers.close();
    await servers.close();
    assert.throws(() => process.kill(servers.pid, 0), /ESRCH/);
    await assert.rejects(fetch(servers.issuer));
    assert.ok(mine.some((name) => !existsSync(`${tmpdir()}/${name}`)));
    assert.deepEqual(lines, ["authorization server: /o/token/ refused: invalid_grant"]);
  });

  test("a taken port and a missing Python are clear errors", async (t) => {
    const taken = await listen(0, { what: "test", flag: "-" });
    t.after(() => taken.close());
    await assert.rejects(startDjango({ clientSecret: CLIENT_SECRET, port: taken.port }), new RegExp(`Port ${taken.port} .*--port`));
    await assert.rejects(startDjango({ clientSecret: CLIENT_SECRET, python: "" }), /cargo xtask setup/);
    await assert.rejects(startDjango({ clientSecret: CLIENT_SECRET, python: "/nowhere/python" }), /nowhere.*cargo xtask setup/);
  });
});
