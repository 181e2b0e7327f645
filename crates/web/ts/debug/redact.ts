import type { User } from "../types.js";

/** What an e-mail address, an address with a query or a fragment, and something as random as a token look like. */
const MAIL = /[^\s@<>"'=:/]+@[^\s@<>"']+/g;
const QUERY = /[?#][^\s"'<>]*/g;
const RANDOM = /[\w+/~-]{2,}(?:\.[\w+/=~-]{8,})+|[\w+~-]{24,}=*/g;
/** Text is cut here. */
const LONGEST = 300;
const HIDDEN = "…";

/** Who was logged in, so that no text names them; they may be gone when it is written down. */
export class Secrets {
  readonly #values = new Set<string>();

  learn(user: User | undefined): void {
    for (const value of Object.values(user ?? {})) if (typeof value === "string" && value.length > 2) this.#values.add(value);
  }

  /** A text without what could be a secret or a person. */
  redact(text: string): string {
    // The longest first: a name may be in an address.
    const values = [...this.#values].sort((a, b) => b.length - a.length);
    const unnamed = values.reduce((left, value) => left.replaceAll(value, HIDDEN), text);
    const clean = unnamed.replace(QUERY, HIDDEN).replace(MAIL, HIDDEN).replace(RANDOM, hide);
    return clean.length > LONGEST ? clean.slice(0, LONGEST) + HIDDEN : clean;
  }
}

/** Words are joined by dots and dashes, too: what has no digit, and letters of one case, is of them unless it is very long. */
const hide = (found: string) => (/\d|[a-z].*[A-Z]|[A-Z].*[a-z]/.test(found) || found.length > 60 ? HIDDEN : found);
