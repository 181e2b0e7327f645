import type { SessionErrorCode } from "./errors.js";
import type { SessionState } from "./types.js";

/** Why nothing can be had in a state. First those of a refused call, in the order of `Refusal`. */
export const CODES: { readonly [state in SessionState]?: SessionErrorCode } = {
  "logged-out": "ERR_SESSION_LOGGED_OUT",
  ended: "ERR_SESSION_ENDED",
  "reauth-required": "ERR_SESSION_REAUTH",
  degraded: "ERR_SESSION_UNAVAILABLE",
  "logging-in": "ERR_SESSION_LOGGED_OUT",
};

/** The states in whose name calls are refused. */
export const REFUSED = /* @__PURE__ */ Object.keys(CODES) as SessionState[];
