// A browser with its tabs, a Worker and a network, in which time passes when a test says so.

import { inside, machine, message } from "./inside.mjs";

const { createSession } = inside.tab;
const { EventKind, ReloginAnswer } = inside.abi;

export const APP = "https://app.example";
const MINUTE = 60_000;

/** Lets everything run that waits for nothing but its turn. */
export const settled = async () => {
  await turn();
  await turn();
};

/** One turn of the event loop. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));

export class World {
  wall = 1_790_000_000_000;
  mono = 5_000;
  /** What tabs asked the Worker: path and body. */
  asked = [];
  /** Questions that were not answered yet; only while `held`. */
  open = [];
  held = false;
  /** Whether questions come to an end although nobody wants their answers any more. */
  deaf = false;
  /** What tabs sent with `session.fetch`. */
  calls = [];
  tabs = [];
  epoch = 1_790_000_000_123;
  generation = 8;
  lifetime = MINUTE;
  /** Tokens end at this time by the Worker's clock, which is ours. */
  expiresAt = this.wall + MINUTE;
  state = "active";
  user = { sub: "248289761001", name: "Ada Lovelace" };
  /** What every question about a token is called. */
  operation = "8f14e45f-1";
  /** The ways of silent re-login that the Worker offers. */
  silent = [];
  /** The Worker's idle limit in seconds; the golden one if it is not given. */
  idle = undefined;
  /** The providers that it knows; the golden ones if they are not given. */
  providers = undefined;
  /** The upstreams that the page calls by itself, if there are any. */
  mediating = undefined;
  /** Whether the authorization server has a page of its own for logouts. */
  endSession = false;
  /** Instead of what the Worker would say. */
  answer = undefined;
  /** What the resource server says to a call. */
  serve = () => new Response("[]", { headers: { "content-type": "application/json" } });

  constructor() {
    globalThis.fetch = async (input, init) => {
      const request = new Request(input, init);
      const { url, method, headers, cache, redirect } = request;
      this.calls.push({ url, method, headers, cache, redirect, body: await request.clone().text() });
      return this.serve(request, this.calls.length);
    };
  }

  /** Opens a session in a new tab. */
  tab(options, seams) {
    const tab = new Tab(this, options, seams);
    this.tabs.push(tab);
    return tab;
  }

  /** A tab whose session knows where it stands. */
  async opened(options, seams) {
    const tab = this.tab(options, seams);
    await settled();
    return tab;
  }

  /** Lets time pass, and does what is due in it. With `asleep`, the monotonic clock stands still and no timer fires. */
  async pass(ms, { asleep = false } = {}) {
    await settled();
    if (asleep) {
      this.wall += ms;
      return settled();
    }
    const end = this.mono + ms;
    for (;;) {
      const due = this.tabs.flatMap(({ timers }) => timers).filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      this.#moveTo(due ? Math.max(due.at, this.mono) : end);
      if (!due) return settled();
      due.at = Infinity;
      due.due();
      await settled();
    }
  }

  #moveTo(mono) {
    this.wall += mono - this.mono;
    this.mono = mono;
  }

  /** The Worker has a new token. */
  rotate() {
    this.generation += 1;
    this.expiresAt = this.wall + this.lifetime;
  }

  /** The browser has another login now. */
  switch() {
    Object.assign(this, { epoch: this.epoch + 1_000, generation: 1, user: { sub: "2", name: "Grace" }, expiresAt: this.wall + this.lifetime });
  }

  ask(path, signal, given, method) {
    // As it travels: what is undefined is not there.
    const body = given && JSON.parse(JSON.stringify(given()));
    this.asked.push({ path, body, ...(method && { method }) });
    return new Promise((resolve) => {
      const question = { path, body, signal, say: (answer) => resolve(answer ?? this.say(path, body, method)) };
      if (!this.deaf) signal.addEventListener("abort", () => resolve({ status: 0, retryAfter: NaN }));
      if (this.held) this.open.push(question);
      else question.say();
    });
  }

  /** What the Worker says now. */
  say(path, body, method) {
    const answer = typeof this.answer === "function" ? this.answer(path, body, method) : this.answer;
    if (answer) return answer;
    const timing = { ...(this.idle && { idle_left: this.idle, idle_limit: this.idle }), server_time: this.wall / 1000, epoch: this.epoch, generation: this.generation, expires_in: this.left(), lifetime: this.lifetime / 1000 };
    if (path === "/auth/session") {
      if (this.state === "logged_out") return ok(message("session_logged_out"));
      if (this.state === "reauth_required") {
        return ok({ ...message("session_reauth_required"), ...timing, user: this.user, silent: this.silent });
      }
      return ok({ ...message("session_active"), ...timing, user: this.user, ...(this.providers && { providers: this.providers }), ...(this.mediating && { mediating: this.mediating }) });
    }
    if (path === "/auth/logout") {
      this.state = "logged_out";
      return ok(message(this.endSession ? "logout_response_end_session" : "logout_response"));
    }
    if (this.state === "logged_out") return problem(401, "logged_out");
    if (this.state === "reauth_required") return problem(401, "reauth_required", { silent: this.silent });
    const due = body.reason === "forced" || body.reason === "unauthorized" || this.left() < 14;
    if (body.generation === this.generation && due) this.rotate();
    return ok({ ...message("token_response"), ...timing, generation: this.generation, expires_in: this.left() });
  }

  /** Seconds that the token still lives. */
  left() {
    return Math.max(0, this.expiresAt - this.wall) / 1000;
  }

  count(path) {
    return this.asked.filter((question) => question.path === path).length;
  }
}

