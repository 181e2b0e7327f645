// What the services Worker says over HTTP, to the letter of its contract, from a server that can also be slow, broken or somebody else.
// It speaks like the Worker and decides nothing: that the real Worker speaks so is shown in tests/services.

import { createServer } from "node:http";
import { once } from "node:events";

export const KEY = "caller-key-0123456789-0123456789-abc";
export const SECRET = "canary.provider.token-1";

/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */
/** @typedef {{ method: string, path: string, headers: import("node:http").IncomingHttpHeaders, body: string, at: number }} Asked */
/** @typedef {(response: Outgoing, asked: Asked, stand: StandIn) => unknown} Answer */

/** @param {number} status @param {unknown} body @param {Record<string, string>} [headers] @returns {Answer} */
export const json = (status, body, headers = {}) => (response) =>
  void response.writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json", "cache-control": "no-store", ...headers }).end(JSON.stringify(body));

/** @param {string} code @param {number} status @param {object} [more] @param {Record<string, string>} [headers] */
export const problem = (code, status, more = {}, headers = {}) => json(status, { type: `urn:everlit:problem:${code}`, title: `This is ${code}.`, status, code, ...more }, headers);

/** The typed none. @param {string} reason @param {number} seconds @param {object} [more] */
export const none = (reason, seconds, more = {}) => problem("no_token", reason === "caller_limited" ? 429 : 503, { reason, retry_after: seconds, ...more }, { "retry-after": `${Math.ceil(seconds)}` });

/** @param {string} type @param {string} text @param {number} [status] @returns {Answer} */
export const page = (type, text, status = 200) => (response) => void response.writeHead(status, { "content-type": type }).end(text);

/** Headers and half of a body, and then nothing any more. @type {Answer} */
export const truncated = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "400" }).write('{"access_token":"canary.tr');
  response.socket?.destroySoon();
};

/** The connection ends. @type {Answer} */
export const broken = (response) => void response.socket?.destroy();

/** Nothing ever comes. @type {Answer} */
export const silent = () => {};

export class StandIn {
  /** @type {Asked[]} */ asked = [];
  /** Answers that come before the usual one, in their order. @type {Answer[]} */ queue = [];
  /** Where nothing else is said. */
  token = { access_token: SECRET, token_type: "Bearer", epoch: 1_790_000_000_000, generation: 1, read_only: false, provider: "upstox" };
  /** @type {number | null} */ lifetime = 3_600;
  /** Called before an answer, so that a test can wait in it. @type {(asked: Asked) => unknown} */ gate = () => {};

  static async open() {
    const stand = new StandIn();
    stand.server = createServer((request, response) => void stand.#answer(request, response));
    stand.server.listen(0, "127.0.0.1");
    await once(stand.server, "listening");
    const { port } = /** @type {import("node:net").AddressInfo} */ (stand.server.address());
    stand.url = `http://127.0.0.1:${port}`;
    return stand;
  }

  /** As the contract has it. */
  tokenBody() {
    const now = Date.now();
    return { ...this.token, expires_at: this.lifetime === null ? null : now + this.lifetime * 1000, expires_in: this.lifetime, server_time: now };
  }

  /** @param {Incoming} request @param {Outgoing} response */
  async #answer(request, response) {
    let body = "";
    for await (const part of request) body += part;
    const asked = { method: request.method ?? "", path: request.url ?? "", headers: request.headers, body, at: performance.now() };
    this.asked.push(asked);
    await this.gate(asked);
    const special = this.queue.shift();
    if (special) return special(response, asked, this);
    if (request.headers.authorization !== `Bearer ${KEY}`) return problem("unauthorized", 401)(response, asked, this);
    const [, name, verb] = /^\/service\/([\w-]+)\/(\w+)$/.exec(asked.path) ?? [];
    if (name !== "broker") return problem("unauthorized", 401)(response, asked, this);
    if (verb === "status" && asked.method === "GET") return json(200, STATUS)(response, asked, this);
    if (asked.method === "POST" && (verb === "token" || verb === "refresh")) return json(200, this.tokenBody())(response, asked, this);
    if (asked.method === "POST" && verb === "login") return json(200, { login_url: "https://app.example.com/service/broker/login?ticket=t1", expires_in: 600 })(response, asked, this);
    if (asked.method === "PUT" && verb === "credential") return json(200, { verdict: "accepted", epoch: 1_790_000_000_001, generation: 1, expires_at: Date.now() + 3_600_000 })(response, asked, this);
    return problem("not_found", 404)(response, asked, this);
  }

  async close() {
    const closed = new Promise((resolve) => this.server?.close(resolve));
    this.server?.closeAllConnections();
    await closed;
  }
}

export const STATUS = {
  service: "broker", provider: "upstox", title: "Upstox", active: true, valid: true, status: "active", expires_at: 1_790_978_400_000, expires_in: 11_520.5, time_left: "3 h 12 min",
  source: "pasted", epoch: 1_790_000_000_000, generation: 1, validated: { at: 1_790_000_000_500, valid: true }, automatic: { possible: false, reason: "push_approval", why: "A person has to approve it each day." },
  login_from: 1_790_978_400_000, need: null, push_until: null, attempt: null, failed_rounds: 0, trouble: null, hold_until: null, checked_at: 1_790_000_001_000, next_check_at: 1_790_001_801_000,
  renewals: [{ at: 1_790_000_000_000, source: "pasted", outcome: "ok", attempts: 1 }], alerts_waiting: 0, revocations: { waiting: 0, last: null }, callers: [{ name: "orders", tokens: 12, calls: 340, nones: 1, limited: 0, last_at: 1_790_000_000_900 }],
  configuration: { account: { set: false, source: "first token" } },
  secrets: [{ name: "SECRET_BROKER_CLIENT_SECRET", set: true, source: "secret", age_in: 86_400, old: false, advice: null }], on_fallback: null, server_time: 1_790_000_001_100,
};
