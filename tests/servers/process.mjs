/** Servers as a process: one line of JSON out when they are ready, and a clean end. */

import { UsageError } from "./flags.mjs";
import { PortError } from "./listener.mjs";

/** @param {string} line */
export const log = (line) => { process.stderr.write(`${line}\n`); };

/** @param {unknown} error @returns {never} */
export function fail(error) {
  if (error instanceof UsageError || error instanceof PortError) log(error.message);
  else log(error instanceof Error ? String(error.stack) : String(error));
  process.exit(error instanceof UsageError ? 2 : 1);
}

/**
 * Says that they are ready, and ends the process with them.
 *
 * @param {{ close: () => Promise<void> }} servers
 * @param {Record<string, unknown>} about where they are
 */
export function serveUntilStopped(servers, about) {
  let stopping = false;
  const stop = () => {
    // The second time somebody means it.
    if (stopping) process.exit(1);
    stopping = true;
    servers.close().then(() => process.exit(0), fail);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);

  // Whoever started the servers holds their stdin: if that process dies, however it dies, they end too.
  process.stdin.once("end", stop);
  process.stdin.once("error", stop);
  process.stdin.resume();

  process.stdout.write(`${JSON.stringify({ ready: true, ...about })}\n`);
}
