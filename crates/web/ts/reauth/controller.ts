import { EventKind } from "../abi.js";
import type { Desk } from "../desk.js";
import { openPopup } from "../popup.js";
import type { Session } from "../session.js";
import type { Timer } from "../timer.js";
import type { Answer } from "../transport.js";
import type { ReauthEvent, ReauthNeed } from "../types.js";
import { join, wordOf } from "./channel.js";
import { type Ask, type CallId, type Effect, type Event, START, type State, shown, step } from "./machine.js";
import type { Asked, Reauth } from "./types.js";
import { pushOf, statusOf, verdictOf } from "./wire.js";

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

/** A session's {@link Reauth}. What apps call are functions of its own, so that they can be handed on without it. */
export class Controller extends EventTarget implements Reauth {
  readonly #session: Session;
  readonly #gone: () => void;
  readonly #over = new AbortController();
  #state: State = START;
  /** The seams of the session: there from the first time that a person is needed. */
  #desk: Desk | undefined;
  #coming: Promise<Desk> | undefined;
  #asked: readonly Asked[] = [];
  readonly #shown = new WeakMap<Ask, Asked>();
  readonly #waiters = new Map<CallId, Waiter>();
  #calls = 0;
  readonly #timers = new Map<string, Timer>();
  readonly #popups = new Map<string, { readonly window: Window; readonly left: () => void }>();
  /** What is handed in, until it is on its way. */
  readonly #typed = new Map<string, string>();
  /** What is under way, by its name: it is asked once at a time. */
  readonly #flights = new Map<string, Promise<void>>();
  #channel: ReturnType<typeof join> | undefined;

