// What a session is made of in a browser. In this order of its parts the script compresses best: some 20 bytes, and as many in index.ts.

import type { Session } from "./session.js";
import { createTimer } from "./timer.js";
import { createChannel } from "./channel.js";
import { watchActivity } from "./activity.js";
import { readClock } from "./clock.js";
import { wait, within } from "./wait.js";
import type { Platform } from "./platform.js";
import { relogin } from "./relogin.js";
import { chunk } from "./chunk.js";
import type { Machine } from "./machine.js";
import { diagnose } from "./diagnosis.js";
import { load } from "./load.js";
import { createSocket } from "./socket.js";
import { nameOperation } from "./operation.js";
import { page } from "./page.js";
import { underLock } from "./lock.js";
import { watchPage } from "./lifecycle.js";
import type { SessionOptions } from "./types.js";
import { createSession } from "./tab.js";

/** Opens a session in this page, and resolves when it knows where it stands. Whoever gives it up waits for nothing, also while it loads. */
export const open = EAGER(async (options: SessionOptions): Promise<Session> => {
  const { baseUrl, signal, wasm } = options;
  const { exports } = await within(signal, () => load(wasm).then((module) => WebAssembly.instantiate(module)));
  let platform: Platform = {
    // Those that a chunk reads.
    ...options,
    timer: createTimer,
    clock: readClock,
    soon: (work) => setTimeout(work),
    ask: diagnose(),
    lock: underLock,
    channel: createChannel,
    socket: createSocket,
    life: watchPage,
    activity: watchActivity,
    relog: relogin,
    operation: nameOperation,
    page,
  };
  if (baseUrl) platform = (await chunk(() => import("./beside.js"))(signal)).beside(platform, baseUrl);
  let session: Session;
  return wait(
    signal,
    (opened) => {
      session = createSession(exports as unknown as Machine, options, platform);
      session.addEventListener("statechange", () => opened.resolve(session));
    },
    () => session.close(),
  );
});
