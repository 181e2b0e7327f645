import type { HealthGrade, HealthReason, ProblemCode, ProviderState, SessionPresence, SessionReason, SessionState, SilentWay } from "../types.js";

/** What happened to a session. Nothing of it names a person or is a secret. */
export type Happening =
  | { readonly kind: "statechange"; readonly from: SessionState; readonly to: SessionState; readonly reason: SessionReason }
  | { readonly kind: "providerchange"; readonly provider: string; readonly from: ProviderState; readonly to: ProviderState; readonly reason: SessionReason }
  /** There is a newer token: which one of its login, never the token itself. `elsewhere`: this tab did not ask for it, another one did. */
  | { readonly kind: "refresh"; readonly generation: number; readonly elsewhere?: true }
  | { readonly kind: "healthchange"; readonly score: number; readonly grade: HealthGrade; readonly reasons: readonly HealthReason[] }
  /** The user left, is asked for, or returned; `left` is in milliseconds. */
  | { readonly kind: "idle"; readonly presence: SessionPresence; readonly left: number }
  | { readonly kind: "loggedout"; readonly reason: SessionReason }
  | { readonly kind: "beforerelogin"; readonly way: SilentWay }
  /** The Worker could not help, or is not there. `detail` is redacted. */
  | { readonly kind: "problem"; readonly code: ProblemCode; readonly detail?: string }
  /** Trouble was played in the panel: what follows may be its doing. */
  | { readonly kind: "played"; readonly trouble: string; readonly ended?: true };

/** One line of a timeline. */
export type TimelineEntry = Happening & {
  /** One more with every entry: where a number is missing, older ones made room. */
  readonly number: number;
  /** When, in milliseconds of `performance.now()`. */
  readonly at: number;
  /** When by the Worker's clock: Unix time in milliseconds. Nothing while that is not known. */
  readonly serverTime?: number;
};
