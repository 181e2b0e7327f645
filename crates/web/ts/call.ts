import { HEADER_EPOCH, HEADER_VERSION, VERSION } from "./abi.js";
import { SessionError } from "./errors.js";
import type { SessionRequestInit } from "./types.js";
import type { Upstream } from "./wire.js";

/** What `session.fetch` was asked for, with a body of its own. */
export interface Call {
  /** Where it was asked to go. */
  readonly url: URL;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Whether the same body can be sent twice. A stream is gone after the first time. */
  readonly repeatable: boolean;
  /** Sends it, as a call of the login `epoch` and of no other. */
  transmit(target: string, epoch: number): Promise<Response>;
}

/** Where `fetch` would go. */
export function addressOf(input: RequestInfo | URL, base: string): URL {
  return new URL((input as Request).url ?? input, base);
}

/** Takes over what `fetch` would take. The body is the caller's until here, and ours from here on. */
export function prepare(input: RequestInfo | URL, init: SessionRequestInit | undefined, url: URL): Call {
  const repeatable = !(init?.body instanceof ReadableStream);
  // The header is the other half of the cross-site rule; nothing of the session goes to another origin.
  const request = new Request((input as Request).url ? (input as Request) : url, { ...init, mode: "same-origin", credentials: "same-origin" });
  request.headers.set(HEADER_VERSION, `${VERSION}`);
  /** The body, as often as it is needed. */
  let whole: Blob | undefined;
  return {
    url,
    signal: request.signal,
    repeatable,
    async transmit(target, epoch) {
      // The browser may have another login by now than this page knows of: then the Worker refuses the call.
      request.headers.set(HEADER_EPOCH, `${epoch}`);
      // A request keeps its address for life, so it is shown to a new one. What it shows of its body is a stream at most, which
      // browsers do not send, or over HTTP/2 only: what is no stream of the caller's goes as a whole. Hints it does not show.
      const body = repeatable ? (whole ??= await request.blob()).size && whole : request.body;
      const get = (_: unknown, name: "body") => (name === "body" ? body || undefined : (request[name] ?? init?.[name]));
      return fetch(target, new Proxy(request, { get } as object) as RequestInit);
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
