// A chunk of its own, for calls that have a `fallback`: other sources are asked while the one that was called cannot answer.

import type { Call, Route } from "./call.js";
import { type CallsHost, waitOf } from "./calls.js";
import type { SessionError } from "./errors.js";
import { Effect, type Event, LAST_MS, type State, step } from "./fallback/machine.js";
import { SOURCE, sourcesOf } from "./fallback/source.js";
import type { Mend, People } from "./human.js";
import type { Timer } from "./timer.js";
import type { FallbackReason, SourceChange } from "./fallback/types.js";
import type { SessionRequestInit, User } from "./types.js";

/** The Worker answers within 4.5 s, whatever its provider does. */
const PATIENCE_MS = 8_000;
const HOUR_MS = 3_600_000;
/** Names one request of the app's. */
const REQUEST_ID = "x-request-id";

/** Makes a call without a fallback, and mends what is wrong in this way. */
export type Make = (input: RequestInfo | URL, init: SessionRequestInit, mend: Mend, call?: Call) => Promise<Response>;

/** What is kept of an upstream. */
interface Place {
  state?: State;
  /** Asks the primary source again, for what it says of itself. */
  probe?: () => void;
  /** For what happens to the source and is no call. */
  take?: (event: Event) => void;
  readonly timer: Timer;
}

/** Why the primary source has no answer, if that is what an error means. */
const REASONS: { readonly [code: string]: FallbackReason } = {
  ERR_SESSION_NETWORK: "network",
  ERR_SESSION_UNAVAILABLE: "unavailable",
  ERR_SESSION_REAUTH: "reauth",
  ERR_SESSION_LINK: "reauth",
};
/** The same of an answer. */
const reasonOf = ({ status }: Response): FallbackReason | undefined => (status === 429 ? "throttled" : status > 499 ? "unavailable" : undefined);

