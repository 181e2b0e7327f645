// The token in memory, and the one question at a time that brings the next.

import type { Answer, Ask } from "./ask.js";
import { ServiceError, isServiceError } from "./error.js";
import type { Get } from "./get.js";
import type { Service, ServiceAbsence, ServiceNone, ServiceSession, ServiceToken } from "./types.js";
import { isAmount } from "./wire.js";

const REASONS: readonly ServiceAbsence[] = ["renewing", "unavailable", "needs_human", "needs_operator", "caller_limited"];
/** The Worker asks for patience for good reasons, but a person may hand a token in at any moment. */
const NONE_KEPT_MS = 5_000;
/** For a token whose end nobody knows. */
const UNKNOWN_KEPT_MS = 60_000;
/** It has to arrive and to be used yet. */
const MARGIN_MS = 30_000;

/** Milliseconds by both clocks: one stands still while a machine sleeps, the other is set back and forth. */
interface Instant {
  readonly mono: number;
  readonly wall: number;
}
const at = (ms: number): Instant => ({ mono: performance.now() + ms, wall: Date.now() + ms });
const left = ({ mono, wall }: Instant) => Math.min(mono - performance.now(), wall - Date.now());

/** A token, and for how long it may be given out. */
interface Held {
  readonly token: Omit<ServiceToken, "expiresIn" | "token">;
  readonly secret: string;
  readonly until: Instant;
  readonly endsAt: Instant | undefined;
}

/** Epoch, then generation: the total order of a service's tokens. */
type Stamp = Pick<ServiceToken, "epoch" | "generation">;
const isNewer = (one: Stamp, other: Stamp) => one.epoch > other.epoch || (one.epoch === other.epoch && one.generation > other.generation);

/** What the Worker said; nothing where that is no token and no typed none. */
function read({ status, body, retryAfter = 1_000, elapsed }: Answer): Held | ServiceNone | undefined {
  const { access_token: secret, token_type: tokenType, expires_at: expiresAt, expires_in: expiresIn, epoch, generation, provider, client_id: clientId } = body;
  if (body.code === "no_token") {
    const reason = REASONS.find((each) => each === body.reason) ?? "unavailable";
    return { token: null, reason, retryAfter, ...(isAmount(body.since) && { since: body.since }), ...(isAmount(body.login_from) && { loginFrom: body.login_from }) };
  }
  // It goes into a header of the caller's.
  const complete = status === 200 && typeof secret === "string" && /^[\x21-\x7e]+$/.test(secret) && typeof tokenType === "string" && isAmount(epoch) && isAmount(generation);
  if (!complete || (expiresAt !== null && !isAmount(expiresAt)) || (expiresIn !== null && !isAmount(expiresIn))) return undefined;
  const life = expiresIn === null ? undefined : expiresIn * 1000 - elapsed;
  const token = { tokenType, expiresAt, epoch, generation, readOnly: body.read_only === true, provider: `${provider}`, ...(typeof clientId === "string" && { clientId }) };
  return { token, secret, until: at(life === undefined ? UNKNOWN_KEPT_MS : life - Math.min(MARGIN_MS, life / 5)), endsAt: life === undefined ? undefined : at(life) };
}

/** As it is given out: neither a log nor JSON shows the token. */
function given({ token, secret, endsAt }: Held): ServiceToken {
  const session = { ...token, expiresIn: endsAt ? Math.max(0, left(endsAt)) : null };
  return Object.defineProperty(session, "token", { value: secret }) as ServiceToken;
}

/** A question that several wait for. It ends when the last of them has gone. */
interface Flight {
  readonly promise: Promise<Held | ServiceNone>;
  readonly end: AbortController;
  readonly waiting: Set<unknown>;
}

