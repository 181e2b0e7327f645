import { EventKind } from "./abi.js";
import { type Call, addressOf, prepare, route, unknownUpstream } from "./call.js";
import { SessionError } from "./errors.js";
import type { EventNumbers, Stamp } from "./machine.js";
import { REFUSED, disposed, refusal } from "./refusal.js";
import type { SessionRequestInit, SessionState } from "./types.js";
import { type Waiter, wait } from "./wait.js";
import { type Upstream, denialOf } from "./wire.js";

/** What calls need of their session. */
export interface Host {
  readonly base: () => string;
  readonly state: () => SessionState;
  /** Where calls may go; nothing while that is not known. */
  readonly upstreams: () => readonly Upstream[] | undefined;
  /** The machine's number of the provider whose token a vault gives. */
  readonly provider: (vault: string | undefined) => number;
  readonly closed: AbortSignal;
  on<K extends EventKind>(kind: K, ...numbers: EventNumbers[K]): void;
}

/** The calls of a session, on their way. */
export function createCalls({ base, state, upstreams, provider, closed, on }: Host) {
  let last = 0;
  /** How many were sent and not answered yet. */
  let sent = 0;
  /** Calls that wait for the machine's word: to be sent under a token, or (without one) to take the answer they got. */
  const waiting = new Map<number, Waiter<Stamp | undefined>>();

  const permission = (id: number, { signal }: Call, ask: () => void) =>
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

  /** Sends a call when the machine says so, and again if it says so again. */
  const send = async (id: number, call: Call, target: () => ReturnType<typeof route>): Promise<Response> => {
    let whose = provider(target()?.[1]);
    let stamp = await permission(id, call, () => on(EventKind.CallAsked, id, whose));
    for (let repeated = false; ; repeated = true) {
      // Only an answer that was refused is ever delivered, and there is none yet.
      if (!stamp) throw disposed();
      const [epoch, generation] = stamp;
      const to = target();
      if (!to) throw unknownUpstream(call.url);
      whose = provider(to[1]);
      let response: Response;
      try {
        ++sent;
        response = await call.transmit(to[0], epoch);
      } catch (cause) {
        call.signal.throwIfAborted();
        throw new SessionError("ERR_SESSION_NETWORK", undefined, cause);
      } finally {
        --sent;
      }
      const denial = denialOf(response);
      if (denial === undefined || closed.aborted) return response;
      stamp = await permission(id, call, () => on(EventKind.CallDenied, id, whose, epoch, generation, +repeated, denial));
      if (!stamp || !call.repeatable) return response;
      // Its connection is free for something else.
      void response.body?.cancel().catch(() => {});
    }
  };

  return {
    waiting,
    /** Whether something would be lost if the page were left now. */
    busy: () => sent > 0,
    async fetch(input: RequestInfo | URL, init: SessionRequestInit | undefined): Promise<Response> {
      const url = addressOf(input, base());
      const target = () => route(url, base(), upstreams() ?? []);
      if (!target()) {
        // Nothing of the input is touched before.
        if (init?.passthrough) return fetch(input, init);
        // Which upstreams there are is known only while calls can be made.
        const now = state();
        const error = REFUSED.indexOf(now) < 3 && refusal(now);
        if (error) throw error;
        if (upstreams()) throw unknownUpstream(url);
      }
      return send(++last, prepare(input, init, url), target);
    },
  };
}
