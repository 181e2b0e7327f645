import { PeerKind, VERSION } from "./abi.js";
import type { PeerNumbers } from "./machine.js";
import { fits, whole } from "./wire.js";

/** What the tabs of this origin use to tell each other of newer tokens and of logouts. */
export interface Channel {
  /** Tells the other tabs. */
  tell(message: PeerNumbers): void;
  /** Begins to listen, again after a `close`. */
  open(): void;
  /** Hears and tells nothing until it is opened again. */
  close(): void;
}

const NAME = `everlit ${VERSION}`;
/** The last message of this kind is kept in `localStorage`, for tabs that open later. All else the Worker tells them. */
const LASTING = PeerKind.Active;

/** A BroadcastChannel, where there is one, else the events of the storage. `heard` gets only what has the form of a message. */
export const createChannel = EAGER((heard: (message: PeerNumbers) => void): Channel => {
  let channel: BroadcastChannel | undefined;
  let watching: AbortController | undefined;
  const hear = (message: unknown) => {
    if (isMessage(message)) heard(message);
  };
  const read = (text: string | null) => attempt(() => hear(JSON.parse(text as string)));
  return {
    tell(message) {
      const [kind] = message;
      // Broken: tabs learn from the Worker, later.
      attempt(() => channel?.postMessage(message));
      if (watching && (!channel || kind === LASTING)) {
        attempt(() => localStorage.setItem(`${NAME} ${kind}`, JSON.stringify(message)));
      }
    },
    open() {
      this.close();
      watching = new AbortController();
      const { signal } = watching;
      try {
        channel = new BroadcastChannel(NAME);
        channel.onmessage = ({ data }) => hear(data);
      } catch {
        // Missing, or forbidden in this frame.
        const stored = ({ key, newValue }: StorageEvent) => key?.startsWith(`${NAME} `) && read(newValue);
        addEventListener("storage", stored, { signal });
      }
      attempt(() => read(localStorage.getItem(`${NAME} ${LASTING}`)));
    },
    close() {
      channel?.close();
      watching?.abort();
      channel = watching = undefined;
    },
  };
});

/** Does what may be forbidden here, or full. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // Done without.
  }
}

/** Any script of this origin can write here. What the numbers mean is checked by the machine. */
function isMessage(data: unknown): data is PeerNumbers {
  return fits([whole], data) && (data as unknown[]).length > 1 && (data as unknown[]).length < 6;
}
