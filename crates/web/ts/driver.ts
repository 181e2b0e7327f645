// What a session is made of in a browser.

import { watchActivity } from "./activity.js";
import { createChannel } from "./channel.js";
import { readClock } from "./clock.js";
import { watchPage } from "./lifecycle.js";
import { underLock } from "./lock.js";
import type { Machine } from "./machine.js";
import { nameOperation } from "./operation.js";
import { page } from "./page.js";
import { relogin } from "./relogin.js";
import type { Session } from "./session.js";
import { createSocket } from "./socket.js";
import { store } from "./store.js";
import { createSession } from "./tab.js";
import { createTimer } from "./timer.js";
import { ask } from "./transport.js";
import type { SessionOptions } from "./types.js";
import { wait } from "./wait.js";

/** Compiles the Wasm module. */
export async function compile(wasm: Response | WebAssembly.Module): Promise<WebAssembly.Module> {
  if (wasm instanceof WebAssembly.Module) return wasm;
  if (!wasm.ok) throw new Error(`${wasm.status} ${wasm.url}`);
  const again = wasm.clone();
  // A server that does not know its type is no reason to fail.
  return WebAssembly.compileStreaming(wasm).catch(async () => WebAssembly.compile(await again.arrayBuffer()));
}

/** Opens a session in this page, and resolves when it knows where it stands. */
export async function open(module: WebAssembly.Module, options: SessionOptions): Promise<Session> {
  const { exports } = await WebAssembly.instantiate(module);
  const session = createSession(exports as unknown as Machine, options, {
    clock: readClock,
    timer: createTimer,
    ask,
    lock: underLock,
    channel: (heard) => createChannel(heard, store),
    socket: createSocket,
    life: watchPage,
    activity: watchActivity,
    relogin,
    operation: nameOperation,
    page,
  });
  return wait(
    options.signal,
    (opened) => session.addEventListener("statechange", () => opened.resolve(session), { once: true }),
    () => session.close(),
  );
}
