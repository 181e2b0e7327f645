// The headless demo: one login, several tabs, several rotations, nobody watching. See --help.

import { parseArgs } from "node:util";
import { Run, count } from "./run.mjs";
import { Stack } from "./stack.mjs";

const HELP = `usage: node tests/e2e/lit.mjs [--tabs 3] [--rotations 3]

Logs in at the authorization server with a headless browser, opens the tabs, waits until the session's
tokens were rotated that often, calls /api/orders in every tab after each rotation, and closes the tabs.

  --tabs N        tabs in all, the one that logs in included (default 3)
  --rotations N   rotations to wait for (default 3); more are counted if they happen
  --help          this text

The running stack is named by EVERLIT_APP, EVERLIT_ISSUER, EVERLIT_CONTROL, EVERLIT_ACCESS_TTL and, optionally,
EVERLIT_ENGINE and EVERLIT_WEBDRIVER (without it a driver is started). "cargo xtask demo --headless" does all that.

Progress goes to stderr. The last line of stdout is one JSON object:
  tabs            tabs that were opened and logged in
  rotations       generations between login and the moment before the tabs are closed
  token_requests  refresh grants that the authorization server counted over the same span
  sessions_lost   tabs that were not active at the end, or were logged out at any time in between
  api_errors      calls to /api/orders that failed
  wall_s          seconds, all in all
Exit status 0: as many rotations as asked or more, one token request for each, nothing lost, no error. Else 1.`;

const started = performance.now();
const seconds = () => Math.round((performance.now() - started) / 100) / 10;

let stopping = false;

/** @param {string} topic @param {string} words */
function say(topic, words) {
  // What breaks because the run was stopped is no news.
  if (stopping) return;
  process.stderr.write(`${seconds().toFixed(1).padStart(7)} s  ${topic.padEnd(9)} ${words}\n`);
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));

process.exitCode = await main();

async function main() {
  let asked;
  try {
    const { values } = parseArgs({
      options: { tabs: { type: "string" }, rotations: { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    asked = { tabs: positive(values.tabs, "--tabs"), rotations: positive(values.rotations, "--rotations") };
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${HELP}`);
    return 2;
  }
  const { holds, result } = await demonstrate(asked);
  say("end", holds ? "everything held" : "the limits did not hold");
  console.log(JSON.stringify({ ...result, wall_s: seconds() }));
  return holds ? 0 : 1;
}

/** @param {{ tabs: number, rotations: number }} asked */
async function demonstrate(asked) {
  const nothing = { tabs: 0, rotations: 0, token_requests: 0, sessions_lost: asked.tabs, api_errors: 0 };
  let opened;
  /** @type {Run | undefined} */
  let run;
  try {
    const stack = new Stack();
    const estimate = Math.round(stack.accessTtl * 0.8 * asked.rotations + 5);
    say("start", `${count(asked.tabs, "tab")}, ${count(asked.rotations, "rotation")}, access tokens of ${stack.accessTtl} s: about ${estimate} s`);
    opened = await stack.openBrowser();
    closeWhenInterrupted(opened.close);
    run = new Run(stack, opened.browser, asked, say);
    await run.all();
  } catch (error) {
    say("trouble", messageOf(error));
  } finally {
    await opened?.close();
  }
  return { holds: run?.holds() ?? false, result: run?.result() ?? nothing };
}

/** @param {() => Promise<void>} close */
function closeWhenInterrupted(close) {
  /** @param {NodeJS.Signals} signal */
  const interrupted = (signal) => {
    say("stop", signal);
    stopping = true;
    close().finally(() => process.exit(signal === "SIGINT" ? 130 : 143));
  };
  process.once("SIGINT", interrupted).once("SIGTERM", interrupted);
}

/**
 * @param {string | undefined} text
 * @param {string} flag
 */
function positive(text = "3", flag) {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1 || n > 100) throw new Error(`${flag} takes a whole number from 1 to 100, not "${text}"`);
  return n;
}
