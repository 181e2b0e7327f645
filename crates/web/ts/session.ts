/// <reference lib="esnext.disposable" preserve="true" />
import type { Machine } from "../build/everlit_web.js";
import { EffectKind, EventKind, REASONS, STATES, TOKEN_REASONS, VERSION } from "./abi.js";
import type { Activity } from "./activity.js";
import { type Call, addressOf, prepare, route, unknownUpstream } from "./call.js";
import type { Channel } from "./channel.js";
import { SessionError } from "./errors.js";
import { type Effect, type EventNumbers, type Stamp, type Standing, step } from "./machine.js";
import type { Platform } from "./platform.js";
import { REFUSED, callRefusal, disposed, refusal } from "./refusal.js";
import type { Timer } from "./timer.js";
import type { Answer } from "./transport.js";
import type {
  LoginOptions,
  Problem,
  SessionEventMap,
  SessionReason,
  SessionRequestInit,
  SessionState,
  TokenInfo,
  User,
  WaitOptions,
} from "./types.js";
import { type Waiter, wait } from "./wait.js";
import { type Known, denialOf, problemOf, readLogout, readSession, readToken } from "./wire.js";

/**
 * An open session of one tab. All tabs of a browser share one login; each has its own `Session`.
 *
 * ```ts
 * session.addEventListener("statechange", ({ detail }) => render(detail.to), { signal });
 * const orders = await session.fetch("/api/orders").then((response) => response.json());
 * ```
 */
export class Session extends EventTarget {
  readonly #machine: Machine;
  readonly #platform: Platform;
  readonly #timer: Timer;
  readonly #channel: Channel;
  readonly #forget: () => void;
  readonly #activity: Activity;
  #closed = false;
  #standing: Standing = [STATES.indexOf("resuming"), Infinity, 0, 0, 0, 0];
  /** The newest token that there was, also while there is none. */
  #newest: Stamp = [0, 0];
  #known: Known | undefined;
  #problem: Problem | undefined;
  #returnTo = "/";
  #lastCall = 0;
  /** Questions whose answers are awaited. */
  readonly #asked = new Map<number, AbortController>();
  /** Calls that wait for the machine's word: to be sent under a token, or (without one) to take the answer they got. */
  readonly #calls = new Map<number, Waiter<Stamp | undefined>>();
  readonly #logouts = new Set<Waiter<void>>();
  readonly #refreshes = new Set<Waiter<SessionState>>();
  /** What the app is to be told, in order, when the machine and its effects are done. */
  readonly #news: (() => void)[] = [];
  #telling = false;

