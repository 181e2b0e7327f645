/**
 * How long it takes from the start of a process until a Worker has answered its first question for a token, over the storage of
 * its sessions; in turns, so that all have seen the same seconds. Ends with one line of JSON, milliseconds.
 */

import { performance } from "node:perf_hooks";

import { send } from "../worker/support/browser.mjs";
import { startEverlit, startJavaScript, startJavaScriptFloor } from "./sides.mjs";

const ROUNDS = 15;
/** Nothing here takes as long. */
const STUCK_MS = 20_000;

/** @typedef {import("../worker/support/workerd-process.mjs").WorkerdProcess} Process */

/** @param {Process} workerd @param {import("./requests.mjs").Held | undefined} held @returns {() => Promise<number>} the status */
function asker(workerd, held) {
  const origin = `http://localhost:${workerd.port}`;
  if (!held) return async () => (await send(origin, {})).status;
  const headers = { cookie: held.cookie, "everlit-version": "1", "sec-fetch-site": "same-origin", "content-type": "application/json" };
  const body = JSON.stringify({ v: 1, epoch: held.epoch, generation: held.generation, reason: "deadline" });
  return async () => (await send(`${origin}/auth/token`, { method: "POST", headers, body })).status;
}

/** Asks again at once while nobody listens. @param {Process} workerd @param {() => Promise<number>} ask */
async function start(workerd, ask) {
  await workerd.kill();
  const began = performance.now();
  const begun = workerd.begin();
  for (;;) {
    const status = await ask().catch(() => undefined);
    const took = performance.now() - began;
    if (status === 200) {
      await begun;
      return took;
    }
    if (status !== undefined) throw new Error(`the first answer was ${status}: ${workerd.output}`);
    if (took > STUCK_MS) throw new Error(`no answer: ${workerd.output}`);
  }
}

const everlit = await startEverlit("http://127.0.0.1:9", 1);
const javascript = await startJavaScript("http://127.0.0.1:9", 1);
const floor = await startJavaScriptFloor();
const sides = [
  { name: "rust", workerd: everlit.workerd, ask: asker(everlit.workerd, everlit.held[0]) },
  { name: "javascript", workerd: javascript.workerd, ask: asker(javascript.workerd, javascript.held[0]) },
  { name: "nothing", workerd: floor, ask: asker(floor, undefined) },
];
/** @type {Record<string, number[]>} */
const took = { rust: [], javascript: [], nothing: [] };
for (let round = 0; round < ROUNDS; round += 1) {
  for (const { name, workerd, ask } of sides) took[name]?.push(await start(workerd, ask));
}
await Promise.all([everlit.close(), javascript.close(), floor.close()]);

process.stdout.write(`${JSON.stringify(took)}\n`);
