// A chunk of its own, which nobody needs until the session is open. It is loaded then, before the first call asks for it.

import { EventKind, type Refusal } from "./abi.js";
import { type Call, type Route, addressOf, prepare, route, viaWorker } from "./call.js";
import type { SessionError, SessionErrorCode } from "./errors.js";
import type { EventNumbers, Stamp } from "./machine.js";
import type { Page } from "./page.js";
import type { Mend, Tended, human } from "./human.js";
import { CODES, REFUSED } from "./refusal.js";
import type { Session } from "./session.js";
import type { Moment } from "./clock.js";
import type { Timer } from "./timer.js";
import { type Transport, waitOf } from "./transport.js";
import type { SessionRequestInit } from "./types.js";
import type { Waiter, wait } from "./wait.js";
import { type Upstream, denialOf, needsHuman } from "./wire.js";

/** What calls need of their session. The class of errors is among it: there is one, also for `instanceof`. */
export interface CallsHost {
  readonly page: Page;
  /** Where calls may go; nothing while that is not known. */
  readonly upstreams: () => readonly Upstream[] | undefined;
  /** Which of the providers the session is a login of; -1 while that is not known. */
  readonly own: () => number;
  /** Makes a call that goes to its upstream by itself. */
  readonly direct: (call: Call, route: Route, stamp: Stamp) => Promise<Response>;
  readonly closed: AbortSignal;
  readonly wait: typeof wait;
  readonly session: Session;
  readonly ask: Transport;
  readonly clock: () => Moment;
  readonly timer: (due: () => void) => Timer;
  /** Whose word counts as the Worker's, where only a person can go on. */
  readonly reauthOrigins?: readonly string[] | undefined;
  readonly fault: (code: SessionErrorCode, special?: string, cause?: unknown) => SessionError;
  on<K extends EventKind>(kind: K, ...numbers: EventNumbers[K]): void;
}

// What other chunks need as well: whoever is logged in has loaded this one already.
export { CODES, waitOf };

export type Calls = ReturnType<typeof createCalls>;

/** No provider of which anything is known: what needs its token needs the session's. */
const NOBODY = 255;

