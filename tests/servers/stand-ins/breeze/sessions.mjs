/** Breeze's sessions: the API_Session that a login gives, and the session token that it is exchanged for, until the day is over. */

import { randomInt } from "node:crypto";

import { nextInIndia } from "../clock.mjs";

const DAY = 24 * 60 * 60_000;

/** @typedef {"both" | "midnight" | "24h"} Rule which of the two documented ends holds; "both": whichever comes first */
/** @typedef {{ person: import("../people.mjs").Person, apiSession: string, token: string, expiresAt: number }} Session */

/** @param {number} issuedAt @param {Rule} [rule] */
export function expiryOf(issuedAt, rule = "both") {
  const [midnight, day] = [nextInIndia(issuedAt, 0), issuedAt + DAY];
  return { both: Math.min(midnight, day), midnight, "24h": day }[rule];
}

/** @param {string} userId @param {string} key @returns {string} what `X-SessionToken` carries */
export function sessionTokenOf(userId, key) {
  return Buffer.from(`${userId}:${key}`, "ascii").toString("base64");
}

/**
 * @param {import("../clock.mjs").Clock} clock
 * @param {{ rule: Rule, secondLoginEndsFirst: boolean }} options
 */
export function createSessions(clock, { rule, secondLoginEndsFirst }) {
  /** @type {Session[]} those that are over are kept: they are refused in other words than those that never were */
  let sessions = [];

  /** @param {string} id */
  const endAll = (id) => {
    for (const session of sessions) if (session.person.id === id) session.expiresAt = Math.min(session.expiresAt, clock.now());
  };

  return {
    /** @param {import("../people.mjs").Person} person @returns {Session} */
    start(person) {
      if (secondLoginEndsFirst) endAll(person.id);
      const apiSession = String(randomInt(10_000_000, 100_000_000));
      const token = sessionTokenOf(person.id, String(randomInt(10_000_000, 100_000_000)));
      const session = { person, apiSession, token, expiresAt: expiryOf(clock.now(), rule) };
      sessions = [...sessions.slice(-99), session];
      return session;
    },

    /** @param {"apiSession" | "token"} by @param {unknown} value @returns {Session | "expired" | "unknown"} */
    look(by, value) {
      const session = sessions.find((one) => one[by] === value);
      if (!session) return "unknown";
      return clock.now() < session.expiresAt ? session : "expired";
    },

    endAll,
  };
}
