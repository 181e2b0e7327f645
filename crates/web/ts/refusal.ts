import { SessionError, type SessionErrorCode } from "./errors.js";
import type { SessionState } from "./types.js";

/** Why nothing can be had in a state. */
const REFUSALS: { readonly [state in SessionState]?: [SessionErrorCode, string] } = {
  "logged-out": ["ERR_SESSION_LOGGED_OUT", "nobody is logged in"],
  ended: ["ERR_SESSION_ENDED", "the session is over"],
  "reauth-required": ["ERR_SESSION_REAUTH", "the user must log in again"],
  "logging-in": ["ERR_SESSION_LOGGED_OUT", "the page is leaving to log in"],
  degraded: ["ERR_SESSION_UNAVAILABLE", "no token can be had just now"],
};

/** The same for a call, in the order of `Refusal`. */
export const REFUSED = ["logged-out", "ended", "reauth-required"] as const;

/** The error of a state in which nothing can be had. */
export const refusal = (state: SessionState) => REFUSALS[state] && new SessionError(...REFUSALS[state]);

/** The error of a call in this state, if none can be made in it. */
export const callRefusal = (state: SessionState) => (REFUSED.some((refused) => refused === state) ? refusal(state) : undefined);

/** The error of everything that is asked of a session after `close`. */
export const disposed = () => new SessionError("ERR_SESSION_DISPOSED", "the session is closed");
