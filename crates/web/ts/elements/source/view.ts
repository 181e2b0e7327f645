import type { SourceChange } from "../../fallback/types.js";
import { type Place, type View, h, icon, moment } from "../base.js";
import type { SourceTexts } from "./texts.js";

/** All that it depends on. */
export interface SourceState {
  /** Of each upstream, what was told last. */
  readonly told: readonly SourceChange[];
  readonly place: Place;
  readonly texts: SourceTexts;
}

const LAYERS = "M12 3l9 5-9 5-9-5zM3 13l9 5 9-5";

/** What has stood in longest, while anything does. */
export function view({ told, place, texts }: SourceState, now: number): View {
  const [first] = told.filter(({ source }) => source === "fallback").sort((a, b) => a.since - b.since);
  const says = first && texts.why(moment(first.since, now, place), first.reason);
  // It is there before it says something: only then it is read out.
  const kids = first ? [icon(LAYERS), h("span name", {}, texts.name), " ", h("span why", {}, says)] : [];
  return [[h(`span${first ? " source" : ""}`, { role: "status" }, ...kids)], false];
}
