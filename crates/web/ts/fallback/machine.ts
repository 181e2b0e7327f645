// Which source is asked, for one upstream. Pure: no clock, no chance, no I/O; what they give is in its events. It is here and not in `crates/core`
// because few pages have a fallback, and a Wasm module of its own would weigh more than all of `fallback.js`.

import type { FallbackReason } from "./types.js";

/** The backoff begins with this, and doubles up to that. */
export const FIRST_MS = 500;
export const LAST_MS = 30_000;
const SLACK_MS = 1;

/** While the primary source is well there is nothing to keep. */
export type State = Trouble | undefined;

/** It cannot answer. */
export interface Trouble {
  /** Unix time. */
  readonly since: number;
  readonly reason: FallbackReason;
  /** How often it was tried in vain, one after the other, since a person mended it if they did. */
  readonly failures: number;
  /** When it failed last, and when it is tried again: monotonic. Whoever uses this has a timer for the latter. */
  readonly failedAt: number;
  readonly retryAt: number;
  /** Whether somebody tries it just now, so that nobody else has to. */
  readonly trying: boolean;
  /** Which fallback answered last. Nothing while none did. */
  readonly index?: number;
}

export type Event =
  /** A call wants to go out. */
  | { readonly kind: "called"; readonly now: number }
  /** The primary source had no answer to what went out at `began`; `pause` is what it asked for, `spread` a number from 0 up to 1. */
  | { readonly kind: "failed"; readonly now: number; readonly began: number; readonly date: number; readonly reason: FallbackReason; readonly pause: number; readonly spread: number }
  /** It answered. */
  | { readonly kind: "answered" }
  /** A fallback answered. */
  | { readonly kind: "served"; readonly index: number }
  /** Who tried it gave up, or nothing came of it for a reason of another kind: so long it is left alone. */
  | { readonly kind: "left"; readonly now: number; readonly began: number; readonly pause: number }
  /** A person logged in: where one was needed, what was in its way is mended, as far as anybody knows. */
  | { readonly kind: "mended"; readonly now: number }
  /** The timer fired, and whether anybody looks at the page. */
  | { readonly kind: "due"; readonly now: number; readonly seen: boolean };

/** What is done. */
export const enum Effect {
  /** This call goes to the primary source; else it goes to a fallback at once. */
  Primary,
  /** The last call is made again, for what its answer says of the source. */
  Probe,
  /** The timer is to fire again after `LAST_MS`. */
  Later,
  /** The app is told that another source answers. */
  Changed,
  /** The Worker is told that a fallback is in use. */
  Report,
}

/** What comes next. */
export function step(state: State, event: Event): readonly [State, ...Effect[]] {
  const { kind } = event;
  if (kind === "failed") {
    const { now, began, date: since, reason, pause, spread } = event;
    // It had gone out before it was known: that says nothing new, and many at once are one failure.
    if (state && began < state.failedAt) return [state];
    const failures = (state?.failures ?? 0) + 1;
    const delay = FIRST_MS + spread * (Math.min(LAST_MS, FIRST_MS * 2 ** failures) - FIRST_MS);
    const next = { since, ...state, reason, failures, failedAt: now, retryAt: now + Math.max(pause, delay), trying: false };
    return state?.index === undefined || state.reason === reason ? [next] : [next, Effect.Changed];
  }
  if (!state) return kind === "called" ? [state, Effect.Primary] : [state];
  const { index, trying, retryAt } = state;
  // A timer that fires a little early is not armed anew for nothing.
  const isDue = !trying && (event as { now: number }).now > retryAt - SLACK_MS;
  if (kind === "called") return isDue ? [{ ...state, trying: true }, Effect.Primary] : [state];
  if (kind === "answered") return index === undefined ? [undefined] : [undefined, Effect.Changed];
  if (kind === "served") return index === undefined ? [{ ...state, index: event.index }, Effect.Changed, Effect.Report] : [{ ...state, index: event.index }];
  if (kind === "left") return [event.began < state.failedAt ? state : { ...state, trying: false, retryAt: Math.max(retryAt, event.now + event.pause) }];
  // A try that is under way is waited for, and where it went out too early the next one is soon: its backoff begins anew.
  if (kind === "mended") return [state.reason === "reauth" ? { ...state, failures: 0, retryAt: event.now } : state];
  if (!isDue) return [state];
  // Nobody would see what comes of it. A call tries it all the same, and so the first one of a page that is looked at again.
  return event.seen ? [{ ...state, trying: true }, Effect.Probe] : [state, Effect.Later];
}