  /** @internal */
  constructor(machine: Machine, platform: Platform) {
    super();
    this.#machine = machine;
    this.#platform = platform;
    this.#timer = platform.timer(() => this.#on(EventKind.DeadlineReached));
    this.#channel = platform.channel((message) => this.#on(EventKind.PeerTold, ...message));
    this.#forget = platform.life({
      nudged: () => this.#on(EventKind.Nudged),
      restored: () => {
        this.#channel.open();
        this.#on(EventKind.Restored);
      },
      // An open channel can keep a page out of the back/forward cache.
      left: () => this.#channel.close(),
    });
    this.#activity = platform.activity(platform.clock);
    this.#channel.open();
    this.#on(EventKind.Opened);
  }

  /** Where the session stands. */
  get state(): SessionState {
    return STATES[this.#standing[0]]!;
  }

  /** Who is logged in. Nothing while that is not known. */
  get user(): User | undefined {
    return this.#known?.epoch === this.#standing[2] ? this.#known.user : undefined;
  }

  /** What is known of the current token, as of now. Nothing while there is none. */
  get token(): TokenInfo | undefined {
    const [, , epoch, generation, expiresAt, lifetime] = this.#standing;
    if (!lifetime) return undefined;
    return { epoch, generation, lifetime, expiresIn: Math.max(0, expiresAt - this.#platform.clock().mono) };
  }

  /** Milliseconds until the session asks the Worker again by itself. Nothing while it is asking, or has no reason to. */
  get refreshIn(): number | undefined {
    const waits = this.state === "active" || this.state === "degraded";
    return waits ? Math.max(0, this.#standing[1] - this.#platform.clock().mono) : undefined;
  }

  /** What the Worker said when it was last asked and could not help. Nothing when it could, or said nothing. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /**
   * Calls a resource server through the Worker, which adds the access token. Like `fetch`, and:
   *
   * - An address inside a configured upstream goes to `/api/{upstream}/...`; one below `/api/` of this origin goes as it is;
   *   any other is rejected, see {@link SessionRequestInit.passthrough}.
   * - Waits while the session does not know where it stands, and while there is no token that lives.
   * - Belongs to the login that is there when it is made, and is never sent under another one.
   * - Is sent a second time, once, if the token turns out to have expired. A body that is a stream cannot be: then the
   *   refused answer (401) is delivered, when there is a new token or there will be none.
   *
   * Rejects with a `SessionError` if there is no session, or the network fails; with the signal's reason if it says so.
   */
  async fetch(input: RequestInfo | URL, init?: SessionRequestInit): Promise<Response> {
    this.#assertOpen();
    const base = this.#platform.page.base();
    const url = addressOf(input, base);
    const target = () => route(url, base, this.#known?.upstreams ?? []);
    if (target() === undefined) {
      // Nothing of the input is touched before.
      if (init?.passthrough) return globalThis.fetch(input, init);
      // Which upstreams there are is known only while calls can be made.
      const refused = callRefusal(this.state);
      if (refused) throw refused;
      if (this.user) throw unknownUpstream(url);
    }
    return this.#send(++this.#lastCall, prepare(input, init, url), target);
  }

  /** Takes the page to the authorization server, and back when the user is logged in. */
  async login({ returnTo = this.#platform.page.here() }: LoginOptions = {}): Promise<void> {
    this.#assertOpen();
    const base = this.#platform.page.base();
    const url = new URL(returnTo, base);
    if (url.origin !== new URL(base).origin) {
      throw new SessionError("ERR_SESSION_CONFIG", `returnTo is to be an address of this origin, not of ${url.origin}`);
    }
    this.#returnTo = url.pathname + url.search + url.hash;
    this.#on(EventKind.LoginAsked);
  }

  /**
   * Ends the session here, in all other tabs, at the Worker and at the authorization server.
   *
   * Rejects with `ERR_SESSION_NETWORK` if the Worker did not confirm it: then the session goes on, and the app should say so.
   */
  async logout({ signal }: WaitOptions = {}): Promise<void> {
    this.#assertOpen();
    return wait(signal, (waiter) => {
      this.#logouts.add(waiter);
      this.#on(EventKind.LogoutAsked);
    });
  }

  /**
   * Asks for a new token now. There is no need to, ever: tokens are refreshed before they end and when a call needs it. The
   * Worker gives the current one again if it is only seconds old.
   *
   * Rejects with a `SessionError` if no token can be had.
   */
  async refresh({ signal }: WaitOptions = {}): Promise<void> {
    this.#assertOpen();
    signal?.throwIfAborted();
    this.#on(EventKind.RefreshAsked);
    const state = isAsking(this.state)
      ? await wait<SessionState>(signal, (waiter) => this.#refreshes.add(waiter))
      : this.state;
    const error = refusal(state);
    if (error) throw error;
  }

  /**
   * Lets go of everything in this tab: timer, listeners, channel, requests. The login itself stays. What waits is rejected
   * with `ERR_SESSION_DISPOSED`, and so is every later call.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    this.#activity.stop();
    this.#channel.close();
    this.#timer.free();
    for (const question of this.#asked.values()) question.abort();
    for (const waiter of [...this.#calls.values(), ...this.#logouts, ...this.#refreshes]) waiter.reject(disposed());
    this.#machine.free();
  }

  #assertOpen(): void {
    if (this.#closed) throw disposed();
  }

  /** One event, its effects, and then the news of it. */
  #on<K extends EventKind>(kind: K, ...numbers: EventNumbers[K]): void {
    this.#step(kind, ...numbers);
    this.#tell();
  }

  #step<K extends EventKind>(kind: K, ...numbers: EventNumbers[K]): void {
    if (this.#closed) return;
    const now = this.#platform.clock();
    const stepped = step(this.#machine, now, kind, numbers);
    if (!stepped) return;
    const [standing, effects] = stepped;
    const [, , , , , held] = this.#standing;
    const [, deadline, epoch, generation, , lifetime] = (this.#standing = standing);
    this.#timer.arm(deadline - now.mono);
    for (const effect of effects) this.#do(effect);
    // A login that held a token is asked about anew only when another one has followed it.
    if (this.#known && held && !lifetime && this.state === "resuming") {
      this.#known = undefined;
      this.#news.push(() => this.#dispatch("loggedout", { reason: "login-elsewhere" }));
    }
    if (epoch) {
      const [before, last] = this.#newest;
      this.#newest = [epoch, generation];
      if (epoch === before && generation > last) this.#news.push(() => this.#dispatch("refresh", { epoch, generation }));
    }
  }

  /** Runs the app's code, in the order of events also if that code causes new ones. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let news; (news = this.#news.shift()); ) news();
    this.#telling = false;
  }

  #dispatch<K extends keyof SessionEventMap>(type: K, detail: SessionEventMap[K]["detail"]): void {
    if (!this.#closed) this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #do(effect: Effect): void {
    switch (effect[0]) {
      case EffectKind.CheckSession:
        return this.#ask(effect[1], "/auth/session", () => undefined, (answer, elapsed) => {
          const { numbers, known } = readSession(answer, elapsed);
          const told = this.#news.length;
          this.#step(EventKind.SessionAnswered, effect[1], ...numbers);
          if (known?.epoch === this.#standing[2]) this.#meet(known, told);
        });
      case EffectKind.RequestToken: {
        const [, request, epoch, generation, reason] = effect;
        const body = () => ({ v: VERSION, epoch, generation, reason: TOKEN_REASONS[reason], ...this.#circumstances() });
        return this.#ask(request, "/auth/token", body, (answer, elapsed) =>
          this.#step(EventKind.TokenAnswered, request, ...readToken(answer, elapsed)),
        );
      }
      case EffectKind.PostLogout:
        return this.#ask(effect[1], "/auth/logout", () => ({ v: VERSION }), (answer) =>
          this.#step(EventKind.LogoutAnswered, effect[1], Number(readLogout(answer))),
        );
      case EffectKind.Cancel: {
        const question = this.#asked.get(effect[1]);
        this.#asked.delete(effect[1]);
        return question?.abort();
      }
      case EffectKind.Navigate:
        return this.#platform.page.leave(`/auth/login?return_to=${encodeURIComponent(this.#returnTo)}`);
      case EffectKind.Tell: {
        const [, ...message] = effect;
        return this.#channel.tell(message);
      }
      case EffectKind.SendCall: {
        const [, call, epoch, generation] = effect;
        return this.#settle(call, (waiter) => waiter.resolve([epoch, generation]));
      }
      case EffectKind.DeliverCall:
        return this.#settle(effect[1], (waiter) => waiter.resolve(undefined));
      case EffectKind.RefuseCall: {
        const state = REFUSED[effect[2]]!;
        return this.#settle(effect[1], (waiter) => waiter.reject(refusal(state)));
      }
      case EffectKind.SettleLogout: {
        const unconfirmed = () => new SessionError("ERR_SESSION_NETWORK", "the logout was not confirmed; the session goes on");
        this.#news.push(() => {
          for (const waiter of this.#logouts) effect[1] ? waiter.resolve() : waiter.reject(unconfirmed());
          this.#logouts.clear();
        });
        return;
      }
      case EffectKind.Transition: {
        const [, sequence, from, to, reason] = effect;
        this.#news.push(() => this.#moved(sequence, STATES[from]!, STATES[to]!, REASONS[reason]!));
        return;
      }
    }
  }

  #settle(call: number, settle: (waiter: Waiter<Stamp | undefined>) => void): void {
    this.#news.push(() => {
      const waiter = this.#calls.get(call);
      this.#calls.delete(call);
      if (waiter) settle(waiter);
    });
  }

  /** Takes over who is logged in. Of somebody else who was, the app hears before it hears of this one: at `told` in the news. */
  #meet(known: Known, told: number): void {
    const other = this.#known && this.#known.epoch !== known.epoch;
    this.#known = known;
    if (other) this.#news.splice(told, 0, () => this.#dispatch("loggedout", { reason: "login-elsewhere" }));
  }

  #moved(sequence: number, from: SessionState, to: SessionState, reason: SessionReason): void {
    if (!isAsking(to)) {
      for (const waiter of this.#refreshes) waiter.resolve(to);
      this.#refreshes.clear();
    }
    this.#dispatch("statechange", { from, to, reason, sequence });
    if (this.#known && (to === "logged-out" || to === "ended")) {
      this.#known = undefined;
      this.#dispatch("loggedout", { reason });
    }
  }

  /** What a question about a token says beside its token. */
  #circumstances(): { op_id?: string; active_ago?: number } {
    const [operation, ago] = [this.#platform.operation(), this.#activity.ago()];
    return { ...(operation && { op_id: operation }), ...(ago !== undefined && { active_ago: Math.round(ago) / 1000 }) };
  }

  /** Puts a question to the Worker. Only one about a token is worth the lock that tabs share. */
  #ask(request: number, path: string, body: () => unknown, answered: (answer: Answer, elapsed: number) => void): void {
    const question = new AbortController();
    this.#asked.set(request, question);
    const ask = async () => {
      const asked = this.#platform.clock();
      const answer = await this.#platform.ask(path, question.signal, body());
      // Given up meanwhile: nobody waits for it.
      if (!this.#asked.delete(request)) return;
      this.#problem = problemOf(answer);
      const now = this.#platform.clock();
      // One of the clocks may have stood still in a sleep: an answer is as old as the other one says.
      answered(answer, Math.max(now.mono - asked.mono, now.wall - asked.wall));
    };
    const { lock } = this.#platform;
    const done = path === "/auth/token" ? lock(question.signal, ask) : ask();
    // The app hears of it when the lock is free again.
    void done.then(() => this.#tell());
  }

  /** Sends a call when the machine says so, and again if it says so again. */
  async #send(id: number, call: Call, target: () => string | undefined): Promise<Response> {
    let login = this.#standing[2];
    let stamp = await this.#permission(id, call, () => this.#on(EventKind.CallAsked, id));
    for (let repeated = false; ; repeated = true) {
      // Only an answer that was refused is ever delivered, and there is none yet.
      if (!stamp) throw disposed();
      const [epoch, generation] = stamp;
      // What one user asked for is not done as another one.
      if (login && epoch !== login) throw refusal("logged-out");
      login = epoch;
      const to = target();
      if (to === undefined) throw unknownUpstream(call.url);
      const response = await this.#transmit(call, to, epoch, !repeated);
      const denial = denialOf(response);
      if (denial === undefined || this.#closed) return response;
      stamp = await this.#permission(id, call, () =>
        this.#on(EventKind.CallDenied, id, epoch, generation, Number(repeated), denial),
      );
      if (!stamp || !call.repeatable) return response;
      // Its connection is free for something else.
      void response.body?.cancel().catch(() => {});
    }
  }

  #permission(id: number, { signal }: Call, ask: () => void): Promise<Stamp | undefined> {
    return wait<Stamp | undefined>(
      signal,
      (waiter) => {
        this.#calls.set(id, waiter);
        ask();
      },
      () => {
        this.#calls.delete(id);
        this.#on(EventKind.CallCancelled, id);
      },
    );
  }

  async #transmit(call: Call, target: string, epoch: number, again: boolean): Promise<Response> {
    try {
      return await call.send(target, epoch, again);
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw new SessionError("ERR_SESSION_NETWORK", "no answer came to the call", cause);
    }
  }
}

/** What TypeScript is to know of the class beside its body: typed events, and what `using` needs. */
export interface Session extends Disposable {
  addEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: ((this: Session, event: SessionEventMap[K]) => unknown) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: ((this: Session, event: SessionEventMap[K]) => unknown) | null,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
  /** What `using session = await openSession()` calls: {@link Session.close}. */
  [Symbol.dispose](): void;
}
if (Symbol.dispose) Session.prototype[Symbol.dispose] = Session.prototype.close;

const isAsking = (state: SessionState) => state === "refreshing" || state === "resuming";
