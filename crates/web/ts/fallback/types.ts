// What apps see of calls with a `fallback`.

/**
 * Why the primary source could not answer.
 *
 * | reason | means |
 * |---|---|
 * | `network` | no answer came |
 * | `timeout` | none came within `fallbackAfter` |
 * | `unavailable` | it answered that it cannot (5xx), or no token can be had just now |
 * | `throttled` | it asked to be left alone (429) |
 * | `reauth` | only a person can go on |
 */
export type FallbackReason = "network" | "timeout" | "unavailable" | "throttled" | "reauth";

/** Why a fallback is asked. */
export interface FallbackWhy {
  /** Why. */
  readonly reason: FallbackReason;
  /** Since when the primary source cannot answer: Unix time in milliseconds. */
  readonly since: number;
}

/**
 * Where else to ask: an address, which is fetched with GET (through the session where it belongs to an upstream, plainly else), or a function.
 * One that rejects, or answers with 5xx or 429, hands over to the next one.
 */
export type FallbackSource =
  | string
  | URL
  | ((request: { readonly url: string; readonly signal: AbortSignal }, why: FallbackWhy) => Response | Promise<Response>);

/** What a `sourcechange` event tells. */
export interface SourceChange {
  /** Of which upstream, by its name in the Worker's configuration; of an address that belongs to none, its origin. */
  readonly upstream: string;
  /** Which source answers now. */
  readonly source: "primary" | "fallback";
  /** Since when: Unix time in milliseconds. */
  readonly since: number;
  /** Why. Nothing for the primary source. */
  readonly reason?: FallbackReason;
}
