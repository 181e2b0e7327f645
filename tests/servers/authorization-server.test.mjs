import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";

import { startServers } from "./servers.mjs";
import { App, CLIENT_SECRET, REDIRECT_URI, SCOPE } from "./support/app.mjs";
import { Browser } from "./support/browser.mjs";

describe("authorization server", { timeout: 30_000 }, () => {
  /** @type {import("./servers.mjs").Servers} */ let servers;
  /** @type {App} */ let app;

  before(async () => {
    servers = await startServers({ clientSecret: CLIENT_SECRET, accessTtl: 45 });
    app = await App.discover(servers.issuer);
  });
  after(() => servers.close());

  test("discovery names what a client needs", () => {
    const { metadata } = app;
    assert.equal(metadata.issuer, servers.issuer);
    assert.match(metadata.issuer, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.deepEqual(metadata.code_challenge_methods_supported, ["S256"]);
    assert.deepEqual(metadata.token_endpoint_auth_methods_supported, ["client_secret_basic"]);
    for (const scope of SCOPE.split(" ")) assert.ok(metadata.scopes_supported.includes(scope), scope);
    for (const endpoint of ["token", "jwks", "introspection", "revocation", "end_session"]) {
      const url = metadata[endpoint === "jwks" ? "jwks_uri" : `${endpoint}_endpoint`];
      assert.equal(new URL(url).origin, servers.issuer, endpoint);
    }
  });

  test("a login through the pages ends with code, state and iss at the app, and with tokens", async () => {
    const { request, callback, seen, tokens } = await app.logIn({ login: " Ada Lovelace " });

    assert.deepEqual(seen, ["sign-in", "consent"]);
    assert.equal(callback.get("state"), request.state);
    assert.equal(callback.get("iss"), servers.issuer);
    assert.equal(tokens.token_type, "Bearer");
    assert.equal(tokens.expires_in, 45);
    assert.deepEqual(tokens.scope.split(" ").sort(), SCOPE.split(" ").sort());
    assert.ok(tokens.refresh_token);
    assert.doesNotMatch(tokens.access_token, /\./, "access tokens are opaque");

    const jwks = createRemoteJWKSet(new URL(app.metadata.jwks_uri));
    const { payload } = await jwtVerify(tokens.id_token, jwks, { issuer: servers.issuer, audience: "everlit-demo", algorithms: ["RS256"] });
    assert.equal(payload.nonce, request.nonce);
    assert.equal(payload.sub, "ada%20lovelace");
    assert.equal(payload.name, "Ada Lovelace");
    assert.equal(payload.email, "ada.lovelace@example.com");
  });

  test("signing keys are new at every start", async () => {
    const other = await startServers({ clientSecret: CLIENT_SECRET });
    try {
      const { tokens } = await (await App.discover(other.issuer)).logIn();
      const jwks = await (await fetch(app.metadata.jwks_uri)).json();
      const { kid } = decodeProtectedHeader(tokens.id_token);
      assert.ok(kid);
      assert.ok(!jwks.keys.some((/** @type {any} */ key) => key.kid === kid));
      for (const key of jwks.keys) assert.ok(!("d" in key), "no private half is published");
    } finally {
      await other.close();
    }
  });

  test("a second login in the same browser shows no form", async () => {
    const { browser } = await app.logIn({ login: "grace" });
    const second = await app.logIn({ browser });
    assert.deepEqual(second.seen, []);
    assert.ok(second.tokens.refresh_token);
    const elsewhere = await app.logIn({ login: "grace" });
    assert.deepEqual(elsewhere.seen, ["sign-in", "consent"]);
  });

  test("after the grant was revoked only the consent page is shown again", async () => {
    const { browser, tokens } = await app.logIn({ login: "mary" });
    assert.equal((await app.revoke(tokens.refresh_token)).status, 200);
    assert.deepEqual((await app.logIn({ browser })).seen, ["consent"]);
  });

  test("prompt=none gives a refresh token where there is a grant, and an error where there is no session", async () => {
    const { browser } = await app.logIn({ login: "joan" });
    const silent = await app.logIn({ browser, request: { prompt: "none" } });
    assert.deepEqual(silent.seen, []);
    assert.ok(silent.tokens.refresh_token);

    const page = await new Browser(servers.issuer).visit(app.authorizationRequest({ prompt: "none" }).url);
    assert.equal(page.url.searchParams.get("error"), "login_required");
  });

  test("prompt=login shows the form although there is a session", async () => {
    const { browser } = await app.logIn({ login: "hedy" });
    const page = await browser.visit(app.authorizationRequest({ prompt: "login" }).url);
    const back = await browser.press(page, "sign-in", { login: "hedy", password: "any" });
    assert.ok(back.url.searchParams.get("code"));
  });

  test("signing in as somebody else gives a grant of its own, and the other's lives on", async () => {
    const { browser, tokens } = await app.logIn({ login: "first" });
    const request = app.authorizationRequest({ prompt: "login" });
    let page = await browser.visit(request.url);
    page = await browser.press(page, "sign-in", { login: "second", password: "any" });
    page = await browser.submit(page);
    page = await browser.press(page, "allow");
    const answer = await app.redeem(page.url.searchParams.get("code") ?? "", request.codeVerifier);
    assert.equal(decodeJwt(answer.body.id_token).sub, "second");
    assert.equal((await app.refresh(answer.body.refresh_token)).status, 200);
    assert.equal((await app.refresh(tokens.refresh_token)).status, 200);
  });

  test("without offline_access there is no refresh token", async () => {
    const { tokens } = await app.logIn({ request: { scope: "openid profile" } });
    assert.equal(tokens.refresh_token, undefined);
    assert.deepEqual(tokens.scope, "openid profile");
  });

  test("a pushed authorization request keeps offline_access", async () => {
    const { url, codeVerifier } = app.authorizationRequest();
    const pushed = await app.post(app.metadata.pushed_authorization_request_endpoint, Object.fromEntries(url.searchParams));
    assert.equal(pushed.status, 201);
    url.search = new URLSearchParams({ client_id: app.clientId, request_uri: pushed.body.request_uri }).toString();
    const browser = new Browser(servers.issuer);
    let page = await browser.press(await browser.visit(url), "sign-in", { login: "ada", password: "any" });
    page = await browser.press(page, "allow");
    const answer = await app.redeem(page.url.searchParams.get("code") ?? "", codeVerifier);
    assert.ok(answer.body.refresh_token, JSON.stringify(answer.body));
  });

  test("Deny sends access_denied to the app", async () => {
    const request = app.authorizationRequest();
    const browser = new Browser(servers.issuer);
    let page = await browser.press(await browser.visit(request.url), "sign-in", { login: "ada", password: "any" });
    page = await browser.press(page, "deny");
    assert.equal(page.url.origin, new URL(REDIRECT_URI).origin);
    assert.equal(page.url.searchParams.get("error"), "access_denied");
    assert.equal(page.url.searchParams.get("state"), request.state);
    assert.equal(page.url.searchParams.get("iss"), servers.issuer);
  });

  test("PKCE is required, with S256, and is checked", async () => {
    for (const changes of [{ code_challenge: undefined, code_challenge_method: undefined }, { code_challenge_method: "plain" }]) {
      const page = await new Browser(servers.issuer).visit(app.authorizationRequest(changes).url);
      assert.equal(page.url.searchParams.get("error"), "invalid_request");
    }

    const { browser } = await app.logIn({ login: "kay" });
    const page = await browser.visit(app.authorizationRequest().url);
    const answer = await app.redeem(page.url.searchParams.get("code") ?? "", "x".repeat(43));
    assert.equal(answer.status, 400);
    assert.equal(answer.body.error, "invalid_grant");
  });

  test("a wrong client secret is refused", async () => {
    const stranger = await App.discover(servers.issuer);
    stranger.clientSecret = "wrong";
    const answer = await stranger.refresh("whatever");
    assert.equal(answer.status, 401);
    assert.equal(answer.body.error, "invalid_client");
  });

  test("an unknown redirect_uri ends on a page and never redirects", async () => {
    const page = await new Browser(servers.issuer).visit(app.authorizationRequest({ redirect_uri: "https://attacker.example/" }).url);
    assert.equal(page.status, 400);
    assert.match(page.text, /invalid_redirect_uri/);
    assert.match(page.headers.get("content-security-policy") ?? "", /default-src 'none'/);
  });

  test("the pages fetch nothing, run nothing, and may lead back to the app", async () => {
    const browser = new Browser(servers.issuer);
    const signIn = await browser.visit(app.authorizationRequest({ login_hint: '"><script>alert(1)</script>' }).url);
    const consent = await browser.press(signIn, "sign-in", { login: "<b>bold</b>", password: "any" });
    for (const page of [signIn, consent]) {
      const policy = page.headers.get("content-security-policy") ?? "";
      const nonce = /style-src 'nonce-([^']+)'/.exec(policy)?.[1];
      assert.ok(nonce && page.text.includes(`<style nonce="${nonce}">`), policy);
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.match(policy, /form-action 'self' http:\/\/localhost:8787(;|$)/);
      assert.equal(page.headers.get("cache-control"), "no-store");
      assert.doesNotMatch(page.text, /<script|<b>bold|@import|url\(|(src|href)="(?!data:)/);
    }
    assert.match(signIn.text, /Demo: any name and any password work/);
    assert.match(signIn.text, /value="&quot;&gt;&lt;script&gt;/);
    const [one, two] = [signIn, consent].map((page) => page.headers.get("content-security-policy"));
    assert.notEqual(one, two, "a nonce is used once");
  });

  test("the sign-in form says what is missing and keeps the name", async () => {
    const browser = new Browser(servers.issuer);
    const page = await browser.visit(app.authorizationRequest().url);
    const again = await browser.press(page, "sign-in", { login: "ada", password: "" });
    assert.equal(again.status, 400);
    assert.match(again.text, /role="alert">Enter a password/);
    assert.match(again.text, /name="login"[^>]* value="ada"/);
    assert.match((await browser.press(again, "sign-in", { login: " ", password: "x" })).text, /Enter a name/);
    assert.match((await browser.press(again, "sign-in", { login: "ü".repeat(60), password: "x" })).text, /too long/);
  });

  test("an interaction belongs to one browser and ends once", async () => {
    const browser = new Browser(servers.issuer);
    const page = await browser.visit(app.authorizationRequest().url);

    const other = new Browser(servers.issuer);
    assert.equal((await other.visit(page.url)).status, 400);
    const posted = await other.press(page, "sign-in", { login: "eve", password: "x" });
    assert.equal(posted.status, 400);

    await browser.press(page, "sign-in", { login: "ada", password: "x" });
    const late = await browser.press(page, "sign-in", { login: "ada", password: "x" });
    assert.equal(late.status, 400);
    assert.match(late.text, /Go back to the app/);
  });

  test("logout at the authorization server ends its session, and the next login shows the form", async () => {
    const { browser, tokens } = await app.logIn({ login: "katherine" });
    const url = new URL(app.metadata.end_session_endpoint);
    url.search = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: "http://localhost:8787/" }).toString();
    const page = await browser.visit(url);
    assert.match(page.text, /Katherine/);
    const left = await browser.press(page, "sign-out");
    assert.equal(left.url.href, "http://localhost:8787/");
    assert.equal((await app.logIn({ browser, login: "katherine" })).seen[0], "sign-in");
  });
});
