import { HEADER_EPOCH, HEADER_VERSION, VERSION } from "./abi.js";
import type { SessionRequestInit } from "./types.js";
import type { Upstream } from "./wire.js";

/** What `session.fetch` was asked for, with a body of its own. */
export interface Call {
  /** Where it was asked to go: an absolute address without a fragment. */
  readonly url: string;
  /** Ends it. */
  readonly signal: AbortSignal | undefined;
  /** Whether the same body can be sent twice. A stream is gone after the first time. */
  readonly repeatable: boolean;
  /**
   * Whether it only reads, under the token of this vault. A POST does where it means a GET: no `fetch` sends a GET with a body, and some brokers have
   * reads with one. Of a service's the Worker makes a GET of it, or refuses it; everywhere else it drops the header, and it is a POST.
   */
  readonly reads: (vault: string | undefined) => boolean;
  /** Whether it can also be carried out twice (RFC 9110, section 9.2.2), likewise. */
  readonly idempotent: (vault: string | undefined) => boolean;
  /** Sends it, with headers beside its own, or without one that has no value there, and in its own way. */
  transmit(target: string, extra: readonly (readonly [name: string, value?: string])[], way: RequestInit): Promise<Response>;
}

/** Where a call goes, and whose token it needs. One that the page makes by itself also names its upstream. */
export type Route = [address: string, vault?: string, direct?: string];

/**
 * Where `fetch` would go from a page of this origin. As a text, and most paths just as they are: a URL makes each of its parts anew, and with it
 * this took longer than all else of a call.
 */
export const addressOf = (input: RequestInfo | URL, base: string, origin: string): string =>
  /^(\/[\w-]+)+$/.test(input as string) ? origin + input : new URL((input as Request).url ?? input, base).href.replace(/#.*/, "");

/** Takes over what `fetch` would take. The body is the caller's until here, and ours from here on. */
export function prepare(input: RequestInfo | URL, init: SessionRequestInit | undefined, url: string): Call {
  const given = init?.body;
  const fresh = typeof given === "function" && given;
  const repeatable = !(given instanceof ReadableStream);
  // Most calls are a GET of an address. A request of the browser's for it would take longer than all else here.
  const bare = !(input as Request).url && !given && /^(GET)?$/.test(init?.method ?? "");
  const request = bare
    ? ({ ...init, headers: new Headers(init?.headers) } as unknown as Request)
    : new Request((input as Request).url ? (input as Request) : url, (fresh ? { ...init, body: null } : init) as RequestInit);
  const reads = (vault: string | undefined) =>
    bare || /^(GET|HEAD) |^POST GET service:\S+$/.test(`${request.method} ${request.headers.get("x-http-method-override")} ${vault}`);
  /** The body, as often as it is needed. */
  let whole: Promise<Blob> | undefined;
  return {
    url,
    // One that is given as a request has its members further up.
    signal: request.signal ?? init?.signal,
    repeatable,
    reads,
    idempotent: (vault) => repeatable && (reads(vault) || /^(PUT|DELETE|OPTIONS)$/.test(request.method)),
    async transmit(target, extra, way) {
      const headers = new Headers(request.headers);
      for (const [name, value] of extra) value ? headers.set(name, value) : headers.delete(name);
      // A request keeps its address for life, so it is shown to a new one. What it shows of its body is a stream at most, which
      // browsers do not send, or over HTTP/2 only: what is no stream of the caller's goes as a whole. Hints it does not show.
      const kept = !fresh && !bare && repeatable && (await (whole ??= request.blob()));
      const body = (kept ? kept.size && kept : fresh ? fresh() : !bare && request.body) || undefined;
      const ours: RequestInit = { ...way, headers, body };
      const get = (_: unknown, name: keyof RequestInit) => (name in ours ? ours[name] : (request[name as "mode"] ?? init?.[name]));
      return fetch(target, new Proxy(request, { get } as object) as RequestInit);
    },
  };
}

/**
 * Sends a call to the Worker, as one of the login `epoch` and of no other: the browser may have another login by now than this
 * page knows of. The header with the version is the other half of the cross-site rule; nothing of the session goes to another origin
 * than the Worker's, which is `edge` where it is not the page's.
 */
export const viaWorker = ({ transmit }: Call, target: string, epoch: number, edge: string | undefined) =>
  transmit(target, [[HEADER_VERSION, `${VERSION}`], [HEADER_EPOCH, `${epoch}`]], { mode: edge ? "cors" : "same-origin", credentials: "include" });

/**
 * Where a call goes from a page of the origin `here`; nothing if it belongs to no upstream. What is below `/api/` here is so at `edge`,
 * where the Worker is there.
 */
export function route(url: string, here: string, upstreams: readonly Upstream[], edge: string | undefined): Route | undefined {
  const origin = edge ?? here;
  for (const each of [here, origin]) {
    const path = url.slice(each.length);
    if (url.startsWith(`${each}/api/`)) {
      const named = path.split(/[/?]/)[2];
      return [origin + path, upstreams.find(({ name }) => name === named)?.vault];
    }
  }
  for (const { name, origin: theirs, path, vault, mode } of upstreams) {
    const prefix = theirs + path.replace(/\/$/, "");
    const rest = url.slice(prefix.length);
    if (url.startsWith(prefix) && /^([/?]|$)/.test(rest)) return mode ? [`${origin}/api/${name}${rest}`, vault] : [url, vault, name];
  }
  return undefined;
}
