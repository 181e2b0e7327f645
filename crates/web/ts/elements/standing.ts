import { statusOf } from "../reauth/status.js";
import type { Session } from "../session.js";

/** Where the token of a vault stands. Moments are Unix time in milliseconds by the Worker's clock. */
export interface Standing {
  readonly vault: string;
  /** What people call its provider. Empty for the login. */
  readonly title: string;
  readonly provider: string;
  /**
   * | word | means |
   * |---|---|
   * | `valid` | there is a token |
   * | `renewing` | there is none just now, and nobody has to do anything |
   * | `over` | there is none, and a person has to act |
   * | `none` | there is nothing to count |
   */
  readonly word: "valid" | "renewing" | "over" | "none";
  /** When it ends. Nothing where that is not known. */
  readonly endsAt?: number;
  /** Whether a new one comes by itself before that. */
  readonly renews: boolean;
  /** Since when a person is needed. */
  readonly since?: number;
  /** A login before this moment would bring a token that ends at the same time. */
  readonly loginFrom?: number;
  /** When less is left, in milliseconds, people are to be told. */
  readonly warnAt: number;
  /** Whether this user can do something about it, and where a login begins. */
  readonly who: "you" | "operator";
  readonly loginUrl?: string;
}

/** What people are told half an hour ahead of, where nothing says otherwise. */
const WARN_MS = 1_800_000;

/** Where the login stands, and what is linked to it: the session knows. */
export function ofSession(session: Session, vault: string, now: number): Standing {
  const { state, token } = session;
  const provider = vault.slice(vault.indexOf(":") + 1);
  const about = { vault, provider, title: "", renews: state !== "degraded", warnAt: WARN_MS, who: "you" } as const;
  if (vault !== "login") {
    const its = session.providers.find(({ name }) => name === provider)?.state ?? "unavailable";
    return { ...about, title: provider, word: its === "needs-human" ? "over" : its === "renewing" ? its : its === "unavailable" ? "none" : "valid" };
  }
  if (state === "logged-out") return { ...about, word: "none" };
  if (state === "reauth-required" || state === "ended") return { ...about, word: "over" };
  return token && token.expiresIn > 0 ? { ...about, word: "valid", endsAt: now + token.expiresIn } : { ...about, word: "renewing" };
}

/** Where a service stands, by what the Worker answered. */
export function ofStatus(vault: string, body: unknown): Standing | undefined {
  const status = statusOf(body);
  if (!status) return undefined;
  const { valid, provider = "", providerTitle: title = provider, since, how = [], who, warnAt } = status;
  return {
    ...status,
    vault,
    provider,
    title,
    word: valid ? "valid" : since ? "over" : "renewing",
    warnAt: Math.max(0, ...warnAt) * 1_000 || WARN_MS,
    who: who === "operator" || !how.length ? "operator" : "you",
  };
}
