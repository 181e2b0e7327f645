import { PeerKind, VERSION } from "./abi.js";
import type { PeerNumbers } from "./machine.js";

/** What tabs told each other, for those that come later: the last message of each kind. Never a secret. */
export interface Store {
  /** Keeps a message for tabs that come later; with `any`, also one that is of use only now. */
  keep(message: PeerNumbers, any: boolean): void;
  /** What was kept, of whatever form. */
  kept(): unknown[];
  /** Calls `heard` with what other tabs keep, until the signal says so. */
  watch(heard: (message: unknown) => void, signal: AbortSignal): void;
}

/** What is still of use to a tab that opens later. */
const LASTING = [PeerKind.LoggedOut, PeerKind.CoolDown, PeerKind.Active];
const keyOf = (kind: PeerKind) => `everlit ${VERSION} ${kind}`;

/** Does what may be forbidden here, or full. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** `localStorage`, where it is there and lets us. */
export const store: Store = {
  keep(message, any) {
    if (any || LASTING.includes(message[0])) attempt(() => localStorage.setItem(keyOf(message[0]), JSON.stringify(message)));
  },
  kept: () => LASTING.map((kind) => attempt(() => JSON.parse(localStorage.getItem(keyOf(kind)) as string) as unknown)),
  watch(heard, signal) {
    const stored = ({ key, newValue }: StorageEvent) => {
      if (key?.startsWith(keyOf("" as never))) heard(attempt(() => JSON.parse(newValue as string)));
    };
    globalThis.addEventListener("storage", stored, { signal });
  },
};
