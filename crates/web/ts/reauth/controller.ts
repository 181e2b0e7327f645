import { EventKind } from "../abi.js";
import type { Desk } from "../desk.js";
import { openPopup } from "../popup.js";
import type { Session } from "../session.js";
import type { Timer } from "../timer.js";
import type { Answer } from "../transport.js";
import type { ReauthEvent, ReauthNeed } from "../types.js";
import { join, wordOf } from "./channel.js";
import { type Ask, type CallId, type Effect, type Event, START, shown, step } from "./machine.js";
import type { Asked, Reauth } from "./types.js";
import { lookOf, pushOf, verdictOf } from "./wire.js";

/** The popup's name, by which the page that a login ends on knows that it may close itself. */
const NAME = "everlit popup";
/** How often a popup is looked at, and how many times in a row it has to look closed, while the user is at this page: some pages cut themselves
 * off from who opened them, and look closed. */
const LOOK_MS = 500;
const CLOSED_LOOKS = 2;
/** So long an answer is waited for. What is handed in is shown to the provider meanwhile, which may be slow. */
const PATIENCE_MS = 15_000;
const LONG_MS = 45_000;

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
  const timers = new Map<string, Timer>();
  const popups = new Map<string, { readonly window: Window; readonly left: () => void }>();
  /** What is handed in, until it is on its way. */
  let typed: string | undefined;
  /** What is under way, by its name: it is asked once at a time. */
  const flights = new Map<string, Promise<void>>();
  let channel: ReturnType<typeof join> | undefined;

  const find = (vault: string) => state.asks.find((ask) => ask.vault === vault);
  const now = () => session.serverTime?.now;
  const cancel = (vault: string) => take({ kind: "cancelled", vault });
  const cancelAll = () => state.asks.forEach(({ vault }) => cancel(vault));

  /** A call needs a person. */
  const hear = (event: ReauthEvent) => {
    const { vault, provider, problem, signal } = event.detail;
    const call = signal?.aborted ? undefined : (calls += 1);
    let left = false;
    event.waitUntil(
      new Promise<void>((resolve, reject) => {
        // Nobody waits for this one.
        if (call === undefined) resolve();
        else waiters.set(call, { resolve, reject });
        const leave = () => {
          left = true;
          if (call !== undefined && waiters.delete(call)) take({ kind: "left", call });
        };
        signal?.addEventListener("abort", leave, { once: true, signal: ended });
        ready().then(() => {
          if (left || ended.aborted) return;
          const need: ReauthNeed = { vault, ...(provider !== undefined && { provider }), ...own(vault), ...problem };
          take({ kind: "called", need, ...(call !== undefined && { call }) });
          look();
        }, reject);
      }),
    );
  };

  /** What is known of a vault of the session's own: where its login begins. */
  const own = (vault: string): Partial<ReauthNeed> => {
    if (vault.startsWith("service:")) return {};
    const provider = vault.split(":")[1];
    return { how: ["popup", "redirect"], who: "you", loginUrl: desk!.door(provider === undefined ? {} : { provider }) };
  };

  /** The session's seams, when they are there. What is heard of them begins with that. */
  const ready = (): Promise<Desk> =>
    (coming ??= session.desk().then(
      (its) => {
        if (ended.aborted) return its;
        desk = its;
        const seen = () => take({ kind: "seen", seen: !its.page.hidden() });
        seen();
        its.closed.addEventListener("abort", close, { signal: ended });
        its.life(
          {
            on: (kind) => (kind === EventKind.Online ? take({ kind: "online" }) : seen()),
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
      const name = vault.split("linked:")[1];
      const isWell = name === undefined ? /^(active|refreshing)$/.test(session.state) : session.providers.some((each) => each.name === name && /^(ready|expiring|renewing)$/.test(each.state));
      if (!vault.startsWith("service:") && phase !== "done" && isWell) take({ kind: "answered", vault });
    }
  };

  const take = (event: Event) => {
    if (ended.aborted) return;
    const before = state.asks;
    const [next, effects] = step(state, event);
    state = next;
    if (state.asks.length) open();
    effects.forEach(carry);
    if (!state.asks.length) shut();
    if (state.asks === before) return;
    const list = state.asks.map(show);
    if (list.length === asked.length && list.every((each, at) => each === asked[at])) return;
    asked = Object.freeze(list);
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
      case "poll":
      case "put":
      case "push":
        return fly(effect);
      case "arm": {
        const { vault, id, delay } = effect;
        timers.get(vault)?.(Infinity);
        if (delay === Infinity) return void timers.delete(vault);
        const timer = desk!.timer(() => take({ kind: "due", vault, id }));
        timers.set(vault, timer);
        return timer(delay);
      }
      case "resume":
      case "reject":
        for (const call of effect.calls) {
          const waiter = waiters.get(call);
          waiters.delete(call);
          if (effect.kind === "resume") waiter?.resolve();
          else waiter?.reject("cancelled");
        }
        return;
      case "tell":
        if (!effect.vault.startsWith("service:")) return;
        open();
        return channel!.say({ v: 1, vault: effect.vault, kind: "answered" });
      case "shut": {
        const popup = popups.get(effect.vault);
        popup?.left();
        return popup?.window.close();
      }
    }
  };

  /** Asks the Worker, once at a time. No answer is one, too. */
  const fly = ({ kind, vault, id }: Effect & { kind: "poll" | "put" | "push" }) => {
    const name = kind + id;
    if (flights.has(name)) return;
    const credential = typed;
    const isPut = kind === "put";
    const given = new AbortController();
    const stop = () => given.abort();
    const { closed, timer, ask } = desk!;
    const limit = timer(stop);
    limit(isPut ? LONG_MS : PATIENCE_MS);
    closed.addEventListener("abort", stop, { signal: ended });
    const answered = (answer: Answer) => {
      limit(Infinity);
      flights.delete(name);
      if (kind === "poll") take({ kind: "status", vault, id, status: lookOf(answer) });
      else take({ kind: "judged", vault, id, verdict: (isPut ? verdictOf : pushOf)(answer), now: now() });
    };
    const path = `/service/${vault.slice(8)}/${{ poll: "status", put: "credential", push: "refresh" }[kind]}`;
    flights.set(name, ask(path, given.signal, kind === "poll" ? undefined : () => (isPut ? { credential } : {}), isPut ? "PUT" : undefined).then(answered));
  };

  /** Leads a popup to the login, and watches what becomes of it. */
  const lead = (vault: string, window: Window, { provider }: Ask) => {
    const away = new AbortController();
    const left = () => {
      popups.delete(vault);
      away.abort();
    };
    popups.set(vault, { window, left });
    const closed = () => {
      left();
      take({ kind: "closed", vault });
    };
    const { page, popup, timer } = desk!;
    if (!vault.startsWith("service:")) {
      void popup(window, { signal: away.signal, ...(vault === "login" ? {} : { provider }) }).then(
        () => {
          window.close();
          // A login that brought no account is none. What the session knows of that comes with its next word.
          timer(() => popups.get(vault)?.window === window && closed())(LOOK_MS);
          look();
        },
        () => {
          if (away.signal.aborted) return;
          window.close();
          closed();
        },
      );
      return;
    }
    window.name = NAME;
    window.location.replace(new URL(show(find(vault)!).loginUrl!, page.base()).href);
    let looks = 0;
    const watch = timer(() => {
      looks = window.closed && (globalThis.document?.hasFocus?.() ?? true) ? looks + 1 : 0;
      if (looks >= CLOSED_LOOKS) closed();
      else watch(LOOK_MS);
    });
    watch(LOOK_MS);
    away.signal.addEventListener("abort", () => watch(Infinity));
  };

  /** Hears other tabs and windows, while there is something to hear of. */
  const open = () => {
    channel ??= (desk?.join ?? join)((data) => {
      const word = wordOf(data);
      if (word) take(word.kind === "answered" ? { ...word, now: now() } : word);
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

  const it = Object.assign(new EventTarget(), {
    openLogin(vault: string): Window | null {
      const ask = find(vault);
      if (!ask || /^(updating|done)$/.test(ask.phase) || !ask.how.includes("popup")) return null;
      const before = popups.get(vault);
      if (before && !before.window.closed) {
        before.window.focus();
        return before.window;
      }
      before?.left();
      const popup = (desk?.open ?? openPopup)();
      take({ kind: "opened", vault, blocked: !popup });
      if (popup) lead(vault, popup, ask);
      return popup;
    },
    async submit(vault: string, text: string): Promise<void> {
      typed = text;
      take({ kind: "submitted", vault, blank: !text.trim() });
      typed = undefined;
      await flights.get(`put${find(vault)?.id}`);
    },
    async askApproval(vault: string): Promise<void> {
      take({ kind: "approval", vault });
      await flights.get(`push${find(vault)?.id}`);
    },
    cancel,
    close,
  });
  for (const type of ["statechange", "providerchange"]) session.addEventListener(type, look, { signal: ended });
  session.addEventListener("reauth", hear, { signal: ended });
  session.addEventListener("loggedout", cancelAll, { signal: ended });
  return Object.defineProperty(it, "asked", { get: () => asked }) as unknown as Reauth;
}
