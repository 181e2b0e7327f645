/** Programs that need a token all the time. What they are given they use at once, so that nothing is believed that is not so. */

import { send } from "../../worker/support/browser.mjs";
import { pause } from "../../worker/support/until.mjs";

/** What a caller may be told in a token's place. */
const REASONS = ["renewing", "unavailable", "needs_human", "needs_operator", "caller_limited"];
/** So long nobody may answer at all: a caller tries again, as `everlit/service` does. */
const SILENCE_MS = 5_000;
const AGAIN_MS = 50;
/** Between two questions of one caller: together they stay below what the stand-ins allow in a second and in a minute. */
const EVERY_MS = 600;

/** @typedef {"token" | "none" | "either"} Expected */

/**
 * @typedef {object} About
 * @property {string} url of the service, without the slash at its end
 * @property {Record<string, string>} keys of the callers, by name
 * @property {(token: string) => Promise<import("./broker.mjs").Shown>} show uses a token
 * @property {(words: string) => void} trouble
 */

export class Crowd {
  ok = 0;
  none = 0;
  lost = 0;
  /** How often nobody was there to be asked. */
  unheard = 0;
  /** The longest that anybody waited for an answer while the Worker ran, in ms. */
  slowest = 0;
  /** Answers of this stretch, by caller. @type {Map<string, number>} */ #answers = new Map();
  /** @type {Expected} */ #expected = "either";
  /** Answers of another kind than this stretch has, in words. @type {string[]} */ surprises = [];
  #isOver = false;
  #isHeld = false;
  /** Questions that are under way. @type {Set<Promise<void>>} */ #asking = new Set();
  /** @type {Promise<unknown>} */ #ended = Promise.resolve();

  /** @param {About} about */
  constructor({ url, keys, show, trouble }) {
    this.url = url;
    this.keys = keys;
    this.show = show;
    this.trouble = trouble;
  }

  begin() {
    this.#ended = Promise.all(Object.entries(this.keys).map(([name, key], n) => this.#caller(name, key, n)));
  }

  async end() {
    this.#isOver = true;
    await this.#ended;
  }

  /** @param {string} name @param {string} key @param {number} n */
  async #caller(name, key, n) {
    await pause((EVERY_MS / 3) * n);
    while (!this.#isOver) {
      if (!this.#isHeld) {
        const asked = this.#once(name, key);
        this.#asking.add(asked);
        await asked.finally(() => this.#asking.delete(asked));
      }
      await pause(this.#isHeld ? 5 : EVERY_MS);
    }
  }

  /**
   * Nobody is in the middle of a question while `act` runs: a token that lived when it was given may be shown while it lives.
   *
   * @param {() => Promise<void>} act
   */
  async without(act) {
    this.#isHeld = true;
    try {
      await Promise.all(this.#asking);
      await act();
    } finally {
      this.#isHeld = false;
    }
  }

  /** A stretch begins in which all are given this. @param {Expected} expected */
  expect(expected) {
    this.#expected = expected;
    this.#answers.clear();
  }

  /** Whether each caller was answered so often since the stretch began. @param {number} times */
  hasHeard(times) {
    return Object.keys(this.keys).every((name) => (this.#answers.get(name) ?? 0) >= times);
  }

  /** @param {string} name @param {string} key */
  async #once(name, key) {
    const expected = this.#expected;
    const given = await this.#asked(key);
    if (given.kind === "none") this.none += 1;
    else if (given.kind === "token" && (await this.#lives(given.token))) this.ok += 1;
    else {
      this.lost += 1;
      this.trouble(`${name} was told something else: ${given.words ?? "a token that the provider refuses"}`);
    }
    // What was asked in one stretch and answered in the next says nothing of either.
    if (expected !== this.#expected) return;
    if (expected !== "either" && given.kind !== expected) this.surprises.push(`${name} got ${given.words ?? `a ${given.kind}`}, not a ${expected}`);
    this.#answers.set(name, (this.#answers.get(name) ?? 0) + 1);
  }

  /** @param {string} token */
  async #lives(token) {
    const { ok, said } = await this.show(token).catch((error) => ({ ok: false, said: String(error) }));
    if (!ok) this.trouble(`the provider refuses a token: ${said}`);
    return ok;
  }

  /**
   * @param {string} key
   * @returns {Promise<{ kind: "token", token: string, words?: string } | { kind: "none" | "lost", words: string }>}
   */
  async #asked(key) {
    const began = Date.now();
    for (;;) {
      const asked = Date.now();
      const answer = await send(`${this.url}/token`, { method: "POST", headers: { authorization: `Bearer ${key}` } }).catch((error) => error);
      if (answer instanceof Error) {
        this.unheard += 1;
        if (Date.now() - began > SILENCE_MS) return { kind: "lost", words: `no answer for ${SILENCE_MS} ms: ${answer.message}` };
        await pause(AGAIN_MS);
        continue;
      }
      this.slowest = Math.max(this.slowest, Date.now() - asked);
      return told(answer);
    }
  }
}

/** @param {import("../../worker/support/browser.mjs").Answer} answer */
function told({ status, text }) {
  /** @type {any} */
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    said = {};
  }
  if (status === 200 && typeof said.access_token === "string") return /** @type {const} */ ({ kind: "token", token: said.access_token });
  const isNone = (status === 503 || status === 429) && said.code === "no_token" && REASONS.includes(said.reason);
  if (isNone) return /** @type {const} */ ({ kind: "none", words: `none (${said.reason})` });
  return /** @type {const} */ ({ kind: "lost", words: `${status} ${text.slice(0, 200)}` });
}
