/** A call as it came, an answer as it goes: what the stand-ins are written in. */

import { RequestError } from "../http.mjs";

/**
 * @typedef {object} Call
 * @property {string} method
 * @property {string} path
 * @property {URLSearchParams} query
 * @property {import("node:http").IncomingHttpHeaders} headers
 * @property {Buffer} body as it came: checksums are over these bytes. Also of a GET
 * @property {Record<string, string>} params what the route's `{name}`s stood for
 */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string>} headers
 * @property {string | Buffer} body
 */

/** @typedef {(call: Call) => Answer | Promise<Answer>} Serve */
/** @typedef {Record<string, Serve>} Routes by `METHOD /path/{name}` */

const BODY_LIMIT = 64 * 1024;

/** @param {import("node:http").IncomingMessage} req @returns {Promise<Call>} */
export async function readCall(req) {
  const url = new URL(req.url ?? "/", "http://stand-in");
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  for await (const chunk of req) {
    length += chunk.length;
    if (length > BODY_LIMIT) throw new RequestError(413, `The body is larger than ${BODY_LIMIT} bytes.`);
    chunks.push(chunk);
  }
  return { method: req.method ?? "", path: url.pathname, query: url.searchParams, headers: req.headers, body: Buffer.concat(chunks), params: {} };
}

/**
 * @param {Routes} routes
 * @param {{ method: string, path: string }} call
 * @returns {{ route: string, serve: Serve, params: Record<string, string> } | undefined}
 */
export function match(routes, { method, path }) {
  const parts = path.split("/");
  for (const [route, serve] of Object.entries(routes)) {
    const [wanted, pattern = ""] = route.split(" ");
    const names = pattern.split("/");
    const fits = (/** @type {string} */ name, /** @type {number} */ n) => (name.startsWith("{") ? parts[n] !== "" : name === parts[n]);
    if (wanted !== method || names.length !== parts.length || !names.every(fits)) continue;
    const params = names.flatMap((name, n) => (name.startsWith("{") ? [[name.slice(1, -1), decodeURIComponent(parts[n] ?? "")]] : []));
    return { route, serve, params: Object.fromEntries(params) };
  }
  return undefined;
}

/** @param {number} status @param {unknown} body @param {Record<string, string>} [headers] @returns {Answer} */
export function json(status, body, headers = {}) {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

/** @param {string} location @returns {Answer} */
export function redirect(location) {
  return { status: 302, headers: { location, "cache-control": "no-store" }, body: "" };
}

/** An address with more in its query; what was there stays. @param {string} address @param {Record<string, string | null | undefined>} more */
export function withQuery(address, more) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(more)) if (value !== null && value !== undefined) url.searchParams.append(name, value);
  return url.href;
}

/** What a form sent. @param {Call} call */
export function formOf(call) {
  return new URLSearchParams(call.body.toString("utf8"));
}

/** What JSON sent, if it is an object. @param {Call} call @returns {Record<string, unknown> | undefined} */
export function objectOf(call) {
  try {
    const value = JSON.parse(call.body.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {Call} call @param {string} scheme @returns {string | undefined} what follows the scheme in `Authorization` */
export function credentialsOf(call, scheme) {
  const [given = "", value, ...rest] = (call.headers.authorization ?? "").split(" ");
  return given.toLowerCase() === scheme && value && rest.length === 0 ? value : undefined;
}
