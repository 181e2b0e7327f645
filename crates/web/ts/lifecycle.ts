/** What a session wants to know of its page's life. */
export interface Life {
  /** The page is looked at, or the network is back: a moment to look at the clock. */
  nudged(): void;
  /** The page came back from a freeze or from the back/forward cache. */
  restored(): void;
  /** The page is about to go, perhaps into the back/forward cache. */
  left(): void;
}

/** Watches the page's life until the function that it returns is called. */
export type Lifecycle = (life: Life) => () => void;

/** The events of this page. */
export const watchPage: Lifecycle = (life) => {
  const watch = new AbortController();
  const on = (target: EventTarget, types: string, listener: (event: Event) => void) => {
    for (const type of types.split(" ")) target.addEventListener(type, listener, { signal: watch.signal });
  };
  on(document, "visibilitychange", () => {
    if (document.visibilityState === "visible") life.nudged();
  });
  on(globalThis as unknown as EventTarget, "focus online", () => life.nudged());
  on(globalThis as unknown as EventTarget, "pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) life.restored();
  });
  on(document, "resume", () => life.restored());
  on(globalThis as unknown as EventTarget, "pagehide", () => life.left());
  return () => watch.abort();
};
