import { SessionError } from "./errors.js";
import { within } from "./wait.js";

/**
 * Something of another file, loaded when it is needed first. If that fails, the next need tries again; a browser that keeps the failure for as
 * long as the page lives, as Firefox does, fails again at once, which a reload ends.
 */
export function chunk<T>(load: () => Promise<T>): (signal?: AbortSignal | null) => Promise<T> {
  let loaded: Promise<T> | undefined;
  return (signal) =>
    within(signal, () =>
      (loaded ??= load().catch((cause) => {
        loaded = undefined;
        throw new SessionError("ERR_SESSION_LOAD", ": a chunk of everlit; try again, or reload the page", cause);
      })),
    );
}
