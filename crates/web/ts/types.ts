// The types that apps see. Durations are milliseconds throughout.

import type { FallbackSource, SourceChange } from "./fallback/types.js";
import type { ReauthWay } from "./reauth/types.js";

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
 * | `silent-login` | the user is logged in again without being asked |
 * | `interaction-required` | the authorization server wants to see the user |
 * | `lapsed` | the user left, and with them the need for a token |
 * | `told` | the Worker said so |
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
  | "stuck"
  | "silent-login"
  | "interaction-required"
  | "lapsed"
  | "told";

/**
 * Where a provider's grant stands.
 *
 * | state | means |
 * |---|---|
 * | `ready` | a token can be had |
 * | `expiring` | there is a token, and it is about to end or was allowed to lapse |
 * | `renewing` | a new token is being fetched |
 * | `needs-human` | only the user can bring a new token |
 * | `unavailable` | nobody is logged in there, or it cannot help just now |
 */
export type ProviderState = "ready" | "expiring" | "renewing" | "needs-human" | "unavailable";

/** A provider that the Worker knows of. */
export interface Provider {
  /** Its name in the Worker's configuration. */
  readonly name: string;
  /** Where its grant stands. */
  readonly state: ProviderState;
}

/**
 * Whether the user is there: `present`; `idle`, when nothing was done in any tab for `idle.lapse`, and a token is allowed to
 * lapse; `prompted`, when the session ends in `idle.prompt` unless they do something.
 */
export type SessionPresence = "present" | "idle" | "prompted";

/**
 * What takes away from a session's health.
 *
 * | reason | means |
 * |---|---|
 * | `failing` | some of the last questions brought nothing |
 * | `late` | the last token was replaced late |
 * | `slow` | answers take long |
 * | `skewed` | the computer's clock is wrong |
 * | `storm` | new tokens brought nothing, or were refused one after the other |
 * | `waiting` | calls wait, or waited, for a token |
 * | `throttled` | a server asked to be left alone |
 * | `unreachable` | no token can be had just now |
 * | `needs-human` | only the user can bring a new token |
 */
export type HealthReason =
  | "failing"
  | "late"
  | "slow"
  | "skewed"
  | "storm"
  | "waiting"
  | "throttled"
  | "unreachable"
  | "needs-human";

/** The score in a word: from 80, 60, 40 and 20, and below. */
export type HealthGrade = "excellent" | "good" | "fair" | "poor" | "critical";

/** How a session is doing. */
export interface SessionHealth {
  /** 0 to 100. */
  readonly score: number;
  /** The same in a word. */
  readonly grade: HealthGrade;
  /** What takes away from it. */
  readonly reasons: readonly HealthReason[];
}

/** The Worker's clock. */
export interface ServerTime {
  /** What it shows now: Unix time in milliseconds. */
  readonly now: number;
  /** How far that may be wrong, either way, in milliseconds. */
  readonly error: number;
}

/** How the user is logged in again without a form: in a hidden frame, a popup at their next gesture, or by taking the page there. */
export type SilentWay = "frame" | "popup" | "redirect";

/** What a question that brought nothing means. */
export type FailureKind = "transient" | "throttled" | "ambiguous" | "misconfigured" | "reauth";

/** The codes of {@link Problem}s. */
export type ProblemCode =
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

/** What a `providerchange` event tells. */
export interface ProviderChange {
  /** Which provider. */
  readonly name: string;
  /** The state before. */
  readonly from: ProviderState;
  /** The state after. */
  readonly to: ProviderState;
  /** Why it changed. */
  readonly reason: SessionReason;
  /** One more with every change of this session in this tab. */
  readonly sequence: number;
}

/** What `idle` and `idleprompt` events tell. */
export interface Idle {
  /** Whether the user is there now. */
  readonly presence: SessionPresence;
  /** Milliseconds until the session ends if they do nothing. */
  readonly left: number;
}

/** What `degraded` and `reauthrequired` events tell. */
export interface Trouble {
  /** Why it came to that. */
  readonly reason: SessionReason;
}

