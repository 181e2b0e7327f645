import { EventKind } from "../abi.js";
import type { Desk } from "../desk.js";
import { openPopup } from "../popup.js";
import type { Session } from "../session.js";
import type { Timer } from "../timer.js";
import type { Answer } from "../transport.js";
import type { ReauthEvent } from "../types.js";
import { join, wordOf } from "./channel.js";
import { type Ask, type CallId, Do, type Effect, type Event, On, START, shown, step } from "./machine.js";
import { known } from "./status.js";
import type { Asked, Reauth } from "./types.js";
import { lookOf, pushOf, verdictOf } from "./wire.js";

/** The popup's name, by which the page that a login ends on knows that it may close itself. */
const NAME = "everlit popup";
/** How often a popup is looked at, and how many times in a row it has to look closed, while the user is at this page: some pages cut themselves
 * off from who opened them, and look closed. */
const LOOK_MS = 500;
const CLOSED_LOOKS = 2;
/** How often it is tried again to close one: a way back takes seconds, and what a person does in it later is theirs. */
const LATE_LOOKS = 60;
/** So long an answer is waited for. What is handed in is shown to the provider meanwhile, which may be slow. */
const PATIENCE_MS = 15_000;
const LONG_MS = 45_000;

/** What is asked of the Worker. */
type Flight = Do.Poll | Do.Put | Do.Push;
const flightOf = (kind: Flight, id: number | undefined) => `${kind} ${id}`;

/** A call that waits. */
interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A session's {@link Reauth}. What apps call are functions of their own, so that they can be handed on without it. All of it is in one function: names
 * that no object carries are short ones in the package.
 */
