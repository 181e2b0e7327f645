// A broker whose token dies every morning, the services Worker that looks after it, and the clock that is moved. See --help.

import { parseArgs } from "node:util";

import { serveUntilStopped } from "../../servers/process.mjs";
import { BROKERS } from "./broker.mjs";
import { startDesk } from "./desk.mjs";
import { Story, StoryError } from "./story.mjs";

const NAMES = Object.keys(BROKERS);

const HELP = `usage: node tests/services/demo/main.mjs <${NAMES.join("|")}> [--headless] [--port N]

Starts the provider's stand-in and the services Worker, with one clock for both: it shows 9 in the morning in India. Without
--headless it prints one line of JSON with addresses and what a person can do, and stays until SIGTERM, SIGINT or the end of its
stdin. With --headless it plays three days: a first token, two nights in which it dies, new tokens, a restart; programs ask for the token all along.

  --port N     port of the services Worker (default: a free one)
  --headless   nobody watches
  --help       this text

"cargo xtask demo --provider NAME" does all that. Progress goes to stderr, with what clocks in India show. With --headless
the last line of stdout is one JSON object:
  checks       looks of the Worker at what it knows, by its log
  cutoffs      ends of tokens by the clock that were passed
  renewals     new tokens by any way, by its status
  alerts       different alerts that came with the right signature
  calls_ok     questions answered with a token that the stand-in took
  calls_none   questions answered with a typed none
  lost         questions answered with anything else, or not for 5 s
Exit status 0: every step came as it should. Else 1, and a sentence says which did not.`;

/** @param {import("./world.mjs").World} world @param {string} words */
const say = (world, words) => void process.stderr.write(`${world.shown}  ${words}\n`);

process.exitCode = await main();

async function main() {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean", default: false });
  /** @type {{ provider: string, headless: boolean, port: number | undefined }} */
  let asked;
  try {
    const { values, positionals } = parseArgs({ allowPositionals: true, options: { port: text, headless: flag, help: flag } });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    const [provider = "", ...more] = positionals;
    if (!NAMES.includes(provider) || more.length > 0) throw new Error(`A provider has to be named, one of ${NAMES.join(", ")}; not "${positionals.join(" ")}".`);
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
async function headless({ provider, port }) {
  const began = Date.now();
  const story = await Story.begin(provider, { port, say });
  let held = true;
  const stop = () => void story.world.close().finally(() => process.exit(143));
  process.once("SIGTERM", stop).once("SIGINT", stop);
  try {
    await story.all().catch((error) => {
      held = false;
      story.say(`! ${error instanceof StoryError ? error.message : error.stack}`);
    });
    const { crowd, world } = story;
    story.say(`${held ? "everything held" : "it did not hold"}, in ${Math.round((Date.now() - began) / 1_000)} s; no caller waited longer than ${crowd.slowest} ms`);
    console.log(JSON.stringify(await story.result()));
    if (!held) process.stderr.write(`${world.services.output.split("\n").slice(-25).join("\n")}\n`);
  } finally {
    await story.world.close();
  }
  return held ? 0 : 1;
}

/** @param {{ provider: string, port: number | undefined }} asked */
async function desk(asked) {
  const { world, about } = await startDesk({ ...asked, say });
  serveUntilStopped(world, about);
  return undefined;
}
