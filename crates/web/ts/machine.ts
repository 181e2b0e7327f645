import type { Machine as Exports } from "../build/everlit_web.js";
import { type Code, type Denial, type EffectKind, type EventKind, type Failure, type PeerKind } from "./abi.js";
import { type REASONS, type Refusal, ROW, type SessionKind, type STATES, type TokenKind } from "./abi.js";
import type { Moment } from "./clock.js";
import type { ProblemCode, SessionReason, SessionState } from "./types.js";

/** Which token: the total order that decides every race. */
export type Stamp = readonly [epoch: number, generation: number];

/** A token, in milliseconds. */
type Token = [...Stamp, expiresIn: number, lifetime: number];

/** A wait of NaN says that none was asked for. */
type Failed = [failure: Failure, wait: number];

export type SessionNumbers =
  | [SessionKind.Active, ...Token]
  | [SessionKind.ReauthRequired, ...Stamp]
  | [SessionKind.LoggedOut]
  | [SessionKind.Failed, ...Failed];

export type TokenNumbers =
  | [TokenKind.Current, ...Token]
  | [TokenKind.ReauthRequired]
  | [TokenKind.Ended]
  | [TokenKind.LoggedOut]
  | [TokenKind.Failed, ...Failed];

export type PeerNumbers =
  | [PeerKind.Moved, ...Stamp, expiresAt: number, lifetime: number]
  | [PeerKind.LoggedOut, epoch: number];

/** The numbers that go with each event. */
export interface EventNumbers {
  [EventKind.Opened]: [];
  [EventKind.SessionAnswered]: [request: number, ...SessionNumbers];
  [EventKind.TokenAnswered]: [request: number, ...TokenNumbers];
  [EventKind.LogoutAnswered]: [request: number, done: number];
  [EventKind.DeadlineReached]: [];
  [EventKind.Nudged]: [];
  [EventKind.Restored]: [];
  [EventKind.RefreshAsked]: [];
  [EventKind.LoginAsked]: [];
  [EventKind.LogoutAsked]: [];
  [EventKind.CallAsked]: [call: number];
  [EventKind.CallDenied]: [call: number, ...Stamp, repeated: number, denial: Denial];
  [EventKind.CallCancelled]: [call: number];
  [EventKind.PeerTold]: PeerNumbers;
}

/** An effect and its numbers. A row may be longer than its effect. */
export type Effect =
  | [EffectKind.CheckSession, request: number]
  | [EffectKind.RequestToken, request: number, ...Stamp, reason: number]
  | [EffectKind.PostLogout, request: number]
  | [EffectKind.Cancel, request: number]
  | [EffectKind.Navigate]
  | [EffectKind.Tell, ...PeerNumbers]
  | [EffectKind.SendCall, call: number, ...Stamp]
  | [EffectKind.DeliverCall, call: number]
  | [EffectKind.RefuseCall, call: number, refusal: Refusal]
  | [EffectKind.SettleLogout, done: number]
  | [EffectKind.Transition, sequence: number, from: number, to: number, reason: number];

/** Where the machine stands. Epoch and generation are 0 without a token; times are monotonic milliseconds. */
export type Standing = [
  state: number,
  deadline: number,
  epoch: number,
  generation: number,
  expiresAt: number,
  lifetime: number,
];

/**
 * Takes one event: where the machine stands after it, and what is to be done, in this order. Numbers that make no event
 * change nothing and give nothing.
 */
export function step<K extends EventKind>(
  machine: Exports,
  { wall, mono, entropy }: Moment,
  kind: K,
  numbers: EventNumbers[K],
): [Standing, Effect[]] | undefined {
  const [a, b, c, d, e, f] = numbers as number[];
  // A number that is left out arrives as NaN, which no event takes for one that it needs.
  const rows = machine.step(wall, mono, entropy, kind, a!, b!, c!, d!, e!, f!);
  if (!rows) return undefined;
  const effects: Effect[] = [];
  for (let at = ROW; at < rows.length; at += ROW) effects.push([...rows.subarray(at, at + ROW)] as unknown as Effect);
  return [[...rows.subarray(0, ROW)] as unknown as Standing, effects];
}

// What apps are told has its documentation in types.ts; a word that is only on one side does not compile here.
type Same<A, B> = [A, B] extends [B, A] ? true : never;
true satisfies Same<SessionState, (typeof STATES)[number]>;
true satisfies Same<SessionReason, (typeof REASONS)[number]>;
true satisfies Same<ProblemCode, Code>;
