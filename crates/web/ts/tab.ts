import { AILMENTS, EffectKind, EventKind, PRESENCES, PROVIDER_STATES, Presence, REASONS, STATES } from "./abi.js";
import { ROW, ReloginAnswer, STANDING, SessionKind, TOKEN_REASONS, TokenKind, VERSION, WAYS, Way } from "./abi.js";
import type { Calls, CallsHost } from "./calls.js";
import { chunk } from "./chunk.js";
import type { Account, AccountHost } from "./account.js";
import { SessionError } from "./errors.js";
import { type Effect, type EventNumbers, type Machine, type Stamp, type Standing } from "./machine.js";
import type { Platform } from "./platform.js";
import { openPopup } from "./popup.js";
import type { Session } from "./session.js";
import type { Answer } from "./transport.js";
import type { LoginOptions, LogoutOptions, Provider, SessionEventMap, SessionHealth, SessionOptions, WaitOptions } from "./types.js";
import { type Waiter, wait } from "./wait.js";
import { type Known, type Reading, type Told, problemOf, readLogout, readSession, readToken, seconds, stateOf, waysOf } from "./wire.js";

const GRADES = ["critical", "poor", "fair", "good", "excellent", "excellent"] as const;
const ELSEWHERE = { reason: "login-elsewhere" } as const;
/** The numbers of these states. */
const LOGGING_IN = 1;
"logging-in" satisfies (typeof STATES)[typeof LOGGING_IN];
const RESUMING = 4;
"resuming" satisfies (typeof STATES)[typeof RESUMING];
const FAILURES = ["transient", "throttled", "ambiguous", "misconfigured", "reauth"] as const;

/** What is done for each effect, with its numbers. */
type Deeds = { readonly [E in Effect as E[0]]: (...numbers: E extends readonly [unknown, ...infer N] ? N : never) => void };

/**
 * The session of one tab: the machine, with hands. Everything private is a variable in here, because those have no names in
 * what is shipped.
 */
