import { HEADER_EPOCH, HEADER_VERSION, VERSION } from "./abi.js";
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
  /** Whether it can also be carried out twice (RFC 9110, section 9.2.2). */
  readonly idempotent: boolean;
  /** Sends it, with headers beside its own and in its own way. */
  transmit(target: string, extra: readonly (readonly [name: string, value: string])[], way: RequestInit): Promise<Response>;
}

/** Where a call goes, and whose token it needs. One that the page makes by itself also names its upstream. */
export type Route = [address: string, vault?: string, direct?: string];

/** Where `fetch` would go. */
export function addressOf(input: RequestInfo | URL, base: string): URL {
  return new URL((input as Request).url ?? input, base);
}

/** Takes over what `fetch` would take. The body is the caller's until here, and ours from here on. */
export function prepare(input: RequestInfo | URL, init: SessionRequestInit | undefined, url: URL): Call {
  const given = init?.body;
  const fresh = typeof given === "function" && given;
  const repeatable = !(given instanceof ReadableStream);
  const request = new Request((input as Request).url ? (input as Request) : url, (fresh ? { ...init, body: null } : init) as RequestInit);
  /** The body, as often as it is needed. */
  let whole: Blob | undefined;
  return {
    url,
    signal: request.signal,
    repeatable,
    idempotent: repeatable && /^(GET|HEAD|PUT|DELETE|OPTIONS)$/.test(request.method),
    async transmit(target, extra, way) {
      const headers = new Headers(request.headers);
      for (const [name, value] of extra) headers.set(name, value);
      // A request keeps its address for life, so it is shown to a new one. What it shows of its body is a stream at most, which
      // browsers do not send, or over HTTP/2 only: what is no stream of the caller's goes as a whole. Hints it does not show.
      const body = (fresh ? fresh() : repeatable ? (whole ??= await request.blob()).size && whole : request.body) || undefined;
      const ours: RequestInit = { ...way, headers, body };
      const get = (_: unknown, name: keyof RequestInit) => (name in ours ? ours[name] : (request[name as "mode"] ?? init?.[name]));
      return fetch(target, new Proxy(request, { get } as object) as RequestInit);
    },
  };
}

/**
 * Sends a call to the Worker, as one of the login `epoch` and of no other: the browser may have another login by now than this
 * page knows of. The header with the version is the other half of the cross-site rule; nothing of the session goes to another origin.
 */
export const viaWorker = ({ transmit }: Call, target: string, epoch: number) =>
  transmit(target, [[HEADER_VERSION, `${VERSION}`], [HEADER_EPOCH, `${epoch}`]], { mode: "same-origin", credentials: "same-origin" });

/** Where a call goes; nothing if it belongs to no upstream. */
export function route(url: URL, base: string, upstreams: readonly Upstream[]): Route | undefined {
  const { origin } = new URL(base);
  if (url.origin === origin && url.pathname.startsWith("/api/")) {
    const named = url.pathname.split("/")[2];
    return [url.href, upstreams.find(({ name }) => name === named)?.vault];
  }
  for (const { name, origin: theirs, path, vault, mode } of upstreams) {
    const prefix = path.replace(/\/$/, "");
    if (url.origin === theirs && `${url.pathname}/`.startsWith(`${prefix}/`)) {
      return mode ? [`${origin}/api/${name}${url.pathname.slice(prefix.length)}${url.search}`, vault] : [url.href, vault, name];
    }
  }
  return undefined;
}
