import type { News } from "./abi.js";

/** What is heard of the event socket. */
export interface Heard {
  /** It is open; with `shared`, for all tabs of this browser. */
  opened(shared: boolean): void;
  /** It is closed, or could not be opened. */
  closed(): void;
  /** The Worker said something of the session. */
  told(news: News, epoch: number, generation: number): void;
}

/** What the Worker says of its own accord. */
export interface Socket {
  /** Begins to listen. */
  open(): void;
  /** Listens no more, and says nothing of it. */
  close(): void;
}

/** The event socket, whose code is loaded when it is wanted. */
export function createSocket(heard: Heard): Socket {
  let wanted: AbortController | undefined;
  return {
    open() {
      this.close();
      const { signal } = (wanted = new AbortController());
      import("./events.js").then(
        ({ listen }) => signal.aborted || listen(heard, signal),
        () => signal.aborted || heard.closed(),
      );
    },
    close() {
      wanted?.abort();
    },
  };
}
