/** Kite's tokens: a request token for minutes, an access token until six in the morning, a refresh token for those who may have one. */

import { createHash, randomBytes } from "node:crypto";

import { nextInIndia } from "../clock.mjs";

/** A request token is good for "minutes" by all that is known. */
const REQUEST_LIFETIME = 5 * 60_000;

/** @typedef {import("../people.mjs").Person} Person */
/** @typedef {{ person: Person, kind: "request" | "access" | "refresh" | "public", expiresAt: number }} Token */

/** The first six in the morning in India after its issue. @param {number} issuedAt */
export function expiryOf(issuedAt) {
  return nextInIndia(issuedAt, 6);
}

/** Over the key, a token, and the secret, with nothing in between. @param {string} apiKey @param {string} token @param {string} secret */
export function checksumOf(apiKey, token, secret) {
  return createHash("sha256").update(apiKey + token + secret).digest("hex");
}

/** @param {import("../clock.mjs").Clock} clock */
export function createTokens(clock) {
  /** @type {Map<string, Token>} */
  const tokens = new Map();

  return {
    /** @param {Person} person @param {Token["kind"]} kind */
    issue(person, kind) {
      const value = randomBytes(24).toString("base64url").replaceAll(/[-_]/g, "x").slice(0, 32);
      const expiresAt = { request: clock.now() + REQUEST_LIFETIME, access: expiryOf(clock.now()), refresh: Infinity, public: expiryOf(clock.now()) }[kind];
      tokens.set(value, { person, kind, expiresAt });
      return value;
    },

    /** @param {unknown} value @param {Token["kind"]} kind @returns {Token | undefined} if it lives */
    look(value, kind) {
      const token = typeof value === "string" ? tokens.get(value) : undefined;
      return token?.kind === kind && clock.now() < token.expiresAt ? token : undefined;
    },

    /** @param {unknown} value */
    end: (value) => tokens.delete(String(value)),

    /** @param {string} id of the person @param {Token["kind"][]} kinds */
    endAll(id, kinds) {
      for (const [value, token] of tokens) if (token.person.id === id && kinds.includes(token.kind)) tokens.delete(value);
    },
  };
}
