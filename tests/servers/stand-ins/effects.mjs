/**
 * What was done for a caller, and for which of its requests: whoever is in doubt whether something was done twice is told so here.
 *
 * A request names itself by `X-Request-Id`, an order by the tag or remark that the caller gave it. A refusal is no effect.
 */

/** @typedef {{ route: string, request: string | null, order: string | null, at: number }} Effect */

/** @param {{ now: () => number }} clock */
export function createEffects(clock) {
  /** @type {Effect[]} */
  const effects = [];
  return {
    /** @param {import("./wire.mjs").Call} call @param {string | null} [order] its tag */
    add(call, order = null) {
      const named = call.headers["x-request-id"];
      effects.push({ route: `${call.method} ${call.path}`, request: typeof named === "string" ? named : null, order, at: clock.now() });
    },
    /** All of them, the oldest first. */
    list: () => effects,
  };
}
