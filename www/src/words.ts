// What the page says in each state and for each reason. Every state and reason has its words, or this does not compile.

import type { SessionErrorCode, SessionReason, SessionState } from "everlit";

/** What the page shows, which is the session's state, or that there is no session to be had. */
export type Scene = SessionState | "broken";

interface Words {
  readonly headline: string;
  readonly lead: string;
}

const LIT: Words = {
  headline: "You are signed in",
  lead: "And you stay signed in: the next token is fetched before this one ends.",
};

export const SCENES: { readonly [scene in Scene]: Words } = {
  resuming: { headline: "Looking for your session", lead: "One moment." },
  "logged-out": {
    headline: "Sign in once, stay signed in",
    lead: "You are signed out. Everlit keeps the light on through sleep, many tabs and lost answers.",
  },
  "logging-in": { headline: "On the way to sign in", lead: "The authorization server takes over from here." },
  active: LIT,
  refreshing: LIT,
  degraded: {
    headline: "You are still signed in",
    lead: "No new token can be had just now. The session goes on, and tries again by itself.",
  },
  "reauth-required": {
    headline: "Please sign in again",
    lead: "Your session is kept, but only you can renew it. You will come back to where you are.",
  },
  ended: { headline: "Your session is over", lead: "It reached its limit, or was ended from elsewhere. Sign in to begin a new one." },
  broken: { headline: "This page could not start", lead: "A reload may help." },
};

/** In the place of `degraded` when the token is gone, or nobody knows whether there is a session. */
export const UNKNOWN: Words = {
  headline: "The server cannot help just now",
  lead: "Whether you are signed in is for it to say. This page asks again by itself.",
};

/** In the place of `degraded` when the Worker says that its own configuration is wrong. */
export const MISCONFIGURED: Words = {
  headline: "This deployment is misconfigured",
  lead: "The Worker runs, but what it was told is not complete. It says:",
};

/** In the place of `degraded` when the page is older or newer than the Worker. */
export const OUTDATED: Words = {
  headline: "This page is out of date",
  lead: "Reload it to get the version that the server speaks.",
};

export const REASONS: { readonly [reason in SessionReason]: string } = {
  "session-found": "the Worker knows a session",
  "no-session": "the Worker knows no session",
  deadline: "the token came near its end",
  forced: "somebody asked for a new token",
  unauthorized: "a call was refused, its token had expired",
  wake: "the tab opened or woke",
  retry: "it was time to try again",
  refreshed: "the token is fresh",
  adopted: "another tab fetched a new token",
  unreachable: "no usable answer came",
  throttled: "the server asked for less",
  misconfigured: "the deployment is misconfigured",
  "grant-refused": "the authorization server refused the grant",
  "session-ended": "a limit or a revocation",
  login: "you went to sign in",
  logout: "you signed out",
  "logout-elsewhere": "you signed out in another tab",
  "login-elsewhere": "you signed in in another tab",
  stuck: "a request took too long",
  "silent-login": "you are being signed in again, without a form",
  "interaction-required": "the sign-in server wants to see you",
  lapsed: "you were away",
  told: "the server said so",
};

export const ERRORS: { readonly [code in SessionErrorCode]: string } = {
  ERR_SESSION_LOGGED_OUT: "You are signed out.",
  ERR_SESSION_ENDED: "The session is over.",
  ERR_SESSION_REAUTH: "Please sign in again first.",
  ERR_SESSION_CANCELLED: "You cancelled it. Nothing more is sent.",
  ERR_SESSION_NETWORK: "The server did not answer. Nothing has changed, please try again.",
  ERR_SESSION_UNAVAILABLE: "No new token can be had just now. The session tries again by itself.",
  ERR_SESSION_UPSTREAM: "That address belongs to no configured upstream.",
  ERR_SESSION_LINK: "Your account there has to be linked first.",
  ERR_SESSION_REDIRECT: "The service has moved.",
  ERR_SESSION_POPUP: "The window was closed before you were signed in.",
  ERR_SESSION_LOAD: "Everlit's Wasm module could not be loaded.",
  ERR_SESSION_UNSUPPORTED: "This browser has no WebAssembly.",
  ERR_SESSION_CONFIG: "This page asked for something that cannot be.",
  ERR_SESSION_DISPOSED: "The session was closed in this tab. Reload the page to open it again.",
};

/** A length of time as one would say it. */
export function span(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
