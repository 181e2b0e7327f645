/** The prices on the page: two tiles, and a table of shares. */

import { find, make, say } from "../page.js";
import { type Id, IDS, INSTRUMENTS, type Quote } from "./broker.js";
import { count, percent, price, signed } from "./words.js";

/** A day of five minutes and some more: what a line is drawn of. */
const KEPT = 360;
const CANDLE_MS = 5 * 60_000;
/** The size of a line's drawing; style sheets stretch it. */
const [WIDTH, HEIGHT] = [120, 32];
const SVG = "http://www.w3.org/2000/svg";

interface Shown {
  readonly element: HTMLElement;
  readonly last: HTMLElement;
  readonly change: HTMLElement;
  readonly share: HTMLElement;
  readonly line: SVGSVGElement;
  readonly range: HTMLElement;
  readonly volume: HTMLElement;
  readonly seen: number[];
  known?: number;
}

const shown = new Map<Id, Shown>();

/** Makes the places for all prices. */
export function layOut(): void {
  for (const id of IDS) {
    const tile = document.querySelector<HTMLElement>(`[data-quote="${id}"]`);
    shown.set(id, tile ? tileOf(id, tile) : rowOf(id));
  }
}

function parts(): Omit<Shown, "element"> {
  const [last, change, share, volume] = [make("span", "–", "last"), make("span", "", "change"), make("span", "", "share"), make("span", "")];
  const range = make("span", "", "range");
  range.append(make("span", "", "low"), make("span", "", "track"), make("span", "", "high"));
  find(".track", range).append(make("i"));
  const line = document.createElementNS(SVG, "svg");
  line.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  line.setAttribute("preserveAspectRatio", "none");
  line.setAttribute("aria-hidden", "true");
  line.classList.add("line");
  for (const name of ["area", "stroke"]) {
    const path = document.createElementNS(SVG, "path");
    path.classList.add(name);
    line.append(path);
  }
  return { last, change, share, volume, range, line, seen: [] };
}

function tileOf(id: Id, element: HTMLElement): Shown {
  const part = parts();
  const { symbol, name } = INSTRUMENTS[id];
  const title = make("h2", symbol);
  title.append(" ", make("small", name));
  const figures = make("p", "", "figures");
  figures.append(part.last, " ", part.change, " ", part.share);
  element.replaceChildren(title, figures, part.line, part.range);
  return { element, ...part };
}

function rowOf(id: Id): Shown {
  const part = parts();
  const { symbol, name } = INSTRUMENTS[id];
  const element = find<HTMLTableSectionElement>("#shares").insertRow();
  const head = make("th");
  head.scope = "row";
  head.append(make("b", symbol), make("small", name));
  const cell = (className: string, ...content: Node[]) => {
    const made = make("td", "", className);
    made.append(...content);
    return made;
  };
  element.append(head, cell("wide", part.line), cell("", part.last), cell("", part.change, part.share), cell("wide", part.range), cell("wide", part.volume));
  return { element, ...part };
}

/** Draws what a price did until now. */
export function showCourse(id: Id, prices: readonly number[]): void {
  const at = shown.get(id);
  if (!at) return;
  at.seen.splice(0, Infinity, ...prices.slice(-KEPT));
  draw(at.line, at.seen);
}

/** Shows a price, and that it moved. */
export function showQuote({ id, at: moment, last, open, high, low, before, volume }: Quote): void {
  const at = shown.get(id);
  if (!at) return;
  const known = at.known;
  at.known = last;
  follow(at, moment, last);
  const change = last - before;
  at.element.dataset.way = change > 0 ? "up" : change < 0 ? "down" : "";
  say(at.last, price(last));
  say(at.change, signed(change));
  say(at.share, percent(change / before));
  say(at.volume, volume === undefined ? "" : count(volume));
  say(find(".low", at.range), price(low));
  say(find(".high", at.range), price(high));
  const part = (value: number) => `${high > low ? ((value - low) / (high - low)) * 100 : 50}%`;
  at.range.style.setProperty("--at", part(last));
  at.range.style.setProperty("--open", part(open));
  draw(at.line, at.seen);
  if (known !== undefined && known !== last) flash(at.last, last > known ? "up" : "down");
}

/** The end of the line moves with the price, and stays where it is every five minutes. */
function follow({ seen, ...at }: Shown, moment: number, last: number): void {
  if (seen.length === 0) return;
  const candle = Math.floor(moment / CANDLE_MS);
  if (at.element.dataset.candle !== String(candle)) {
    if (at.element.dataset.candle) seen.push(last);
    at.element.dataset.candle = String(candle);
  }
  seen[seen.length - 1] = last;
  if (seen.length > KEPT) seen.shift();
}

function draw(line: SVGSVGElement, seen: readonly number[]): void {
  const [low, high] = [Math.min(...seen), Math.max(...seen)];
  const span = high - low || 1;
  const points = seen.map((value, n) => {
    const x = seen.length > 1 ? (n / (seen.length - 1)) * WIDTH : WIDTH;
    return `${x.toFixed(1)} ${(HEIGHT - 3 - ((value - low) / span) * (HEIGHT - 6)).toFixed(1)}`;
  });
  const [area, stroke] = line.querySelectorAll("path");
  const path = `M${points.join("L")}`;
  stroke?.setAttribute("d", seen.length > 1 ? path : "");
  area?.setAttribute("d", seen.length > 1 ? `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z` : "");
}

/** A short light on a price that moved. */
function flash(element: HTMLElement, way: "up" | "down"): void {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const colour = getComputedStyle(element).getPropertyValue(`--${way}-soft`);
  element.animate([{ backgroundColor: colour }, { backgroundColor: "transparent" }], { duration: 900, easing: "ease-out" });
}