/** For calls of this session. */
export function fallback(host: CallsHost, people: People) {
  const { session, closed, clock, timer, page, ask, fault, wait, upstreams } = host;
  const places = new Map<string, Place>();
  const date = () => Math.round(session.serverTime?.now ?? clock().wall);
  const change = (upstream: string, state: State) => {
    const { since = date(), reason } = state ?? {};
    const detail: SourceChange = { upstream, source: state ? "fallback" : "primary", since, ...(reason && { reason }) };
    // For who comes later.
    sourcesOf(session).set(upstream, detail);
    session.dispatchEvent(new CustomEvent("sourcechange", { detail }));
  };
  const over = () => {
    for (const [upstream, { state, timer }] of places) {
      timer(Infinity);
      places.delete(upstream);
      if (state?.index !== undefined) change(upstream, undefined);
    }
  };
  session.addEventListener("loggedout", over);
  closed.addEventListener("abort", over);
  people.mended = () => places.forEach(({ take }) => take?.({ kind: "mended", now: clock().mono }));

  return async (make: Make, call: Call, input: RequestInfo | URL, init: SessionRequestInit, target: () => Route | undefined, user: User | undefined): Promise<Response> => {
    const { fallback, fallbackAfter = PATIENCE_MS, ...rest } = init;
    const sources = fallback!;
    const { url } = call;
    const assertReads = (vault = target()?.[1]) => {
      if (!call.repeatable || !call.reads(vault) || !Array.isArray(sources) || !(fallbackAfter >= 0)) throw fault("ERR_SESSION_CONFIG", ": fallback is a list, for reads; fallbackAfter in ms");
    };
    // Whose token it needs may not be known yet.
    assertReads(upstreams() ? undefined : "service:any");
    if (user && (session.user ?? user) !== user) throw fault("ERR_SESSION_LOGGED_OUT");
    const to = target();
    const upstream = to?.[2] ?? (to ? to[0].split("/")[4]! : new URL(url).origin);

    /** Takes an event; whether the call that it was goes to the primary source. */
    const take = (event: Event): boolean => {
      const place = places.get(upstream);
      if (!place) return false;
      const [state, ...effects] = step(place.state, event);
      const has = (effect: Effect) => effects.includes(effect);
      place.state = state;
      place.timer(has(Effect.Later) ? LAST_MS : state && !state.trying ? state.retryAt - clock().mono : Infinity);
      if (has(Effect.Changed)) change(upstream, state);
      if (has(Effect.Probe)) place.probe!();
      // Nobody waits for it: whether the operator hears of it changes nothing here.
      const service = target()?.[1]?.split("service:")[1];
      if (has(Effect.Report) && service) void ask(`/service/${service}/fallback`, closed, () => ({ reason: state!.reason }));
      return has(Effect.Primary);
    };

    /** Asks the primary source, for its answer or for what it came to instead. It waits for no person; one is called where that is news. */
    const primary = async (given: AbortSignal, calls: boolean): Promise<readonly [answer?: Response, last?: unknown]> => {
      const began = clock().mono;
      const own = new AbortController();
      const stop = () => own.abort();
      given.addEventListener("abort", stop);
      const patience = timer(stop);
      patience(fallbackAfter);
      const mend: Mend = async (cause, vault) => {
        const found = await people.read(cause, vault);
        if (!("length" in found)) return found;
        const [error, need] = found;
        if (need && calls) people.tell(need, AbortSignal.abort());
        throw error;
      };
      let reason: FallbackReason | undefined;
      let last: unknown;
      let pause = 0;
      try {
        const { signal } = own;
        const transmit: Call["transmit"] = (address, extra, way) => {
          assertReads();
          // What ends with the session alone is a probe, a request of our own: the app's may have been carried out, or may still be, and under its
          // name there would be two.
          return call.transmit(address, given === closed ? [...extra, [REQUEST_ID]] : extra, { ...way, signal });
        };
        const answer = await make(input, { ...rest, signal }, mend, { ...call, signal, transmit });
        reason = reasonOf(answer);
        last = answer;
        pause = Math.min(waitOf(answer.headers) || 0, HOUR_MS);
      } catch (cause) {
        last = cause;
        const { code } = cause as SessionError;
        reason = given.aborted ? undefined : own.signal.aborted ? "timeout" : (REASONS[code] ?? (to || code ? undefined : "network"));
        if (!reason) {
          take({ kind: "left", now: clock().mono, began, pause: given.aborted ? 0 : LAST_MS });
          throw cause;
        }
      } finally {
        patience(Infinity);
        given.removeEventListener("abort", stop);
      }
      if (!reason) {
        take({ kind: "answered" });
        return [last as Response];
      }
      const { mono: now, entropy } = clock();
      take({ kind: "failed", now, began, date: date(), reason, pause, spread: entropy / 2 ** 32 });
      return [, last];
    };

    const place: Place = places.get(upstream) ?? { timer: timer(() => take({ kind: "due", now: clock().mono, seen: !page.hidden() })) };
    places.set(upstream, place);
    place.take = take;
    place.probe = () => primary(closed, false).then(([answer]) => answer?.body?.cancel()).catch(() => {});
    const both = new AbortController();
    const go = async (): Promise<Response> => {
      const [answer, last = fault("ERR_SESSION_UNAVAILABLE")] = take({ kind: "called", now: clock().mono }) ? await primary(both.signal, !place.state) : [];
      if (answer) return answer;
      // Another call may have found meanwhile that it answers again.
      const { reason = "unavailable", since = date() } = place.state ?? {};
      for (const [index, source] of sources.entries()) {
        both.signal.throwIfAborted();
        try {
          const answer = await (typeof source === "function"
            ? source({ url, signal: both.signal }, { reason, since })
            : // Nobody is called for its sake.
              make(new URL(source, page.base()), { passthrough: true, signal: both.signal }, async (cause) => {
                throw cause;
              }));
          if (reasonOf(answer)) continue;
          take({ kind: "served", index });
          return Object.defineProperty(answer, SOURCE, { value: { name: "fallback", index, since, reason } });
        } catch {
          // The next one.
        }
      }
      if ((last as Response).headers) return last as Response;
      throw last;
    };
    return wait<Response>(call.signal, ({ resolve, reject }) => void go().then(resolve, reject), () => both.abort());
  };
}
