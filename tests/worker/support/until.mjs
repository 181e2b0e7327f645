/** Bounded waits: a test that hangs says what it waited for. */

export const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks until the answer is truthy.
 *
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} ask
 * @param {number} [limitMs]
 * @returns {Promise<NonNullable<T>>}
 */
export async function until(what, ask, limitMs = 10_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await pause(20);
  }
}
