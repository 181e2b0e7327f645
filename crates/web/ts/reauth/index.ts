import type { Session } from "../session.js";
import { assertSession } from "./wanted.js";
import { control } from "./controller.js";
import type { Reauth } from "./types.js";

export type { Asked, Reauth, ReauthEventMap, ReauthPhase, ReauthProblem, ReauthTrouble, ReauthWay } from "./types.js";

/** Under which a session carries it. Copies of the package agree on it: the elements have one of their own. */
const REAUTH = Symbol.for("everlit.reauth");

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
  assertSession(session);
  const its = session as { [REAUTH]?: Reauth | undefined };
  return (its[REAUTH] ??= control(session, () => (its[REAUTH] = undefined)));
}
