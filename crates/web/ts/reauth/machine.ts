// What only a person can mend, in one tab: who is asked, what waits, and when it goes on. Pure: no clock, no chance, no I/O.
//
// It is in TypeScript and not in `crates/core`, where decisions are else: the Wasm module of a session has no room for it (most pages never need it), and
// a second module would weigh more than all elements together may. So it is written as `core` is: total, its state is a value, and
// `tests/node/reauth-machine.test.mjs` tries every event in every state.

import type { ReauthNeed } from "../types.js";
import { type Status, known } from "./status.js";
import type { Asked, ReauthProblem, ReauthTrouble } from "./types.js";

/** How often the Worker is asked whether somebody has logged in, while the dialog is looked at. */
export const POLL_MS = 5_000;
/** So long the last line is shown. */
export const DONE_MS = 1_500;

/** A call that waits, by its number. */
export type CallId = number;

/** One vault that needs a person. */
export interface Ask extends Omit<Asked, "waiting"> {
  /** Another one with each time that it is asked for: what belongs to an older one is too late. */
  readonly id: number;
  /** Calls that wait, oldest first. One below zero does not, and is told what came of it. */
  readonly calls: readonly CallId[];
  /** The popup is closed, and the Worker was asked what came of it. */
  readonly leaving?: boolean;
  /** The telephone was to be asked, and the Worker was asked what came of it. */
  readonly calling?: boolean;
  /** When it was done, by the Worker's clock. */
  readonly doneAt?: number;
}

export interface State {
  readonly asks: readonly Ask[];
  /** Whether anybody looks at the tab. */
  readonly seen: boolean;
  readonly last: number;
}

/** What came of something that was asked of the Worker, if it is no status. */
export type Verdict = "accepted" | "asked" | ReauthProblem;

/** What happens, by its number: words would be in the package. */
export const enum On {
  Called,
  Left,
  Status,
  Answered,
  Refused,
  Submitted,
  Judged,
  Approval,
  Opened,
  Closed,
  Cancelled,
  Seen,
  Online,
  Due,
}

/** What is to be done about it. */
export const enum Do {
  Poll,
  Put,
  Push,
  Arm,
  Resume,
  Reject,
  Tell,
  Shut,
}

export type Event =
  /** A call needs a person. */
  | { readonly kind: On.Called; readonly vault: string; readonly need: Omit<ReauthNeed, "vault">; readonly call: CallId }
  /** A call waits no longer. */
  | { readonly kind: On.Left; readonly call: CallId }
  /** The status of a vault came. */
  | { readonly kind: On.Status; readonly vault: string; readonly id: number; readonly status: Status | ReauthProblem | undefined }
  /** Somebody logged in: the session knows it, or another tab or window says so. */
  | { readonly kind: On.Answered; readonly vault: string; readonly now?: number | undefined; readonly here?: boolean }
  /** A window says that what it brought was not taken. */
  | { readonly kind: On.Refused; readonly vault: string; readonly says: string }
  /** The user hands something in. */
  | { readonly kind: On.Submitted; readonly vault: string; readonly text: string }
  /** It was judged. */
  | { readonly kind: On.Judged; readonly vault: string; readonly id: number; readonly verdict: Verdict; readonly now?: number | undefined }
  /** The user has the telephone asked. */
  | { readonly kind: On.Approval; readonly vault: string }
  /** The user opened the login, and the browser let them or not. */
  | { readonly kind: On.Opened; readonly vault: string; readonly blocked: boolean }
  /** The popup is closed. */
  | { readonly kind: On.Closed; readonly vault: string }
  | { readonly kind: On.Cancelled; readonly vault: string }
  /** Somebody looks at the tab, or nobody does any more. */
  | { readonly kind: On.Seen; readonly seen: boolean }
  /** There is a network again. */
  | { readonly kind: On.Online }
  /** The timer of a vault fired. */
  | { readonly kind: On.Due; readonly vault: string; readonly id: number };

export type Effect =
  /** The Worker is asked for the status. */
  | { readonly kind: Do.Poll; readonly vault: string; readonly id: number }
  /** What was handed in goes to the Worker. */
  | { readonly kind: Do.Put; readonly vault: string; readonly id: number; readonly text: string }
  /** The telephone is asked. */
  | { readonly kind: Do.Push; readonly vault: string; readonly id: number }
  /** The vault's one timer is to fire after that; not any more, if it is infinite. */
  | { readonly kind: Do.Arm; readonly vault: string; readonly id: number; readonly delay: number }
  /** These calls go on. */
  | { readonly kind: Do.Resume; readonly calls: readonly CallId[] }
  /** These calls are rejected. */
  | { readonly kind: Do.Reject; readonly calls: readonly CallId[] }
  /** The other tabs are told. */
  | { readonly kind: Do.Tell; readonly vault: string }
  /** The popup is closed, where there is one. */
  | { readonly kind: Do.Shut; readonly vault: string };

