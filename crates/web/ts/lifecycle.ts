import { EventKind } from "./abi.js";
import { page as here } from "./page.js";

/** What a session wants to know of its page's life. */
export interface Life {
  /** Something that the machine is to know. */
  on(kind: EventKind.Shown | EventKind.Hidden | EventKind.Online): void;
  /** The page came back from a freeze or from the back/forward cache. */
  restored(): void;
  /** The page is about to go, perhaps into the back/forward cache, or is frozen. */
  left(): void;
}

/** Watches the page's life until the signal says so. */
export type Lifecycle = (life: Life, signal: AbortSignal) => void;

/** The events of this page. */
export const watchPage: Lifecycle = ({ on, restored, left }, signal) => {
  const page = globalThis as unknown as EventTarget;
  const listen = (target: EventTarget, type: string, listener: (event: Event) => unknown) =>
    target.addEventListener(type, listener, { signal });
  const looked = () => on(here.hidden() ? EventKind.Hidden : EventKind.Shown);
  listen(document, "visibilitychange", looked);
  listen(page, "focus", looked);
  listen(page, "online", () => on(EventKind.Online));
  listen(page, "pageshow", (event) => (event as PageTransitionEvent).persisted && restored());
  listen(document, "resume", restored);
  listen(page, "pagehide", left);
  listen(document, "freeze", left);
};
