/** A stand-in as a process: flags in, one line of JSON out, and a clean end. */

import { fail, log, serveUntilStopped } from "../process.mjs";
import { createClock } from "./clock.mjs";
import { HELP, readFlags, STAND_INS } from "./flags.mjs";

async function main() {
  const asked = readFlags(process.argv.slice(2), process.env);
  if (asked === "help") {
    process.stdout.write(HELP);
    return;
  }
  const { name, at, options } = asked;
  const clock = createClock();
  if (at !== undefined) clock.set(at);
  const start = await /** @type {() => Promise<any>} */ (STAND_INS[name])();
  /** @type {import("./stand-in.mjs").StandIn} */
  const standIn = await start({ ...options, clock, log });
  serveUntilStopped(standIn, { provider: name, origin: standIn.origin, control: standIn.control });
}

main().catch(fail);