export const START: State = { asks: [], seen: false, last: 0 };

/** Sentences for what this side finds out by itself. */
const SAYS: { readonly [kind in ReauthTrouble]?: string } = {
  malformed: "Paste the token, the code or the whole address first.",
  "popup-blocked": "The browser opened no window. Allow popups for this page, or log in in a new tab.",
  "popup-closed": "The window was closed before the login was done. Open it again.",
  "approval-refused": "The request was refused on the phone. Ask again, or log in.",
  "approval-over": "Nobody answered on the phone in time. Ask again, or log in.",
  failed: "The phone could not be asked. Ask again, or log in.",
};
const problem = (kind: ReauthTrouble): ReauthProblem => ({ kind, says: SAYS[kind]! });

/** Only a service has a status to be asked for. Of all else the session knows. */
const hasStatus = ({ vault }: Ask) => vault.startsWith("service:");

const poll = ({ vault, id }: Ask): Effect => ({ kind: Do.Poll, vault, id });
const arm = ({ vault, id }: Ask, delay: number): Effect => ({ kind: Do.Arm, vault, id, delay });
/** Asks now, if somebody looks and there is something to ask for. */
const look = (ask: Ask, seen: boolean): readonly Effect[] => (seen && ask.open && ask.phase !== "done" && hasStatus(ask) ? [poll(ask)] : []);

/** The same with other members. What is undefined is not there. */
const but = (ask: Ask, more: { readonly [name in keyof Ask]?: Ask[name] | undefined }) => known<Ask>({ ...ask, ...more });

/** Nothing is under way of which the Worker is asked. */
const STILL = { leaving: undefined, calling: undefined };
/** And nothing is wrong. */
const CLEAR = { ...STILL, problem: undefined };

/** What a person has to do, as it is known now. */
const learn = (ask: Ask, { provider = ask.provider, providerTitle = ask.title, how = ask.how, who = ask.who, since = ask.since, loginUrl, loginFrom, deadline }: Omit<ReauthNeed, "vault">, more?: { problem: undefined }): Ask =>
  but(ask, { ...STILL, ...more, provider, title: providerTitle || provider, how, who, loginUrl, since, loginFrom, deadline });

/** The dialog's turn, when nothing is under way. */
const rest = (ask: Ask, problem = ask.problem): Ask => but(ask, { ...STILL, phase: ask.deadline === undefined ? "asking" : "approval", problem });

type Step = readonly [State, readonly Effect[]];

