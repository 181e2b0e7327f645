// Written from crates/web/src/abi.rs by its test: EVERLIT_WRITE=1 cargo test -p everlit-web --test abi

/** What each row of a step's answer holds: its kind, then its numbers. */
export const ROW = 6;

/** The version of everything that tab and Worker say to each other. */
export const VERSION = 1;

/** Says the version to the Worker, and that no other site asks. */
export const HEADER_VERSION = "everlit-version";

/** Tells the Worker's own answers from a resource server's. */
export const HEADER_CODE = "everlit-code";

/** Says for which login a call is, so that it is not made as another user. */
export const HEADER_EPOCH = "everlit-epoch";

/** What can happen to the machine. */
export const enum EventKind {
  Opened = 0,
  SessionAnswered = 1,
  TokenAnswered = 2,
  LogoutAnswered = 3,
  DeadlineReached = 4,
  Nudged = 5,
  Restored = 6,
  RefreshAsked = 7,
  LoginAsked = 8,
  LogoutAsked = 9,
  CallAsked = 10,
  CallDenied = 11,
  CallCancelled = 12,
  PeerTold = 13,
}

/** What the machine wants done. */
export const enum EffectKind {
  CheckSession = 0,
  RequestToken = 1,
  PostLogout = 2,
  Cancel = 3,
  Navigate = 4,
  Tell = 5,
  SendCall = 6,
  DeliverCall = 7,
  RefuseCall = 8,
  SettleLogout = 9,
  Transition = 10,
}

/** How `GET /auth/session` ended. */
export const enum SessionKind {
  Active = 0,
  ReauthRequired = 1,
  LoggedOut = 2,
  Failed = 3,
}

/** How `POST /auth/token` ended. */
export const enum TokenKind {
  Current = 0,
  ReauthRequired = 1,
  Ended = 2,
  LoggedOut = 3,
  Failed = 4,
}

/** What tabs tell each other. */
export const enum PeerKind {
  Moved = 0,
  LoggedOut = 1,
}

/** What a failed question means. */
export const enum Failure {
  Transient = 0,
  Throttled = 1,
  Ambiguous = 2,
  Misconfigured = 3,
  Reauth = 4,
}

/** Why the Worker refused a call. */
export const enum Denial {
  AccessExpired = 0,
  ReauthRequired = 1,
  Ended = 2,
  LoggedOut = 3,
}

/** Why a call cannot be made. */
export const enum Refusal {
  LoggedOut = 0,
  Ended = 1,
  ReauthRequired = 2,
}

/** Why a token is asked for, as the Worker reads it. */
export const TOKEN_REASONS = [
  "deadline",
  "unauthorized",
  "forced",
  "resume",
  "activity",
] as const;

/** The states of a session. */
export const STATES = [
  "logged-out",
  "logging-in",
  "active",
  "refreshing",
  "resuming",
  "degraded",
  "reauth-required",
  "ended",
] as const;

/** Why a session moved from one state to another. */
export const REASONS = [
  "session-found",
  "no-session",
  "deadline",
  "forced",
  "unauthorized",
  "wake",
  "retry",
  "refreshed",
  "adopted",
  "unreachable",
  "throttled",
  "misconfigured",
  "grant-refused",
  "session-ended",
  "login",
  "logout",
  "logout-elsewhere",
  "login-elsewhere",
  "stuck",
] as const;

/** The codes of problem documents. */
export type Code =
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
