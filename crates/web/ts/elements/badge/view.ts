import { HOUR, type View, h } from "../base.js";
import type { Standing } from "../standing.js";
import type { BadgeTexts } from "./texts.js";

/** All that a badge depends on. */
export interface BadgeState {
  /** Nothing until it is known. */
  readonly standing?: Standing;
  /** Below which time left the colour changes, in milliseconds. */
  readonly soon: number;
  readonly urgent: number;
  readonly texts: BadgeTexts;
}

/** Those of brokers whose tokens live for a day. */
export const SOON_MS = 3 * HOUR;
export const URGENT_MS = HOUR;

/** The colour, and what it means. */
export type BadgeLevel = "good" | "soon" | "urgent" | "over" | "none";

/** A badge, as it is at this moment. */
export function view({ standing, soon, urgent, texts }: BadgeState, now: number): View {
  if (!standing) return [[], false];
  const { word, endsAt = Infinity, renews, title, vault } = standing;
  const rest = endsAt - now;
  const left = rest > 0 && rest < Infinity ? texts.left(rest) : undefined;
  const [level, says, told] = ((): [BadgeLevel, string, string?] => {
    if (word === "none") return ["none", texts.none];
    if (word === "over" || (rest <= 0 && !renews)) return ["over", texts.over, texts.over];
    if (word === "renewing" || rest <= 0) return ["soon", texts.renewing];
    if (vault === "login" && !renews) return ["soon", texts.degraded(left)];
    // What comes again by itself worries nobody, however little is left.
    if (renews || rest > soon) return ["good", texts.valid(left)];
    if (rest > urgent) return ["soon", texts.endsIn(left!), texts.within(texts.left(soon))];
    return ["urgent", texts.endsSoon(left!), texts.within(texts.left(urgent))];
  })();
  const name = texts.name(title);
  return [
    [
      h(
        `span badge ${level}`,
        {},
        h("span dot", { "aria-hidden": true }),
        h("span name", {}, name),
        " ",
        h("span time", {}, says),
      ),
      // Said when the colour changes, and not each minute.
      h("span said", { role: "status" }, told && `${name}: ${told}`),
    ],
    !!left,
  ];
}
