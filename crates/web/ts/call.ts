import { HEADER_EPOCH, HEADER_VERSION, VERSION } from "./abi.js";
import { SessionError } from "./errors.js";
import type { SessionRequestInit } from "./types.js";
import type { Upstream } from "./wire.js";

/** What `session.fetch` was asked for, with a body of its own. */
export interface Call {
  /** Where it was asked to go. */
  readonly url: URL;
  /** Ends it. */
  readonly signal: AbortSignal | null | undefined;
  /** Whether the same body can be sent twice. A stream is gone after the first time. */
  readonly repeatable: boolean;
  /** Sends it, as a call of the login `epoch` and of no other; with `again`, it is kept to be sent once more later. */
  transmit(target: string, epoch: number, again: boolean): Promise<Response>;
}

/** Where `fetch` would go. */
export function addressOf(input: RequestInfo | URL, base: string): URL {
  return new URL((input as Request).url ?? input, base);
}

/** Takes over what `fetch` would take. The body is the caller's until here, and ours from here on. */
export function prepare(input: RequestInfo | URL, init: SessionRequestInit | undefined, url: URL): Call {
  const given = input as Partial<Request>;
  const repeatable = !(init?.body instanceof ReadableStream);
  // The header is the other half of the cross-site rule; nothing of the session goes to another origin.
  const request = new Request(given.url ? (input as Request) : url, { ...init, mode: "same-origin", credentials: "same-origin" });
  request.headers.set(HEADER_VERSION, `${VERSION}`);
  return {
    url,
    signal: init?.signal ?? given.signal,
    repeatable,
    transmit(target, epoch, again) {
      // The browser may have another login by now than this page knows of: then the Worker refuses the call.
      request.headers.set(HEADER_EPOCH, `${epoch}`);
      // What has no body can be sent as often as one likes. A copy of a body is kept only while it may be needed.
      const copy = again && repeatable && request.body !== null ? request.clone() : request;
      return fetch(target === copy.url ? copy : new Request(target, copy));
    },
  };
}

/** The address under which the Worker passes a call on, and whose token it needs; nothing if it belongs to no upstream. */
export function route(url: URL, base: string, upstreams: readonly Upstream[]): [address: string, vault?: string] | undefined {
  const { origin } = new URL(base);
  if (url.origin === origin && url.pathname.startsWith("/api/")) {
    const named = url.pathname.split("/")[2];
    return [url.href, upstreams.find(({ name }) => name === named)?.vault];
  }
  for (const { name, origin: theirs, path, vault } of upstreams) {
    const prefix = path.replace(/\/$/, "");
    if (url.origin === theirs && `${url.pathname}/`.startsWith(`${prefix}/`)) {
      return [`${origin}/api/${name}${url.pathname.slice(prefix.length)}${url.search}`, vault];
    }
  }
  return undefined;
}

/** That an address belongs to no upstream. Its query may hold a secret and is not named. */
export const unknownUpstream = ({ origin, pathname }: URL) => new SessionError("ERR_SESSION_UPSTREAM", `: ${origin}${pathname}`);
