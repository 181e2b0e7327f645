import type { Session } from "../session.js";
import { clockOf } from "../store/clock.js";
import type { SessionOptions } from "../types.js";
import { host, iconButton, make, write } from "./element.js";
import type { TimelineEntry } from "./entry.js";
import { movable } from "./place.js";
import { type Log, type Recording, recordingOf, watch } from "./recording.js";
import { report } from "./report.js";
import { STYLE } from "./style.js";
import { TROUBLES, Troubles } from "./trouble.js";
import { difference, duration, inWords } from "./words.js";

/** How to open the panel. */
export interface DebugPanelOptions {
  /**
   * Where it is put.
   * @default the document's body
   * @reason it stands by itself and needs no place in the page
   */
  readonly parent?: Node;
  /**
   * What the session was opened with: the report says which options there were, and trouble is played where `baseUrl` says that the Worker is.
   * @default the report does not say, and the Worker is where this page has asked for its session
   * @reason a session does not keep what it was given
   */
  readonly options?: SessionOptions;
}

/** An open panel. */
export interface DebugPanel extends Disposable {
  readonly element: HTMLElement;
  /** What it shows. */
  readonly recording: Recording;
  /** Takes it away, and ends all trouble that it plays. */
  close(): void;
}

const panels = new WeakMap<Session, DebugPanel>();
const TICK_MS = 500;
const WELL = ["active", "refreshing"];
const BAD = ["degraded", "reauth-required", "ended"];

/**
 * Shows what goes on in a session, with buttons for trouble. It stands by itself at the bottom right, in any framework; a session has
 * one. Where a recording is under way it is shown, else one begins that ends with the panel.
 *
 * ```ts
 * if (location.hash === "#debug") {
 *   const { openDebugPanel } = await import("everlit/debug");
 *   openDebugPanel(session);
 * }
 * ```
 */
