/**
 * An authorization server that misbehaves on demand: real HTTP, real signatures, and whatever else a test says.
 *
 * Nobody signs in here. A test reads the authorization request from the redirect and makes up the response itself.
 */

import { createHash, randomBytes } from "node:crypto";

import { SignJWT, exportJWK, generateKeyPair } from "jose";

import { startScriptedServer } from "./scripted-server.mjs";

/** @typedef {import("./scripted-server.mjs").Given} Given */
/** @typedef {import("./scripted-server.mjs").Asked} Asked */

const random = () => randomBytes(24).toString("base64url");

export class ScriptedAs {
  clientId = "everlit-demo";
  accessTtl = 3600;
  /** The `nonce` of the last authorization request. */
  nonce = "";
  /** What every ID Token says, over what it would say. @type {Record<string, unknown>} */
  claims = {};
  /** Added to the discovery document. @type {Record<string, unknown>} */
  metadata = {};
  /** Makes the ID Token, in place of a good signature. @type {undefined | ((claims: Record<string, unknown>) => string | Promise<string>)} */
  sign = undefined;
  /** Answers in place of the usual; undefined goes on as usual. @type {(form: URLSearchParams) => Given | undefined | Promise<Given | undefined>} */
  onToken = () => undefined;
  /** @type {(form: URLSearchParams) => Given | undefined} */
  onRevocation = () => undefined;
  /** Answers a pushed authorization request, which is made up otherwise. @type {(form: URLSearchParams) => Given | undefined} */
  onPushed = () => undefined;
  /** What is at no other address, such as the authorization endpoint for a real browser. @type {(asked: Asked) => Given | undefined} */
  onOther = () => undefined;
  /** Leaves the refresh token out of the answers to a code. */
  withoutRefreshToken = false;
  /** Every token it ever gave out. @type {string[]} */
  issued = [];

  /** @type {Awaited<ReturnType<typeof startScriptedServer>>} */ #server;
  /** What was pushed, by its name. @type {Map<string, URLSearchParams>} */
  #pushed = new Map();
  /** @type {{ kid: string, privateKey: CryptoKey, jwk: object }[]} */ keys = [];

  /** @param {Awaited<ReturnType<typeof startScriptedServer>>} server */
  constructor(server) {
    this.#server = server;
    this.issuer = server.origin;
  }

  static async start() {
    /** @type {ScriptedAs} */
    let as;
    const server = await startScriptedServer((asked) => as.#answer(asked));
    as = new ScriptedAs(server);
    await as.rotateKeys();
    return as;
  }

  close() {
    return this.#server.close();
  }

  /** The token requests with this grant type, newest last. @param {string} grantType */
  requests(grantType) {
    return this.forms("/token").filter((form) => form.get("grant_type") === grantType);
  }

  get revoked() {
    return this.forms("/revoke").map((form) => form.get("token"));
  }

  /** How often a path was asked for. @param {string} path */
  hits(path) {
    return this.heard(path).length;
  }

  async rotateKeys() {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const kid = random();
    this.keys = [{ kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: "sig", alg: "ES256" } }];
  }

  /**
   * Reads an authorization request out of the redirect to it, or what was pushed before it, once; and remembers its nonce.
   *
   * @param {string | undefined} location
   */
  take(location) {
    const { searchParams } = new URL(location ?? "");
    const uri = searchParams.get("request_uri");
    const pushed = uri === null ? undefined : this.#pushed.get(uri);
    if (uri !== null && !pushed) throw new Error(`nothing was pushed as ${uri}`);
    this.#pushed.delete(uri ?? "");
    const request = pushed ?? searchParams;
    this.nonce = request.get("nonce") ?? "";
    return Object.fromEntries(request);
  }

  /** The requests to a path, newest last. @param {string} path */
  heard(path) {
    return this.#server.asked.filter((asked) => asked.path === path);
  }

  /** What was posted to a path, newest last. @param {string} path */
  forms(path) {
    return this.heard(path).map((asked) => new URLSearchParams(asked.body));
  }

  /** @param {Asked} asked @returns {Promise<Given>} */
  async #answer(asked) {
    const { method, path, body } = asked;
    if (path === "/.well-known/openid-configuration") return { json: this.#discovery() };
    if (path === "/jwks") return { json: { keys: this.keys.map(({ jwk }) => jwk) } };
    const form = new URLSearchParams(body);
    if (method === "POST" && path === "/token") return (await this.onToken(form)) ?? { json: await this.tokens(form) };
    if (method === "POST" && path === "/revoke") return this.onRevocation(form) ?? {};
    if (method === "POST" && path === "/par") return this.onPushed(form) ?? this.#push(form);
    return this.onOther(asked) ?? { status: 404 };
  }

  /** @param {URLSearchParams} form */
  #push(form) {
    const request_uri = `urn:ietf:params:oauth:request_uri:${random()}`;
    this.#pushed.set(request_uri, form);
    return { status: 201, json: { request_uri, expires_in: 60 } };
  }

  #discovery() {
    const at = (/** @type {string} */ path) => `${this.issuer}${path}`;
    return {
      issuer: this.issuer, authorization_endpoint: at("/authorize"), token_endpoint: at("/token"), jwks_uri: at("/jwks"),
      revocation_endpoint: at("/revoke"), code_challenge_methods_supported: ["S256"], ...this.metadata,
    };
  }

  /** A good answer of the token endpoint. @param {URLSearchParams} form */
  async tokens(form) {
    const isCode = form.get("grant_type") === "authorization_code";
    const access_token = `access-${random()}`;
    const refresh_token = isCode && this.withoutRefreshToken ? undefined : `refresh-${random()}`;
    const id_token = isCode ? await this.idToken() : undefined;
    this.issued.push(...[access_token, refresh_token, id_token].filter((token) => token !== undefined));
    return { access_token, token_type: "Bearer", expires_in: this.accessTtl, refresh_token, id_token };
  }

  async idToken() {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: this.issuer, aud: this.clientId, sub: "scripted-user", name: "Grace", email: "grace@example.com",
      iat: now, exp: now + 300, nonce: this.nonce, ...this.claims,
    };
    if (this.sign) return this.sign(claims);
    return this.signed(claims);
  }

  /** @param {Record<string, unknown>} claims @param {Partial<{ kid: string, privateKey: CryptoKey }>} [other] */
  signed(claims, other = {}) {
    const { kid, privateKey } = { .../** @type {any} */ (this.keys[0]), ...other };
    return new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
  }
}

/** Whether a `code_verifier` is the one of a challenge. @param {string | null} verifier @param {string | undefined} challenge */
export const isVerifierOf = (verifier, challenge) => createHash("sha256").update(verifier ?? "").digest("base64url") === challenge;
