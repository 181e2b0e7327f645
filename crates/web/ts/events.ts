// A chunk of its own, loaded when the Worker is listened to: in a page it is a module, and it is the script of the SharedWorker
// that holds one socket for all tabs. That one decides nothing: tabs say whether they want to hear.

import { type News, VERSION } from "./abi.js";
import type { Heard } from "./socket.js";

/** How often a tab is asked whether it is still there, and the socket kept from going dead unnoticed. */
const LOOK_MS = 30_000;

declare global {
  interface ImportMeta {
    /** webpack's own mark. */
    readonly webpack?: number;
  }
}

/** What the SharedWorker is called; the Worker's origin follows, where that is not the page's own. */
const NAME = `everlit ${VERSION}`;

/** Where Trusted Types are required, the address of a script is one of these. */
type Policy = { createScriptURL(address: string): string };
let policy: Policy | undefined;

/** What goes through a port: that it is open, that it is closed, or what was said. */
type Said = true | false | string;

/** This file, as the script of a worker. */
function script(): string {
  // webpack and Turbopack give the address of a source file, and serve a file that is named in this way.
  const address = import.meta.webpack || import.meta.url.startsWith("file:") ? new URL(/* @vite-ignore */ "./events.js", import.meta.url).href : import.meta.url;
  const { trustedTypes } = globalThis as { trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } };
  policy ??= trustedTypes?.createPolicy("everlit", { createScriptURL: (own) => own });
  return policy?.createScriptURL(address) ?? address;
}

/** Listens until the signal says so; to the Worker at `edge`, or at the page's own origin. */
export function listen(heard: Heard, signal: AbortSignal, edge?: string): void {
  let over = false;
  const hear = (shared: boolean) => (said: Said) => {
    if (signal.aborted || over) return;
    if (said === true) heard.opened(shared);
    else if (said === false) {
      over = true;
      heard.closed();
    } else tell(said, heard);
  };
  const alone = () => {
    if (!signal.aborted && !over) connect(hear(false), signal, edge);
  };
  try {
    const worker = new SharedWorker(script(), { type: "module", name: NAME + (edge ?? "") });
    const { port } = worker;
    const told = hear(true);
    // It does not load here: a policy forbids it, or a bundler has put this file elsewhere.
    worker.onerror = () => {
      port.close();
      alone();
    };
    port.onmessage = ({ data }: MessageEvent<Said | null>) => (data === null ? port.postMessage(1) : told(data));
    port.postMessage(1);
    signal.addEventListener("abort", () => {
      port.postMessage(0);
      port.close();
    });
  } catch {
    alone();
  }
}

/** One socket, until the signal says so or it closes. */
function connect(say: (said: Said) => void, signal: AbortSignal, edge: string | undefined): void {
  let socket: WebSocket;
  try {
    socket = new WebSocket(`${(edge || location.origin).replace(/^http/, "ws")}/auth/events`);
  } catch {
    return say(false);
  }
  let alive = true;
  const look = setInterval(() => {
    // The other end may be gone without a word.
    if (!alive) end();
    else if (socket.readyState === 1) {
      alive = false;
      socket.send("ping");
    }
  }, LOOK_MS);
  const end = () => {
    clearInterval(look);
    socket.onclose = socket.onmessage = socket.onopen = null;
    socket.close();
    say(false);
  };
  socket.onopen = () => say(true);
  socket.onclose = end;
  socket.onmessage = ({ data }) => {
    alive = true;
    if (typeof data === "string" && data !== "pong") say(data);
  };
  signal.addEventListener("abort", end);
}

const NEWS = ["moved", "reauth_required", "ended", "logged_out"];

/** Nothing of a message is used unless all of it is as it should be. */
function tell(text: string, heard: Heard): void {
  try {
    const { v, kind, epoch, generation } = JSON.parse(text);
    const news = NEWS.indexOf(kind);
    if (v !== VERSION || news < 0 || !Number.isSafeInteger(epoch) || !Number.isSafeInteger(generation)) return;
    heard.told(news as News, epoch, generation);
  } catch {
    // Not from our Worker, or from a newer one: what it says is learned by the next question.
  }
}

/** The tabs of a SharedWorker, and the one socket while any of them wants it. */
function share(): void {
  /** Whether a tab was heard of since it was last asked; nothing of those that do not want to hear. */
  const tabs = new Map<MessagePort, boolean>();
  let socket: AbortController | undefined;
  let open = false;
  /** What was said last: where the session stands. */
  let last: Said | undefined;
  /** Whoever does not listen costs nothing: it runs with the socket. */
  let look: ReturnType<typeof setInterval>;
  const forget = (port: MessagePort) => {
    tabs.delete(port);
    // Then it says that it is closed.
    if (!tabs.size) socket?.abort();
  };
  const say = (said: Said) => {
    if (typeof said === "boolean") open = said;
    else last = said;
    for (const port of tabs.keys()) port.postMessage(said);
    if (said === false) {
      tabs.clear();
      clearInterval(look);
      socket = undefined;
    }
  };
  // A tab that is killed says nothing.
  const ask = () => {
    for (const [port, heardOf] of tabs) {
      if (!heardOf) forget(port);
      else {
        tabs.set(port, false);
        port.postMessage(null);
      }
    }
  };
  (globalThis as unknown as { onconnect: (event: MessageEvent) => void }).onconnect = ({ ports: [port] }) => {
    if (!port) return;
    port.onmessage = ({ data }) => {
      if (data !== 1) return forget(port);
      const known = tabs.has(port);
      tabs.set(port, true);
      if (!socket) {
        open = false;
        last = undefined;
        look = setInterval(ask, LOOK_MS);
        socket = new AbortController();
        connect(say, socket.signal, (globalThis as { name?: string }).name?.slice(NAME.length));
      } else if (open && !known) {
        port.postMessage(true);
        if (last) port.postMessage(last);
      }
    };
  };
}

if ("SharedWorkerGlobalScope" in globalThis) share();
