/**
 * How much memory 1,000 live session objects take: on each side, a fresh process over the storage of 1,000 sessions, before and
 * after each of them was asked once. Ends with one line of JSON, bytes.
 */

import { execFileSync } from "node:child_process";

import { send } from "../worker/support/browser.mjs";
import { enter, startScriptedStack } from "../worker/support/scripted-stack.mjs";
import { holding, startJavaScript } from "./sides.mjs";

/** workerd itself holds no more than 4,300 to 5,000. */
const SESSIONS = 1_000;
/** Objects leave after ten idle seconds; at this pace all of them are there at the end. */
const AT_ONCE = 8;

const resident = (/** @type {number | undefined} */ pid) => Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "utf8" })) * 1024;

/** @template T @param {T[]} items @param {(item: T) => Promise<unknown>} work */
async function each(items, work) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** @param {{ kill(): Promise<void>, begin(): Promise<void>, pid?: number, port: number }} workerd @param {import("./requests.mjs").Held[]} held */
async function measure(workerd, held) {
  await workerd.kill();
  await workerd.begin();
  const ask = async (/** @type {import("./requests.mjs").Held} */ { cookie, epoch, generation }) => {
    const headers = { cookie, "everlit-version": "1", "sec-fetch-site": "same-origin", "content-type": "application/json" };
    const body = JSON.stringify({ v: 1, epoch, generation, reason: "deadline" });
    const answer = await send(`http://localhost:${workerd.port}/auth/token`, { method: "POST", headers, body });
    if (answer.status !== 200) throw new Error(`a session answered ${answer.status}: ${answer.text}`);
  };
  // One session, asked as often: what the requests themselves leave behind is not the objects'.
  const [first] = held;
  if (first) await each(Array.from({ length: held.length }, () => first), ask);
  const before = resident(workerd.pid);
  const began = Date.now();
  await each(held, ask);
  const after = resident(workerd.pid);
  return { before, after, sessions: held.length, took_ms: Date.now() - began };
}

const stack = await startScriptedStack();
const logins = Array.from({ length: SESSIONS }, () => stack.browser());
const held = /** @type {import("./requests.mjs").Held[]} */ ([]);
for (const browser of logins) {
  await enter(stack, browser);
  held.push(await holding(browser));
}
const rust = await measure(stack.workerd, held);
await stack.close();

const other = await startJavaScript("http://127.0.0.1:9", SESSIONS);
const javascript = await measure(other.workerd, other.held);
await other.close();

process.stdout.write(`${JSON.stringify({ rust, javascript })}\n`);