export function sessions(ask: Ask, name: string, timeout: number): Pick<Service, "refresh"> & { getValidSession: Get; forget(): void } {
  /** The token, and the one that is good for reading only. */
  const held: { all?: Held | undefined; reads?: Held | undefined } = {};
  const nones = new Map<string, { readonly none: ServiceNone; readonly until: Instant; readonly againAt: Instant }>();
  const flights = new Map<string, Flight>();

  const isGood = (one: Held | undefined): one is Held => !!one && left(one.until) > 0;
  const isAlive = (one: Held | undefined): one is Held => !!one && (!one.endsAt || left(one.endsAt) > 0);

  function forget() {
    held.all = held.reads = undefined;
    nones.clear();
  }

  async function fly(path: string, body: object, key: string, signal: AbortSignal): Promise<Held | ServiceNone> {
    const came = await ask("POST", `${name}/${path}`, body, read, signal);
    if ("secret" in came) {
      const which = came.token.readOnly ? "reads" : "all";
      const known = held[which];
      // An answer may have been overtaken.
      if (isGood(known) && isNewer(known.token, came.token)) return known;
      nones.clear();
      return (held[which] = came);
    }
    const limit = came.reason === "caller_limited" ? came.retryAfter : Math.min(came.retryAfter, NONE_KEPT_MS);
    nones.set(came.reason === "caller_limited" ? "" : key, { none: came, until: at(limit), againAt: at(came.retryAfter) });
    return came;
  }

  function begin(key: string, path: string, body: object): Flight {
    const end = new AbortController();
    const begun: Flight = { promise: fly(path, body, key, end.signal).finally(() => drop(key, begun)), end, waiting: new Set() };
    flights.set(key, begun);
    return begun;
  }

  function drop(key: string, flight: Flight) {
    if (flights.get(key) === flight) flights.delete(key);
  }

  /** Everybody who wants the same waits for one question. */
  function share(key: string, path: string, body: object, signal?: AbortSignal): Promise<Held | ServiceNone> {
    const flight = flights.get(key) ?? begin(key, path, body);
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        flight.waiting.delete(resolve);
        if (flight.waiting.size) return;
        drop(key, flight);
        flight.end.abort();
      };
      const abort = () => {
        leave();
        reject(signal!.reason);
      };
      // In a Worker a question ends with the request that began it, and nobody is told.
      const timer = setTimeout(() => {
        drop(key, flight);
        leave();
        reject(new ServiceError("ERR_SERVICE_NETWORK", "the question never ended"));
      }, timeout + 1_000);
      flight.waiting.add(resolve);
      signal?.addEventListener("abort", abort);
      flight.promise.then(resolve, reject).finally(leave);
    });
  }

  const finish = (came: Held | ServiceNone): ServiceSession => ("secret" in came ? given(came) : came);
  /** What was said of this a moment ago. A caller that asks too often is told so whatever it asks. */
  const said = (key: string): ServiceNone | undefined => {
    const kept = ["", key].map((each) => nones.get(each)).find((each) => each && left(each.until) > 0);
    return kept && { ...kept.none, retryAfter: Math.max(0, left(kept.againAt)) };
  };

  return {
    forget,

    async getValidSession({ readsOnly = false, signal } = {}, news) {
      const key = readsOnly ? "reads" : "all";
      // Who asks again because somebody has logged in is not told what was true before, nor by a timer that is a moment early.
      const kept = nones.get(key);
      const waits = news && kept?.none.reason === "needs_human";
      if (waits) await new Promise((resolve) => setTimeout(resolve, left(kept.until)));
      signal?.throwIfAborted();
      const mine = () => [held.all, ...(readsOnly ? [held.reads] : [])];
      const good = mine().find(isGood);
      if (good) return given(good);
      return said(waits ? "" : key) ?? share(key, "token", readsOnly ? { reads_only: true } : {}, signal).then(finish, (error) => {
        // Near its end it is still better than none.
        const alive = isServiceError(error) && /NETWORK|UNAVAILABLE/.test(error.code) && mine().find(isAlive);
        if (alive) return given(alive);
        throw error;
      });
    },

    async refresh({ holds, signal } = {}) {
      signal?.throwIfAborted();
      const { all } = held;
      // Somebody was faster.
      if (holds && isGood(all) && isNewer(all.token, holds)) return given(all);
      const stamp: Stamp | undefined = holds ?? all?.token;
      const limited = said("");
      if (limited) return limited;
      const body = stamp ? { epoch: stamp.epoch, generation: stamp.generation } : {};
      const came = await share(`refresh ${stamp?.epoch} ${stamp?.generation}`, "refresh", body, signal);
      // The Worker has none any more, so neither have we.
      if (!("secret" in came) && came.reason !== "caller_limited" && held.all && stamp && !isNewer(held.all.token, stamp)) held.all = undefined;
      return finish(came);
    },
  };
}
