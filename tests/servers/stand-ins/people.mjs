/** The people who have an account: whoever signs in by a name is the same person at every start. */

import { createHash } from "node:crypto";

/**
 * @typedef {object} Person
 * @property {string} id as brokers write them: two letters, four digits
 * @property {string} name
 * @property {string} email
 */

/** @param {string} login @returns {Person} */
export function personOf(login) {
  const text = login.trim();
  const digest = createHash("sha256").update(text.toLowerCase()).digest();
  const letter = (/** @type {number} */ n) => String.fromCharCode(65 + ((digest[n] ?? 0) % 26));
  const name = text.charAt(0).toUpperCase() + text.slice(1);
  return { id: `${letter(0)}${letter(1)}${String(digest.readUInt32BE(2) % 10_000).padStart(4, "0")}`, name, email: `${encodeURIComponent(text.toLowerCase())}@example.com` };
}
