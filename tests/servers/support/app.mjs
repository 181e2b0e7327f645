/** The app as the authorization server knows it: a confidential client that holds no session. */

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";

import { Browser } from "./browser.mjs";

export const CLIENT_SECRET = "a secret: with/what+form%encoding=changes";
export const REDIRECT_URI = "http://localhost:8787/auth/callback/demo";
export const SCOPE = "openid offline_access profile email";

const random = () => randomBytes(32).toString("base64url");

/** @typedef {{ status: number, headers: Headers, body: any }} Answer */

export class App {
  /** @type {string} */ issuer;
  /** @type {Record<string, any>} */ metadata = {};
  clientId = "everlit-demo";
  clientSecret = CLIENT_SECRET;

  /** @param {string} issuer */
  constructor(issuer) {
    this.issuer = issuer;
  }

  /** @param {string} issuer */
  static async discover(issuer) {
    const app = new App(issuer);
    const response = await fetch(`${issuer}/.well-known/openid-configuration`);
    assert.equal(response.status, 200);
    app.metadata = /** @type {Record<string, any>} */ (await response.json());
    return app;
  }

  /** @param {Record<string, string | undefined>} [changes] undefined removes a parameter */
  authorizationRequest(changes = {}) {
    const codeVerifier = random();
    const state = random();
    const nonce = random();
    const parameters = {
      client_id: this.clientId,
      response_type: "code",
      redirect_uri: REDIRECT_URI,
      scope: SCOPE,
      state,
      nonce,
      code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
      code_challenge_method: "S256",
      ...changes,
    };
    const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    const url = new URL(this.metadata.authorization_endpoint);
    url.search = new URLSearchParams(given).toString();
    return { url, codeVerifier, state, nonce };
  }

  /** @param {string} endpoint @param {Record<string, string>} parameters @returns {Promise<Answer>} */
  async post(endpoint, parameters) {
    const encode = (/** @type {string} */ text) => new URLSearchParams({ "": text }).toString().slice(1);
    const credentials = Buffer.from(`${encode(this.clientId)}:${encode(this.clientSecret)}`).toString("base64");
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams(parameters),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }

  /** @param {string} code @param {string} codeVerifier */
  redeem(code, codeVerifier) {
    return this.post(this.metadata.token_endpoint, {
      grant_type: "authorization_code", code, code_verifier: codeVerifier, redirect_uri: REDIRECT_URI,
    });
  }

  /** @param {string} refreshToken */
  refresh(refreshToken) {
    return this.post(this.metadata.token_endpoint, { grant_type: "refresh_token", refresh_token: refreshToken });
  }

  /** @param {string} token */
  revoke(token) {
    return this.post(this.metadata.revocation_endpoint, { token });
  }

  /**
   * A whole login, in a browser of its own unless one is given.
   *
   * @param {{ login?: string, browser?: Browser, request?: Record<string, string | undefined> }} [options]
   */
  async logIn({ login = "ada", browser = new Browser(new URL(this.issuer).origin), request: changes = {} } = {}) {
    const request = this.authorizationRequest(changes);
    const { page, seen } = await browser.authorize(request.url, login);
    const callback = page.url.searchParams;
    const code = callback.get("code");
    assert.ok(code, `the app gets a code: ${page.url}`);
    const answer = await this.redeem(code, request.codeVerifier);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return { browser, request, callback, seen, tokens: answer.body };
  }
}
