import type { Moment } from "./clock.js";

/** When the user was last there. */
export interface Activity {
  /** Milliseconds since the user last did something here; nothing if they did nothing yet. */
  ago(): number | undefined;
  /** Watches no longer. */
  stop(): void;
}

/** What only a person does. A page that is opened, shown or scrolled by a script shows nothing of its user. */
const DONE_BY_PEOPLE = ["pointerdown", "keydown", "wheel", "touchstart"];

/** Watches what the user does on this page. An event costs a look at the clock, and waits for nothing. */
export function watchActivity(clock: () => Moment): Activity {
  const watch = new AbortController();
  let last: Moment | undefined;
  const seen = ({ isTrusted }: Event) => {
    if (isTrusted) last = clock();
  };
  // Capturing: no other listener can stop an event before it comes here.
  const options = { capture: true, passive: true, signal: watch.signal };
  for (const type of DONE_BY_PEOPLE) globalThis.addEventListener(type, seen, options);
  return {
    ago() {
      if (!last) return undefined;
      const { wall, mono } = clock();
      // The monotonic clock may stand still in a sleep, and the wall clock may be set back: the longer one is right.
      return Math.max(0, wall - last.wall, mono - last.mono);
    },
    stop: () => watch.abort(),
  };
}
