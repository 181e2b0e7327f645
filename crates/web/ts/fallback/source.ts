import type { FallbackReason, SourceChange } from "./types.js";

/** Who answered a call. */
export interface Source {
  /** The address that was called, or one of its `fallback`. */
  readonly name: "primary" | "fallback";
  /** Which of these: its place in the list. */
  readonly index?: number;
  /** Since when the primary source cannot answer: Unix time in milliseconds. */
  readonly since?: number;
  /** Why not. */
  readonly reason?: FallbackReason;
}

/** Under which an answer carries it. Copies of the package agree on it. */
export const SOURCE = Symbol.for("everlit.source");

/** What was told last of each upstream's source in a session: for who was not there then. */
export const sourcesOf = (session: object): Map<string, SourceChange> => ((session as { [SOURCE]?: Map<string, SourceChange> })[SOURCE] ??= new Map());
