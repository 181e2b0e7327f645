// Written from crates/web/src/abi.rs by its test: EVERLIT_WRITE=1 cargo test -p everlit-web --test abi

/** How many numbers say where the machine stands. The rows of the effects follow them. */
export const STANDING = 13;

/** What each row holds: the kind of an effect, then its numbers. */
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
  ReloginAnswered = 4,
  DeadlineReached = 5,
  Shown = 6,
  Hidden = 7,
  Online = 8,
  Restored = 9,
  UserActive = 10,
  RefreshAsked = 11,
  LoginAsked = 12,
  LogoutAsked = 13,
  CallAsked = 14,
  CallDenied = 15,
  CallCancelled = 16,
  PeerTold = 17,
  ProviderTold = 18,
  SocketOpened = 19,
  SocketClosed = 20,
  SocketTold = 21,
}

/** What the machine wants done. */
export const enum EffectKind {
  CheckSession = 0,
  RequestToken = 1,
  PostLogout = 2,
  Relogin = 3,
  Cancel = 4,
  Navigate = 5,
  Tell = 6,
  OpenSocket = 7,
  CloseSocket = 8,
  SendCall = 9,
  DeliverCall = 10,
  RefuseCall = 11,
  SettleLogout = 12,
  Transition = 13,
  ProviderTransition = 14,
  Presence = 15,
  Health = 16,
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
  CoolDown = 2,
  Active = 3,
  Refused = 4,
  Listening = 5,
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
  Unavailable = 3,
}

/** How a silent re-login ended. */
export const enum ReloginAnswer {
  Done = 0,
  Refused = 1,
  Failed = 2,
  Unavailable = 3,
}

/** How a silent re-login is made. */
export const enum Way {
  Frame = 0,
  Popup = 1,
  Redirect = 2,
}

/** What the Worker says of its own accord. */
export const enum News {
  Moved = 0,
  ReauthRequired = 1,
  Ended = 2,
  LoggedOut = 3,
}

/** Whether the user is there. */
export const enum Presence {
  Present = 0,
  Idle = 1,
  Prompted = 2,
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
  "silent-login",
  "interaction-required",
  "lapsed",
  "told",
] as const;

/** The states of a provider's grant. */
export const PROVIDER_STATES = [
  "ready",
  "expiring",
  "renewing",
  "needs-human",
  "unavailable",
] as const;

/** Whether the user is there. */
export const PRESENCES = [
  "present",
  "idle",
  "prompted",
] as const;

/** What takes away from a session's health, a bit each. */
export const AILMENTS = [
  "failing",
  "late",
  "slow",
  "skewed",
  "storm",
  "waiting",
  "throttled",
  "unreachable",
  "needs-human",
] as const;

/** The ways of silent re-login, as the Worker names them. */
export const WAYS = [
  "frame",
  "popup",
  "redirect",
] as const;

/** The codes of problem documents. */
export type Code =
  | "bad_request"
  | "cross_site"
  | "not_found"
  | "method_not_allowed"
  | "too_large"
  | "too_slow"
  | "upgrade_required"
  | "no_websocket"
  | "unsupported_version"
  | "logged_out"
  | "session_ended"
  | "reauth_required"
  | "link_required"
  | "access_expired"
  | "temporarily_unavailable"
  | "throttled"
  | "upstream_unreachable"
  | "misconfigured"
  | "internal";
