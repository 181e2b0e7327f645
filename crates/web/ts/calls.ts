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
  readonly closed: () => boolean;
  on<K extends EventKind>(kind: K, ...numbers: EventNumbers[K]): void;
}

/** The calls of a session, on their way. */
export class Calls {
  readonly #host: Host;
  #last = 0;
  /** Calls that wait for the machine's word: to be sent under a token, or (without one) to take the answer they got. */
  readonly waiting = new Map<number, Waiter<Stamp | undefined>>();

  constructor(host: Host) {
    this.#host = host;
  }

  async fetch(input: RequestInfo | URL, init: SessionRequestInit | undefined): Promise<Response> {
    const { base, upstreams, state } = this.#host;
    const url = addressOf(input, base());
    const target = () => route(url, base(), upstreams() ?? []);
    if (!target()) {
      // Nothing of the input is touched before.
      if (init?.passthrough) return globalThis.fetch(input, init);
      // Which upstreams there are is known only while calls can be made.
      const now = state();
      if (now !== "degraded" && REFUSED.includes(now as never)) throw refusal(now);
      if (upstreams()) throw unknownUpstream(url);
    }
    return this.#send(++this.#last, prepare(input, init, url), target);
  }

  /** Sends a call when the machine says so, and again if it says so again. */
  async #send(id: number, call: Call, target: () => ReturnType<typeof route>): Promise<Response> {
    const { provider, closed, on } = this.#host;
    let whose = provider(target()?.[1]);
    let stamp = await this.#permission(id, call, () => on(EventKind.CallAsked, id, whose));
    for (let repeated = false; ; repeated = true) {
      // Only an answer that was refused is ever delivered, and there is none yet.
      if (!stamp) throw disposed();
      const [epoch, generation] = stamp;
      const to = target();
      if (!to) throw unknownUpstream(call.url);
      whose = provider(to[1]);
      const response = await this.#transmit(call, to[0], epoch, !repeated);
      const denial = denialOf(response);
      if (denial === undefined || closed()) return response;
      stamp = await this.#permission(id, call, () =>
        on(EventKind.CallDenied, id, whose, epoch, generation, Number(repeated), denial),
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
        this.waiting.set(id, waiter);
        ask();
      },
      () => {
        this.waiting.delete(id);
        this.#host.on(EventKind.CallCancelled, id);
      },
    );
  }

  async #transmit(call: Call, target: string, epoch: number, again: boolean): Promise<Response> {
    try {
      return await call.send(target, epoch, again);
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw new SessionError("ERR_SESSION_NETWORK", undefined, cause);
    }
  }
}
