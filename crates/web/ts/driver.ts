// What a session is made of in a browser.

import { watchActivity } from "./activity.js";
import { createChannel } from "./channel.js";
import { readClock } from "./clock.js";
import { diagnose } from "./diagnosis.js";
import { watchPage } from "./lifecycle.js";
import { underLock } from "./lock.js";
import type { Machine } from "./machine.js";
import { nameOperation } from "./operation.js";
import { page } from "./page.js";
import { relogin } from "./relogin.js";
import type { Session } from "./session.js";
import { createSocket } from "./socket.js";
import { createSession } from "./tab.js";
import { createTimer } from "./timer.js";
import type { SessionOptions } from "./types.js";
import { wait } from "./wait.js";

/** Opens a session in this page, and resolves when it knows where it stands. */
export async function open(module: WebAssembly.Module, options: SessionOptions): Promise<Session> {
  const { exports } = await WebAssembly.instantiate(module);
  const session = createSession(exports as unknown as Machine, options, {
    clock: readClock,
    timer: createTimer,
    soon: (work) => setTimeout(work),
    ask: diagnose,
    lock: underLock,
    channel: createChannel,
    socket: createSocket,
    life: watchPage,
    activity: watchActivity,
    relog: relogin,
    operation: nameOperation,
    page,
  });
  return wait(
    options.signal,
    (opened) => session.addEventListener("statechange", () => opened.resolve(session)),
    () => session.close(),
  );
}
