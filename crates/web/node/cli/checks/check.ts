/** "unchecked" is neither good nor bad: there was nothing to look at. */
export type Verdict = "ok" | "warn" | "fail" | "unchecked";

/** What one look came to. */
export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found. */
  readonly said: string;
  /** How to mend it. */
  readonly remedy?: string;
}

export const ok = (name: string, said: string): Check => ({ name, verdict: "ok", said });
export const warn = (name: string, said: string, remedy: string): Check => ({ name, verdict: "warn", said, remedy });
export const fail = (name: string, said: string, remedy: string): Check => ({ name, verdict: "fail", said, remedy });
/** @param why nothing was found out */
export const unchecked = (name: string, why: string): Check => ({ name, verdict: "unchecked", said: `not checked: ${why}` });
