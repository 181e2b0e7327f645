/// <reference lib="esnext.disposable" preserve="true" />
import { AILMENTS, EffectKind, EventKind, PRESENCES, PROVIDER_STATES, Presence, REASONS, STATES } from "./abi.js";
import { ReloginAnswer, SessionKind, TOKEN_REASONS, TokenKind, VERSION, WAYS } from "./abi.js";
import { Calls } from "./calls.js";
import type { Channel } from "./channel.js";
import { SessionError } from "./errors.js";
import { type Effect, type EventNumbers, type Machine, type Stamp, type Standing, step } from "./machine.js";
import type { Platform } from "./platform.js";
import { REFUSED, disposed, refusal } from "./refusal.js";
import type { Socket } from "./socket.js";
import type { Timer } from "./timer.js";
import type { Answer } from "./transport.js";
import type {
  LoginOptions,
  Problem,
  Provider,
  ServerTime,
  SessionEventMap,
  SessionHealth,
  SessionOptions,
  SessionPresence,
  SessionReason,
  SessionRequestInit,
  SessionState,
  TokenInfo,
  User,
  WaitOptions,
} from "./types.js";
import { type Waiter, wait } from "./wait.js";
import { type Known, type Told, problemOf, readLogout, readSession, readToken, waysOf } from "./wire.js";

