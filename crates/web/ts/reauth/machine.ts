// What only a person can mend, in one tab: who is asked, what waits, and when it goes on. Pure: no clock, no chance, no I/O.
//
// It is in TypeScript and not in `crates/core`, where decisions are else: the Wasm module of a session has no room for it (most pages never need it), and
// a second module would weigh more than all elements together may. So it is written as `core` is: total, its state is a value, and
// `tests/node/reauth-machine.test.mjs` tries every event in every state.

import type { ReauthNeed } from "../types.js";
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
  /** Calls that wait, oldest first. */
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

/** What the Worker's status says. */
export interface Status extends Omit<ReauthNeed, "vault"> {
  /** Whether there is a token again. */
  readonly valid: boolean;
}

/** What came of something that was asked of the Worker, if it is no status. */
export type Verdict = "accepted" | "asked" | ReauthProblem;

export type Event =
  /** A call needs a person; without a number it does not wait. */
  | { readonly kind: "called"; readonly need: ReauthNeed; readonly call?: CallId }
  /** A call waits no longer. */
  | { readonly kind: "left"; readonly call: CallId }
  /** The status of a vault came. */
  | { readonly kind: "status"; readonly vault: string; readonly id: number; readonly status: Status | ReauthProblem | undefined }
  /** Somebody logged in: the session knows it, or another tab or window says so. */
  | { readonly kind: "answered"; readonly vault: string; readonly now?: number | undefined; readonly here?: boolean }
  /** A window says that what it brought was not taken. */
  | { readonly kind: "refused"; readonly vault: string; readonly says: string }
  /** The user hands something in. */
  | { readonly kind: "submitted"; readonly vault: string; readonly blank: boolean }
  /** It was judged. */
  | { readonly kind: "judged"; readonly vault: string; readonly id: number; readonly verdict: Verdict; readonly now?: number | undefined }
  /** The user has the telephone asked. */
  | { readonly kind: "approval"; readonly vault: string }
  /** The user opened the login, and the browser let them or not. */
  | { readonly kind: "opened"; readonly vault: string; readonly blocked: boolean }
  /** The popup is closed. */
  | { readonly kind: "closed"; readonly vault: string }
  | { readonly kind: "cancelled"; readonly vault: string }
  /** Somebody looks at the tab, or nobody does any more. */
  | { readonly kind: "seen"; readonly seen: boolean }
  /** There is a network again. */
  | { readonly kind: "online" }
  /** The timer of a vault fired. */
  | { readonly kind: "due"; readonly vault: string; readonly id: number };

export type Effect =
  /** The Worker is asked for the status. */
  | { readonly kind: "poll"; readonly vault: string; readonly id: number }
  /** What was handed in goes to the Worker. */
  | { readonly kind: "put"; readonly vault: string; readonly id: number }
  /** The telephone is asked. */
  | { readonly kind: "push"; readonly vault: string; readonly id: number }
  /** The vault's one timer is to fire after that; not any more, if it is infinite. */
  | { readonly kind: "arm"; readonly vault: string; readonly id: number; readonly delay: number }
  /** These calls go on. */
  | { readonly kind: "resume"; readonly calls: readonly CallId[] }
  /** These calls are rejected. */
  | { readonly kind: "reject"; readonly calls: readonly CallId[] }
  /** The other tabs are told. */
  | { readonly kind: "tell"; readonly vault: string }
  /** The popup is closed, where there is one. */
  | { readonly kind: "shut"; readonly vault: string };

export const START: State = { asks: [], seen: false, last: 0 };

/** Sentences for what this side finds out by itself. */
const SAYS: { readonly [kind in ReauthTrouble]?: string } = {
  malformed: "Paste the token, the code or the whole address first.",
  "popup-blocked": "The browser did not open the window. Allow popups for this page, or open the login in a new tab.",
  "popup-closed": "The window was closed before the login was done. Open it again.",
  "approval-refused": "The request was refused on the phone. Ask again, or log in.",
  "approval-over": "Nobody answered on the phone in time. Ask again, or log in.",
  failed: "The phone could not be asked. Try again, or log in.",
};
const problem = (kind: ReauthTrouble): ReauthProblem => ({ kind, says: SAYS[kind]! });

/** Only a service has a status to be asked for. Of all else the session knows. */
const hasStatus = ({ vault }: Ask) => vault.startsWith("service:");

const poll = ({ vault, id }: Ask): Effect => ({ kind: "poll", vault, id });
const arm = ({ vault, id }: Ask, delay: number): Effect => ({ kind: "arm", vault, id, delay });
/** Asks now, if somebody looks and there is something to ask for. */
const look = (ask: Ask, seen: boolean): readonly Effect[] => (seen && ask.open && ask.phase !== "done" && hasStatus(ask) ? [poll(ask)] : []);

