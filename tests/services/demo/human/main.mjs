// A trading desk whose broker's day ends in the middle of the work: one dialog, and the work goes on. See --help.

import { parseArgs } from "node:util";

import { serveUntilStopped } from "../../../servers/process.mjs";
import { engineNamed } from "../../../e2e/engines.mjs";
import { OPERATOR, World } from "./world.mjs";
import { Story } from "./story.mjs";

const NAMES = ["breeze", "upstox"];

const HELP = `usage: node tests/services/demo/human/main.mjs <${NAMES.join("|")}> [--headless] [--port N]

Starts an authorization server, both Workers, the broker's stand-in and the demo's pages behind one address, with one clock for
all of it. Without --headless it prints one line of JSON with that address, and stays until SIGTERM, SIGINT or the end of its
stdin: sign in as "${OPERATOR}", press "Run", and then "End the broker's day". With --headless a browser does that, and more.

  --port N     port of the app (default: a free one)
  --headless   nobody watches
  --help       this text

EVERLIT_ENGINE names the browser (chromium, firefox, webkit), EVERLIT_WEBDRIVER a driver that runs already.
"cargo xtask demo --provider NAME --human" does all that. Progress goes to stderr. With --headless the last line of stdout is one
JSON object:
  requests_waiting    calls of both tabs that waited when the right token came
  requests_completed  those of them that were completed
  requests_cancelled  calls that were rejected by a cancel
  dialogs             dialogs that opened
  duplicated          calls and orders that the broker carried out more than once
  lost                calls that waited and were neither completed nor cancelled, or are not known to the broker
Exit status 0: every step came as it should. Else 1, and a sentence says which did not.`;

process.exitCode = await main();

async function main() {
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  /** @type {{ provider: string, headless: boolean, port: number | undefined }} */
  let asked;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { port: { type: "string" }, headless: flag, help: flag } });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const [provider = "", ...more] = positionals;
    if (!NAMES.includes(provider) || more.length > 0) throw new Error(`A broker has to be named, one of ${NAMES.join(", ")}; not "${positionals.join(" ")}".`);
    const port = values.port === undefined ? undefined : Number(values.port);
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) throw new Error(`--port takes a number from 1 to 65535, not "${values.port}".`);
    asked = { provider, headless: values.headless, port };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${HELP}`);
    return 2;
  }
  return asked.headless ? headless(asked) : desk(asked);
}

/** @param {{ provider: string, port: number | undefined }} asked */
async function desk({ provider, port }) {
  const world = await World.start(provider, { port });
  // Nobody reads what went by.
  setInterval(() => void world.front.asked.splice(0), 60_000).unref();
  serveUntilStopped(world, { url: world.url, stand_in: world.standIn.origin, control: world.standIn.control, operator: OPERATOR });
  return undefined;
}

/** @param {{ provider: string, port: number | undefined }} asked */
async function headless({ provider, port }) {
  const engine = engineNamed(process.env.EVERLIT_ENGINE ?? "chromium");
  const story = await Story.begin(provider, engine, port);
  const stop = () => void story.close().finally(() => process.exit(143));
  process.once("SIGTERM", stop).once("SIGINT", stop);
  let held = true;
  try {
    await story.all().catch(async (error) => {
      held = false;
      story.say(`! ${error.message}`);
      process.stderr.write(`${story.world.workerd.output.split("\n").slice(-15).join("\n")}\n`);
    });
    console.log(JSON.stringify(await story.result()));
  } finally {
    await story.close();
  }
  return held ? 0 : 1;
}
