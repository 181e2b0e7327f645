import type { Code, Denial, EffectKind, EventKind, Failure, News, PeerKind, Presence, ReloginAnswer, Way } from "./abi.js";
import type { AILMENTS, PRESENCES, PROVIDER_STATES, REASONS, Refusal } from "./abi.js";
import type { STATES, SessionKind, TokenKind, WAYS } from "./abi.js";
import type { HealthReason, ProblemCode, ProviderState, SessionPresence, SessionReason, SessionState, SilentWay } from "./types.js";

/** What the Wasm module exports: a machine of its own with every instance. */
export interface Machine {
  /** Takes one of the app's choices, by its place, before the first step. What is no number chooses nothing. */
  choose(chosen: number | boolean | undefined, place: number): void;
  /** Takes one number of the event that comes next. One that is left out is NaN there, which no event takes for a number. */
  give(number: number, index: number): void;
  /** Takes an event, whose numbers were given. How many numbers it says to it; none if it was no event. */
  step(wall: number, mono: number, entropy: number, kind: EventKind): number;
  /** One of these numbers. */
  said(index: number): number;
}

/** Which token: the total order that decides every race. */
export type Stamp = readonly [epoch: number, generation: number];

/** A token as the Worker says it, in milliseconds; `elapsed` since the question left. */
export type Token = [
  ...Stamp,
  expiresIn: number,
  lifetime: number,
  serverTime: number,
  elapsed: number,
  idleLeft: number,
  idleLimit: number,
];

/** A wait of NaN says that none was asked for. */
export type Failed = [failure: Failure, wait: number, elapsed: number];

export type SessionNumbers =
  | [SessionKind.Active, ...Token]
  | [SessionKind.ReauthRequired, ...Stamp, ways: number]
  | [SessionKind.LoggedOut]
  | [SessionKind.Failed, ...Failed];

export type TokenNumbers =
  | [TokenKind.Current, ...Token]
  | [TokenKind.ReauthRequired, ways: number]
  | [TokenKind.Ended]
  | [TokenKind.LoggedOut]
  | [TokenKind.Failed, ...Failed];

export type PeerNumbers =
  | [PeerKind.Moved, ...Stamp, expiresAt: number, lifetime: number]
  | [PeerKind.LoggedOut, epoch: number]
  | [PeerKind.CoolDown, until: number, wait: number]
  | [PeerKind.Active, at: number, known: number]
  | [PeerKind.Refused, ...Stamp, ways: number]
  | [PeerKind.Listening, tab: number, until: number];

/** The numbers that go with each event. After those of a failed answer comes what the app advises, if it does. */
export interface EventNumbers {
  [EventKind.Opened]: [hidden: number];
  [EventKind.SessionAnswered]: [request: number, ...SessionNumbers, ...advice: number[]];
  [EventKind.TokenAnswered]: [request: number, ...TokenNumbers, ...advice: number[]];
  [EventKind.LogoutAnswered]: [request: number, done: number];
  [EventKind.ReloginAnswered]: [request: number, answer: ReloginAnswer];
  [EventKind.DeadlineReached]: [];
  [EventKind.Shown]: [];
  [EventKind.Hidden]: [];
  [EventKind.Online]: [];
  [EventKind.Restored]: [];
  [EventKind.UserActive]: [gesture: number];
  [EventKind.RefreshAsked]: [];
  [EventKind.LoginAsked]: [];
  [EventKind.LogoutAsked]: [];
  [EventKind.CallAsked]: [call: number, provider: number];
  [EventKind.CallDenied]: [call: number, provider: number, ...Stamp, repeated: number, denial: Denial];
  [EventKind.CallCancelled]: [call: number];
  [EventKind.PeerTold]: PeerNumbers;
  [EventKind.ProviderTold]: [provider: number, own: number, state: number];
  [EventKind.SocketOpened]: [shared: number];
  [EventKind.SocketClosed]: [];
  [EventKind.SocketTold]: [news: News, ...Stamp];
}

/** An effect and its numbers. A row may be longer than its effect. */
export type Effect =
  | [EffectKind.CheckSession, request: number]
  | [EffectKind.RequestToken, request: number, ...Stamp, reason: number, activeAgo: number]
  | [EffectKind.PostLogout, request: number]
  | [EffectKind.Relogin, request: number, way: Way]
  | [EffectKind.Cancel, request: number]
  | [EffectKind.Navigate]
  | [EffectKind.Tell, ...PeerNumbers]
  | [EffectKind.OpenSocket]
  | [EffectKind.CloseSocket]
  | [EffectKind.SendCall, call: number, ...Stamp]
  | [EffectKind.DeliverCall, call: number]
  | [EffectKind.RefuseCall, call: number, refusal: Refusal]
  | [EffectKind.SettleLogout, done: number]
  | [EffectKind.Transition, sequence: number, from: number, to: number, reason: number]
  | [EffectKind.ProviderTransition, sequence: number, provider: number, from: number, to: number, reason: number]
  | [EffectKind.Presence, to: Presence, left: number]
  | [EffectKind.Health];

/** Where the machine stands. Epoch and generation are 0 without a token; times are monotonic milliseconds. */
export type Standing = readonly [
  state: number,
  deadline: number,
  epoch: number,
  generation: number,
  expiresAt: number,
  lifetime: number,
  failures: number,
  score: number,
  ailments: number,
  presence: Presence,
  serverOffset: number,
  serverError: number,
  asksAt: number,
];

// What apps are told has its documentation in types.ts; a word that is only on one side does not compile here.
type Same<A, B> = [A, B] extends [B, A] ? true : never;
true satisfies Same<SessionState, (typeof STATES)[number]>;
true satisfies Same<SessionReason, (typeof REASONS)[number]>;
true satisfies Same<ProblemCode, Code>;
true satisfies Same<ProviderState, (typeof PROVIDER_STATES)[number]>;
true satisfies Same<SessionPresence, (typeof PRESENCES)[number]>;
true satisfies Same<HealthReason, (typeof AILMENTS)[number]>;
true satisfies Same<SilentWay, (typeof WAYS)[number]>;
