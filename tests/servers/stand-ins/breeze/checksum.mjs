/** How a call to Breeze is signed: over the time, the very bytes of the body, and the app's secret. */

import { createHash, timingSafeEqual } from "node:crypto";

/** @param {string} timestamp @param {string | Buffer} body as sent @param {string} secret @returns {string} in lower case hex */
export function checksumOf(timestamp, body, secret) {
  return createHash("sha256").update(timestamp).update(body).update(secret).digest("hex");
}

/** `YYYY-MM-DDTHH:MM:SS.000Z`: the milliseconds are always none. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/;

/**
 * @param {import("../wire.mjs").Call} call
 * @param {{ secret: string, now: number, toleranceMs: number | null }} how
 */
export function isSigned({ headers, body }, { secret, now, toleranceMs }) {
  const timestamp = String(headers["x-timestamp"] ?? "");
  if (!TIMESTAMP.test(timestamp)) return false;
  if (toleranceMs !== null && Math.abs(Date.parse(timestamp) - now) > toleranceMs) return false;
  const given = Buffer.from(String(headers["x-checksum"] ?? ""));
  const right = Buffer.from(`token ${checksumOf(timestamp, body, secret)}`);
  return given.length === right.length && timingSafeEqual(given, right);
}
