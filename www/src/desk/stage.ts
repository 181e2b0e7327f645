/**
 * What only the demo has: one clock for the broker's stand-in and both Workers, and a button that moves it past the end of the broker's day.
 * This page goes by it as well, as a computer does that was asleep until then.
 */

import { byTestId, find, say } from "../page.js";
import { field, numeric } from "./broker.js";
import { india } from "./words.js";

const TICK_MS = 1_000;

/** How far the demo's clock is ahead of this computer's. */
let ahead = 0;
let endsAt = 0;

/** Before a session is opened: what time it is. Nothing where this is no demo. */
export async function enterStage(): Promise<void> {
  if (!new URLSearchParams(location.search).has("demo")) return;
  const real = Date.now.bind(Date);
  const tell = async (method: "GET" | "POST", path: string) => {
    const day: unknown = await (await fetch(path, { method })).json();
    ahead = numeric(day, "now") - real();
    endsAt = numeric(day, "ends_at");
    byTestId("approve").hidden = field(day, "approves") !== true;
    show();
  };
  await tell("GET", "/demo/day");
  Date.now = () => real() + ahead;
  // A session looks what time it is when its computer wakes.
  const wake = () => void document.dispatchEvent(new Event("resume"));
  const channel = new BroadcastChannel("everlit desk stage");
  channel.addEventListener("message", () => void tell("GET", "/demo/day").then(wake));
  byTestId("end-day").addEventListener("click", async () => {
    await tell("POST", "/demo/end-day");
    channel.postMessage("moved");
    wake();
  });
  // Pressed before it rings: nothing can be while the dialog is open.
  const approve = byTestId<HTMLButtonElement>("approve");
  approve.addEventListener("click", () => {
    const words = approve.textContent;
    say(approve, "Will say yes when it rings");
    approve.disabled = true;
    void fetch("/demo/approve", { method: "POST" }).finally(() => {
      say(approve, words);
      approve.disabled = false;
    });
  });
  byTestId("trouble").addEventListener("click", () => void fetch("/demo/trouble", { method: "POST" }));
  find("#stage").hidden = false;
  setInterval(show, TICK_MS);
}

function show(): void {
  say(find("#stage-clock"), `At the broker it is ${india(Date.now())}. Its day ends at ${india(endsAt).slice(-8, -3)}: press Run, and end it in the middle.`);
}
