import type { ReauthNeed } from "./types.js";

/**
 * What went wrong, for code to branch on. The set is closed; messages are for people and may change. `ERRORS.md` of this package has
 * a section for each.
 *
 * | code | what happened | what to do |
 * |---|---|---|
 * | `ERR_SESSION_LOGGED_OUT` | nobody is logged in | offer `session.login()` |
 * | `ERR_SESSION_ENDED` | a limit, or somebody elsewhere, ended the session | offer `session.login()` |
 * | `ERR_SESSION_REAUTH` | only the user can bring a new token | ask for `session.login()` |
 * | `ERR_SESSION_CANCELLED` | the user closed the dialog that the call waited for | nothing: it was their wish; offer to begin again |
 * | `ERR_SESSION_NETWORK` | no usable answer came | try again; the session goes on |
 * | `ERR_SESSION_UNAVAILABLE` | no token can be had just now | wait: the session tries again by itself |
 * | `ERR_SESSION_UPSTREAM` | the address, or the name, belongs to no upstream that can be called so | configure it, or `{ passthrough: true }` |
 * | `ERR_SESSION_LINK` | the user's account at another provider is not linked, or its grant is over | offer `session.link(provider)` |
 * | `ERR_SESSION_REDIRECT` | a resource server sent a call elsewhere, and its token does not follow | call the address that it moved to |
 * | `ERR_SESSION_POPUP` | the popup was blocked, or closed before the login was done | offer `session.login()` |
 * | `ERR_SESSION_LOAD` | the Wasm module did not load | allow `'wasm-unsafe-eval'` in the CSP; serve the script as it is |
 * | `ERR_SESSION_UNSUPPORTED` | there is no page or no WebAssembly here | open the session in a browser |
 * | `ERR_SESSION_CONFIG` | an option is wrong | see the message |
 * | `ERR_SESSION_DISPOSED` | the session was closed | open a new one |
 */
export type SessionErrorCode =
  | "ERR_SESSION_LOGGED_OUT"
  | "ERR_SESSION_ENDED"
  | "ERR_SESSION_REAUTH"
  | "ERR_SESSION_CANCELLED"
  | "ERR_SESSION_NETWORK"
  | "ERR_SESSION_UNAVAILABLE"
  | "ERR_SESSION_UPSTREAM"
  | "ERR_SESSION_LINK"
  | "ERR_SESSION_REDIRECT"
  | "ERR_SESSION_POPUP"
  | "ERR_SESSION_LOAD"
  | "ERR_SESSION_UNSUPPORTED"
  | "ERR_SESSION_CONFIG"
  | "ERR_SESSION_DISPOSED";

/**
 * The one error of this package. Two things reject with something else: an aborted operation rejects with its signal's
 * `reason`, and arguments that `fetch` itself would refuse reject with its `TypeError`.
 */
export class SessionError extends Error {
  /** What went wrong. */
  declare readonly code: SessionErrorCode;
  /** With `ERR_SESSION_REAUTH` and `ERR_SESSION_LINK`: who has to do what, as far as that is known. */
  declare readonly reauth?: ReauthNeed;

  /** @internal */
  constructor(code: SessionErrorCode, special = "", cause?: unknown) {
    // What the code says, in words.
    super(code.slice(12).toLowerCase().replace("_", " ") + special, (cause && { cause }) as ErrorOptions);
    this.name = "SessionError";
    this.code = code;
  }
}

/** Whether something caught is a {@link SessionError}, also one of another copy of this package or another realm. */
export function isSessionError(caught: unknown): caught is SessionError {
  const error = caught as Partial<SessionError> | null | undefined;
  return error?.name === "SessionError" && /^ERR_SESSION_/.test(error.code as string);
}
