import { Alarm } from "../build/everlit_web.js";

/** The one timer of a session. */
export interface Timer {
  /** Fires once after so many milliseconds instead of whenever it was to fire before; never, after `Infinity`. */
  arm(delay: number): void;
  /** Never fires again. */
  free(): void;
}

/** A timer that calls `due` when it fires. */
export function createTimer(due: () => void): Timer {
  return new Alarm(due);
}
