/**
 * How the scripted authorization server rotates refresh tokens: strictly, or with a window in which it forgives.
 *
 * A refresh token is good once, and its successor is given once. Presented again within the window it is answered with the
 * same pair; later, or on a server without a window, its whole grant is dead.
 */

const DEAD = { status: 400, json: { error: "invalid_grant" } };

/** @typedef {{ dead: boolean }} Family */
/** @typedef {{ family: Family, spent?: { at: number, json: object } }} Known */

export class Rotation {
  /** Every presentation of a refresh token, in order. @type {{ at: number, token: string, came: "rotated" | "replayed" | "refused" }[]} */
  presented = [];
  /** Answers that come this late. */
  delayMs = 0;
  /** @type {Map<string, Known>} */ #known = new Map();
  /** @type {import("./scripted-as.mjs").ScriptedAs} */ #as;
  /** @type {number} */ #windowMs;

  /** @param {import("./scripted-as.mjs").ScriptedAs} as @param {number} windowMs 0 forgives nothing */
  constructor(as, windowMs) {
    this.#as = as;
    this.#windowMs = windowMs;
    as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? this.#refresh(form) : this.#begin(form));
  }

  /** How often presentations came to this. @param {"rotated" | "replayed" | "refused"} came */
  count(came) {
    return this.presented.filter((one) => one.came === came).length;
  }

  /** The grant of this refresh token is over at the server. @param {string} token */
  kill(token) {
    const known = this.#known.get(token);
    if (!known) throw new Error("no such refresh token was given out");
    known.family.dead = true;
  }

  /** @param {URLSearchParams} form */
  async #begin(form) {
    const json = await this.#as.tokens(form);
    if (json.refresh_token) this.#known.set(json.refresh_token, { family: { dead: false } });
    return { json };
  }

  /** @param {URLSearchParams} form */
  async #refresh(form) {
    const { delayMs } = this;
    const token = form.get("refresh_token") ?? "";
    const known = this.#known.get(token);
    const at = Date.now();
    const note = (/** @type {"rotated" | "replayed" | "refused"} */ came) => this.presented.push({ at, token, came });
    if (!known || known.family.dead) {
      note("refused");
      return DEAD;
    }
    if (!known.spent) {
      const json = await this.#as.tokens(form);
      known.spent = { at, json };
      this.#known.set(json.refresh_token ?? "", { family: known.family });
      note("rotated");
      return { json, delayMs };
    }
    if (at - known.spent.at < this.#windowMs) {
      note("replayed");
      return { json: known.spent.json, delayMs };
    }
    known.family.dead = true;
    note("refused");
    return DEAD;
  }
}
