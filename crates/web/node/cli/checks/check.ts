/** What one look came to. */
export interface Check {
  readonly name: string;
  readonly verdict: "ok" | "warn" | "fail";
  /** What was found. */
  readonly said: string;
  /** How to mend it. */
  readonly remedy?: string;
}

export const ok = (name: string, said: string): Check => ({ name, verdict: "ok", said });
export const warn = (name: string, said: string, remedy: string): Check => ({ name, verdict: "warn", said, remedy });
export const fail = (name: string, said: string, remedy: string): Check => ({ name, verdict: "fail", said, remedy });
