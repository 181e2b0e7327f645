import type { Asked } from "../../reauth/types.js";
import { type Drawn, type Kid, type Place, SPIN, type View, button, h, icon, moment } from "../base.js";
import type { ReauthTexts } from "./texts.js";

/** All that the dialog depends on. */
export interface ReauthState {
  /** What it is about. Nothing while it is closed. */
  readonly asked?: Asked;
  /** How many calls were cancelled just now. */
  readonly cancelled?: number;
  readonly place: Place;
  readonly texts: ReauthTexts;
}

const KEY = "M3 15.5a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0M10.7 12.3L20 3M15 8l3 3";
const PHONE = "M7 2h10v20H7zM11 18h2";
const CHECK = "M5 12.5l4.5 4.5L19 7.5";
const AWAY = "M7 17L17 7M9 7h8v8";

/** A minute is not worth to be said. */
const RECENT_MS = 60_000;

/** The dialog, as it is at this moment. */
export function view(state: ReauthState, now: number): View {
  const { asked, texts, cancelled } = state;
  return [
    [h("dialog dialog", { "aria-labelledby": "title", "aria-describedby": "what" }, ...(asked ? inside(state, asked, now) : [])),
    // What is said when there is no dialog any more.
    h("p said", { role: "status" }, !asked && cancelled !== undefined && texts.cancelled(cancelled))],
    !!asked,
  ];
}

function inside(state: ReauthState, asked: Asked, now: number): readonly Kid[] {
  const { place, texts } = state;
  const { vault, who, since, loginFrom = 0, waiting, phase, problem } = asked;
  const done = phase === "done";
  // An operator was called whenever it was.
  const ago = since && (now - since >= RECENT_MS || who === "operator") ? moment(since, now, { ...place, theirs: undefined }) : undefined;
  const early = who === "you" && loginFrom > now;
  const says = problem && texts.problem(problem, asked);
  const wrong = says && h(`p problem${problem.kind === "unproven" ? " kept" : ""}`, { id: "problem", role: "alert" }, says);
  const busy = phase === "updating";
  const content = who === "you" && !early ? ways(state, asked, now, wrong) : [wrong];
  // Where nothing is to be pressed first, focus is where reading begins: never at the button that cancels.
  const focus = who !== "you" || early || !asked.how.length || (phase === "approval" && asked.how[0] === phase);
  return [
    h(
      "div body",
      { id: vault, inert: done },
      h(
        "div header",
        {},
        h("span mark", {}, icon(KEY)),
        h("h2 title", { id: "title", tabindex: -1, autofocus: focus }, texts.title(asked)),
      ),
      h("p what", { id: "what" }, who === "you" ? texts.what(asked, ago) : texts.operator(asked, ago)),
      early && h("p from", {}, texts.loginFrom(moment(loginFrom, now, place), loginFrom - now)),
      ...content,
      h(
        "div footer",
        {},
        h("p waiting", {}, waiting > 0 && texts.waiting(waiting)),
        button("cancel", "cancel", false, false, texts.cancel),
      ),
    ),
    h(
      `div status ${done ? "done" : "said"}`,
      { role: "status" },
      done && icon(CHECK),
      done ? texts.done : busy ? texts.updating : phase === "popup" ? texts.elsewhere : phase === "approval" && texts.approve(asked),
    ),
  ];
}

/** What can be done, best first. Who comes by a popup comes by a link as well. */
function ways(state: ReauthState, asked: Asked, now: number, wrong: Drawn | "" | undefined): readonly Kid[] {
  const { texts } = state;
  const { phase, how, problem } = asked;
  if (!how.length && !problem) return [h("p wait", { role: "status" }, SPIN, texts.moment)];
  const isField = ofField(asked);
  return [
    !isField && wrong,
    phase === "popup" && h("p opened", {}, texts.elsewhere),
    ...how
      .filter((way) => way !== "redirect" || !how.includes("popup"))
      .flatMap((way, place) => [
        // Two buttons say by themselves that one is enough.
        place > 0 && (way === "paste" || how[0] === "paste") && h("p or", {}, texts.or),
        way === "paste" ? paste(state, asked, isField && wrong) : way === "approval" ? approval(state, asked, now) : login(state, asked),
      ]),
  ];
}

/** Whether what is wrong is with what was typed. */
export const ofField = ({ how, problem }: Asked): boolean => how.includes("paste") && !!problem && !/^(popup|approval)/.test(problem.kind);

function login({ texts }: ReauthState, asked: Asked): Drawn {
  const { how, loginUrl, phase, problem } = asked;
  const isFirst = /^(popup|redirect)$/.test(how[0]!);
  const label = texts.login(asked);
  const inPopup = how.includes("popup") && problem?.kind !== "popup-blocked";
  if (inPopup || !loginUrl) return button(inPopup ? "login" : "leave", "login", phase === "updating", isFirst, inPopup ? (phase === "popup" ? texts.show : label) : texts.away);
  return h(
    "div way",
    {},
    h(`a button ${isFirst ? "primary " : ""}login`, { href: loginUrl, target: "_blank", rel: "noopener", autofocus: isFirst, "aria-describedby": "away" }, label, icon(AWAY)),
    h("p hint", { id: "away" }, texts.newTab),
  );
}

function paste({ texts }: ReauthState, asked: Asked, wrong: Drawn | "" | false | undefined): Drawn {
  const busy = asked.phase === "updating";
  return h(
    "form form",
    { "data-do": "submit", "aria-busy": busy },
    h("label label", { for: "field" }, texts.field),
    h(
      "div row",
      {},
      h("input field", {
        id: "field",
        dir: "ltr",
        // So that the style sees whether there is something in it.
        placeholder: " ",
        autocomplete: "off",
        autocapitalize: "off",
        autocorrect: "off",
        spellcheck: "false",
        enterkeyhint: "done",
        "aria-describedby": wrong ? "problem" : "hint",
        "aria-invalid": !!wrong,
        readonly: busy,
        autofocus: asked.how[0] === "paste",
      }),
      h(
        "button button update",
        { type: "submit", "aria-disabled": busy },
        busy && SPIN,
        busy ? texts.updating : texts.update,
      ),
    ),
    wrong || h("p hint", { id: "hint" }, texts.hint),
  );
}

function approval({ texts }: ReauthState, asked: Asked, now: number): Drawn {
  const { phase, deadline, problem } = asked;
  const isOpen = phase === "approval";
  const ask = button("ask", "ask", phase === "updating", !isOpen && asked.how[0] === "approval", icon(PHONE), isOpen || problem?.kind.startsWith("approval") ? texts.again : texts.phone);
  if (!isOpen) return ask;
  const rest = Math.max(0, (deadline ?? now) - now);
  return h(
    "div way",
    {},
    h(
      "div approval",
      {},
      h("span mark", {}, icon(PHONE)),
      h("p approve", {}, texts.approve(asked)),
      deadline !== undefined && h("span clock", { role: "timer", "aria-label": texts.left(rest) }, texts.countdown(rest)),
    ),
    h("p hint", {}, texts.unheard),
    ask,
  );
}