export const createSession = EAGER((
  machine: Machine,
  { lead, idle, maintenance, healthCheck, retry, silent, events }: SessionOptions,
  platform: Platform,
): Session => {
  const { clock, page } = platform;
  const over = new AbortController();
  const { signal: closed } = over;
  let standing = [RESUMING] as unknown as Standing;
  /** The newest token that there was, also while there is none. */
  let newest: Stamp = [0, 0];
  let known: Known | undefined;
  let providers: readonly Provider[] = [];
  let health: SessionHealth | undefined;
  let problem: ReturnType<typeof problemOf>;
  /** Where the page goes to log in, and where it comes back to from the authorization server that logs it out, where that is so. */
  let destination: string;
  let home: string;
  let farewell: string | undefined;
  /** Which of them the session is a login of. */
  let own = -1;
  /** How many wait for what the machine does: for them it has its timer also while the background is stopped. */
  let waits = 0;
  /** Ends what goes on in the background; nothing while it is stopped. */
  let running: AbortController | undefined;
  /** Resolves when nothing is asked any more. */
  let quiet: Promise<unknown> | undefined;
  let telling = false;
  /** Questions whose answers are awaited. */
  const asked = new Map<number, AbortController>();
  /** What the timer is set for: to set it takes longer than most events. */
  let due: number | undefined;
  /** What makes calls, when it is there. */
  let ready: Calls | undefined;
  const logouts: Waiter<void>[] = [];
  /** What the app is to be told, in order, when the machine and its effects are done. */
  const news: (() => void)[] = [];

  /** What is known of the login that the machine holds. */
  const ours = () => (known?.epoch === standing[2] ? known : undefined);
  const assertOpen = () => closed.throwIfAborted();
  /** A path of this origin, for an address that the app says. */
  const pathOf = (address: string | URL = page.here()) => {
    const { href, origin } = new URL(address, page.base());
    if (href.startsWith(`${new URL(page.base()).origin}/`)) return href.slice(origin.length);
    throw new SessionError("ERR_SESSION_CONFIG", `: returnTo ${origin}`);
  };
  /** Where a login begins. What is not said is not there. */
  const door = ({ returnTo, provider, prompt }: LoginOptions) =>
    `/auth/login?${new URLSearchParams(JSON.parse(JSON.stringify({ provider, prompt, return_to: pathOf(returnTo) })))}`;

  /** One event, its effects, and then the news of it. */
  const on = <K extends EventKind>(kind: K, ...numbers: EventNumbers[K]) => {
    take(kind, ...numbers);
    tell();
  };

  const take = EAGER(<K extends EventKind>(kind: K, ...numbers: EventNumbers[K]) => {
    if (closed.aborted) return;
    const now = clock();
    // A number that is left out arrives as NaN, which no event takes for one that it needs.
    numbers.forEach(machine.give);
    const length = machine.step(now.wall, now.mono, now.entropy, kind);
    // Numbers that make no event change nothing and give nothing.
    if (!length) return;
    const said: number[] = [];
    while (said.length < length) said.push(machine.said(said.length));
    const held = standing[5];
    standing = said.splice(0, STANDING) as unknown as Standing;
    const [, deadline, epoch, generation, , lifetime] = standing;
    if ((running || waits) && deadline !== due) timer((due = deadline) - now.mono);
    while (said.length) {
      const [kind, ...numbers] = said.splice(0, ROW);
      (deeds[kind as EffectKind] as (...numbers: number[]) => void)(...numbers);
    }
    // A login that held a token is asked about anew only when another one has followed it.
    if (known && held && !lifetime && standing[0] === RESUMING) {
      known = undefined;
      later("loggedout", ELSEWHERE);
    }
    if (epoch) {
      if (epoch === newest[0] && generation > newest[1]) later("refresh", { epoch, generation });
      newest = [epoch, generation];
    }
  });

  /** Runs the app's code, in the order of events also if that code causes new ones. */
  const tell = () => {
    if (telling) return;
    telling = true;
    for (let next; (next = news.shift()); ) next();
    telling = false;
  };

  /** Whether nobody objected. */
  const dispatch = <K extends keyof SessionEventMap>(type: K, detail: SessionEventMap[K]["detail"], cancelable = false) =>
    !closed.aborted && session.dispatchEvent(new CustomEvent(type, { detail, cancelable }));

  const later = <K extends keyof SessionEventMap>(type: K, detail: SessionEventMap[K]["detail"]) => {
    news.push(() => dispatch(type, detail));
  };

  /** Milliseconds since now. One of the clocks may have stood still in a sleep: as long as the other one says. */
  const since = () => {
    const then = clock();
    return () => {
      const now = clock();
      return Math.max(now.mono - then.mono, now.wall - then.wall);
    };
  };

  /** Something that is awaited under this number, until it is answered or given up. */
  const pending = (request: number) => {
    const question = new AbortController();
    asked.set(request, question);
    return question.signal;
  };

  const track = (work: Promise<unknown>) => {
    quiet = Promise.allSettled([quiet, work]).then(() => {});
  };

  /** Puts a question to the Worker. Only one about a token is worth the lock that tabs share. */
  const ask = EAGER(<K extends EventKind.SessionAnswered | EventKind.TokenAnswered | EventKind.LogoutAnswered>(
    kind: K,
    failed: number,
    request: number,
    path: string,
    read: (answer: Answer, elapsed: number) => Reading,
    body?: () => object,
  ) => {
    const signal = pending(request);
    let after: (() => void) | void;
    const work = async () => {
      const elapsed = since();
      const answer = await platform.ask(path, signal, body);
      // Given up meanwhile: nobody waits for it.
      if (!asked.delete(request)) return;
      problem = problemOf(answer);
      const { numbers, known, providers } = read(answer, elapsed());
      const told = news.length;
      const answered = (...advised: number[]) => {
        (take as (...numbers: number[]) => void)(kind, request, ...numbers, ...advised);
        if (known?.epoch === standing[2]) meet(known, told);
        if (providers) list(providers);
      };
      // The app is asked when the lock is free again.
      if (numbers[0] === failed) after = () => answered(advice(numbers));
      else answered();
    };
    track(
      (failed === TokenKind.Failed ? platform.lock(signal, work) : work()).then(() => {
        after?.();
        tell();
      }),
    );
  });

  /** What the app's own strategy says of the next attempt. */
  const advice = ([, failure]: readonly number[]) => {
    try {
      const advice = retry?.(FAILURES[failure!]!, standing[6] + 1);
      // What is no wait is no advice.
      return seconds(advice) ? (advice as number) : advice === false ? Infinity : NaN;
    } catch (error) {
      // It is the app's to hear of, and no reason to stop.
      globalThis.reportError?.(error);
      return NaN;
    }
  };

  const settle = (...word: Parameters<Calls["settle"]>) => news.push(() => ready?.settle(...word));

  const deeds: Deeds = [
    /* CheckSession */ (request) =>
      ask(EventKind.SessionAnswered, SessionKind.Failed, request, "/auth/session", readSession),
    /* RequestToken */ (request, epoch, generation, reason, ago) => {
      const waited = since();
      ask(EventKind.TokenAnswered, TokenKind.Failed, request, "/auth/token", (...answer) => ({ numbers: readToken(...answer) }), () => ({
        v: VERSION,
        epoch,
        generation,
        reason: TOKEN_REASONS[reason],
        // What is undefined is not sent.
        op_id: platform.operation(),
        active_ago: ago >= 0 ? Math.round(ago + waited()) / 1000 : undefined,
        tab_state: page.hidden() ? "hidden" : "visible",
      }));
    },
    /* PostLogout */ (request) => {
      const read = (answer: Answer) => {
        farewell = (answer.body as { end_session?: string } | undefined)?.end_session;
        return { numbers: [+readLogout(answer)] };
      };
      ask(EventKind.LogoutAnswered, NaN, request, "/auth/logout", read, () => ({ v: VERSION, return_to: home }));
    },
    /* Relogin */ (request, way) => {
      const signal = pending(request);
      const answered = (answer: ReloginAnswer) => {
        if (asked.delete(request)) on(EventKind.ReloginAnswered, request, answer);
      };
      const attempt = () => {
        if (signal.aborted) return;
        if (dispatch("beforerelogin", { way: WAYS[way]! }, true)) platform.relog(way, page, signal, answered, () => !!ready?.busy());
        else answered(ReloginAnswer.Unavailable);
      };
      // A popup is for the turn of the user's gesture. All else can wait until who just got the session can hear of it.
      if (way === Way.Popup) news.push(attempt);
      else platform.soon(attempt);
    },
    /* Cancel */ (request) => {
      asked.get(request)?.abort();
      asked.delete(request);
    },
    /* Navigate */ () => page.leave(destination),
    /* Tell */ (...message) => channel.tell(message),
    /* OpenSocket */ () => running && socket.open(),
    /* CloseSocket */ () => socket.close(),
    /* SendCall */ (call, ...stamp) => settle(call, stamp),
    /* DeliverCall */ (call) => settle(call),
    /* RefuseCall */ (call, why) => settle(call, undefined, why),
    /* SettleLogout */ (done) => {
      news.push(() => {
        for (const { resolve, reject } of logouts.splice(0)) {
          if (done) resolve();
          else reject(new SessionError("ERR_SESSION_NETWORK", ": not logged out"));
        }
        // The app hears of it first.
        if (done && farewell) platform.soon(() => page.leave(farewell!));
      });
    },
    /* Transition */ (sequence, before, now, why) => {
      const from = STATES[before]!;
      const to = STATES[now]!;
      const reason = REASONS[why]!;
      news.push(() => {
        dispatch("statechange", { from, to, reason, sequence });
        if (/^de|^rea/.test(to)) dispatch(to.replace("-", "") as "degraded", { reason });
        if (known && /out|end/.test(to)) {
          known = undefined;
          dispatch("loggedout", { reason });
        }
      });
    },
    /* ProviderTransition */ (sequence, at, from, to, reason) => {
      const provider = providers[at];
      if (!provider) return;
      const { name } = provider;
      const state = PROVIDER_STATES[to]!;
      providers = providers.map((each, index) => (index === at ? { name, state } : each));
      later("providerchange", { name, from: PROVIDER_STATES[from]!, to: state, reason: REASONS[reason]!, sequence });
    },
    /* Presence */ (to, left) => {
      const detail = { presence: PRESENCES[to]!, left };
      later("idle", detail);
      if (to === Presence.Prompted) later("idleprompt", detail);
    },
    /* Health */ () => later("healthchange", session.health),
  ];

  /** Takes over who is logged in. Of somebody else who was, the app hears before it hears of this one: at `told` in the news. */
  const meet = (met: Known, told: number) => {
    const before = known;
    known = before && same(before.user, met.user) ? { ...met, user: before.user } : met;
    // Who is logged in is about to call; who opened the session hears of it first.
    news.push(() => calls().catch(() => {}));
    if (before && before.epoch !== met.epoch) news.splice(told, 0, () => dispatch("loggedout", ELSEWHERE));
  };

  /** Takes over which providers there are. */
  const list = (told: readonly Told[]) => {
    if (!same(told.map(nameOf), providers.map(nameOf))) {
      providers = told.map(({ name }, at) => ({ name, state: providers[at]?.state ?? "unavailable" }));
    }
    // A Worker of before does not say which is: with it no other can be linked.
    own = told.indexOf((told.find(({ own }) => own) ?? told.find(({ state }) => state !== "unavailable"))!);
    told.forEach(({ state }, at) => take(EventKind.ProviderTold, at, +(at === own), stateOf(state)));
  };

  /** Where calls may go: by the Worker, and by the page itself. */
  const upstreams = () => {
    const { upstreams, mediating = [] } = ours() ?? {};
    return upstreams?.concat(mediating);
  };

  /** Nobody needs the timer while the background is stopped and nobody waits. */
  const rest = () => waits || running || timer((due = Infinity));

  /** A wait for what the machine does, which the session does not outlive. */
  const waiting: typeof wait = (signal, start, stop) => {
    ++waits;
    return wait(signal, start, stop, closed).finally(() => {
      --waits;
      rest();
    });
  };

  /** What both chunks need of this one. The class of errors is among it: there is one, also for `instanceof`. */
  const host = (): CallsHost & AccountHost => ({
    ...platform,
    ask(...question) {
      const answer = platform.ask(...question);
      track(answer);
      return answer;
    },
    wait: waiting,
    closed,
    problemOf,
    upstreams,
    session,
    own: () => own,
    direct: away("mediate"),
    calls,
    fault: (...given) => new SessionError(...given),
    on,
    door,
  });
  const calls = chunk(async () => (ready = (await import("./calls.js")).createCalls(host())));
  const account = chunk(async () => (await import("./account.js")).account(host()));

  /** What most pages never call. Whether the session is closed is seen there: a report can be made of one that is. */
  const away =
    <N extends keyof Account>(name: N) =>
    async (...given: Parameters<Account[N]>): Promise<Awaited<ReturnType<Account[N]>>> =>
      ((await account((given.at(-1) as WaitOptions | undefined)?.signal))[name] as (...given: unknown[]) => Promise<Awaited<ReturnType<Account[N]>>>)(...given);

  const session = new (class extends EventTarget {
    get state() {
      return STATES[standing[0]]!;
    }
    get user() {
      return ours()?.user;
    }
    get providers() {
      return providers;
    }
    get health() {
      const [, , , , , , , score, bits] = standing;
      const reasons = AILMENTS.filter((_, at) => bits & (1 << at));
      const now = { score, grade: GRADES[(score / 20) | 0]!, reasons };
      return (health = same(health, now) ? health! : now);
    }
    async loginPopup(options: LoginOptions = {}) {
      assertOpen();
      options.signal?.throwIfAborted();
      const popup = openPopup();
      return away("popup")(popup, options).finally(() => popup?.close());
    }
    get presence() {
      return PRESENCES[standing[9]]!;
    }
    get serverTime() {
      const [, , , , , , , , , , offset, error] = standing;
      return offset === offset ? { now: clock().mono + offset, error } : undefined;
    }
    get token() {
      const [, , epoch, generation, expiresAt, lifetime] = standing;
      return lifetime ? { epoch, generation, lifetime, expiresIn: Math.max(0, expiresAt - clock().mono) } : undefined;
    }
    get refreshIn() {
      const wait = standing[12] - clock().mono;
      return wait < Infinity ? Math.max(0, wait) : undefined;
    }
    get problem() {
      return problem;
    }
    async fetch(input: RequestInfo | URL, init?: Parameters<Session["fetch"]>[1]) {
      assertOpen();
      // A call is what it was when it was made: while its chunk is on its way, its body and the login may become others.
      const body = init?.body;
      const before = known;
      // A stream stays one, and what makes bodies does so when they are sent.
      const unlike = body as Partial<ReadableStream & CallableFunction>;
      const kept = ready || !body || unlike.getReader || unlike.call ? undefined : new Response(body as BodyInit);
      return (ready ?? (await calls(init?.signal ?? (input as Request).signal))).fetch(input, init, kept, before && before.epoch !== known?.epoch);
    }
    sessions = { list: away("list"), end: away("end"), endOthers: away("endOthers") };
    async login(options: LoginOptions = {}) {
      assertOpen();
      options.signal?.throwIfAborted();
      destination = door(options);
      // Whoever asks again is still here, or wants to go elsewhere: the machine has said its word.
      if (standing[0] === LOGGING_IN) page.leave(destination);
      else on(EventKind.LoginAsked);
    }
    async logout({ everywhere, returnTo, signal }: LogoutOptions = {}) {
      home = pathOf(returnTo);
      if (everywhere) await away("endAll")({ signal });
      return waiting<void>(signal, (waiter) => {
        logouts.push(waiter);
        on(EventKind.LogoutAsked);
      });
    }
    async refresh({ signal }: WaitOptions = {}) {
      return waiting<void>(signal, ({ resolve, reject }) => {
        on(EventKind.RefreshAsked);
        calls(signal).then(({ asked }) => asked(signal)).then(resolve, reject);
      });
    }
    activity() {
      on(EventKind.UserActive, 0);
    }
    start() {
      assertOpen();
      if (!running) begin(EventKind.Restored);
    }
    stop() {
      running?.abort();
      running = undefined;
      left();
      rest();
    }
    close() {
      if (closed.aborted) return;
      over.abort(new SessionError("ERR_SESSION_DISPOSED"));
      this.stop();
      for (const question of asked.values()) question.abort();
    }
    // Where there are no such symbols yet, these are names that nobody says.
    [Symbol.dispose ?? 0]() {
      this.close();
    }
    async [Symbol.asyncDispose ?? 1]() {
      this.close();
      await quiet;
    }
  })() as unknown as Session;

  for (const name of ["link", "debug", "desk", "unlink", "getAccessToken", "report"] as const) session[name] = away(name) as never;
  const timer = platform.timer(() => {
    due = undefined;
    on(EventKind.DeadlineReached);
  });
  const channel = platform.channel((message) => on(EventKind.PeerTold, ...message));
  const socket = platform.socket({
    opened: (shared) => on(EventKind.SocketOpened, +shared),
    closed: () => on(EventKind.SocketClosed),
    told: (...news) => on(EventKind.SocketTold, ...news),
  });
  /** An open channel or socket can keep a page out of the back/forward cache. */
  const left = () => {
    channel.close();
    socket.close();
  };
  // What is left out arrives as NaN.
  [lead, idle?.lapse, idle?.prompt, maintenance, healthCheck, silent && waysOf(silent), events].forEach(machine.choose);
  const begin = <K extends EventKind.Opened | EventKind.Restored>(kind: K, ...numbers: EventNumbers[K]) => {
    const { signal } = (running = new AbortController());
    on(kind, ...numbers);
    channel.open();
    platform.activity((gesture) => on(EventKind.UserActive, +gesture), signal);
    const restored = () => {
      channel.open();
      on(EventKind.Restored);
    };
    platform.life({ on, restored, left }, signal);
  };
  begin(EventKind.Opened, +page.hidden());
  return session;
});

const nameOf = ({ name }: Told | Provider) => name;

const same = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);
