/** Calls `seen` when the user does something on this page, with whether it lets the page open a popup, until the signal says so. */
export type Activity = (seen: (gesture: boolean) => void, signal: AbortSignal) => void;

/** What only a person does. A page that is opened, shown or scrolled by a script shows nothing of its user. */
const DONE_BY_PEOPLE = ["pointerdown", "pointerup", "keydown", "wheel", "touchstart"];

/** Watches what the user does on this page. */
export const watchActivity: Activity = (seen, signal) => {
  for (const type of DONE_BY_PEOPLE) {
    // Capturing: no other listener can stop an event before it comes here.
    addEventListener(
      type,
      ({ isTrusted }) => {
        if (isTrusted) seen(navigator.userActivation?.isActive ?? /p|k/.test(type));
      },
      { capture: true, passive: true, signal },
    );
  }
};
