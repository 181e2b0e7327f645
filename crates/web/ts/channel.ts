import { VERSION } from "./abi.js";
import type { PeerNumbers } from "./machine.js";

/** What the tabs of this origin use to tell each other of newer tokens and of logouts. */
export interface Channel {
  /** Tells the other tabs. */
  tell(message: PeerNumbers): void;
  /** Begins to listen, again after a `close`. */
  open(): void;
  /** Hears and tells nothing until it is opened again. */
  close(): void;
}

/** A BroadcastChannel, where there is one. `heard` gets only what has the form of a message. */
export function createChannel(heard: (message: PeerNumbers) => void): Channel {
  let channel: BroadcastChannel | undefined;
  return {
    tell: (message) => channel?.postMessage(message),
    open() {
      this.close();
      try {
        channel = new globalThis.BroadcastChannel(`everlit ${VERSION}`);
      } catch {
        // Missing, or forbidden in this frame: tabs learn from the Worker, later.
        return;
      }
      channel.onmessage = ({ data }) => {
        if (isMessage(data)) heard(data);
      };
    },
    close() {
      channel?.close();
      channel = undefined;
    },
  };
}

/** Any script of this origin can post here. What the numbers mean is checked by the machine. */
function isMessage(data: unknown): data is PeerNumbers {
  return Array.isArray(data) && data.length > 1 && data.length < 6 && data.every((n) => Number.isSafeInteger(n) && n >= 0);
}