export function openDebugPanel(session: Session, { parent = document.body, options }: DebugPanelOptions = {}): DebugPanel {
  if (!(parent instanceof Node)) throw new TypeError(`openDebugPanel: parent is ${String(parent)}; it takes an element of the page, or nothing for its body, once that is there`);
  const open = panels.get(session);
  if (open) return open;
  const under = recordingOf(session);
  const recording = under?.running ? under : (watch(session, { options }) as Log);
  const over = new AbortController();
  const { signal } = over;

  const element = host();
  const root = element.attachShadow({ mode: "open" });
  const [look, placed] = [new CSSStyleSheet(), new CSSStyleSheet()];
  look.replaceSync(STYLE);
  root.adoptedStyleSheets = [look, placed];

  const state = make("span", { class: "state", role: "status" });
  const move = iconButton("Move: arrow keys choose a corner", "M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.5l2 2 2-2M3.5 6l-2 2 2 2M12.5 6l2 2-2 2");
  const fold = iconButton("Fold", "M3 8h10");
  const shut = iconButton("Close", "M4 4l8 8M12 4l-8 8");
  const header = make("header", {}, make("h2", { id: "title" }, "Everlit"), state, move, fold, shut);

  const list = make("dl");
  const figure = (name: string, className = "") => {
    const value = make("dd");
    const row = make("div", { class: className }, make("dt", {}, name), value);
    list.append(row);
    return { row, value };
  };
  const deadline = (name: string) => {
    const { row, value } = figure(name);
    value.className = "big";
    const bar = make("progress", { max: "1", "aria-label": name });
    row.append(bar);
    return (left: number | undefined, whole: number) => {
      write(value, left === undefined ? "–" : duration(left));
      bar.hidden = left === undefined;
      if (left !== undefined) bar.value = Math.min(1, left / whole);
    };
  };
  const token = deadline("Token ends in");
  const refresh = deadline("Asks again in");
  const idle = figure("Session ends for want of activity in", "wide");
  idle.value.className = "big";
  const health = figure("Health", "wide");
  const user = figure("User");
  const generation = figure("Token of this login");
  const skew = figure("This computer's clock");
  const heard = figure("Told by tabs, Worker");
  const providers = figure("Providers", "wide");
  const problem = make("p", { class: "problem" });

  const entries = make("ol", { "aria-label": "Timeline, newest first" });
  const none = make("p", { class: "none" }, "Nothing yet.");
  const troubles = new Troubles(recording, () => press());
  const buttons = TROUBLES.map(({ name, label, does, lasts }) => {
    const button = make("button", { type: "button", "aria-describedby": `does-${name}`, "data-trouble": name, ...(lasts && { "aria-pressed": "false" }) }, label);
    button.addEventListener("click", () => troubles.toggle(name));
    return { name, button, row: make("li", {}, button, make("p", { id: `does-${name}` }, does)), lasts };
  });
  const press = () => {
    for (const { name, button, lasts } of buttons) if (lasts) button.setAttribute("aria-pressed", `${troubles.playing.has(name)}`);
  };

  const download = make("button", { type: "button", "data-report": "" }, "Download report");
  const body = make(
    "div",
    { class: "body", id: "body", role: "group", "aria-label": "What is known of the session", tabindex: "0" },
    list,
    problem,
    make("details", {}, make("summary", {}, "Play trouble"), make("ul", {}, ...buttons.map(({ row }) => row))),
    make("details", { open: "" }, make("summary", {}, "Timeline"), none, entries),
  );
  const footer = make("footer", {}, download, "No token, no user and no query is in it.");
  const section = make("section", { role: "dialog", "aria-labelledby": "title" }, header, body, footer);
  root.append(section);

  const tags = (given: readonly (readonly [text: string, bad: boolean])[]) => given.map(([text, bad]) => make("span", { class: bad ? "tag bad" : "tag" }, text));
  /** What changes by itself. */
  const tick = () => {
    const { token: held, refreshIn, idleEndsIn, skew: clocks } = recording.snapshot();
    token(held?.expiresIn, held?.lifetime ?? 1);
    refresh(refreshIn, held?.lifetime ?? 60_000);
    idle.row.hidden = idleEndsIn === undefined;
    write(idle.value, duration(idleEndsIn ?? 0));
    write(skew.value, clocks ? `${difference(clocks.ahead)} (± ${Math.round(clocks.error)} ms)` : "–");
  };
  /** What a change is told of. */
  const render = () => {
    const now = recording.snapshot();
    write(state, now.state);
    section.dataset.mood = WELL.includes(now.state) ? "well" : BAD.includes(now.state) ? "bad" : "";
    write(user.value, now.loggedIn ? now.presence : "nobody known");
    write(generation.value, now.token ? `number ${now.token.generation}` : "–");
    write(heard.value, `${now.heard.tabs}, ${now.heard.worker}`);
    const { score, grade, reasons } = now.health;
    health.value.replaceChildren(`${score} of 100, ${grade} `, ...tags(reasons.map((reason) => [reason, true])));
    providers.row.hidden = !now.providers.length;
    providers.value.replaceChildren(...tags(now.providers.map(({ name, state }) => [`${name}: ${state}`, state === "needs-human"])));
    problem.hidden = !now.problem;
    write(problem, now.problem ? [`Last problem: ${now.problem.code}`, now.problem.detail].filter(Boolean).join(". ") : "");
    renderTimeline();
    tick();
  };
  let shown = 0;
  const renderTimeline = () => {
    const fresh = recording.timeline().filter(({ number }) => number > shown);
    shown = fresh.at(-1)?.number ?? shown;
    for (const entry of fresh) entries.prepend(line(entry));
    while (entries.childElementCount > recording.timeline().length) entries.lastElementChild!.remove();
    none.hidden = !!shown;
    entries.hidden = !shown;
  };

  const panel: DebugPanel = {
    element,
    recording,
    close() {
      if (signal.aborted) return;
      over.abort();
      troubles.stop();
      panels.delete(session);
      if (recording !== under) recording.stop();
      element.remove();
    },
    [Symbol.dispose]: () => panel.close(),
  };

  fold.setAttribute("aria-expanded", "true");
  fold.setAttribute("aria-controls", "body");
  fold.addEventListener("click", () => {
    body.hidden = footer.hidden = !body.hidden;
    fold.setAttribute("aria-expanded", `${!body.hidden}`);
  });
  shut.addEventListener("click", panel.close);
  section.addEventListener("keydown", ({ key }) => key === "Escape" && panel.close());
  download.addEventListener("click", () => save(session));
  // Who moves it within the document has not taken it away.
  element.addEventListener("gone", () => queueMicrotask(() => element.isConnected || panel.close()));
  movable(element, header, move, placed, signal);
  const unsubscribe = recording.subscribe(render);
  const still = clockOf(session).every(TICK_MS, tick);
  signal.addEventListener("abort", () => {
    unsubscribe();
    still();
  });
  panels.set(session, panel);
  render();
  parent.appendChild(element);
  return panel;
}

/** One line of the timeline. */
function line(entry: TimelineEntry): HTMLLIElement {
  const [what, why] = inWords(entry);
  const mood = entry.kind === "problem" || (entry.kind === "statechange" && BAD.includes(entry.to)) ? "bad" : entry.kind;
  const when = new Date(entry.serverTime ?? Date.now());
  const time = make("time", { datetime: when.toISOString() }, when.toLocaleTimeString("en-GB"));
  return make("li", { "data-mood": mood }, time, make("b", {}, what), make("span", {}, why));
}

/** Hands the report to the user as a file. */
function save(session: Session): void {
  const text = JSON.stringify(report(session), undefined, 2);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  make("a", { href: address, download: "everlit-report.json" }).click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