const GRADES = ["critical", "poor", "fair", "good", "excellent"] as const;
const FAILURES = ["transient", "throttled", "ambiguous", "misconfigured", "reauth"] as const;
/** No provider of which anything is known: what needs its token needs the session's. */
const NOBODY = 255;

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
  readonly #retry: SessionOptions["retry"];
  readonly #timer: Timer;
  readonly #channel: Channel;
  readonly #socket: Socket;
  readonly #calls: Calls;
  readonly #over = new AbortController();
  #standing: Standing = [STATES.indexOf("resuming"), Infinity, 0, 0, 0, 0, 0, 100, 0, Presence.Present, NaN, NaN, Infinity];
  /** The newest token that there was, also while there is none. */
  #newest: Stamp = [0, 0];
  #known: Known | undefined;
  #providers: readonly Provider[] = [];
  /** Which of them the session is a login of. */
  #own = NOBODY;
  #health: SessionHealth | undefined;
  #problem: Problem | undefined;
  #returnTo = "/";
  /** Questions whose answers are awaited. */
  readonly #asked = new Map<number, AbortController>();
  readonly #logouts = new Set<Waiter<void>>();
  readonly #refreshes = new Set<Waiter<SessionState>>();
  /** What the app is to be told, in order, when the machine and its effects are done. */
  readonly #news: (() => void)[] = [];
  #telling = false;

  /** @internal */
  constructor(machine: Machine, options: SessionOptions, platform: Platform) {
    super();
    const { lead, idle, maintenance, healthCheck, retry, silent, events } = options;
    const on = this.#on.bind(this);
    this.#machine = machine;
    this.#retry = retry;
    this.#platform = platform;
    this.#timer = platform.timer(() => on(EventKind.DeadlineReached));
    this.#channel = platform.channel((message) => on(EventKind.PeerTold, ...message));
    this.#socket = platform.socket({
      opened: (shared) => on(EventKind.SocketOpened, Number(shared)),
      closed: () => on(EventKind.SocketClosed),
      told: (...news) => on(EventKind.SocketTold, ...news),
      provider: (name, state) => {
        const at = this.#providers.findIndex((provider) => provider.name === name);
        if (at >= 0) on(EventKind.ProviderTold, at, 0, stateOf(state));
      },
    });
    this.#calls = new Calls({
      base: platform.page.base,
      state: () => this.state,
      upstreams: () => this.#ours?.upstreams,
      provider: (vault) => {
        const at = this.#providers.findIndex(({ name }) => vault === `linked:${name}`);
        return at < 0 ? this.#own : at;
      },
      closed: () => this.#closed,
      on,
    });
    const numbers = [lead, idle?.lapse, idle?.prompt, maintenance, healthCheck, silent && waysOf(silent), events];
    // What is left out chooses nothing.
    numbers.forEach((number, place) => machine.choose(place, Number(number)));
    on(EventKind.Opened, Number(platform.page.hidden()));
    this.#channel.open();
    platform.activity((gesture) => on(EventKind.UserActive, Number(gesture)), this.#over.signal);
    const life = {
      on,
      restored: () => {
        this.#channel.open();
        on(EventKind.Restored);
      },
      // An open channel or socket can keep a page out of the back/forward cache.
      left: () => {
        this.#channel.close();
        this.#socket.close();
      },
    };
    platform.life(life, this.#over.signal);
  }

  get #closed(): boolean {
    return this.#over.signal.aborted;
  }

  /** Where the session stands. */
  get state(): SessionState {
    return STATES[this.#standing[0]]!;
  }

  /** Who is logged in. Nothing while that is not known. The same object until that changes. */
  get user(): User | undefined {
    return this.#ours?.user;
  }

  /** What is known of the login that the machine holds. */
  get #ours(): Known | undefined {
    return this.#known?.epoch === this.#standing[2] ? this.#known : undefined;
  }

  /** Every provider that the Worker knows of, and where its grant stands. The same list until that changes. */
  get providers(): readonly Provider[] {
    return this.#providers;
  }

  /** How the session is doing. The same object until that changes. */
  get health(): SessionHealth {
    const [, , , , , , , score, bits] = this.#standing;
    const reasons = AILMENTS.filter((_, at) => bits & (1 << at));
    if (this.#health?.score !== score || `${this.#health.reasons}` !== `${reasons}`) {
      this.#health = { score, grade: GRADES[Math.min(4, Math.floor(score / 20))]!, reasons };
    }
    return this.#health;
  }

  /** Whether the user is there, as all tabs of this browser agree. */
  get presence(): SessionPresence {
    return PRESENCES[this.#standing[9]]!;
  }

  /** The Worker's clock, whatever this computer's clock shows. Nothing while it is not known. */
  get serverTime(): ServerTime | undefined {
    const [, , , , , , , , , , offset, error] = this.#standing;
    return offset === offset ? { now: this.#platform.clock().mono + offset, error } : undefined;
  }

  /** What is known of the current token, as of now. Nothing while there is none. */
  get token(): TokenInfo | undefined {
    const [, , epoch, generation, expiresAt, lifetime] = this.#standing;
    if (!lifetime) return undefined;
    return { epoch, generation, lifetime, expiresIn: Math.max(0, expiresAt - this.#platform.clock().mono) };
  }

  /** Milliseconds until the session asks the Worker again by itself. Nothing while it is asking, or has no reason to. */
  get refreshIn(): number | undefined {
    const wait = this.#standing[12] - this.#platform.clock().mono;
    return wait < Infinity ? Math.max(0, wait) : undefined;
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
    return this.#calls.fetch(input, init);
  }

  /** Takes the page to the authorization server, and back when the user is logged in. */
  async login({ returnTo = this.#platform.page.here() }: LoginOptions = {}): Promise<void> {
    this.#assertOpen();
    const base = this.#platform.page.base();
    const { origin, pathname, search, hash } = new URL(returnTo, base);
    if (origin !== new URL(base).origin) throw new SessionError("ERR_SESSION_CONFIG", `returnTo is not of this origin: ${origin}`);
    this.#returnTo = pathname + search + hash;
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
    this.#over.abort();
    this.#channel.close();
    this.#socket.close();
    this.#timer(Infinity);
    for (const question of this.#asked.values()) question.abort();
    for (const waiter of [...this.#calls.waiting.values(), ...this.#logouts, ...this.#refreshes]) waiter.reject(disposed());
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
    this.#timer(deadline - now.mono);
    for (const effect of effects) this.#do(effect);
    // A login that held a token is asked about anew only when another one has followed it.
    if (this.#known && held && !lifetime && this.state === "resuming") {
      this.#known = undefined;
      this.#later("loggedout", { reason: "login-elsewhere" });
    }
    if (epoch) {
      const [before, last] = this.#newest;
      this.#newest = [epoch, generation];
      if (epoch === before && generation > last) this.#later("refresh", { epoch, generation });
    }
  }

  /** Runs the app's code, in the order of events also if that code causes new ones. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    for (let news; (news = this.#news.shift()); ) news();
    this.#telling = false;
  }

  /** Whether nobody objected. */
  #dispatch<K extends keyof SessionEventMap>(type: K, detail: SessionEventMap[K]["detail"], cancelable = false): boolean {
    return !this.#closed && this.dispatchEvent(new CustomEvent(type, { detail, cancelable }));
  }

  #later<K extends keyof SessionEventMap>(type: K, detail: SessionEventMap[K]["detail"]): void {
    this.#news.push(() => this.#dispatch(type, detail));
  }

  #do(effect: Effect): void {
    const request = effect[1] as number;
    switch (effect[0]) {
      case EffectKind.CheckSession:
        return this.#ask(request, "/auth/session", () => undefined, (answer, elapsed) => {
          const { numbers, known, providers } = readSession(answer, elapsed);
          const answered = () => {
            const told = this.#news.length;
            this.#step(EventKind.SessionAnswered, request, ...numbers, this.#advice(numbers, SessionKind.Failed));
            if (known?.epoch === this.#standing[2]) this.#meet(known, told);
            if (providers) this.#list(providers);
          };
          return numbers[0] === SessionKind.Failed ? answered : answered();
        });
      case EffectKind.RequestToken: {
        const [, , epoch, generation, reason, ago] = effect;
        const since = this.#since();
        const body = () => {
          const operation = this.#platform.operation();
          return {
            v: VERSION,
            epoch,
            generation,
            reason: TOKEN_REASONS[reason],
            ...(operation && { op_id: operation }),
            ...(ago >= 0 && { active_ago: Math.round(ago + since()) / 1000 }),
            tab_state: this.#platform.page.hidden() ? "hidden" : "visible",
          };
        };
        return this.#ask(request, "/auth/token", body, (answer, elapsed) => {
          const numbers = readToken(answer, elapsed);
          const answered = () => this.#step(EventKind.TokenAnswered, request, ...numbers, this.#advice(numbers, TokenKind.Failed));
          return numbers[0] === TokenKind.Failed ? answered : answered();
        });
      }
      case EffectKind.PostLogout:
        return this.#ask(request, "/auth/logout", () => ({ v: VERSION }), (answer) =>
          this.#step(EventKind.LogoutAnswered, request, Number(readLogout(answer))),
        );
      case EffectKind.Relogin:
        return this.#relogin(request, effect[2]);
      case EffectKind.Cancel: {
        const question = this.#asked.get(request);
        this.#asked.delete(request);
        return question?.abort();
      }
      case EffectKind.Navigate:
        return this.#platform.page.leave(`/auth/login?return_to=${encodeURIComponent(this.#returnTo)}`);
      case EffectKind.Tell: {
        const [, ...message] = effect;
        return this.#channel.tell(message);
      }
      case EffectKind.OpenSocket:
        return this.#socket.open();
      case EffectKind.CloseSocket:
        return this.#socket.close();
      case EffectKind.SendCall: {
        const [, , ...stamp] = effect.slice(0, 4) as [number, number, ...Stamp];
        return this.#settle(request, (waiter) => waiter.resolve(stamp));
      }
      case EffectKind.DeliverCall:
        return this.#settle(request, (waiter) => waiter.resolve(undefined));
      case EffectKind.RefuseCall: {
        const state = REFUSED[effect[2]]!;
        return this.#settle(request, (waiter) => waiter.reject(refusal(state)));
      }
      case EffectKind.SettleLogout: {
        const unconfirmed = () => new SessionError("ERR_SESSION_NETWORK", " to the logout; the session goes on");
        this.#news.push(() => {
          for (const waiter of this.#logouts) request ? waiter.resolve() : waiter.reject(unconfirmed());
          this.#logouts.clear();
        });
        return;
      }
      case EffectKind.Transition: {
        const [, sequence, from, to, reason] = effect;
        this.#news.push(() => this.#moved(sequence, STATES[from]!, STATES[to]!, REASONS[reason]!));
        return;
      }
      case EffectKind.ProviderTransition: {
        const [, sequence, at, from, to, reason] = effect;
        const state = PROVIDER_STATES[to]!;
        const provider = this.#providers[at];
        if (!provider) return;
        const { name } = provider;
        this.#providers = this.#providers.map((each, index) => (index === at ? { name, state } : each));
        return this.#later("providerchange", { name, from: PROVIDER_STATES[from]!, to: state, reason: REASONS[reason]!, sequence });
      }
      case EffectKind.Presence: {
        const [, to, left] = effect;
        const detail = { presence: PRESENCES[to]!, left };
        this.#later("idle", detail);
        if (to === Presence.Prompted) this.#later("idleprompt", detail);
        return;
      }
      case EffectKind.Health:
        return this.#later("healthchange", this.health);
    }
  }

  #settle(call: number, settle: (waiter: Waiter<Stamp | undefined>) => void): void {
    this.#news.push(() => {
      const { waiting } = this.#calls;
      const waiter = waiting.get(call);
      waiting.delete(call);
      if (waiter) settle(waiter);
    });
  }

  /** Logs in again in this way, unless the app objects. */
  #relogin(request: number, way: number): void {
    const question = new AbortController();
    this.#asked.set(request, question);
    const answered = (answer: ReloginAnswer) => {
      if (this.#asked.delete(request)) this.#on(EventKind.ReloginAnswered, request, answer);
    };
    this.#news.push(() => {
      if (!this.#asked.has(request)) return;
      if (this.#dispatch("beforerelogin", { way: WAYS[way]! }, true)) {
        this.#platform.relogin(way, this.#platform.page, question.signal, answered);
      } else answered(ReloginAnswer.Unavailable);
    });
  }

  /** Takes over who is logged in. Of somebody else who was, the app hears before it hears of this one: at `told` in the news. */
  #meet(known: Known, told: number): void {
    const before = this.#known;
    this.#known = before && same(before.user, known.user) ? { ...known, user: before.user } : known;
    if (before && before.epoch !== known.epoch) {
      this.#news.splice(told, 0, () => this.#dispatch("loggedout", { reason: "login-elsewhere" }));
    }
  }

  /** Takes over which providers there are. */
  #list(told: readonly Told[]): void {
    const names = told.map(({ name }) => name);
    if (!same(names, this.#providers.map(({ name }) => name))) {
      this.#providers = names.map((name, at) => ({ name, state: this.#providers[at]?.state ?? "unavailable" }));
    }
    // Until others can be linked, the one of which there is something is the login's.
    const own = told.findIndex(({ state }) => state !== "unavailable");
    this.#own = own < 0 ? NOBODY : own;
    told.forEach(({ state }, at) => this.#step(EventKind.ProviderTold, at, Number(at === own), stateOf(state)));
  }

  #moved(sequence: number, from: SessionState, to: SessionState, reason: SessionReason): void {
    if (!isAsking(to)) {
      for (const waiter of this.#refreshes) waiter.resolve(to);
      this.#refreshes.clear();
    }
    this.#dispatch("statechange", { from, to, reason, sequence });
    if (to === "degraded") this.#dispatch(to, { reason });
    if (to === "reauth-required") this.#dispatch("reauthrequired", { reason });
    if (this.#known && (to === "logged-out" || to === "ended")) {
      this.#known = undefined;
      this.#dispatch("loggedout", { reason });
    }
  }

  /** What the app's own strategy says of the next attempt. */
  #advice([kind, failure]: readonly number[], failed: number): number {
    if (kind !== failed) return NaN;
    try {
      const advice = this.#retry?.(FAILURES[failure!]!, this.#standing[6] + 1);
      return advice === false ? Infinity : (advice ?? NaN);
    } catch (error) {
      // It is the app's to hear of, and no reason to stop.
      globalThis.reportError?.(error);
      return NaN;
    }
  }

  /** Milliseconds since now. One of the clocks may have stood still in a sleep: as long as the other one says. */
  #since(): () => number {
    const { clock } = this.#platform;
    const then = clock();
    return () => {
      const now = clock();
      return Math.max(0, now.mono - then.mono, now.wall - then.wall);
    };
  }

  /** Puts a question to the Worker. Only one about a token is worth the lock that tabs share; what it returns runs without it. */
  #ask(
    request: number,
    path: string,
    body: () => unknown,
    answered: (answer: Answer, elapsed: number) => (() => void) | void,
  ): void {
    const question = new AbortController();
    const { ask, lock } = this.#platform;
    let after: (() => void) | void;
    this.#asked.set(request, question);
    const work = async () => {
      const since = this.#since();
      const answer = await ask(path, question.signal, body());
      // Given up meanwhile: nobody waits for it.
      if (!this.#asked.delete(request)) return;
      this.#problem = problemOf(answer);
      after = answered(answer, since());
    };
    // The app hears of it when the lock is free again.
    void (path === "/auth/token" ? lock(question.signal, work) : work()).then(() => {
      after?.();
      this.#tell();
    });
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

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

const stateOf = (said: string) => (PROVIDER_STATES as readonly string[]).indexOf(said.replace("_", "-"));