/** One tab: its session and every seam that the session touches. */
export class Tab {
  /** The machine's. */
  timer = { at: Infinity, due: () => {} };
  /** It, and those of questions that wait. */
  timers = [];
  channel = { open: false, heard: () => {} };
  /** What is heard of the event socket, and whether it is wanted. */
  socket = { open: false, opened: 0 };
  /** Who wants to know of its page. */
  lives = new Set();
  life = {
    on: (kind) => [...this.lives].forEach((life) => life.on(kind)),
    restored: () => [...this.lives].forEach((life) => life.restored()),
    left: () => [...this.lives].forEach((life) => life.left()),
  };
  /** Whether anybody watches the page and its user. */
  get watched() {
    return this.lives.size > 0;
  }
  hidden = false;
  /** Silent re-logins that are under way. */
  relogins = [];
  went = [];
  /** Every event, as `from>to reason` or by name. */
  events = [];
  locks = 0;
  here = `${APP}/orders?page=2#last`;

  /** `seams` are in the place of the world's. */
  constructor(world, options = { events: false }, seams = {}) {
    this.world = world;
    const { timers, channel, socket } = this;
    this.session = createSession(machine(), options, {
      clock: () => ({ wall: world.wall, mono: world.mono, entropy: 0 }),
      timer: (due) => {
        const timer = timers.length ? { at: Infinity } : this.timer;
        timer.due = due;
        timers.push(timer);
        return (delay) => (timer.at = world.mono + delay);
      },
      ask: (...question) => world.ask(...question),
      lock: (signal, work) => {
        this.locks += 1;
        return work().finally(() => (this.locks -= 1));
      },
      channel: (heard) => {
        channel.heard = heard;
        return {
          open: () => (channel.open = true),
          close: () => (channel.open = false),
          tell: (message) => {
            for (const other of world.tabs) {
              if (other !== this && other.channel.open) queueMicrotask(() => other.channel.heard(structuredClone(message)));
            }
          },
        };
      },
      socket: (heard) => {
        socket.heard = heard;
        return {
          open: () => Object.assign(socket, { open: true, opened: socket.opened + 1 }),
          close: () => (socket.open = false),
        };
      },
      life: (life, signal) => {
        this.lives.add(life);
        signal.addEventListener("abort", () => this.lives.delete(life));
      },
      activity: (seen) => (this.seen = seen),
      soon: setImmediate,
      relog: (way, page, signal, answered, busy) => this.relogins.push({ way: inside.abi.WAYS[way], signal, answered, busy }),
      operation: () => world.operation,
      page: { base: () => `${APP}/`, here: () => this.here, hidden: () => this.hidden, leave: (path) => this.went.push(path) },
      ...seams,
    });
    this.session.addEventListener("statechange", ({ detail: { from, to, reason } }) => this.events.push(`${from}>${to} ${reason}`));
    this.session.addEventListener("refresh", ({ detail }) => this.events.push(`refresh ${detail.generation}`));
    this.session.addEventListener("loggedout", ({ detail }) => this.events.push(`loggedout ${detail.reason}`));
  }

  /** The user looks at the page. */
  show() {
    this.hidden = false;
    this.life.on(EventKind.Shown);
  }

  /** The user looks elsewhere. */
  hide() {
    this.hidden = true;
    this.life.on(EventKind.Hidden);
  }

  /** The user does something here. */
  use(gesture = false) {
    this.seen(gesture);
  }

  /** A silent re-login ends. */
  relogged(outcome) {
    this.relogins.at(-1).answered(ReloginAnswer[outcome]);
  }
}

export const ok = (body) => ({ status: 200, retryAfter: NaN, body });

export const problem = (status, code, members = {}) => ({
  status,
  retryAfter: NaN,
  body: { type: `urn:everlit:problem:${code}`, title: "A sentence.", status, code, ...members },
});

/** A page of HTML, as a captive portal or a proxy gives it. */
export const html = (status = 200) => ({ status, retryAfter: NaN, body: undefined });

/** No answer at all. */
export const nothing = { status: 0, retryAfter: NaN };

/** A 401 of the Worker's own. */
export const denied = (code) => new Response("{}", { status: 401, headers: { "everlit-code": code } });

/** The error with which something ended. */
export const failure = (promise) => promise.then(() => assertFailed(), (error) => error);

function assertFailed() {
  throw new Error("it was to fail, and did not");
}