export function control(session: Session, gone: () => void): Reauth {
  const over = new AbortController();
  const { signal: ended } = over;
  let state = START;
  /** The seams of the session: there from the first time that a person is needed. */
  let desk: Desk | undefined;
  let coming: Promise<Desk> | undefined;
  let asked: readonly Asked[] = [];
  const views = new WeakMap<Ask, Asked>();
  const waiters = new Map<CallId, Waiter>();
  let calls = 0;
  const timers = new Map<number, Timer>();
  const popups = new Map<string, { readonly window: Window; readonly shut: () => void }>();
  /** What is under way, by its name: it is asked once at a time. */
  const flights = new Map<string, Promise<void>>();
  let channel: ReturnType<typeof join> | undefined;

  const find = (vault: string) => state.asks.find((ask) => ask.vault === vault);
  const now = () => session.serverTime?.now;
  const cancel = (vault: string) => take({ kind: On.Cancelled, vault });
  const cancelAll = () => state.asks.forEach(({ vault }) => cancel(vault));

  /** A call needs a person. One that was given up before waits no longer, and has a number below zero; that there is a token again it is told as well. */
  const tend = async ({ vault, provider, problem, signal }: ReauthEvent["detail"]): Promise<void> => {
    const call = (calls += 1) * (signal?.aborted ? -1 : 1);
    await ready();
    // It was given up, or all of this was closed, while that came.
    if (ended.aborted || (call > 0 && signal?.aborted)) throw "cancelled";
    const settled = new AbortController();
    const settles = new Promise<void>((resolve, reject) => waiters.set(call, { resolve, reject }));
    signal?.addEventListener("abort", () => waiters.delete(call) && take({ kind: On.Left, call }), settled);
    // That login ends at the page that the user is at.
    const door = vault.startsWith("service:") ? undefined : { loginUrl: desk!.door({ provider: vault.split(":")[1] }) };
    take({ kind: On.Called, vault, need: known({ provider, ...problem, ...door }), call });
    look();
    return settles.finally(() => settled.abort());
  };

  /** The session's seams, when they are there. What is heard of them begins with that. */
  const ready = (): Promise<Desk> =>
    (coming ??= session.desk().then(
      (its) => {
        if (ended.aborted) return its;
        desk = its;
        const seen = () => take({ kind: On.Seen, seen: !its.page.hidden() });
        seen();
        its.closed.addEventListener("abort", close, over);
        its.life(
          {
            on: (kind) => (kind === EventKind.Online ? take({ kind: On.Online }) : seen()),
            restored: () => {
              open();
              seen();
            },
            // An open channel can keep a page out of the back/forward cache.
            left: shut,
          },
          ended,
        );
        return its;
      },
      (failed) => {
        coming = undefined;
        throw failed;
      },
    ));

  /** The session may know by itself that there is a token again. */
  const look = () => {
    for (const { vault, phase } of state.asks) {
      const name = vault.split(":")[1];
      const isWell = name === undefined ? /^(active|refreshing)$/.test(session.state) : session.providers.some((each) => each.name === name && /^(ready|expiring|renewing)$/.test(each.state));
      if (!vault.startsWith("service:") && phase !== "done" && isWell) take({ kind: On.Answered, vault });
    }
  };

  const take = (event: Event) => {
    if (ended.aborted) return;
    const [next, effects] = step(state, event);
    state = next;
    if (state.asks.length) open();
    effects.forEach(carry);
    if (!state.asks.length) shut();
    const list = state.asks.map(show);
    if (list.length === asked.length && list.every((each, at) => each === asked[at])) return;
    asked = list;
    it.dispatchEvent(new Event("change"));
  };

  const show = (ask: Ask): Asked => {
    let view = views.get(ask);
    if (!view) {
      const { loginUrl } = ask;
      views.set(ask, (view = shown(loginUrl ? { ...ask, loginUrl: desk!.page.there?.(loginUrl) ?? loginUrl } : ask)));
    }
    return view;
  };

  const carry = (effect: Effect): void => {
    switch (effect.kind) {
      case Do.Poll:
      case Do.Put:
      case Do.Push:
        return fly(effect);
      case Do.Arm: {
        const { vault, id, delay } = effect;
        const timer = timers.get(id) ?? desk!.timer(() => take({ kind: On.Due, vault, id }));
        if (delay < Infinity) timers.set(id, timer);
        else timers.delete(id);
        return timer(delay);
      }
      case Do.Resume:
      case Do.Reject:
        for (const call of effect.calls) {
          const waiter = waiters.get(call);
          waiters.delete(call);
          if (effect.kind === Do.Resume) waiter?.resolve();
          // Who does not wait may have opened it without listening.
          else if (call > 0) waiter?.reject("cancelled");
        }
        return;
      case Do.Tell:
        if (!effect.vault.startsWith("service:")) return;
        open();
        return channel!.say({ v: 1, vault: effect.vault, kind: "answered" });
      case Do.Shut:
        return popups.get(effect.vault)?.shut();
    }
  };

  /** Asks the Worker, once at a time. No answer is one, too. */
  const fly = ({ kind, vault, id, text: credential }: Effect & { kind: Flight; text?: string }) => {
    const name = flightOf(kind, id);
    if (flights.has(name)) return;
    const isPut = kind === Do.Put;
    const given = new AbortController();
    const stop = () => given.abort();
    const { closed, timer, ask } = desk!;
    const limit = timer(stop);
    limit(isPut ? LONG_MS : PATIENCE_MS);
    closed.addEventListener("abort", stop, { signal: given.signal });
    const answered = (answer: Answer) => {
      limit(Infinity);
      // Nothing is listened to any more.
      stop();
      flights.delete(name);
      if (kind === Do.Poll) take({ kind: On.Status, vault, id, status: lookOf(answer) });
      else take({ kind: On.Judged, vault, id, verdict: (isPut ? verdictOf : pushOf)(answer), now: now() });
    };
    const path = `/service/${vault.slice(8)}/${["status", "credential", "refresh"][kind]}`;
    flights.set(name, ask(path, given.signal, kind === Do.Poll ? undefined : () => ({ credential }), isPut ? "PUT" : undefined).then(answered));
  };

  /** Leads a popup to the login, and watches what becomes of it. */
  const lead = (ask: Ask, window: Window) => {
    const { vault, provider } = ask;
    const { page, popup, timer } = desk!;
    const away = new AbortController();
    const { signal } = away;
    const shut = () => {
      popups.delete(vault);
      away.abort();
      window.close();
    };
    const closed = () => {
      if (signal.aborted) return;
      shut();
      take({ kind: On.Closed, vault });
    };
    popups.set(vault, { window, shut });
    if (!vault.startsWith("service:")) {
      void popup(window, { signal, provider: vault === "login" ? undefined : provider }).then(() => {
        window.close();
        // A login that brought no account is none. What the session knows of that comes with its next word.
        timer(closed)(LOOK_MS);
        look();
      }, closed);
      return;
    }
    // Its pages have no say over this one.
    window.opener = null;
    window.name = NAME;
    window.location.replace(new URL(show(ask).loginUrl!, page.base()).href);
    let looks = 0;
    let late = LATE_LOOKS;
    const watch = timer(() => {
      // Some browsers close it only while it shows a page of ours, and WebKit's forget its name on the way, by which that page would close itself.
      if (signal.aborted) window.close();
      looks = window.closed && (signal.aborted || (globalThis.document?.hasFocus?.() ?? true)) ? looks + 1 : 0;
      if (looks >= CLOSED_LOOKS) closed();
      else if (!signal.aborted || late--) watch(LOOK_MS);
    });
    watch(LOOK_MS);
  };

  /** Hears other tabs and windows, while there is something to hear of. */
  const open = () => {
    channel ??= (desk?.join ?? join)((data) => {
      const word = wordOf(data);
      if (word) take("says" in word ? { ...word, kind: On.Refused } : { ...word, kind: On.Answered, now: now() });
    });
  };

  const shut = () => {
    channel?.leave();
    channel = undefined;
  };

  const close = () => {
    if (ended.aborted) return;
    cancelAll();
    over.abort();
    shut();
    gone();
  };

  const it = new (class extends EventTarget implements Reauth {
    get asked() {
      return asked;
    }
    openLogin = (vault: string): Window | null => {
      const ask = find(vault);
      if (!ask?.loginUrl || /^(updating|done)$/.test(ask.phase) || !ask.how.includes("popup")) return null;
      const before = popups.get(vault);
      if (before && !before.window.closed) {
        before.window.focus();
        return before.window;
      }
      before?.shut();
      const popup = (desk?.open ?? openPopup)();
      take({ kind: On.Opened, vault, blocked: !popup });
      if (popup) lead(ask, popup);
      return popup;
    };
    submit = async (vault: string, text: string): Promise<void> => {
      take({ kind: On.Submitted, vault, text });
      await flights.get(flightOf(Do.Put, find(vault)?.id));
    };
    askApproval = async (vault: string): Promise<void> => {
      take({ kind: On.Approval, vault });
      await flights.get(flightOf(Do.Push, find(vault)?.id));
    };
    cancel = cancel;
    close = close;
  })();
  for (const type of ["statechange", "providerchange"]) session.addEventListener(type, look, over);
  session.addEventListener("reauth", (event: ReauthEvent) => event.waitUntil(tend(event.detail)), over);
  session.addEventListener("loggedout", cancelAll, over);
  return it;
}
