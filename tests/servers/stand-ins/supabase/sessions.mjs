/**
 * Supabase Auth's sessions and the rules of their refresh tokens, in both generations.
 *
 * `v1`: opaque tokens, each with its parent. `v2`: a counter in the session, signed. As `internal/tokens/service.go` of supabase/auth decides it.
 */

import { createHmac, randomBytes, randomUUID } from "node:crypto";

/** @typedef {import("../people.mjs").Person} Person */
/** @typedef {{ value: string, parent: string, isRevoked: boolean, updatedAt: number }} Opaque */
/** @typedef {{ id: string, person: Person, method: string, counter: number, refreshedAt: number, tokens: Opaque[] }} Session */
/** @typedef {{ session: Session, token: string, headers: Record<string, string> }} Refreshed */
/** @typedef {{ code: string, headers?: Record<string, string> }} Refusal */

/**
 * @param {import("../clock.mjs").Clock} clock
 * @param {{ generation: "v1" | "v2", reuseInterval: number, secret: string }} options `reuseInterval` in seconds
 */
export function createSessions(clock, { generation, reuseInterval, secret }) {
  /** @type {Map<string, Session>} */
  const sessions = new Map();
  const window = reuseInterval * 1000;

  /** @param {Session} session @param {string} parent */
  function nextOpaque(session, parent) {
    const value = randomBytes(9).toString("base64url").replaceAll(/[-_]/g, "x");
    session.tokens.push({ value, parent, isRevoked: false, updatedAt: clock.now() });
    return value;
  }

  /** @param {string} id @param {number} counter */
  function counted(id, counter) {
    const text = `${id}.${counter}`;
    return Buffer.from(`${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`).toString("base64url");
  }

  /** @param {Session} session @param {Opaque} token @returns {Refreshed | Refusal} */
  function refreshOpaque(session, token) {
    const headers = { "sb-auth-session-id": session.id };
    if (token.isRevoked) {
      const active = session.tokens.findLast((one) => !one.isRevoked);
      // The answer with the active one was lost: it is given again, however late.
      if (active?.parent === token.value) return { session, token: active.value, headers };
      if (clock.now() > token.updatedAt + window) {
        // Those that it revokes now can be reused within the interval, as any that was: the newest opens the session again.
        for (const one of session.tokens) if (!one.isRevoked) Object.assign(one, { isRevoked: true, updatedAt: clock.now() });
        return { code: "refresh_token_already_used", headers };
      }
    }
    Object.assign(token, { isRevoked: true, updatedAt: clock.now() });
    return { session, token: nextOpaque(session, token.value), headers };
  }

  /** @param {Session} session @param {number} counter @returns {Refreshed | Refusal} */
  function refreshCounted(session, counter) {
    const behind = session.counter - counter;
    /** @type {Record<string, string>} */
    const headers = { "sb-auth-session-id": session.id };
    if (behind < 0) return { code: "validation_failed", headers };
    if (behind === 0) {
      session.counter += 1;
      headers["sb-auth-refresh-token-reuse"] = "false";
    } else {
      const causes = [
        ...(Math.abs(clock.now() - session.refreshedAt) < window ? ["concurrent-refresh"] : []),
        ...(behind === 1 ? ["fail-to-save"] : []),
      ];
      if (causes.length === 0) {
        sessions.delete(session.id);
        return { code: "refresh_token_already_used", headers: { ...headers, "sb-auth-refresh-token-rotated": "true" } };
      }
      headers["sb-auth-refresh-token-reuse-cause"] = causes.join(",");
    }
    headers["sb-auth-refresh-token-counter"] = String(session.counter);
    return { session, token: counted(session.id, session.counter), headers };
  }

  return {
    /** @param {Person} person @param {string} method how the person logged in @returns {Refreshed} */
    start(person, method) {
      /** @type {Session} */
      const session = { id: randomUUID(), person, method, counter: 0, refreshedAt: clock.now(), tokens: [] };
      sessions.set(session.id, session);
      return { session, token: generation === "v1" ? nextOpaque(session, "") : counted(session.id, 0), headers: {} };
    },

    /** @param {string} value @returns {Refreshed | Refusal} */
    refresh(value) {
      /** @type {Refreshed | Refusal} */
      let outcome = { code: "refresh_token_not_found" };
      if (generation === "v1") {
        for (const session of sessions.values()) {
          const token = session.tokens.find((one) => one.value === value);
          if (token) outcome = refreshOpaque(session, token);
        }
      } else {
        const [id = "", counter = ""] = Buffer.from(value, "base64url").toString("utf8").split(".");
        const session = sessions.get(id);
        if (session && counted(id, Number(counter)) === value) outcome = refreshCounted(session, Number(counter));
      }
      if ("session" in outcome) outcome.session.refreshedAt = clock.now();
      return outcome;
    },

    /** @param {string} id */
    find: (id) => sessions.get(id),

    /** @param {Session} session @param {"global" | "local" | "others"} scope */
    end(session, scope) {
      for (const one of [...sessions.values()]) {
        const isSelf = one.id === session.id;
        const isMeant = { global: true, local: isSelf, others: !isSelf }[scope];
        if (one.person.id === session.person.id && isMeant) sessions.delete(one.id);
      }
    },
  };
}
