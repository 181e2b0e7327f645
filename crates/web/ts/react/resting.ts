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

/** Those whose provider is gone, and what they were opened with: two providers may have said the same. */
const resting = new Map<Opening, string>();

/** Functions are new in every copy of a module, and the same if they say the same. */
const nameOf = (options: SessionOptions) => JSON.stringify(options, (_, value) => (typeof value === "function" ? `${value}` : value));

/**
 * Opens a session, or goes on with one that was let go of in this very turn: Strict Mode and hot reload take providers away
 * and bring them back at once.
 */
export function take(options: SessionOptions): Opening {
  const name = nameOf(options);
  for (const [opening, its] of resting) {
    if (its === name) {
      resting.delete(opening);
      return opening;
    }
  }
  const opening: Opening = { session: openSession(options) };
  opening.session.then((session) => (opening.ready = session)).catch(() => (opening.failed = true));
  return opening;
}

/** Lets go of it: it is closed unless somebody takes it in this turn. */
export function rest(options: SessionOptions, opening: Opening): void {
  if (opening.failed) return;
  resting.set(opening, nameOf(options));
  setTimeout(() => {
    if (resting.delete(opening)) opening.session.then((session) => session.close()).catch(() => {});
  });
}
