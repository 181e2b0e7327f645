import type { ProblemCode, SessionPresence, SessionState } from "../../types.js";
import type { Standing } from "../standing.js";

/** What a banner goes by. */
export interface Facts {
  /** Whether the browser has a network. */
  readonly online: boolean;
  readonly state: SessionState;
  readonly presence: SessionPresence;
  /** What the Worker said when it could not help. */
  readonly problem?: ProblemCode;
  /** When the session ends for want of activity. */
  readonly idleEndsAt?: number;
  /** The vaults that it is about, worst first where two are alike. */
  readonly standings: readonly Standing[];
}

/**
 * What a banner says.
 *
 * | kind | means |
 * |---|---|
 * | `offline` | there is no network |
 * | `unreachable` | no token can be had just now |
 * | `expired` | a person has to log in |
 * | `idle` | the session ends soon unless its user is there |
 * | `expiring` | a token ends soon, and only a person brings the next |
 */
export type BannerKind = "offline" | "unreachable" | "expired" | "idle" | "expiring";

/** What is wrong, and with which vault. */
export interface Wrong {
  readonly kind: BannerKind;
  readonly standing?: Standing;
}

/** What a banner remembers. */
export interface Memory {
  readonly wrong?: Wrong;
  /** Since when that is wrong, or nothing is any more. */
  readonly since: number;
  /** What it shows: what is wrong, or that this is mended. */
  readonly shown?: Wrong | (Omit<Wrong, "kind"> & { readonly kind: "restored" });
  /** What was shown, while it is not known yet whether it is mended. */
  readonly owed?: Wrong;
}

export const NOTHING: Memory = { since: 0 };

/** What is over sooner is not worth a word. */
export const GRACE_MS = 2_000;
/** So long it is said that nothing is wrong any more. */
export const RESTORED_MS = 10_000;

/** What is wrong, first that without which nothing else helps. */
function judge({ online, state, presence, standings }: Facts, before: BannerKind | undefined, now: number): Wrong | undefined {
  if (!online) return { kind: "offline" };
  // A try is no success.
  if (state === "degraded" || (before === "unreachable" && /ing$/.test(state))) return { kind: "unreachable" };
  const over = standings.find(({ word }) => word === "over");
  if (over) return { kind: "expired", standing: over };
  if (presence === "prompted" && standings.some(({ vault }) => vault === "login")) return { kind: "idle" };
  const ends = standings.find(({ word, endsAt = Infinity, renews, warnAt }) => word === "valid" && !renews && endsAt - now <= warnAt);
  return ends && { kind: "expiring", standing: ends };
}

/** What a banner remembers after a look at what is. */
export function step(memory: Memory, facts: Facts, now: number): Memory {
  const wrong = judge(facts, memory.wrong?.kind, now);
  if (wrong) {
    const isNew = wrong.kind !== memory.wrong?.kind || wrong.standing?.vault !== memory.wrong.standing?.vault;
    const since = isNew ? now : memory.since;
    const grace = wrong.kind === "offline" || wrong.kind === "unreachable" ? GRACE_MS : 0;
    return { wrong, since, shown: now - since < grace ? memory.shown : wrong };
  }
  const { shown = memory.owed } = memory;
  if (!shown || shown.kind === "idle") return NOTHING;
  if (shown.kind === "restored") return now - memory.since < RESTORED_MS ? memory : NOTHING;
  const word = shown.standing && facts.standings.find(({ vault }) => vault === shown.standing!.vault)?.word;
  if (word === "renewing") return { since: now, owed: shown };
  // A login that is gone has not come back.
  if (shown.standing && word !== "valid") return NOTHING;
  return { since: now, shown: { ...shown, kind: "restored" } };
}