/** What a `beforerelogin` event tells. */
export interface BeforeRelogin {
  /** How the user is to be logged in again. */
  readonly way: SilentWay;
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

/**
 * What is said where only a person can go on, by the Worker or by an app's own backend. Moments are Unix time in milliseconds by the Worker's
 * clock.
 */
export interface ReauthNeed {
  /** Whose token is missing: `login`, `linked:<provider>` or `service:<name>`. */
  readonly vault: string;
  /** The provider's name in the Worker's configuration. */
  readonly provider?: string;
  /** What people call it. */
  readonly providerTitle?: string;
  /** What this user can do, best first. */
  readonly how?: readonly ReauthWay[];
  /** Who has to act. */
  readonly who?: "you" | "operator";
  /** Where the provider's login begins: a path of the Worker's. */
  readonly loginUrl?: string;
  /** Since when a person is needed. */
  readonly since?: number;
  /** A login before this moment would bring a token that ends at the same time as the one that is there. */
  readonly loginFrom?: number;
  /** Until when an approval can be given. */
  readonly deadline?: number;
  /** One sentence for a person. */
  readonly detail?: string;
  /** When it was said. */
  readonly serverTime?: number;
}

/** What a `reauth` event tells. */
export interface ReauthAsk {
  /** Whose token is missing: `login`, `linked:<provider>` or `service:<name>`. */
  readonly vault: string;
  /** The provider's name in the Worker's configuration, where that is known. */
  readonly provider?: string;
  /** What the Worker said, and of the session's own logins what always holds. Of what another backend said only `vault` is believed. */
  readonly problem?: ReauthNeed;
  /** The signal of the call, which waits no longer when that says so. */
  readonly signal?: AbortSignal;
}

/** A call needs a person. It waits for what it is given here, as a service worker's events do. */
export interface ReauthEvent extends CustomEvent<ReauthAsk> {
  /**
   * The call waits for this, and is sent again, once, when all of it has resolved. Where one of it rejects, the call rejects with
   * `ERR_SESSION_CANCELLED` (its `cause` is that reason), and nothing is sent. Only while the event is told.
   */
  waitUntil(promise: PromiseLike<unknown>): void;
}

/** The events of a session. Listeners run after the session has done all that was due, and may call it. */
export interface SessionEventMap {
  /** The state changed. */
  statechange: CustomEvent<StateChange>;
  /** Where a provider's grant stands changed. */
  providerchange: CustomEvent<ProviderChange>;
  /** There is a newer token, fetched by this tab or another one. */
  refresh: CustomEvent<Refresh>;
  /**
   * Who was logged in is not any more: a logout here or elsewhere, a limit, a revocation, or somebody else who logged in
   * (`login-elsewhere`), whose own `statechange` follows. Drop what belongs to the user before.
   */
  loggedout: CustomEvent<LoggedOut>;
  /** The user left, is asked for, or returned. */
  idle: CustomEvent<Idle>;
  /** The session ends soon for want of activity: ask whether the user is there. Only with `idle.prompt`. */
  idleprompt: CustomEvent<Idle>;
  /** No token can be had just now; the session tries again by itself. */
  degraded: CustomEvent<Trouble>;
  /** Only the user can bring a new token: offer `session.login()`. */
  reauthrequired: CustomEvent<Trouble>;
  /** The user is about to be logged in again without a form. `preventDefault()` closes this way, and the next one is taken. */
  beforerelogin: CustomEvent<BeforeRelogin>;
  /**
   * A call needs a person: it waits where `waitUntil` is called, and rejects else. `everlit/reauth` does all of this for an app that shows a
   * dialog.
   */
  reauth: ReauthEvent;
  /** Another source answers the calls of an upstream now. Only with calls that have a `fallback`. */
  sourcechange: CustomEvent<SourceChange>;
  /** The grade of the session's health, or what takes away from it, changed. */
  healthchange: CustomEvent<SessionHealth>;
}

/** How to open a session. */
export interface SessionOptions {
  /**
   * Another Wasm module than the script's own: its address, an answer that carries it, or the module itself, such as one that was compiled before
   * or is kept. It has to be the `everlit.wasm` of the same version.
   * @default the one in this package's script
   * @reason one file needs no second one to wait for, and every bundler finds it
   */
  readonly wasm?: string | URL | Response | Promise<Response> | WebAssembly.Module;
  /**
   * Gives up opening. It does not close a session that is open.
   * @default none
   * @reason a page that is left while it opens should not wait for an answer
   */
  readonly signal?: AbortSignal;
  /**
   * How long before its end a token is replaced. Half of its lifetime is the most.
   * @default a fifth of its lifetime, 5 s to 5 min, less up to a tenth of it at random
   * @unit milliseconds
   * @reason a fixed lead that is longer than the lifetime refreshes without end; a share of it cannot
   */
  readonly lead?: number;
  /**
   * What happens when the user does nothing.
   * @default see below
   * @reason who is there and what a token needs are two things: only real input counts here
   */
  readonly idle?: {
    /**
     * After so long without input in any tab a token is allowed to lapse, and fetched when the user returns.
     * @default 15 min
     * @unit milliseconds
     * @reason a page that is left open over night asks the authorization server for nothing, and a user who reads for a while never waits
     */
    readonly lapse?: number;
    /**
     * So long before the Worker's idle limit ends the session, `idleprompt` is told. It takes a limit that a person can reach: the Worker's is 14 days where its configuration says nothing.
     * @default it is not told
     * @unit milliseconds
     * @reason only an app knows whether a question is worse than a logout
     */
    readonly prompt?: number;
  };
  /**
   * How often the session looks at its clocks while nothing is due; it asks nobody.
   * @default 1 min
   * @unit milliseconds
   * @reason often enough to notice a sleep or a wrong clock, and as seldom as browsers allow a hidden page
   */
  readonly maintenance?: number;
  /**
   * How often it looks at its health while the page is seen; it asks nobody.
   * @default 5 min
   * @unit milliseconds
   * @reason what changes health tells by itself; the look is for what only passes
   */
  readonly healthCheck?: number;
  /**
   * When to ask again after the given number of failures in a row: in so many milliseconds; `false` for not before somebody
   * needs it; nothing for the session's own way. What a server asked for counts if it is longer. Of a question that nobody answers at all,
   * which is given up after 30 s, it is not asked.
   * @default a random time that grows from half a second to half a minute
   * @unit milliseconds
   * @reason full jitter, so that many tabs do not come back at one moment to a server that has just recovered
   */
  readonly retry?: (failure: FailureKind, attempt: number) => number | false | undefined;
  /**
   * How the user may be logged in again without a form when the grant is over.
   * @default every way that the Worker offers
   * @reason the Worker knows what the authorization server allows; a page whose policy forbids frames leaves `frame` out
   */
  readonly silent?: readonly SilentWay[];
  /**
   * The Worker's origin, where that is a sibling of this page's, such as `https://auth.example.com` for a page at
   * `https://app.example.com`. The Worker has to have the page's origin in `APP_ORIGINS`.
   * @default the page's own origin
   * @reason one origin needs no leave to ask, and no other page shares it; a Worker on a sibling host is for apps whose host serves files only
   */
  readonly baseUrl?: string | URL;
  /**
   * Whether to listen to what the Worker tells of its own accord, so that it is known at once.
   * @default `true`
   * @reason a logout on another device is then seen within a second; without it, at the next question
   */
  readonly events?: boolean;
  /**
   * Origins of the app's own backends whose answer `reauth_required` counts as the Worker's does, for calls with `passthrough`.
   * @default none but the page's own
   * @reason such an answer opens a dialog, and only servers of the app may do so. Of what they say only `vault` is believed
   */
  readonly reauthOrigins?: readonly string[];
}

/** How to log in. */
export interface LoginOptions extends WaitOptions {
  /**
   * Where to return to: an address of this origin.
   * @default where the page is now
   * @reason a login should bring the user back to what they were doing, and leads to no other site
   */
  readonly returnTo?: string | URL;
  /**
   * At which provider, by its name in the Worker's configuration.
   * @default the one that logs in, where there is one
   * @reason most deployments have one; a name is needed only where there are several
   */
  readonly provider?: string;
  /**
   * What the authorization server is to ask (OpenID Connect Core, section 3.1.2.1): `login` for the password again, `consent`,
   * `select_account` for another account.
   * @default the server decides
   * @reason a user who is known there should not be asked twice
   */
  readonly prompt?: "login" | "consent" | "select_account";
}

/** How to log out. */
export interface LogoutOptions extends WaitOptions {
  /**
   * Whether to end all other sessions of this user first, on all devices.
   * @default `false`, only this browser's
   * @reason a logout at one desk should not end the call on the phone
   */
  readonly everywhere?: boolean;
  /**
   * Where to return to from the authorization server, which logs its user out as well where it can: an address of this origin. Where the
   * server has no such page, this one stays.
   * @default where the page is now
   * @reason the app is still there after a logout, and says so
   */
  readonly returnTo?: string | URL;
}

/** One of the user's sessions. */
export interface DeviceSession {
  /** What {@link Sessions.end} calls it. It opens nothing. */
  readonly id: string;
  /** Whether it is this browser's. */
  readonly current: boolean;
  /** Where it stands: in use, or waiting for its user. */
  readonly state: "active" | "reauth-required";
  /** When its user logged in last: Unix time in milliseconds, by the Worker's clock. */
  readonly loginAt: number;
  /** When its user was last active, likewise, to a quarter of the idle limit. Nothing where that is not known. */
  readonly activeAt?: number;
  /** Browser and system, such as `Firefox on Linux`. Nothing where the browser says neither. */
  readonly device?: string;
}

/** The sessions of the user who is logged in, on all devices. */
export interface Sessions {
  /** This one first, then by last activity; a hundred at most. Rejects with a `SessionError` if the Worker cannot say. */
  list(options?: WaitOptions): Promise<readonly DeviceSession[]>;
  /** Ends one of them, which may be this one. One that is over already is ended. */
  end(id: string, options?: WaitOptions): Promise<void>;
  /** Ends all but this one. */
  endOthers(options?: WaitOptions): Promise<void>;
}

/** How to wait for something. */
export interface WaitOptions {
  /**
   * Stops waiting, and rejects with the signal's `reason`. What was asked of the Worker may still happen.
   * @default none: it waits
   * @reason a view that goes should not wait; what must be undone is undone by another call
   */
  readonly signal?: AbortSignal;
}

/** What `session.fetch` takes beside what `fetch` does. */
export interface SessionRequestInit extends Omit<RequestInit, "body"> {
  /**
   * As for `fetch`, or a function that gives a fresh body each time that the call is sent: only with that can a stream be sent a second
   * time, when its token turns out to have expired.
   * @default no body
   * @reason a stream is gone after it was sent once; what is no stream is kept, and needs no function
   */
  body?: BodyInit | null | (() => BodyInit);
  /**
   * Send an address that belongs to no upstream with plain `fetch`, without anything of the session.
   * @default `false`: such an address rejects with `ERR_SESSION_UPSTREAM`
   * @reason a typing error in an address should be seen, not sent somewhere
   */
  passthrough?: boolean;
  /**
   * Where else to ask, in this order, while the address itself cannot answer: no network, 5xx, 429, only a person can go on, or too slow. For what
   * only reads: GET, HEAD, and a POST with `X-HTTP-Method-Override: GET` to an upstream of a service, where the Worker reads what it means (no
   * stream). `sourceOf(response)` of `everlit/fallback` says who answered; the address itself is tried again by itself, in requests of its own
   * that have no `X-Request-Id` of the app's, and `sourcechange` tells of both.
   * @default none: the call waits or rejects
   * @reason only an app knows which data is good enough for now
   */
  fallback?: readonly FallbackSource[];
  /**
   * So long the address itself is waited for before a `fallback` is asked.
   * @default 8 s
   * @unit milliseconds
   * @reason the Worker answers within 4.5 s whatever its provider does, and a slow line needs some more
   */
  fallbackAfter?: number;
}
