import type { SessionState } from "everlit";
import { byTestId, make } from "./page.js";

/** More than this nobody reads. */
const KEPT = 100;

const list = byTestId<HTMLOListElement>("log");
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Puts a change of the session on top of the log, with why it came. */
export function record({ from, to, why }: { from: SessionState; to: SessionState; why: string }): void {
  const now = new Date();
  const time = make("time", clock.format(now));
  time.dateTime = now.toISOString();
  const change = make("span", "", "change");
  change.append(make("span", `${from} → `, "from"), make("b", to));
  const item = make("li");
  item.append(time, " ", change, " ", make("span", why, "why"));
  list.prepend(item);
  while (list.children.length > KEPT) list.lastElementChild?.remove();
}
