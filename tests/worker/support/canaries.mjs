/**
 * Secrets, known by their values, and the search for them in whatever came out: as they are, and as somebody might have written
 * them who did not mean to.
 */

/** Somewhere that something came out. @typedef {{ place: string, text: string }} Place */

/** As much of a long secret as is enough to know it by: who quotes the beginning of one, quotes it. */
const ENOUGH = 24;

/** @param {Buffer} bytes without what depends on its neighbours @param {"base64" | "base64url"} encoding */
const aligned = (bytes, encoding) =>
  [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString(encoding).replace(/=+$/, "");
    const [from, left] = [Math.ceil((before * 8) / 6), ((before + bytes.length) * 8) % 6];
    return text.slice(from, left === 0 ? undefined : -1);
  });

/** Every way to write it. @param {string | Buffer} secret */
export function forms(secret) {
  const whole = Buffer.from(secret);
  const bytes = whole.subarray(0, ENOUGH);
  const plain = typeof secret === "string" ? [secret.slice(0, ENOUGH), encodeURIComponent(secret).slice(0, ENOUGH), encodeURIComponent(secret).toLowerCase().slice(0, ENOUGH), JSON.stringify(secret).slice(1, ENOUGH)] : [bytes.toString("latin1")];
  const escaped = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  return [...new Set([...plain, bytes.toString("hex"), bytes.toString("hex").toUpperCase(), escaped, escaped.toUpperCase(), ...aligned(bytes, "base64"), ...aligned(bytes, "base64url")])];
}

export class Canaries {
  /** What each is, by its value. @type {Map<string, { what: string, forms: string[] }>} */
  #known = new Map();

  /** @param {string} what @param {string | Buffer | null | undefined} secret */
  add(what, secret) {
    if (!secret) throw new Error(`there is no ${what}`);
    if (secret.length < 12) throw new Error(`${what} is too short to be looked for`);
    const key = secret.toString("latin1");
    if (!this.#known.has(key)) this.#known.set(key, { what, forms: forms(secret) });
  }

  /** The kinds that there are, with one of each. @returns {Map<string, string>} */
  get kinds() {
    return new Map([...this.#known].map(([secret, { what }]) => [what, secret]));
  }

  /**
   * Which of them are where they must not be; the secret itself is not repeated.
   *
   * @param {Place[]} places @param {(what: string, place: string) => boolean} [isMeant] what belongs there
   */
  search(places, isMeant = () => false) {
    const found = new Set();
    for (const { place, text } of places) {
      for (const { what, forms } of this.#known.values()) {
        if (!isMeant(what, place) && forms.some((form) => text.includes(form))) found.add(`${what} in ${place}`);
      }
    }
    return [...found].sort();
  }
}
