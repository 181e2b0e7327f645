import { type Drawn, type Place, SPIN, type View, button, h, icon, moment } from "../base.js";
import { type Facts, type Memory, NOTHING } from "./machine.js";
import type { BannerTexts } from "./texts.js";

/** All that a banner depends on. */
export interface BannerState {
  readonly memory: Memory;
  readonly facts: Facts;
  /** Something was tried by hand, and is not over. */
  readonly busy: boolean;
  readonly place: Place;
  readonly texts: BannerTexts;
}

const CIRCLE = "M3 12a9 9 0 1 0 18 0a9 9 0 1 0-18 0M";
const ALERT = `${CIRCLE}12 8v5M12 16.5v.01`;
const CLOCK = `${CIRCLE}12 7v5l3 2`;
const CHECK = `${CIRCLE}8 12.5l2.8 2.8L16 9.5`;
const CUT = `${CIRCLE}5.6 5.6l12.8 12.8`;

/** What is said, how, and what can be done about it. */
interface Saying {
  readonly mood: "good" | "soon" | "bad" | "quiet";
  readonly drawing: string;
  readonly says: string;
  /** What counts down, beside it. */
  readonly time?: string | 0 | undefined;
  readonly action?: Drawn | false | undefined;
}

/** A banner, as it is at this moment. */
export function view(state: BannerState, now: number): View {
  const said = saying(state, now);
  return [
    [h(
      `div banner${said ? ` ${said.mood}` : ""}`,
      {},
      said && icon(said.drawing),
      // It is there before it says something: only then it is read out.
      h("p text", { role: "status" }, said?.says),
      !!said?.time && h("span time", { role: "timer" }, said.time),
      said?.action,
    )],
    state.memory !== NOTHING,
  ];
}

function saying({ memory: { shown }, facts, busy, place, texts }: BannerState, now: number): Saying | undefined {
  if (!shown) return undefined;
  const { kind, standing } = shown;
  if (kind === "restored") return { mood: "good", drawing: CHECK, says: standing ? texts.renewed(standing.title) : texts.online };
  if (kind === "offline") return { mood: "quiet", drawing: CUT, says: texts.offline };
  if (kind === "unreachable") {
    // Who asked for a pause, and what is set up wrong, is not to be asked by hand.
    const action = !/^(throttled|misconfigured)$/.test(facts.problem!) && button("retry", "action", busy, false, busy && SPIN, busy ? texts.retrying : texts.retry);
    return { mood: "soon", drawing: ALERT, says: texts.unreachable, action };
  }
  if (kind === "idle") {
    const rest = facts.idleEndsAt && Math.max(0, facts.idleEndsAt - now);
    return { mood: "soon", drawing: CLOCK, says: texts.idle, time: rest && texts.countdown(rest), action: button("stay", "action", false, false, texts.stay) };
  }
  const { title, endsAt = now, since, loginFrom = 0, who, loginUrl, vault } = standing!;
  const mine = who === "you";
  const early = mine && loginFrom > now;
  const action = mine && !early && (loginUrl
    ? h("a button action", { href: loginUrl, target: "_blank", rel: "noopener", "data-do": "go" }, texts.login)
    : !vault.startsWith("service:") && button("login", "action", false, false, texts.login));
  const from = early ? ` ${texts.loginFrom(loginFrom === endsAt ? undefined : moment(loginFrom, now, place))}` : "";
  if (kind === "expired") {
    const says = mine ? texts.expired(title) : texts.operator(title, since && moment(since, now, { ...place, theirs: undefined }));
    return { mood: "bad", drawing: ALERT, says: says + from, action };
  }
  const rest = endsAt - now;
  return { mood: "soon", drawing: CLOCK, says: texts.expiring(title, moment(endsAt, now, place)) + from, time: texts.left(rest), action };
}
