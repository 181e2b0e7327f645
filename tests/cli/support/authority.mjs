/** An authorization server as the doctor sees one: what it says of itself and how it refuses, each thing to be broken by a test. */

import { createServer } from "node:http";

export class Authority {
  #server = createServer((request, response) => this.#answer(request, response));
  /** @type {Record<string, unknown>} */
  metadata = {};
  clientId = "";
  clientSecret = "";
  auth = "client_secret_basic";
  /** @type {string[]} */
  redirectUris = [];
  /** The error that it sends back to the redirect URI. */
  error = "login_required";
  /** How its page for logouts can be asked for. */
  logouts = ["GET", "POST"];
  /** Seconds by which its clock is ahead. */
  ahead = 0;
  issuer = "";

  static async start() {
    const authority = new Authority();
    await new Promise((resolve) => authority.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (authority.#server.address());
    authority.issuer = `http://127.0.0.1:${port}`;
    return authority;
  }

  /** As it is when nothing is wrong. @param {{ clientId: string, clientSecret: string, redirectUri: string }} client */
  reset({ clientId, clientSecret, redirectUri }) {
    const { issuer } = this;
    Object.assign(this, { clientId, clientSecret, redirectUris: [redirectUri], auth: "client_secret_basic", error: "login_required", ahead: 0, logouts: ["GET", "POST"] });
    this.metadata = {
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, end_session_endpoint: `${issuer}/logout`, jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ["S256"], grant_types_supported: ["authorization_code", "refresh_token"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"], scopes_supported: ["openid", "profile", "email", "offline_access"],
    };
  }

  close() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async #answer(request, response) {
    const url = new URL(request.url ?? "/", this.issuer);
    response.setHeader("date", new Date(Date.now() + this.ahead * 1000).toUTCString());
    const say = (/** @type {number} */ status, /** @type {object} */ body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (url.pathname === "/.well-known/openid-configuration") return say(200, this.metadata);
    if (url.pathname === "/authorize") {
      const [uri, client] = [url.searchParams.get("redirect_uri") ?? "", url.searchParams.get("client_id")];
      const refuse = (/** @type {string} */ why) => response.writeHead(400, { "content-type": "text/html" }).end(`<h1>Error</h1><p>${why}</p>`);
      if (client !== this.clientId) return refuse("invalid_client");
      if (!this.redirectUris.includes(uri)) return refuse("redirect_uri did not match any of the client's registered redirect_uris");
      return response.writeHead(302, { location: `${uri}?error=${this.error}&state=${url.searchParams.get("state")}` }).end();
    }
    if (url.pathname === "/token") {
      let text = "";
      for await (const part of request) text += part;
      const form = new URLSearchParams(text);
      const [id = "", secret = ""] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString().split(":").map((part) => new URLSearchParams(`_=${part}`).get("_") ?? "");
      const given = this.auth === "client_secret_basic" ? { id, secret } : { id: form.get("client_id"), secret: form.get("client_secret") };
      const known = given.id === this.clientId && given.secret === this.clientSecret;
      return known ? say(400, { error: "invalid_grant" }) : say(401, { error: "invalid_client" });
    }
    // As a real one: a page that asks, or none.
    if (url.pathname === "/logout" && this.logouts.includes(request.method ?? "")) return response.writeHead(200, { "content-type": "text/html" }).end("<h1>Log out?</h1>");
    return say(404, { error: "not_found" });
  }
}
