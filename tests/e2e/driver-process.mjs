// Starts and stops a WebDriver program, with a display of its own where the browser has no headless mode.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { driverProgram, miniBrowser } from "./engines.mjs";

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 3_000;

/**
 * What an engine lacks here, in words for a skip message; nothing if it can run.
 * @param {import("./engines.mjs").Engine} engine
 */
export function missing(engine) {
  if (!driverProgram(engine)) return `${engine.drivers.join(" or ")} is not installed`;
  if (engine.name === "webkit" && !miniBrowser()) return "WebKitGTK's MiniBrowser is not installed";
  return undefined;
}

/**
 * @param {import("./engines.mjs").Engine} engine
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function startDriver(engine) {
  const program = driverProgram(engine);
  if (!program) throw new Error(missing(engine));
  /** @type {(() => Promise<void>)[]} */
  const stops = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const environment = { ...process.env };
    if (engine.needsDisplay) {
      const display = await startDisplay();
      stops.push(display.stop);
      environment.DISPLAY = display.name;
    }
    const port = await freePort();
    const child = spawn(program, engine.driverArguments(port), { detached: true, stdio: "ignore", env: environment });
    stops.push(() => endGroup(child));
    const url = `http://127.0.0.1:${port}`;
    await ready(url, child, program);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A virtual screen; the server chooses a free number itself and says which. */
async function startDisplay() {
  const child = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const said = /** @type {import("node:stream").Readable} */ (child.stdio[3]);
  const number = await Promise.race([
    once(said, "data").then(([data]) => String(data).trim()),
    once(child, "error").then(([error]) => Promise.reject(new Error(`Xvfb: ${error.message}`))),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`Xvfb ended with ${code} before it was ready`))),
    pause(START_TIMEOUT_MS, undefined, { ref: false }).then(() => Promise.reject(new Error("Xvfb did not get ready"))),
  ]).catch(async (error) => {
    await endGroup(child);
    throw error;
  });
  return { name: `:${number}`, stop: () => endGroup(child) };
}

/**
 * @param {string} url
 * @param {import("node:child_process").ChildProcess} child
 * @param {string} program
 */
async function ready(url, child, program) {
  let failure = "";
  child.once("error", (error) => (failure = error.message));
  child.once("exit", (code, signal) => (failure = `ended with ${signal ?? code}`));
  const start = performance.now();
  while (performance.now() - start < START_TIMEOUT_MS) {
    if (failure) throw new Error(`${program}: ${failure}`);
    try {
      const answer = await fetch(`${url}/status`, { signal: AbortSignal.timeout(2_000) });
      if ((await answer.json()).value.ready) return;
    } catch {
      // Not listening yet.
    }
    await pause(50);
  }
  throw new Error(`${program} did not get ready at ${url} within ${START_TIMEOUT_MS / 1000} s`);
}

/**
 * Ends a process and all it started: each driver leads a process group of its own.
 * @param {import("node:child_process").ChildProcess} child
 */
async function endGroup(child) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  signalGroup(child.pid, "SIGTERM");
  const late = await Promise.race([ended.then(() => false), pause(STOP_TIMEOUT_MS, true, { ref: false })]);
  if (late) {
    signalGroup(child.pid, "SIGKILL");
    await ended;
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended on its own.
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}
