import type { Session } from "../session.js";
import { BEFORE, type Snapshot } from "../store/snapshot.js";
import { type Store, createStore } from "../store/index.js";

/** What hooks read: a session that may still be on its way. */
export interface Source {
  /** Nothing until it is there. */
  session(): Session | undefined;
  snapshot(): Snapshot;
  /** Calls `listener` when one of both has changed. */
  subscribe(listener: () => void): () => void;
  /** Takes the session that has come, and listens to it until what it gives back is called; or none, until it has come. */
  listen(session: Session | undefined): (() => void) | undefined;
}

/** A source that has its session at once, or gets it later. */
export function createSource(first: Session | undefined): Source {
  let session = first;
  let store: Store | undefined = first && createStore(first);
  const listeners = new Set<() => void>();
  const changed = () => [...listeners].forEach((listener) => listener());
  return {
    session: () => session,
    snapshot: () => store?.snapshot() ?? BEFORE,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    listen(come) {
      if (come !== session) store = (session = come) && createStore(come!);
      const stop = store?.subscribe(changed);
      // Components subscribe before their provider, and the session may have gone on since.
      changed();
      return stop;
    },
  };
}
