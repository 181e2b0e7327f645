import type { FallbackReason } from "../../fallback/types.js";

/** The texts of `<everlit-source>`. */
export interface SourceTexts {
  /** What it is. */
  name: string;
  /** Since when, a moment as it is to be read, and why. */
  why(since: string, reason: FallbackReason | undefined): string;
}

const REASONS: { readonly [reason in FallbackReason]: string } = {
  network: "no answer from the source",
  timeout: "the source takes too long",
  unavailable: "the source has trouble",
  throttled: "the source asked for a pause",
  reauth: "the source needs a new login",
};

/** In English. */
export const TEXTS: SourceTexts = {
  name: "Fallback data",
  why: (since, reason) => `since ${since}${reason ? `: ${REASONS[reason] ?? reason}` : ""}`,
};
