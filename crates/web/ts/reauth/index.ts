import type { Session } from "../session.js";
import type { Reauth } from "./types.js";

export type { Asked, Reauth, ReauthEventMap, ReauthPhase, ReauthProblem, ReauthTrouble, ReauthWay } from "./types.js";

/** The one {@link Reauth} of a session: made at the first call, the same at each further one until it is closed. */
export declare function reauth(session: Session): Reauth;
