/** Both clocks in milliseconds, and 32 bits of entropy. */
export interface Moment {
  /** Unix time. */
  readonly wall: number;
  /** Monotonic, from an origin of its own. */
  readonly mono: number;
  /** Spreads retries and jitter; protects no secret. */
  readonly entropy: number;
}

/** Reads the page's clocks. */
export function readClock(): Moment {
  return { wall: Date.now(), mono: performance.now(), entropy: Math.random() * 2 ** 32 };
}