/** What comes next. */
export function step(state: State, event: Event): Step {
  const { asks, seen } = state;
  const { vault } = event as { readonly vault: string };
  const found = asks.find((each) => (event.kind === On.Left ? each.calls.includes(event.call) : each.vault === vault));
  const none: Step = [state, []];
  /** With another one in its place, or without it. */
  const put = (next: Ask | undefined, ...effects: readonly Effect[]): Step => [{ ...state, asks: asks.flatMap((each) => (each !== found ? each : (next ?? []))) }, effects];

  switch (event.kind) {
    case On.Called: {
      const { need, call } = event;
      if (found && found.phase !== "done") return put({ ...found, calls: [...found.calls, call] });
      // It went out before there was a token again.
      if (found && !(need.serverTime! > found.doneAt!)) return [state, [{ kind: Do.Resume, calls: [call] }]];
      const id = state.last + 1;
      const ask = rest(learn({ id, vault, provider: "", title: "", how: [], who: "you", calls: [call], open: seen, phase: "asking" }, need));
      // What the Worker has said a moment ago it is not asked again.
      return [{ ...state, last: id, asks: [...asks.filter((each) => each !== found), ask] }, hasStatus(ask) && seen ? [need.how ? arm(ask, POLL_MS) : poll(ask)] : []];
    }
    case On.Seen: {
      if (!event.seen) return [{ ...state, seen: false }, asks.filter((ask) => hasStatus(ask) && ask.phase !== "done").map((ask) => arm(ask, Infinity))];
      const next = asks.map((ask) => (ask.open ? ask : { ...ask, open: true }));
      return [{ ...state, seen: true, asks: next }, next.flatMap((ask) => look(ask, true))];
    }
    case On.Online:
      return [state, asks.flatMap((ask) => look(ask, seen))];
  }

  const accepted = event.kind === On.Judged && event.verdict === "accepted";
  const tell: Effect = { kind: Do.Tell, vault };
  // It is right whoever handed it in, and when.
  if (accepted && (!found || found.phase === "done")) return [state, [tell]];
  if (!found || ("id" in event && !accepted && event.id !== found.id)) return none;
  const ask = found;
  const { phase, calls, open, leaving, calling } = ask;
  const shut: Effect = { kind: Do.Shut, vault: ask.vault };
  /** There is a token again: calls go on, and the last line is shown where anything was. */
  const done = (doneAt: number | undefined, ...more: readonly Effect[]) =>
    put(open ? but(ask, { ...CLEAR, deadline: undefined, phase: "done", calls: [], doneAt }) : undefined, shut, ...more, { kind: Do.Resume, calls }, arm(ask, open ? DONE_MS : Infinity));

  switch (event.kind) {
    case On.Left: {
      const others = calls.filter((call) => call !== event.call);
      // Nobody has seen it, and nobody needs it.
      return others.length || open ? put({ ...ask, calls: others }) : put(undefined, arm(ask, Infinity));
    }
    case On.Cancelled:
      return put(undefined, shut, { kind: Do.Reject, calls }, arm(ask, Infinity));
    case On.Due:
      return phase === "done" ? put(undefined, arm(ask, Infinity)) : [state, look(ask, seen)];
  }
  // All else is too late.
  if (phase === "done") return none;

  switch (event.kind) {
    case On.Status: {
      const { status } = event;
      const again = seen ? [arm(ask, POLL_MS)] : [];
      if (!status) return put(ask, ...again);
      if ("kind" in status) {
        // What the user did last is what they want to hear of.
        const isLess = ask.problem && ask.problem.kind !== "offline" && status.kind === "offline";
        const stopped = leaving || calling ? rest(ask) : ask;
        return put(isLess ? stopped : { ...stopped, ...(status.kind === "forbidden" && { how: [], who: "operator" }), problem: status }, ...again);
      }
      if (status.valid) return done(status.serverTime);
      const next = learn(ask, status, ask.problem?.kind === "offline" ? CLEAR : undefined);
      const { deadline } = ask;
      const gone = next.deadline === undefined;
      // What came of what was tried, while that was the last thing.
      const trouble = leaving
        ? "popup-closed"
        : gone && calling
          ? "failed"
          : gone && phase === "approval" && !calling
            ? deadline !== undefined && status.serverTime! >= deadline
              ? "approval-over"
              : "approval-refused"
            : undefined;
      const isBusy = !leaving && !calling && /^(updating|popup)$/.test(phase);
      return put(isBusy ? next : rest(next, trouble && problem(trouble)), ...again);
    }
    case On.Answered:
      return done(event.now, ...(event.here ? [tell] : []));
    case On.Judged: {
      const { verdict } = event;
      if (verdict === "accepted") return done(event.now, tell);
      if (verdict === "asked") return calling ? put(ask, ...(seen ? [poll(ask)] : [])) : none;
      return calling || phase === "updating" ? put(rest(ask, verdict)) : none;
    }
    case On.Closed:
      if (phase !== "popup" || leaving) return none;
      // It closes by itself when the login is done: the Worker knows.
      return hasStatus(ask) && seen ? put({ ...ask, leaving: true }, poll(ask)) : put(rest(ask, problem("popup-closed")));
  }
  // What is handed in just now has a verdict of its own.
  if (phase === "updating") return none;

  switch (event.kind) {
    case On.Refused:
      return put(rest(ask, { kind: "refused", says: event.says }), shut);
    case On.Submitted:
      return event.text.trim() ? put(but(ask, { ...CLEAR, phase: "updating" }), { kind: Do.Put, vault: ask.vault, id: ask.id, text: event.text }) : put({ ...ask, problem: problem("malformed") });
    case On.Opened:
      return put(event.blocked ? { ...ask, problem: problem("popup-blocked") } : but(ask, { ...CLEAR, phase: "popup" }));
    case On.Approval:
      return calling || !ask.how.includes("approval") ? none : put(but(ask, { ...CLEAR, phase: "approval", calling: true }), { kind: Do.Push, vault: ask.vault, id: ask.id });
  }
}

/** What the app is shown of it. */
export const shown = ({ id: _, calls, leaving: _1, calling: _2, doneAt: _3, ...ask }: Ask): Asked => ({ ...ask, waiting: calls.filter((call) => call > 0).length });
