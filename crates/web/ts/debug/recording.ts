import type { Session } from "../session.js";
import { clockOf } from "../store/clock.js";
import type { SessionEventMap, SessionOptions } from "../types.js";
import type { Happening, TimelineEntry } from "./entry.js";
import { Secrets } from "./redact.js";
import { type SessionSnapshot, look, trouble } from "./snapshot.js";

/** How to watch a session. */
export interface WatchOptions {
  /**
   * What the session was opened with: its report says which options there were.
   * @default the report does not say
   * @reason a session does not keep what it was given
   */
  readonly options?: SessionOptions;
  /**
   * How many entries are kept; older ones make room.
   * @default 200
   * @unit entries
   * @reason some hours of an ordinary session, in a few kilobytes
   */
  readonly limit?: number;
}

/** What happens to a session, as it is written down. */
export interface Recording extends Disposable {
  readonly session: Session;
  /** What the session was opened with, where that was said. */
  readonly options: SessionOptions | undefined;
  /** What happened since it began, oldest first: the same list until something is added. */
  timeline(): readonly TimelineEntry[];
  /** Where the session stands now. */
  snapshot(): SessionSnapshot;
  /** Calls `listener` when something was added, until what it gives back is called. */
  subscribe(listener: () => void): () => void;
  /** Ends it. What was written down stays. */
  stop(): void;
}

/** What came in the place of a session. */
const nameOf = (value: unknown) => (typeof (value as Promise<unknown> | undefined)?.then === "function" ? "the promise of one: await it" : value === null ? "null" : typeof value);

/** The recording that a report of a session is made of: the last one that began. */
const recordings = new WeakMap<Session, Log>();
export const recordingOf = (session: Session): Log | undefined => recordings.get(session);

/**
 * Begins to write down what happens to a session. It only listens to its events, and is done with it when it is stopped.
 *
 * ```ts
 * const recording = watch(session);
 * console.table(recording.timeline());
 * ```
 */
export function watch(session: Session, options: WatchOptions = {}): Recording {
  const { limit = 200 } = options;
  if (!(session instanceof EventTarget)) throw new TypeError(`watch takes the session of await openSession(), not ${nameOf(session)}`);
  if (!Number.isInteger(limit) || limit < 1) throw new TypeError(`watch: limit is ${typeof limit === "string" ? JSON.stringify(limit) : String(limit)}; it takes a whole number from 1`);
  const log = new Log(session, limit, options.options);
  recordings.set(session, log);
  return log;
}

/** What each event is, in a timeline. */
const KINDS: { readonly [K in keyof SessionEventMap]?: (detail: SessionEventMap[K]["detail"], secrets: Secrets) => Happening } = {
  statechange: ({ from, to, reason }) => ({ kind: "statechange", from, to, reason }),
  providerchange: ({ name, from, to, reason }, secrets) => ({ kind: "providerchange", provider: secrets.redact(name), from, to, reason }),
  refresh: ({ generation }) => ({ kind: "refresh", generation }),
  healthchange: ({ score, grade, reasons }) => ({ kind: "healthchange", score, grade, reasons: [...reasons] }),
  idle: ({ presence, left }) => ({ kind: "idle", presence, left }),
  loggedout: ({ reason }) => ({ kind: "loggedout", reason }),
  beforerelogin: ({ way }) => ({ kind: "beforerelogin", way }),
};

const FROM_TABS = ["logout-elsewhere", "login-elsewhere"];

/** A recording, with what the panel adds to it. */
export class Log implements Recording {
  readonly session: Session;
  readonly options: SessionOptions | undefined;
  readonly secrets = new Secrets();
  readonly #since: number;
  /** When it was stopped. */
  #until: number | undefined;
  readonly #limit: number;
  readonly #now: () => number;
  readonly #over = new AbortController();
  readonly #listeners = new EventTarget();
  readonly #heard = { tabs: 0, worker: 0 };
  #entries: readonly TimelineEntry[] = Object.freeze([]);
  #last = 0;
  #problem: unknown;
  /** Whether the events of this very moment tell of an answer that this tab asked for. */
  #answered = false;
  #idleEndsAt: number | undefined;

  constructor(session: Session, limit: number, options: SessionOptions | undefined) {
    this.session = session;
    this.options = options;
    this.#limit = limit;
    this.#now = clockOf(session).now;
    this.#since = this.#now();
    this.secrets.learn(session.user);
    const { signal } = this.#over;
    for (const [type, say] of Object.entries(KINDS)) {
      const heard = (event: Event) => this.#hear((say as (detail: unknown, secrets: Secrets) => Happening)((event as CustomEvent).detail, this.secrets));
      session.addEventListener(type, heard, { signal });
    }
    this.#lookAtProblem();
  }

  timeline(): readonly TimelineEntry[] {
    return this.#entries;
  }

  snapshot(): SessionSnapshot {
    const { presence } = this.session;
    const idleEndsAt = presence === "prompted" ? this.#idleEndsAt : undefined;
    return {
      ...look(this.session, this.secrets),
      ...(idleEndsAt !== undefined && { idleEndsIn: Math.max(0, Math.round(idleEndsAt - this.#now())) }),
      heard: { ...this.#heard },
    };
  }

  subscribe(listener: () => void): () => void {
    const own = new AbortController();
    this.#listeners.addEventListener("change", () => listener(), { signal: own.signal });
    return () => own.abort();
  }

  /** For how long, in milliseconds. */
  get watched(): number {
    return Math.round((this.#until ?? this.#now()) - this.#since);
  }

  get running(): boolean {
    return !this.#over.signal.aborted;
  }

  stop(): void {
    this.#until ??= this.#now();
    this.#over.abort();
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  /** Writes down what happened. */
  add(happening: Happening): void {
    if (this.#over.signal.aborted) return;
    const { serverTime } = this.session;
    const entry = { ...happening, number: ++this.#last, at: Math.round(this.#now()), ...(serverTime && { serverTime: Math.round(serverTime.now) }) };
    this.#entries = Object.freeze([...this.#entries, Object.freeze(entry)].slice(-this.#limit));
    this.#listeners.dispatchEvent(new Event("change"));
  }

  #hear(happening: Happening) {
    this.secrets.learn(this.session.user);
    // What went wrong comes before what it led to.
    this.#lookAtProblem();
    if (happening.kind === "idle") this.#idleEndsAt = this.#now() + happening.left;
    this.add(this.#whose(happening));
  }

  /** Counts what others told of. A newer token that comes without an answer to this tab was fetched elsewhere. */
  #whose(happening: Happening): Happening {
    const heard = this.#heard;
    if (happening.kind === "statechange") {
      const { from, to, reason } = happening;
      if (FROM_TABS.includes(reason)) heard.tabs += 1;
      // What a question is answered ends no session that asks nothing.
      if (reason === "told" || (reason === "session-ended" && from === "active")) heard.worker += 1;
      if (to === "active" && reason !== "adopted") {
        this.#answered = true;
        queueMicrotask(() => (this.#answered = false));
      }
    }
    if (happening.kind !== "refresh" || this.#answered) return happening;
    heard.tabs += 1;
    return { ...happening, elsewhere: true };
  }

  /** No event tells of a problem: it is new when the session has another one. */
  #lookAtProblem() {
    const { problem } = this.session;
    if (problem && problem !== this.#problem) this.add({ kind: "problem", ...trouble(problem, this.secrets) });
    this.#problem = problem;
  }
}
