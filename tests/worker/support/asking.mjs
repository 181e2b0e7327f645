/**
 * What a tab asks for its token, and how it goes on asking: a caller waits some seconds at most, and is then given the token that
 * still lives, or told to come again. On a slow machine that is the usual answer, and the next one is the one that counts.
 */

import { enter } from "./scripted-stack.mjs";
import { question } from "./stack.mjs";
import { pause, until } from "./until.mjs";

/** @typedef {import("./browser.mjs").Browser} Browser */
/** @typedef {import("./browser.mjs").Answer} Answer */

/** For as long as a tab is made to ask. */
export const PATIENCE_MS = 30_000;

/** One question; its caller may be cut off. @param {Browser} browser @param {any} held @param {string} [reason] @param {object} [more] */
export const ask = (browser, held, reason = "deadline", more = {}) => browser.call("/auth/token", { method: "POST", json: question(held, reason, more) });

/** That somebody is to come again. @param {Answer} answer */
const isPutOff = ({ status, json }) => status === 503 && json?.code === "temporarily_unavailable";

/** Nothing but what was held before, or that somebody is to come again. @param {Answer} answer @param {any} held */
export const isLater = (answer, held) => isPutOff(answer) || (answer.status === 200 && answer.json.generation <= (held?.generation ?? 0));

/**
 * Asks until there is a newer token than the one held, or a word that is final.
 *
 * @param {Browser} browser @param {any} held @param {string} [reason] @param {object} [more]
 */
export const askOn = (browser, held, reason, more) => until("a newer token, or a final word", async () => {
  const answer = await ask(browser, held, reason, more);
  return !isLater(answer, held) && answer;
}, PATIENCE_MS);

/**
 * Asks until the caller hangs up, which is what it rejects with.
 *
 * @param {Browser} browser @param {any} held @param {AbortSignal} signal @returns {Promise<never>}
 */
export async function askUntilHungUp(browser, held, signal) {
  for (;;) {
    const answer = await browser.call("/auth/token", { method: "POST", json: question(held, "deadline"), signal });
    if (!isLater(answer, held)) throw new Error(`answered before: ${answer.text}`);
  }
}

/** Calls until it is not put off. @param {Browser} browser @param {string} path @param {Parameters<Browser["call"]>[1]} [options] */
export const callOn = (browser, path, options) => until("an answer to a call", async () => {
  const answer = await browser.call(path, options);
  return !isPutOff(answer) && answer;
}, PATIENCE_MS);

/** Seconds before its end at which a token is due for a tab, and so for the vault: a fifth of its life, five at least, half of it at most. @param {number} lifetime */
const lead = (lifetime) => Math.min(Math.max(lifetime / 5, 5), lifetime / 2);

/** Waits until a token is due. @param {{ expires_in: number, lifetime: number }} held as it was answered just now */
export const due = ({ expires_in, lifetime }) => pause((expires_in - lead(lifetime)) * 1000 + 200);

/** A token that is due lives for another eight seconds, then sixteen: for machines that take long. */
const LONGER = [40, 80];

/**
 * A login whose token is due, and lives for long enough to be asked about: for longer where the login itself took long, and not only
 * as it was the first.
 *
 * @param {Pick<import("./scripted-stack.mjs").ScriptedStack, "as" | "app" | "browser" | "workerd">} stack
 * @param {number} seconds how long its token lives, on a machine that is fast enough for it
 */
export async function enterDue(stack, seconds) {
  for (const lives = [seconds, seconds, ...LONGER]; ;) {
    const ttl = lives.shift() ?? seconds;
    stack.as.accessTtl = ttl;
    const began = Date.now();
    const entered = await enter(/** @type {any} */ (stack));
    const tookMs = Date.now() - began;
    // A login is half a dozen requests and the writes of three objects, a refresh not so many.
    if (tookMs * 4 > lead(ttl) * 1000 && lives.length > 0) continue;
    const [asked, { json: shown }] = [Date.now(), await entered.browser.call("/auth/session")];
    /** It lives at least until the one, and not after the other. */
    const [livesUntil, deadAt] = [asked, Date.now()].map((at) => at + shown.expires_in * 1000);
    await due(shown);
    return { ...entered, tookMs, livesUntil: livesUntil ?? 0, deadAt: deadAt ?? 0 };
  }
}

/** How long a token is waited for until it has expired. */
export const EXPIRED_MS = 1_300;

/** A login whose token has expired. @param {import("./scripted-stack.mjs").ScriptedStack} stack @param {import("./browser.mjs").Browser} [browser] */
export async function enterExpired(stack, browser) {
  stack.as.accessTtl = 1;
  const entered = await enter(stack, browser);
  stack.as.accessTtl = 3600;
  await pause(EXPIRED_MS);
  return entered;
}
