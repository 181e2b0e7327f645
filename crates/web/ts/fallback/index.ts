import { SOURCE, type Source } from "./source.js";

export type { Source } from "./source.js";
export type { FallbackReason, FallbackSource, FallbackWhy, SourceChange } from "./types.js";

const PRIMARY: Source = Object.freeze<Source>({ name: "primary" });

/**
 * Who answered: what was called, or which `fallback` of the call.
 *
 * ```ts
 * const response = await session.fetch("/api/quotes/NIFTY", { fallback: ["/quotes/delayed.json"] });
 * if (sourceOf(response).name === "fallback") show("delayed");
 * ```
 *
 * A clone of the answer does not know it.
 */
export const sourceOf = (response: Response): Source => (response as { [SOURCE]?: Source })[SOURCE] ?? PRIMARY;
