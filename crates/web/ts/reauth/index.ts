import type { Session } from "../session.js";
import { control } from "./controller.js";
import type { Reauth } from "./types.js";

export type { Asked, Reauth, ReauthEventMap, ReauthPhase, ReauthProblem, ReauthTrouble, ReauthWay } from "./types.js";

const made = new WeakMap<Session, Reauth>();

/**
 * The one {@link Reauth} of a session: made at the first call, the same at each further one until it is closed. From then on calls that need a
 * person wait, so call it once, early.
 *
 * ```ts
 * const people = reauth(session);
 * people.addEventListener("change", () => show(people.asked.map(({ title }) => title).join()));
 * ```
 */
export function reauth(session: Session): Reauth {
  if (!session?.addEventListener) throw new TypeError(`everlit: a Session is wanted, of await openSession(), and what came is ${session}`);
  let one = made.get(session);
  if (!one) made.set(session, (one = control(session, () => made.delete(session))));
  return one;
}
