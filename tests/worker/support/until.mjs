/** Bounded waits: a test that hangs says what it waited for. */

export const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks until the answer is truthy.
 *
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} ask
 * @param {number} [limitMs]
 * @returns {Promise<Exclude<T, false | null | undefined | 0 | "">>}
 */
export async function until(what, ask, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return /** @type {any} */ (answer);
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pause(20);
  }
}

/**
 * Waits for something no longer than this.
 *
 * @template T
 * @param {string} what
 * @param {Promise<T>} wanted
 * @param {number} limitMs
 * @returns {Promise<T>}
 */
export function within(what, wanted, limitMs) {
  /** @type {NodeJS.Timeout} */
  let limit;
  const late = new Promise((_, reject) => { limit = setTimeout(() => reject(new Error(`waited ${limitMs} ms for ${what}`)), limitMs); });
  return Promise.race([wanted, /** @type {Promise<never>} */ (late)]).finally(() => clearTimeout(limit));
}
