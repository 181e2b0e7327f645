/** The panel of the long operation: its steps, what it found, and its log, which is kept whatever happens in between. */

import { isSessionError } from "everlit";
import { byTestId, find, make, say } from "../page.js";
import { ERRORS } from "../words.js";
import type { Broker } from "./broker.js";
import { isCancelled } from "./calls.js";
import { type Found, STEPS, type Step, strangle, TITLES } from "./strangle.js";
import { clock, day, price } from "./words.js";

type State = "ready" | "running" | "waiting" | "done" | "cancelled" | "failed";

const STATES: { readonly [state in State]: string } = {
  ready: "Ready",
  running: "Running",
  waiting: "Waiting",
  done: "Done",
  cancelled: "Cancelled",
  failed: "Stopped",
};

const steps = byTestId<HTMLOListElement>("steps");
const log = byTestId<HTMLOListElement>("log");
const legs = byTestId("legs");
const run = byTestId<HTMLButtonElement>("run");
const cancel = byTestId<HTMLButtonElement>("cancel");
const lots = find<HTMLInputElement>("#lots");

export class Work {
  #broker: Broker;
  #refused: () => void;
  #state: State = "ready";
  #step: Step | undefined;
  #ended: AbortController | undefined;
  #waitsSince = 0;

  /** `begins` hears of each run that begins, `refused` of each that ended because the session's dialog was cancelled. */
  constructor(broker: Broker, begins: () => void, refused: () => void) {
    this.#broker = broker;
    this.#refused = refused;
    this.#reset();
    find<HTMLFormElement>("#run").addEventListener("submit", (event) => {
      event.preventDefault();
      begins();
      void this.#run();
    });
    cancel.addEventListener("click", () => this.#ended?.abort());
  }

  /** The session waits for a person. */
  waits(): void {
    if (this.#state !== "running") return;
    this.#waitsSince = performance.now();
    this.#show("waiting");
    this.#note(`The broker’s day has ended. Waiting for a login at ${this.#broker.title}.`, "wait");
  }

  /** Something came of what waited. */
  #goesOn(): void {
    if (this.#state !== "waiting") return;
    const seconds = Math.max(Math.round((performance.now() - this.#waitsSince) / 1_000), 1);
    this.#show("running");
    this.#note(`Logged in again after ${seconds} s. Going on where it stopped.`, "good");
  }

  async #run(): Promise<void> {
    if (this.#ended) return;
    const ended = (this.#ended = new AbortController());
    this.#reset();
    this.#show("running");
    cancel.focus();
    this.#note(`Started with ${lots.value} ${lots.value === "1" ? "lot" : "lots"} at ${this.#broker.title}.`);
    const began = performance.now();
    const tell = {
      begin: (step: Step) => this.#mark((this.#step = step), "running"),
      note: (words: string) => {
        this.#goesOn();
        this.#note(words);
      },
      done: (step: Step, result: string) => this.#mark(step, "done", result),
      found: (found: Found) => showLegs(found),
    };
    try {
      await strangle(this.#broker, lots.valueAsNumber, tell, ended.signal);
      this.#note(`Done in ${Math.round((performance.now() - began) / 1_000)} s.`, "good");
      this.#show("done");
    } catch (error) {
      const isCancel = isCancelled(error);
      if (isSessionError(error) && error.code === "ERR_SESSION_CANCELLED") this.#refused();
      if (this.#step) this.#mark(this.#step, isCancel ? "cancelled" : "failed");
      this.#note(isCancel ? "Cancelled. Nothing more is sent." : messageOf(error), isCancel ? "wait" : "bad");
      this.#show(isCancel ? "cancelled" : "failed");
    } finally {
      this.#ended = undefined;
      // Whoever had the button that is gone goes on with the one in its place.
      const had = document.activeElement === cancel || document.activeElement === document.body;
      cancel.hidden = true;
      run.hidden = lots.disabled = false;
      if (had) run.focus({ preventScroll: true });
    }
  }

  #reset(): void {
    this.#step = undefined;
    legs.replaceChildren();
    log.replaceChildren();
    steps.replaceChildren(
      ...STEPS.map((step) => {
        const item = make("li");
        item.dataset.step = step;
        item.append(make("span", TITLES[step], "name"), make("span", "", "result"));
        return item;
      }),
    );
    for (const step of STEPS) this.#mark(step, "pending");
  }

  #mark(step: Step, state: string, result?: string): void {
    const item = find(`[data-step="${step}"]`, steps);
    item.dataset.state = state;
    if (state === "running") item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
    if (result !== undefined) say(find(".result", item), result);
  }

  #show(state: State): void {
    this.#state = state;
    const panel = byTestId("work-state");
    say(panel, STATES[state]);
    panel.dataset.state = state;
    run.hidden = lots.disabled = state === "running" || state === "waiting";
    cancel.hidden = !run.hidden;
    if (this.#step && (state === "running" || state === "waiting")) this.#mark(this.#step, state);
    if (state !== "running") say(find("#announcer"), `${find("#work-title").textContent}: ${STATES[state]}`);
  }

  #note(words: string, kind = ""): void {
    const now = new Date();
    const time = make("time", clock(now));
    time.dateTime = now.toISOString();
    const item = make("li", "", kind);
    item.append(time, make("span", words));
    log.append(item);
  }
}

function messageOf(error: unknown): string {
  if (isSessionError(error)) return ERRORS[error.code];
  return error instanceof Error ? error.message : String(error);
}

function showLegs({ expiry, quantity, legs: found }: Found): void {
  const table = make("table");
  table.append(make("caption", `${quantity} of each, until ${day(expiry)}`));
  const head = table.createTHead().insertRow();
  for (const name of ["Sell", "Bid", "Ask", "Order"]) {
    const cell = make("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { strike, right, bid, ask, order } of found) {
    const row = body.insertRow();
    const name = make("th");
    name.scope = "row";
    name.append(make("b", String(strike)), " ", make("span", right === "call" ? "CE" : "PE", `tag ${right}`));
    row.append(name);
    for (const value of [price(bid), price(ask)]) row.insertCell().textContent = value;
    const cell = row.insertCell();
    cell.append(order ? make("span", `…${order.slice(-4)}`, "placed") : make("span", "–"));
    if (order) cell.title = order;
  }
  legs.replaceChildren(table);
}

