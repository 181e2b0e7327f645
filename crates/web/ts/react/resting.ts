import { openSession } from "../index.js";
import type { Session } from "../session.js";
import type { SessionOptions } from "../types.js";

/** A session that a provider opened. */
export interface Opening {
  readonly session: Promise<Session>;
  /** The same, when it is there. */
  ready?: Session;
  /** That it could not be opened: whoever comes next tries anew. */
  failed?: true;
}

/** Those whose provider is gone, by what they were opened with. */
const resting = new Map<string, Opening>();

/** Functions are new in every copy of a module, and the same if they say the same. */
const nameOf = (options: SessionOptions) => JSON.stringify(options, (_, value) => (typeof value === "function" ? `${value}` : value));

/**
 * Opens a session, or goes on with one that was let go of in this very turn: Strict Mode and hot reload take providers away
 * and bring them back at once.
 */
export function take(options: SessionOptions): Opening {
  const name = nameOf(options);
  let opening = resting.get(name);
  if (opening) resting.delete(name);
  else {
    const opened: Opening = (opening = { session: openSession(options) });
    opened.session.then((session) => (opened.ready = session)).catch(() => (opened.failed = true));
  }
  return opening;
}

/** Lets go of it: it is closed unless somebody takes it in this turn. */
export function rest(options: SessionOptions, opening: Opening): void {
  const name = nameOf(options);
  if (opening.failed) return;
  resting.set(name, opening);
  setTimeout(() => {
    if (resting.get(name) !== opening) return;
    resting.delete(name);
    opening.session.then((session) => session.close()).catch(() => {});
  });
}