/** The calls of a session, on their way. */
export function createCalls(host: CallsHost) {
  const { page, upstreams, own, direct, session, closed, wait, fault, on } = host;
  /** Where the Worker is, if it is not at the page's own origin. */
  const edge = page.there?.("");
  /** Calls that wait for the machine's word: to be sent under a token, or (without one) to take the answer they got. */
  const waiting = new Map<number, Waiter<Stamp | undefined>>();
  let last = 0;
  /** How many were sent and not answered yet. */
  let sent = 0;
  /** What addresses were relative to last, and its origin. */
  let base = "";
  let origin = "";

  /** The machine's number of the provider whose token a vault gives. */
  const whose = (vault: string | undefined) => {
    const at = session.providers.findIndex(({ name }) => vault === `linked:${name}`);
    // -1 becomes NOBODY.
    return (at < 0 ? own() : at) & NOBODY;
  };

  const permission = (id: number, signal: AbortSignal | null | undefined, ask: () => void) =>
    wait<Stamp | undefined>(
      signal,
      (waiter) => {
        waiting.set(id, waiter);
        ask();
      },
      () => {
        waiting.delete(id);
        on(EventKind.CallCancelled, id);
      },
    );

  /** The machine's word on a new call. */
  const first = (id: number, signal: AbortSignal | null | undefined, vault: string | undefined) =>
    permission(id, signal, () => on(EventKind.CallAsked, id, whose(vault)));

  /** That an address belongs to no upstream. Its query may hold a secret, and so may what is before its host: neither is named. */
  const unknownUpstream = (url: string) => {
    const { origin, pathname } = new URL(url);
    return fault("ERR_SESSION_UPSTREAM", `: none is for ${origin}${pathname}; configure it or pass { passthrough: true }`);
  };

  let people: ReturnType<typeof human> | undefined;
  /** What is done where only a person can go on. Where that does not come, what went wrong has to do. */
  const ofPeople = async (cause = fault("ERR_SESSION_LOAD")) =>
    people ??
    (await import("./human.js").then(
      // One for all calls, also of those that wait for it together.
      (chunk) => (people ??= chunk.human(host)),
      () => {
        throw cause;
      },
    ));
  const mendIt: Mend = async (...what) => (await ofPeople(what[0])).mend(...what);
  /** Does this, and has a person mend it where only they can. An account that is not linked looks like a provider that cannot help just now. */
  const tended = <T extends Response | Stamp>(work: () => Promise<T>, about: () => readonly [vault: string | undefined, call: Tended], mend = mendIt): Promise<T> =>
    work().catch((cause) => {
      if (/_(REAU|LINK|UNA)/.test(cause?.code)) return mend(cause, ...about(), work) as Promise<T>;
      throw cause;
    });

  /** Sends a call when the machine says so, and again if it says so again. */
  const send = async (id: number, call: Call, target: () => Route | undefined, word: Promise<Stamp | undefined>): Promise<Response> => {
    const { url, signal } = call;
    let stamp = await word;
    for (let repeated = false, lost = false; ; ) {
      // Only an answer that was refused is ever delivered, and there is none yet.
      const [epoch, generation] = stamp!;
      const to = target();
      if (!to) throw unknownUpstream(url);
      const [address, vault, byItself] = to;
      let response: Response;
      try {
        ++sent;
        response = await (byItself ? direct(call, to, stamp!) : viaWorker(call, address, epoch, edge));
      } catch (cause) {
        signal?.throwIfAborted();
        if ((cause as Partial<SessionError>).code) throw cause;
        // It may have been carried out, and only its answer was lost.
        const harmless = call.idempotent(vault);
        if (lost || !harmless || closed.aborted) throw fault("ERR_SESSION_NETWORK", harmless ? "" : ": it may have been done", cause);
        lost = true;
        continue;
      } finally {
        --sent;
      }
      // What such an upstream says of its own accord is not the Worker's word.
      if (byItself) return response;
      if (needsHuman(response)) throw fault("ERR_SESSION_REAUTH", "", response);
      const denial = denialOf(response);
      if (denial === undefined || closed.aborted) return response;
      stamp = await permission(id, signal, () => on(EventKind.CallDenied, id, whose(vault), epoch, generation, +repeated, denial));
      if (!stamp || !call.repeatable) return response;
      // Its connection is free for something else.
      void response.body?.cancel().catch(() => {});
      repeated = true;
    }
  };

  /** A call, and what is done where only a person can go on. */
  async function make(input: RequestInfo | URL, init: SessionRequestInit | undefined, mend?: Mend, call?: Call): Promise<Response> {
    const now = page.base();
    if (base !== now) ({ origin } = new URL((base = now)));
    const url = addressOf(input, base, origin);
    const target = () => route(url, origin, upstreams() ?? [], edge);
    if (init?.fallback) {
      // It is made more than once, as it was at first, and in the name of who is logged in now.
      const { user } = session;
      const taken = prepare(input, init, url);
      return (await ofPeople()).fall(make, taken, input, init, target, user);
    }
    const signal = init?.signal ?? (input as Request).signal;
    let isGone = false;
    const work = async () => {
      const to = target();
      const id = ++last;
      let word: Promise<Stamp | undefined> | undefined;
      if (!to) {
        // Nothing of the input is touched before.
        if (init?.passthrough) {
          const { body } = init;
          const answer = await (call?.transmit(url, [], {}) ?? fetch(input, typeof body === "function" ? { ...init, body: body() } : (init as RequestInit)));
          // What went out with it is gone.
          isGone = body instanceof ReadableStream || (input as Request).bodyUsed;
          return answer.status === 409 ? (await ofPeople()).foreign(answer, input) : answer;
        }
        if (upstreams()) throw unknownUpstream(url);
        // Which upstreams there are is known only while calls can be made. Whether that may come is for the machine to say.
        word = first(id, signal, undefined);
        if (!waiting.has(id)) await word;
        // Nobody waits for it where the input is none.
        word.catch(() => {});
      }
      call ??= prepare(input, init, url);
      return send(id, call, target, word ?? first(id, call.signal, to![1]));
    };
    return tended(work, () => [target()?.[1], call ?? { signal, repeatable: !isGone }], mend);
  }

  return {
    /** Whether something would be lost if the page were left now. */
    busy: () => sent > 0,

    /** The machine's word. */
    settle(call: number, stamp?: Stamp, why?: Refusal) {
      const waiter = waiting.get(call);
      waiting.delete(call);
      if (why !== undefined) waiter?.reject(fault(CODES[REFUSED[why]!]!));
      else waiter?.resolve(stamp);
    },

    /** Waits while the session asks for a token; rejects where it got none. */
    async asked(signal: AbortSignal | undefined): Promise<void> {
      const over = new AbortController();
      const settled = () => !/ing$/.test(session.state);
      const listen = ({ resolve }: Waiter<void>) => {
        const look = () => settled() && resolve();
        session.addEventListener("statechange", look, { signal: over.signal });
        look();
      };
      await wait(signal, listen).finally(() => over.abort());
      const code = CODES[session.state];
      if (code) throw fault(code);
    },

    /** Waits until there is a token that lives; rejects where there will be none. */
    permit(signal: AbortSignal | undefined, vault: string | undefined): Promise<Stamp> {
      // Nothing is delivered to who has sent nothing.
      return tended(() => first(++last, signal, vault) as Promise<Stamp>, () => [vault, { signal, repeatable: true }]);
    },

    /** `kept` is the body as it was when the call was made, if that is a while ago; `late`, that it was made under another login. */
    async fetch(input: RequestInfo | URL, init: SessionRequestInit | undefined, kept?: Response, late?: boolean): Promise<Response> {
      if (late) throw fault("ERR_SESSION_LOGGED_OUT");
      if (kept) {
        const headers = new Headers(init?.headers ?? (input as Request).headers);
        const type = kept.headers.get("content-type");
        if (type && !headers.has("content-type")) headers.set("content-type", type);
        init = { ...init, headers, body: await kept.blob() };
      }
      return make(input, init);
    },
  };
}
