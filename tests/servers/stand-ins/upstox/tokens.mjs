/** Upstox's tokens: one that dies at half past three in the night, and one for a year that may only read. */

import { randomBytes } from "node:crypto";

import { nextInIndia } from "../clock.mjs";

const YEAR = 365 * 24 * 60 * 60_000;

/** @typedef {import("../people.mjs").Person} Person */
/** @typedef {{ person: Person, kind: "daily" | "extended", issuedAt: number, expiresAt: number }} Token */

/** The first half past three in India strictly after its issue, however short that makes its life. @param {number} issuedAt */
export function expiryOf(issuedAt) {
  return nextInIndia(issuedAt, 3, 30);
}

/** @param {import("../clock.mjs").Clock} clock */
export function createTokens(clock) {
  /** @type {Map<string, Token>} */
  const tokens = new Map();

  /** @param {Person} person @param {Token["kind"]} kind @param {number} expiresAt */
  function issue(person, kind, expiresAt) {
    const value = randomBytes(32).toString("base64url");
    const token = { person, kind, issuedAt: clock.now(), expiresAt };
    tokens.set(value, token);
    return { value, ...token };
  }

  /** @param {(token: Token) => boolean} which */
  function end(which) {
    for (const [value, token] of tokens) if (which(token)) tokens.delete(value);
  }

  return {
    /** @param {Person} person */
    issueDaily: (person) => issue(person, "daily", expiryOf(clock.now())),

    /**
     * The one that there is, unless another is asked for: then that one is over.
     *
     * @param {Person} person
     * @param {boolean} another
     */
    extended(person, another) {
      if (another) end((token) => token.kind === "extended" && token.person.id === person.id);
      for (const [value, token] of tokens) {
        if (token.kind === "extended" && token.person.id === person.id && token.expiresAt > clock.now()) return value;
      }
      return issue(person, "extended", clock.now() + YEAR).value;
    },

    /** @param {string | undefined} value @returns {Token | undefined} if it lives */
    look(value) {
      const token = value === undefined ? undefined : tokens.get(value);
      return token && clock.now() < token.expiresAt ? token : undefined;
    },

    /** @param {string} value */
    endOne: (value) => tokens.delete(value),

    /** @param {string} id of the person */
    endDaily: (id) => end((token) => token.kind === "daily" && token.person.id === id),
  };
}