  constructor(session: Session, gone: () => void) {
    super();
    this.#session = session;
    this.#gone = gone;
    const { signal } = this.#over;
    session.addEventListener("reauth", (event) => this.#hear(event), { signal });
    for (const type of ["statechange", "providerchange"]) session.addEventListener(type, () => this.#look(), { signal });
    session.addEventListener("loggedout", () => this.#cancelAll(), { signal });
  }

  get asked(): readonly Asked[] {
    return this.#asked;
  }

  openLogin = (vault: string): Window | null => {
    const ask = this.#find(vault);
    if (!ask || /^(updating|done)$/.test(ask.phase) || !ask.how.includes("popup")) return null;
    const before = this.#popups.get(vault);
    if (before && !before.window.closed) {
      before.window.focus();
      return before.window;
    }
    before?.left();
    const { open = openPopup } = this.#desk ?? {};
    const popup = open();
    this.#take({ kind: "opened", vault, blocked: !popup });
    if (popup) this.#lead(vault, popup, ask);
    return popup;
  };

  submit = async (vault: string, text: string): Promise<void> => {
    const blank = !text.trim();
    this.#typed.set(vault, text);
    this.#take({ kind: "submitted", vault, blank });
    this.#typed.delete(vault);
    await this.#flights.get(`put ${this.#find(vault)?.id}`);
  };

  askApproval = async (vault: string): Promise<void> => {
    this.#take({ kind: "approval", vault });
    await this.#flights.get(`push ${this.#find(vault)?.id}`);
  };

  cancel = (vault: string): void => {
    this.#take({ kind: "cancelled", vault });
  };

  close = (): void => {
    if (this.#over.signal.aborted) return;
    this.#cancelAll();
    this.#over.abort();
    this.#channel?.leave();
    this.#gone();
  };

  #find(vault: string) {
    return this.#state.asks.find((ask) => ask.vault === vault);
  }

  #cancelAll() {
    for (const { vault } of this.#state.asks) this.cancel(vault);
  }

  /** A call needs a person. */
  #hear(event: ReauthEvent) {
    const { vault, provider, problem, signal } = event.detail;
    const call = signal?.aborted ? undefined : (this.#calls += 1);
    let left = false;
    event.waitUntil(
      new Promise<void>((resolve, reject) => {
        // Nobody waits for this one.
        if (call === undefined) resolve();
        else this.#waiters.set(call, { resolve, reject });
        const leave = () => {
          left = true;
          if (call !== undefined && this.#waiters.delete(call)) this.#take({ kind: "left", call });
        };
        signal?.addEventListener("abort", leave, { once: true, signal: this.#over.signal });
        this.#ready().then(() => {
          if (left || this.#over.signal.aborted) return;
          const need: ReauthNeed = { vault, ...(provider !== undefined && { provider }), ...this.#own(vault), ...problem };
          this.#take({ kind: "called", need, ...(call !== undefined && { call }) });
          this.#look();
        }, reject);
      }),
    );
  }

  /** What is known of a vault of the session's own: where its login begins. */
  #own(vault: string): Partial<ReauthNeed> {
    if (vault.startsWith("service:")) return {};
    const provider = vault.split(":")[1];
    return { how: ["popup", "redirect"], who: "you", loginUrl: this.#desk!.door(provider === undefined ? {} : { provider }) };
  }

  /** The session's seams, when they are there. What is heard of them begins with that. */
  #ready(): Promise<Desk> {
    return (this.#coming ??= this.#session.desk().then(
      (desk) => {
        if (this.#over.signal.aborted) return desk;
        this.#desk = desk;
        this.#take({ kind: "seen", seen: !desk.page.hidden() });
        desk.closed.addEventListener("abort", () => this.close(), { signal: this.#over.signal });
        const seen = () => this.#take({ kind: "seen", seen: !desk.page.hidden() });
        desk.life(
          {
            on: (kind) => (kind === EventKind.Online ? this.#take({ kind: "online" }) : seen()),
            restored: () => {
              this.#open();
              seen();
            },
            // An open channel can keep a page out of the back/forward cache.
            left: () => this.#shut(),
          },
          this.#over.signal,
        );
        return desk;
      },
      (failed) => {
        this.#coming = undefined;
        throw failed;
      },
    ));
  }

  /** The session may know by itself that there is a token again. */
  #look() {
    const { state, providers } = this.#session;
    for (const { vault, phase } of this.#state.asks) {
      const name = vault.split("linked:")[1];
      const isWell = name === undefined ? /^(active|refreshing)$/.test(state) : providers.some((each) => each.name === name && /^(ready|expiring|renewing)$/.test(each.state));
      if (!vault.startsWith("service:") && phase !== "done" && isWell) this.#take({ kind: "answered", vault });
    }
  }

  #take(event: Event) {
    if (this.#over.signal.aborted) return;
    const before = this.#state.asks;
    const [state, effects] = step(this.#state, event);
    this.#state = state;
    if (state.asks.length) this.#open();
    for (const effect of effects) this.#do(effect);
    if (!this.#state.asks.length) this.#shut();
    if (this.#state.asks === before) return;
    const asked = this.#state.asks.map((ask) => this.#show(ask));
    if (asked.length === this.#asked.length && asked.every((each, at) => each === this.#asked[at])) return;
    this.#asked = Object.freeze(asked);
    this.dispatchEvent(new Event("change"));
  }

  #show(ask: Ask): Asked {
    let asked = this.#shown.get(ask);
    if (!asked) {
      const { page } = this.#desk!;
      const href = ask.loginUrl && (page.there?.(ask.loginUrl) ?? ask.loginUrl);
      this.#shown.set(ask, (asked = shown(href ? { ...ask, loginUrl: href } : ask)));
    }
    return asked;
  }

  #do(effect: Effect) {
    switch (effect.kind) {
      case "poll": {
        const { vault, id } = effect;
        return this.#fly(`poll ${id}`, PATIENCE_MS, `/service/${vault.slice(8)}/status`, (answer) => this.#take({ kind: "status", vault, id, status: statusOf(answer) }));
      }
      case "put": {
        const { vault, id } = effect;
        const credential = this.#typed.get(vault)!;
        const judged = (answer: Answer) => this.#take({ kind: "judged", vault, id, verdict: verdictOf(answer), now: this.#session.serverTime?.now });
        return this.#fly(`put ${id}`, LONG_MS, `/service/${vault.slice(8)}/credential`, judged, () => ({ credential }), "PUT");
      }
      case "push": {
        const { vault, id } = effect;
        const judged = (answer: Answer) => this.#take({ kind: "judged", vault, id, verdict: pushOf(answer) });
        return this.#fly(`push ${id}`, PATIENCE_MS, `/service/${vault.slice(8)}/refresh`, judged, () => ({}));
      }
      case "arm": {
        const { vault, id, delay } = effect;
        this.#timers.get(vault)?.(Infinity);
        if (delay === Infinity) return void this.#timers.delete(vault);
        const timer = this.#desk!.timer(() => this.#take({ kind: "due", vault, id }));
        this.#timers.set(vault, timer);
        return timer(delay);
      }
      case "resume":
      case "reject":
        for (const call of effect.calls) {
          const waiter = this.#waiters.get(call);
          this.#waiters.delete(call);
          if (effect.kind === "resume") waiter?.resolve();
          else waiter?.reject("cancelled");
        }
        return;
      case "tell":
        if (!effect.vault.startsWith("service:")) return;
        this.#open();
        return this.#channel!.say({ v: 1, vault: effect.vault, kind: "answered" });
      case "shut": {
        const popup = this.#popups.get(effect.vault);
        popup?.left();
        return popup?.window.close();
      }
    }
  }

  /** Asks the Worker, once at a time. No answer is one, too. */
  #fly(name: string, patience: number, path: string, answered: (answer: Answer) => void, body?: () => object, method?: string) {
    if (this.#flights.has(name)) return;
    const given = new AbortController();
    const stop = () => given.abort();
    const { closed, timer, ask } = this.#desk!;
    const limit = timer(stop);
    limit(patience);
    closed.addEventListener("abort", stop, { signal: this.#over.signal });
    const flight = ask(path, given.signal, body, method).then((answer) => {
      limit(Infinity);
      this.#flights.delete(name);
      answered(answer);
    });
    this.#flights.set(name, flight);
  }

  /** Leads a popup to the login, and watches what becomes of it. */
  #lead(vault: string, window: Window, { provider }: Ask) {
    const over = new AbortController();
    const left = () => {
      this.#popups.delete(vault);
      over.abort();
    };
    this.#popups.set(vault, { window, left });
    const closed = () => {
      left();
      this.#take({ kind: "closed", vault });
    };
    const { loginUrl } = this.#asked.find((asked) => asked.vault === vault) ?? {};
    const { page, popup, timer } = this.#desk!;
    if (!vault.startsWith("service:")) {
      void popup(window, { signal: over.signal, ...(vault === "login" ? {} : { provider }) }).then(
        () => {
          window.close();
          // A login that brought no account is none. What the session knows of that comes with its next word.
          timer(() => this.#popups.get(vault)?.window === window && closed())(LOOK_MS);
          this.#look();
        },
        () => {
          if (over.signal.aborted) return;
          window.close();
          closed();
        },
      );
      return;
    }
    window.name = NAME;
    window.location.replace(new URL(loginUrl!, page.base()).href);
    let looks = 0;
    const watch = timer(() => {
      looks = window.closed && (globalThis.document?.hasFocus?.() ?? true) ? looks + 1 : 0;
      if (looks >= CLOSED_LOOKS) closed();
      else watch(LOOK_MS);
    });
    watch(LOOK_MS);
    over.signal.addEventListener("abort", () => watch(Infinity));
  }

  /** Hears other tabs and windows, while there is something to hear of. */
  #open() {
    const heard = (data: unknown) => {
      const word = wordOf(data);
      if (word) this.#take(word.kind === "answered" ? { ...word, now: this.#session.serverTime?.now } : word);
    };
    this.#channel ??= (this.#desk?.join ?? join)(heard);
  }

  #shut() {
    this.#channel?.leave();
    this.#channel = undefined;
  }
}
