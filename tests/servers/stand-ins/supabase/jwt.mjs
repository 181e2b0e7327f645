/** The access tokens: JWTs with HS256, as of a project that keeps its shared secret. */

import { createHmac, timingSafeEqual } from "node:crypto";

/** @param {unknown} value */
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** @param {string} text @param {string} secret */
const signature = (text, secret) => createHmac("sha256", secret).update(text).digest();

/** @param {object} claims @param {string} secret */
export function sign(claims, secret) {
  const text = `${encoded({ alg: "HS256", typ: "JWT" })}.${encoded(claims)}`;
  return `${text}.${signature(text, secret).toString("base64url")}`;
}

/** @param {string} token @param {string} secret @returns {Record<string, any> | undefined} its claims, if it is ours; it may be expired */
export function verify(token, secret) {
  const [head, body, mac, ...rest] = token.split(".");
  if (!head || !body || !mac || rest.length > 0) return undefined;
  const [given, right] = [Buffer.from(mac, "base64url"), signature(`${head}.${body}`, secret)];
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined;
  return JSON.parse(Buffer.from(body, "base64url").toString("utf8"));
}
