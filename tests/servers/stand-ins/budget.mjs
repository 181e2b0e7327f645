/** How many calls a provider takes in a while. */

/** @typedef {{ name: string, most: number, window: (now: number) => number }} Limit `window` numbers the stretches of time that are counted */

/** @param {string} name @param {number} most @param {number} ms @returns {Limit} */
export function limit(name, most, ms) {
  return { name, most, window: (now) => Math.floor(now / ms) };
}

/**
 * @param {import("./clock.mjs").Clock} clock
 * @param {Limit[]} limits
 */
export function createBudget(clock, limits) {
  /** @type {Map<string, { window: number, used: number }>} */
  const counts = new Map();
  return {
    /** Counts a call. @param {string} who @returns {string | undefined} the name of the limit that it went beyond */
    take(who) {
      /** @type {string | undefined} */
      let beyond;
      for (const { name, most, window } of limits) {
        const key = `${name} ${who}`;
        const at = window(clock.now());
        const known = counts.get(key);
        const count = known?.window === at ? known : { window: at, used: 0 };
        counts.set(key, count);
        count.used += 1;
        if (count.used > most) beyond ??= name;
      }
      return beyond;
    },
  };
}
