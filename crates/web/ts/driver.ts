// The chunk that is loaded together with the Wasm module: everything but the door to it.

import init, { Machine } from "../build/everlit_web.js";
import { watchActivity } from "./activity.js";
import { createChannel } from "./channel.js";
import { readClock } from "./clock.js";
import { watchPage } from "./lifecycle.js";
import { underLock } from "./lock.js";
import { nameOperation } from "./operation.js";
import { page } from "./page.js";
import { Session } from "./session.js";
import { createTimer } from "./timer.js";
import { ask } from "./transport.js";
import { wait } from "./wait.js";

/** Makes the Wasm module run. */
export async function start(wasm: Promise<Response | WebAssembly.Module>): Promise<void> {
  await init({ module_or_path: wasm });
}

/** Opens a session in this page, and resolves when it knows where it stands. */
export function open(signal: AbortSignal | undefined): Promise<Session> {
  const session = new Session(new Machine(), {
    clock: readClock,
    timer: createTimer,
    ask,
    lock: underLock,
    channel: createChannel,
    life: watchPage,
    activity: watchActivity,
    operation: nameOperation,
    page,
  });
  return wait(
    signal,
    (opened) => session.addEventListener("statechange", () => opened.resolve(session), { once: true }),
    () => session.close(),
  );
}
