/** What can go wrong between a provider and who calls it: by number, or by chance from a seed. */

import { RequestError } from "../http.mjs";

/**
 * | kind | what the caller sees |
 * |---|---|
 * | `slow` | the answer, after `ms` |
 * | `lost` | nothing: the call was served, then the connection broke |
 * | `truncated` | the answer's first half |
 * | `html` | a page, with `status` |
 * | `throttled` | too many requests; `retryAfter` in seconds, or as a date with `as: "date"`, or none |
 * | `refusal` | the provider's own refusal of that `name`; the call is not served |
 * | `skew` | the answer, with a `Date` that is `ms` off |
 *
 * @typedef {object} Fault
 * @property {"slow" | "lost" | "truncated" | "html" | "throttled" | "refusal" | "skew"} kind
 * @property {string} [path] what the call's path begins with; all calls without
 * @property {number} [times] it hits so many calls, one without
 * @property {number} [rate] from 0 to 1: it hits each call with that chance, as long as it is there
 * @property {number} [ms]
 * @property {number} [status]
 * @property {number} [retryAfter]
 * @property {"seconds" | "date"} [as]
 * @property {string} [name]
 */

/** What each kind needs to be told. @type {Record<Fault["kind"], string[]>} */
const NEEDS = { slow: ["ms"], lost: [], truncated: [], html: ["status"], throttled: [], refusal: ["name"], skew: ["ms"] };
const KNOWN = ["kind", "path", "times", "rate", "ms", "status", "retryAfter", "as", "name"];

/** The same numbers for the same seed (mulberry32). @param {number} seed */
function chances(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @param {{ seed: number, refusals: string[] }} options `refusals` are the names that the provider knows */
export function createFaults({ seed, refusals }) {
  const chance = chances(seed);
  /** @type {(Fault & { left: number })[]} */
  let faults = [];

  return {
    /** @param {Fault} fault */
    add(fault) {
      check(fault, refusals);
      faults.push({ ...fault, left: fault.rate === undefined ? fault.times ?? 1 : Infinity });
    },
    clear() {
      faults = [];
    },
    list: () => faults.map(({ left, ...fault }) => ({ ...fault, ...(left !== Infinity && { left }) })),

    /** The fault that hits this call, if any; it is used up by that. @param {string} path @returns {Fault | undefined} */
    take(path) {
      const hit = faults.find((fault) => path.startsWith(fault.path ?? "") && (fault.rate === undefined || chance() < fault.rate));
      if (hit) {
        hit.left -= 1;
        faults = faults.filter((fault) => fault.left > 0);
      }
      return hit;
    },
  };
}

/** @param {Fault} fault @param {string[]} refusals */
function check(fault, refusals) {
  const wrong = (/** @type {string} */ why) => new RequestError(400, `A fault ${why}.`);
  const given = /** @type {Record<string, unknown>} */ (fault);
  const needs = NEEDS[fault?.kind];
  if (!needs) throw wrong(`has a kind, one of ${Object.keys(NEEDS).join(", ")}; not ${JSON.stringify(given?.kind)}`);
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name));
  if (unknown) throw wrong(`has no "${unknown}"; it has ${KNOWN.join(", ")}`);
  for (const name of needs) if (given[name] === undefined) throw wrong(`of the kind ${fault.kind} needs "${name}"`);
  for (const name of ["times", "rate", "ms", "status", "retryAfter"]) {
    if (given[name] !== undefined && !Number.isFinite(given[name])) throw wrong(`has a number as "${name}", not ${JSON.stringify(given[name])}`);
  }
  if (fault.name !== undefined && !refusals.includes(fault.name)) throw wrong(`has a name that the provider knows: ${refusals.join("; ")}`);
}
