import type { Session } from "../session.js";

/** Throws where what was given is no session: the promise of one, or nothing yet. */
export function assertSession(session: Session | undefined): asserts session {
  if (!session?.addEventListener) throw new TypeError(`everlit: a Session is wanted, of await openSession(), and what came is ${session}`);
}