/** The same without what is wrong. */
function clear<A extends Ask>({ problem: _, ...ask }: A): Omit<A, "problem"> {
  return ask;
}

/** What a person has to do, as it is known now. */
function learn(ask: Ask, need: Omit<ReauthNeed, "vault">): Ask {
  const { provider = ask.provider, providerTitle: title = ask.title, how = ask.how, who = ask.who, loginUrl, since = ask.since, loginFrom, deadline } = need;
  const { loginUrl: _, loginFrom: _1, deadline: _2, since: _3, ...rest } = ask;
  return {
    ...rest,
    provider,
    title: title || provider,
    how,
    who,
    ...(loginUrl !== undefined && { loginUrl }),
    ...(since !== undefined && { since }),
    ...(loginFrom !== undefined && { loginFrom }),
    ...(deadline !== undefined && { deadline }),
  };
}

/** The dialog's turn, when nothing is under way. */
const rest = (ask: Ask): Ask => ({ ...ask, phase: ask.deadline === undefined ? "asking" : "approval" });

/** There is a token again: calls go on, and the last line is shown where anything was. */
function done(ask: Ask, now: number | undefined, more: readonly Effect[] = []): readonly [Ask | undefined, readonly Effect[]] {
  const effects: readonly Effect[] = [{ kind: "shut", vault: ask.vault }, ...more, { kind: "resume", calls: ask.calls }];
  if (!ask.open) return [undefined, [...effects, arm(ask, Infinity)]];
  const { leaving: _, calling: _1, deadline: _2, ...left } = clear(ask);
  return [{ ...left, phase: "done", calls: [], ...(now !== undefined && { doneAt: now }) }, [...effects, arm(ask, DONE_MS)]];
}

