import type { StateChange } from "everlit";
import { byTestId, make } from "./page.js";
import { REASONS } from "./words.js";

/** More than this nobody reads. */
const KEPT = 100;

const list = byTestId<HTMLOListElement>("log");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Puts a transition on top of the log. */
export function record({ from, to, reason, sequence }: StateChange): void {
  const now = new Date();
  const time = make("time", clock.format(now));
  time.dateTime = now.toISOString();
  const change = make("span", "", "change");
  change.append(make("span", from, "from"), make("span", " → ", "arrow"), make("b", to));
  const why = make("span", REASONS[reason], "why");
  why.title = reason;
  const item = make("li");
  item.value = sequence;
  item.dataset.to = to;
  item.append(time, " ", change, " ", why);
  list.prepend(item);
  while (list.children.length > KEPT) list.lastElementChild?.remove();
}
