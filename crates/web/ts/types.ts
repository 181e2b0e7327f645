// The types that apps see. Durations are milliseconds throughout.

/**
 * Where the session stands, as this tab knows it.
 *
 * | state | means |
 * |---|---|
 * | `logged-out` | there is no session |
 * | `logging-in` | the page is on its way to the authorization server |
 * | `active` | there is a session and nothing is wrong with it |
 * | `refreshing` | a new token is asked for; one that still lives stays in use |
 * | `resuming` | the tab just opened or woke and asks where it stands; calls wait for that |
 * | `degraded` | no token can be had just now; one that still lives stays in use, and the session tries again by itself |
 * | `reauth-required` | the session is there, but only its user can bring a new token |
 * | `ended` | a limit, or somebody elsewhere, ended the session |
 */
export type SessionState =
  | "logged-out"
  | "logging-in"
  | "active"
  | "refreshing"
  | "resuming"
  | "degraded"
  | "reauth-required"
  | "ended";

/**
 * Why the session moved from one state to another.
 *
 * | reason | means |
 * |---|---|
 * | `session-found` | the Worker said that there is a session |
 * | `no-session` | the Worker said that there is none |
 * | `deadline` | the token came near its end |
 * | `forced` | the app asked for a new token |
 * | `unauthorized` | a call was refused because its token had expired |
 * | `wake` | the tab opened, slept, was frozen, came back, or its clocks disagree |
 * | `retry` | it was time to try again |
 * | `refreshed` | a new token is there |
 * | `adopted` | another tab told of a newer token |
 * | `unreachable` | no usable answer came |
 * | `throttled` | the server asked for less |
 * | `misconfigured` | the deployment is misconfigured; an operator must act |
 * | `grant-refused` | the authorization server refused the grant |
 * | `session-ended` | a limit or a revocation ended the session |
 * | `login` | the user goes to log in |
 * | `logout` | the user logged out in this tab |
 * | `logout-elsewhere` | the user logged out in another tab |
 * | `login-elsewhere` | there is another login, made in another tab |
 * | `stuck` | a request took too long and was given up |
 */
export type SessionReason =
  | "session-found"
  | "no-session"
  | "deadline"
  | "forced"
  | "unauthorized"
  | "wake"
  | "retry"
  | "refreshed"
  | "adopted"
  | "unreachable"
  | "throttled"
  | "misconfigured"
  | "grant-refused"
  | "session-ended"
  | "login"
  | "logout"
  | "logout-elsewhere"
  | "login-elsewhere"
  | "stuck";

/** The codes of {@link Problem}s. */
export type ProblemCode =
  | "bad_request"
  | "cross_site"
  | "not_found"
  | "method_not_allowed"
  | "too_large"
  | "unsupported_version"
  | "logged_out"
  | "session_ended"
  | "reauth_required"
  | "access_expired"
  | "temporarily_unavailable"
  | "throttled"
  | "upstream_unreachable"
  | "misconfigured"
  | "internal";

/** What the Worker said when it could not give what was asked for (RFC 9457). */
export interface Problem {
  /** What went wrong. */
  readonly code: ProblemCode;
  /** One sentence for a person, the same for every problem with this code. */
  readonly title: string;
  /** What is special about this one, such as the variable that is misconfigured. Never a secret. */
  readonly detail?: string;
}

/** Who is logged in: claims of the ID Token. */
export interface User {
  /** The subject: unique and never reassigned at its issuer. */
  readonly sub: string;
  /** For display. */
  readonly name?: string;
  /** The e-mail address. */
  readonly email?: string;
}

/** What is known of the current access token. The token itself stays with the Worker. */
export interface TokenInfo {
  /** Which login it belongs to: Unix time of it in milliseconds. */
  readonly epoch: number;
  /** Which token of that login it is: 1 at login, one more with every rotation. */
  readonly generation: number;
  /** How long it lived when it was new, in milliseconds. */
  readonly lifetime: number;
  /** How long it lives from now on, at the least, in milliseconds. */
  readonly expiresIn: number;
}

/** What a `statechange` event tells. */
export interface StateChange {
  /** The state before. */
  readonly from: SessionState;
  /** The state after. When several changes come at once, `session.state` is already the last one. */
  readonly to: SessionState;
  /** Why it changed. */
  readonly reason: SessionReason;
  /** One more with every change of this session in this tab, beginning with 1. */
  readonly sequence: number;
}

/** What a `refresh` event tells. */
export interface Refresh {
  /** Which login it is: Unix time of it in milliseconds. */
  readonly epoch: number;
  /** The generation that is current now. */
  readonly generation: number;
}

/** What a `loggedout` event tells. */
export interface LoggedOut {
  /** Why the session that was there is gone. */
  readonly reason: SessionReason;
}

/** The events of a session. Listeners run after the session has done all that was due, and may call it. */
export interface SessionEventMap {
  /** The state changed. */
  statechange: CustomEvent<StateChange>;
  /** There is a newer token, fetched by this tab or another one. */
  refresh: CustomEvent<Refresh>;
  /**
   * Who was logged in is not any more: a logout here or elsewhere, a limit, a revocation, or somebody else who logged in
   * (`login-elsewhere`), whose own `statechange` follows. Drop what belongs to the user before.
   */
  loggedout: CustomEvent<LoggedOut>;
}

/** How to open a session. */
export interface SessionOptions {
  /**
   * Where the Wasm module comes from: its address, an answer that carries it, or the module itself. Default: `everlit.wasm`
   * beside this package's own file. A bundler that moves files but not the address in `new URL()` needs to be told:
   * `import wasm from "everlit/everlit.wasm"` in the way of that bundler.
   */
  readonly wasm?: string | URL | Response | Promise<Response> | WebAssembly.Module;
  /** Gives up opening. It does not close a session that is open. */
  readonly signal?: AbortSignal;
}

/** How to log in. */
export interface LoginOptions {
  /** Where to return to: an address of this origin. Default: where the page is now. */
  readonly returnTo?: string | URL;
}

/** How to wait for something. */
export interface WaitOptions {
  /** Stops waiting, and rejects with the signal's `reason`. What was asked of the Worker may still happen. */
  readonly signal?: AbortSignal;
}

/** What `session.fetch` takes beside what `fetch` does. */
export interface SessionRequestInit extends RequestInit {
  /**
   * Send an address that belongs to no upstream with plain `fetch`, without anything of the session. Default: `false`, such
   * an address rejects with `ERR_SESSION_UPSTREAM`.
   */
  passthrough?: boolean;
}