/** What comes next. */
export function step(state: State, event: Event): readonly [State, readonly Effect[]] {
  const { asks, seen } = state;
  /** With another one in its place, or without it. */
  const put = (ask: Ask, [next, effects]: readonly [Ask | undefined, readonly Effect[]]): readonly [State, readonly Effect[]] => [
    { ...state, asks: asks.flatMap((each) => (each !== ask ? each : (next ?? []))) },
    effects,
  ];
  const none: readonly [State, readonly Effect[]] = [state, []];
  const find = (vault: string) => asks.find((each) => each.vault === vault);

  switch (event.kind) {
    case "called": {
      const { need, call } = event;
      const calls = call === undefined ? [] : [call];
      const before = find(need.vault);
      if (before && before.phase !== "done") return put(before, [{ ...before, calls: [...before.calls, ...calls] }, []]);
      // It went out before there was a token again.
      if (before && !(need.serverTime! > before.doneAt!)) return [state, [{ kind: "resume", calls }]];
      const id = state.last + 1;
      const { vault } = need;
      const fresh: Ask = { id, vault, provider: "", title: "", how: [], who: "you", calls, open: seen, phase: "asking" };
      const ask = rest(learn(fresh, need));
      const next = { ...state, last: id, asks: [...asks.filter((each) => each !== before), ask] };
      // What the Worker has said a moment ago it is not asked again.
      if (!hasStatus(ask) || !seen) return [next, []];
      return [next, [need.how ? arm(ask, POLL_MS) : poll(ask)]];
    }
    case "left": {
      const ask = asks.find(({ calls }) => calls.includes(event.call));
      if (!ask) return none;
      const calls = ask.calls.filter((call) => call !== event.call);
      // Nobody has seen it, and nobody needs it.
      if (!calls.length && !ask.open) return put(ask, [undefined, [arm(ask, Infinity)]]);
      return put(ask, [{ ...ask, calls }, []]);
    }
    case "status": {
      const ask = find(event.vault);
      if (!ask || ask.id !== event.id || ask.phase === "done") return none;
      const { status } = event;
      const again = seen ? [arm(ask, POLL_MS)] : [];
      if (!status) return put(ask, [ask, again]);
      if ("kind" in status) {
        // What the user did last is what they want to hear of.
        const known = ask.problem && ask.problem.kind !== "offline" && status.kind === "offline";
        const stopped = ask.leaving || ask.calling ? rest(settled(ask)) : ask;
        const barred: Partial<Ask> = status.kind === "forbidden" ? { how: [], who: "operator" } : {};
        return put(ask, [known ? stopped : { ...stopped, ...barred, problem: status }, again]);
      }
      if (status.valid) return put(ask, done(ask, status.serverTime));
      const next = learn(settled(ask.problem?.kind === "offline" ? clear(ask) : ask), status);
      if (ask.leaving) return put(ask, [{ ...rest(next), problem: problem("popup-closed") }, again]);
      if (ask.calling) return put(ask, [next.deadline === undefined ? { ...rest(next), problem: problem("failed") } : rest(next), again]);
      if (ask.phase === "updating" || ask.phase === "popup") return put(ask, [next, again]);
      const over = ask.phase === "approval" && next.deadline === undefined;
      if (!over) return put(ask, [rest(next), again]);
      const late = ask.deadline !== undefined && status.serverTime !== undefined && status.serverTime >= ask.deadline;
      return put(ask, [{ ...rest(next), problem: problem(late ? "approval-over" : "approval-refused") }, again]);
    }
    case "answered": {
      const ask = find(event.vault);
      if (!ask || ask.phase === "done") return none;
      return put(ask, done(ask, event.now, event.here ? [{ kind: "tell", vault: ask.vault }] : []));
    }
    case "refused": {
      const ask = find(event.vault);
      // What is handed in just now has a verdict of its own.
      if (!ask || ask.phase === "done" || ask.phase === "updating") return none;
      return put(ask, [{ ...rest(settled(ask)), problem: { kind: "refused", says: event.says } }, [{ kind: "shut", vault: ask.vault }]]);
    }
    case "submitted": {
      const ask = find(event.vault);
      if (!ask || ask.phase === "done" || ask.phase === "updating") return none;
      if (event.blank) return put(ask, [{ ...ask, problem: problem("malformed") }, []]);
      return put(ask, [{ ...clear(settled(ask)), phase: "updating" }, [{ kind: "put", vault: ask.vault, id: ask.id }]]);
    }
    case "judged": {
      const { verdict, vault } = event;
      const ask = find(vault);
      const tell: Effect = { kind: "tell", vault };
      if (!ask || ask.phase === "done") return verdict === "accepted" ? [state, [tell]] : none;
      // It is right whoever handed it in.
      if (verdict === "accepted") return put(ask, done(ask, event.now, [tell]));
      if (ask.id !== event.id) return none;
      if (verdict === "asked") return ask.calling ? put(ask, [ask, seen ? [poll(ask)] : []]) : none;
      if (ask.calling || ask.phase === "updating") return put(ask, [{ ...rest(settled(ask)), problem: verdict }, []]);
      return none;
    }
    case "approval": {
      const ask = find(event.vault);
      if (!ask || !/^(asking|approval|popup)$/.test(ask.phase) || ask.calling || !ask.how.includes("approval")) return none;
      return put(ask, [{ ...clear(settled(ask)), phase: "approval", calling: true }, [{ kind: "push", vault: ask.vault, id: ask.id }]]);
    }
    case "opened": {
      const ask = find(event.vault);
      if (!ask || ask.phase === "done" || ask.phase === "updating") return none;
      if (event.blocked) return put(ask, [{ ...ask, problem: problem("popup-blocked") }, []]);
      return put(ask, [{ ...clear(settled(ask)), phase: "popup" }, []]);
    }
    case "closed": {
      const ask = find(event.vault);
      if (!ask || ask.phase !== "popup" || ask.leaving) return none;
      // It closes by itself when the login is done: the Worker knows.
      if (hasStatus(ask) && seen) return put(ask, [{ ...ask, leaving: true }, [poll(ask)]]);
      return put(ask, [{ ...rest(ask), problem: problem("popup-closed") }, []]);
    }
    case "cancelled": {
      const ask = find(event.vault);
      if (!ask) return none;
      return put(ask, [undefined, [{ kind: "shut", vault: ask.vault }, { kind: "reject", calls: ask.calls }, arm(ask, Infinity)]]);
    }
    case "seen": {
      if (!event.seen) return [{ ...state, seen: false }, asks.filter(hasStatus).filter(({ phase }) => phase !== "done").map((ask) => arm(ask, Infinity))];
      const next = asks.map((ask) => (ask.open ? ask : { ...ask, open: true }));
      return [{ ...state, seen: true, asks: next }, next.flatMap((ask) => look(ask, true))];
    }
    case "online":
      return [state, asks.flatMap((ask) => look(ask, seen))];
    case "due": {
      const ask = find(event.vault);
      if (!ask || ask.id !== event.id) return none;
      if (ask.phase === "done") return put(ask, [undefined, []]);
      return [state, look(ask, seen)];
    }
  }
}

/** The same with nothing under way of which the Worker is asked. */
function settled<A extends Ask>({ leaving: _, calling: _1, ...ask }: A): Omit<A, "leaving" | "calling"> {
  return ask;
}

/** What the app is shown of it. */
export const shown = ({ id: _, calls, leaving: _1, calling: _2, doneAt: _3, ...ask }: Ask): Asked => Object.freeze({ ...ask, how: Object.freeze(ask.how), waiting: calls.length });
