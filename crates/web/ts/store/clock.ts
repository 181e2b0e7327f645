import type { Session } from "../session.js";

/** What time it is for a session, and what is done as it passes. */
export interface Clock {
  /** Monotonic milliseconds; in a page those of `performance.now()`. */
  now(): number;
  /** Calls `tick` each so many milliseconds, until what it gives back is called. */
  every(interval: number, tick: () => void): () => void;
}

/** Under which a session carries a clock of its own, as those of everlit/testing do. Copies of the package agree on it. */
export const CLOCK = Symbol.for("everlit.clock");

const ours: Clock = {
  now: () => performance.now(),
  every(interval, tick) {
    const timer = setInterval(tick, interval);
    return () => clearInterval(timer);
  },
};

/** The page's clock, unless the session has its own. */
export const clockOf = (session: Session): Clock => (session as { [CLOCK]?: Clock })[CLOCK] ?? ours;
