// One question to the Worker, asked again while that can help.

import { ServiceError } from "./error.js";
import type { Checked } from "./options.js";
import { type Body, isAmount } from "./wire.js";

/** What came, as far as it is the Worker's: an object, or an empty one. */
export interface Answer {
  readonly status: number;
  readonly body: Body;
  /** Milliseconds, of the body or of the header in both of its forms. */
  readonly retryAfter: number | undefined;
  /** The milliseconds since the request was sent. */
  readonly elapsed: number;
}

/** Asks, and gives what `read` makes of an answer; what it makes nothing of is judged here. */
export type Ask = <T>(method: "GET" | "POST", path: string, body: object | undefined, read: (answer: Answer) => T | undefined, signal?: AbortSignal) => Promise<T>;

/** The Worker answers a caller within 4.5 s, whatever its provider does. */
const ATTEMPT_MS = 6_000;

/** `Retry-After` in both forms; a date is meant by the clock of who sent it. */
function headerWait(headers: Headers): number | undefined {
  const said = headers.get("retry-after");
  if (!said) return undefined;
  const ms = /^\d+$/.test(said.trim()) ? Number(said) * 1000 : Date.parse(said) - (Date.parse(headers.get("date") ?? "") || Date.now());
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/** Waits; gives up with the signal. */
const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
  });

export function asker({ base, key, timeout, send }: Pick<Checked, "base" | "key" | "timeout" | "send">): Ask {
  const { host } = new URL(base);

  /** One request, its body included. */
  async function once(method: string, path: string, body: object | undefined, limit: number, signal?: AbortSignal): Promise<Answer | ServiceError> {
    // By hand: the oldest Node that is supported cannot join signals.
    const own = new AbortController();
    const sentAt = performance.now();
    const abort = () => own.abort(signal?.reason);
    signal?.addEventListener("abort", abort);
    const timer = setTimeout(() => own.abort(), limit);
    try {
      // Looked up now, and called as nobody's method: Workers refuse another `this`.
      const call = send ?? fetch;
      const response = await call(base + path, {
        method,
        headers: { accept: "application/json", authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) }),
        // The key is for this address and no other.
        redirect: "manual",
        signal: own.signal,
      });
      const { status, headers } = response;
      const type = headers.get("content-type") ?? "nothing";
      const text = await response.text();
      try {
        const said = JSON.parse(text);
        // A problem of another's is not the Worker's word.
        if (Object(said) === said && (status < 300 || typeof said.code === "string")) {
          return { status, body: said, retryAfter: isAmount(said.retry_after) ? said.retry_after * 1000 : headerWait(headers), elapsed: performance.now() - sentAt };
        }
      } catch {
        // Said below.
      }
      return new ServiceError("ERR_SERVICE_NETWORK", `${host} answered ${status} with ${type.split(";")[0]} that is not the Worker's`, { retryAfter: headerWait(headers) });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      return new ServiceError("ERR_SERVICE_NETWORK", own.signal.aborted ? `${host} did not answer within ${Math.round(limit)} ms` : `${host} cannot be reached, or broke off`, { cause });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  return async (method, path, body, read, signal) => {
    signal?.throwIfAborted();
    const endsAt = performance.now() + timeout;
    const never = signal ?? new AbortController().signal;
    for (let attempt = 0; ; attempt += 1) {
      const came = await once(method, path, body, Math.min(ATTEMPT_MS, endsAt - performance.now()), signal);
      let error = came as ServiceError;
      if (!(came instanceof ServiceError)) {
        const value = read(came);
        if (value !== undefined) return value;
        error = judged(came, host);
        if (/CONFIG|UNAUTH|REFUSED/.test(error.code)) throw error;
      }
      // Full jitter: many callers that failed at once do not come back at once.
      const wait = Math.max(error.retryAfter ?? 0, 50 + Math.random() * Math.min(8_000, 250 * 2 ** attempt));
      if (performance.now() + wait >= endsAt) throw error;
      await pause(wait, never);
    }
  };
}

/** What an answer means that brings nothing. */
function judged({ status, body, retryAfter }: Answer, host: string): ServiceError {
  const said = `${host} answered ${status} ${body.code ?? "with something else than was asked for"}: ${body.detail ?? body.title ?? "it says no more"}`;
  if (status < 400) return new ServiceError("ERR_SERVICE_NETWORK", said);
  if (status === 401) return new ServiceError("ERR_SERVICE_UNAUTHORIZED", `${said}. CALLER_<NAME> names this service and SECRET_CALLER_<NAME>_KEY is this key, or the Worker at this address is another`);
  const again = status > 499 || [408, 425, 429].includes(status);
  return new ServiceError(again ? "ERR_SERVICE_UNAVAILABLE" : "ERR_SERVICE_REFUSED", said, { retryAfter });
}
