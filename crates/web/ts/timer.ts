/** Less than what `setTimeout` can wait for: it counts in 32 bits and fires at once when they overflow. */
const DELAY_MAX = 2e9;

/** Fires once after so many milliseconds instead of whenever it was to fire before; never, after `Infinity`. */
export type Timer = (delay: number) => void;

/** A timer that calls `due` when it fires: early, after a delay that is longer than `setTimeout` can wait. */
export function createTimer(due: () => void): Timer {
  let armed: ReturnType<typeof setTimeout>;
  return (delay) => {
    clearTimeout(armed);
    // Not before its time either: browsers round down.
    if (isFinite(delay)) armed = setTimeout(due, Math.min(Math.ceil(delay), DELAY_MAX));
  };
}
