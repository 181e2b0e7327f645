import type { Session } from "../session.js";
import type { Idle } from "../types.js";
import { clockOf } from "./clock.js";
import type { Snapshot } from "./snapshot.js";

export type { Snapshot } from "./snapshot.js";

/** A session in the form that frameworks take: something to read, and word of when to read it again. */
export interface Store {
  /** Calls `listener` when the snapshot has changed, until what it gives back is called. */
  subscribe(listener: () => void): () => void;
  /** What the session says now: the same object until something changes. */
  snapshot(): Snapshot;
}

/** All that changes what a snapshot says. */
const EVENTS = ["statechange", "providerchange", "loggedout", "idle", "healthchange"];

/**
 * A session as a plain store. It listens to the session only while somebody is subscribed, and closes nothing.
 *
 * ```ts
 * const store = createStore(session);
 * const stop = store.subscribe(() => render(store.snapshot()));
 * ```
 */
export function createStore(session: Session): Store {
  if (!session?.addEventListener) throw new TypeError(`everlit: a Session is wanted, of await openSession(), and what came is ${session}`);
  const { now } = clockOf(session);
  // It goes on when a listener throws, and forgets one in the very moment that it is taken away.
  const listeners = new EventTarget();
  let subscribed = 0;
  let listening: AbortController;
  let held: Snapshot | undefined;
  /** What the listeners know of. Somebody else may have read a newer one before them. */
  let told: Snapshot;
  let idleEndsAt: number | undefined;

  const snapshot = () => {
    const { state, user, providers, health, presence } = session;
    const fresh = { state, user, providers, health, presence, idleEndsAt: presence === "prompted" ? idleEndsAt : undefined };
    const same = held && Object.entries(fresh).every(([name, value]) => held![name as keyof Snapshot] === value);
    return same ? held! : (held = Object.freeze(fresh));
  };

  const changed = ({ type, detail }: CustomEvent) => {
    if (type === "idle") idleEndsAt = now() + (detail as Idle).left;
    if (snapshot() === told) return;
    told = snapshot();
    listeners.dispatchEvent(new Event("change"));
  };

  return {
    snapshot,
    subscribe(listener) {
      // The same function may be subscribed twice.
      const own = new AbortController();
      listeners.addEventListener("change", () => listener(), { signal: own.signal });
      if (!subscribed++) {
        listening = new AbortController();
        // When it was said is not known any more.
        if (session.presence !== "prompted") idleEndsAt = undefined;
        told = snapshot();
        for (const type of EVENTS) session.addEventListener(type, changed as EventListener, { signal: listening.signal });
      }
      return () => {
        if (own.signal.aborted) return;
        own.abort();
        if (!--subscribed) listening.abort();
      };
    },
  };
}
