import { VERSION } from "./abi.js";
import type { PeerNumbers } from "./machine.js";
import type { Store } from "./store.js";

/** What the tabs of this origin use to tell each other of newer tokens and of logouts. */
export interface Channel {
  /** Tells the other tabs. */
  tell(message: PeerNumbers): void;
  /** Begins to listen, again after a `close`. */
  open(): void;
  /** Hears and tells nothing until it is opened again. */
  close(): void;
}

/** A BroadcastChannel, where there is one, else the events of the store. `heard` gets only what has the form of a message. */
export function createChannel(heard: (message: PeerNumbers) => void, { keep, kept, watch }: Store): Channel {
  let channel: BroadcastChannel | undefined;
  let watching: AbortController | undefined;
  const hear = (message: unknown) => {
    if (isMessage(message)) heard(message);
  };
  return {
    tell(message) {
      try {
        channel?.postMessage(message);
      } catch {
        // Broken: tabs learn from the Worker, later.
      }
      if (watching) keep(message, !channel);
    },
    open() {
      this.close();
      watching = new AbortController();
      try {
        channel = new globalThis.BroadcastChannel(`everlit ${VERSION}`);
        channel.onmessage = ({ data }) => hear(data);
      } catch {
        // Missing, or forbidden in this frame.
        watch(hear, watching.signal);
      }
      kept().forEach(hear);
    },
    close() {
      channel?.close();
      watching?.abort();
      channel = watching = undefined;
    },
  };
}

/** Any script of this origin can write here. What the numbers mean is checked by the machine. */
function isMessage(data: unknown): data is PeerNumbers {
  return Array.isArray(data) && data.length > 1 && data.length < 6 && data.every((n) => Number.isSafeInteger(n) && n >= 0);
}
