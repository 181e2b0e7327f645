import type { Provider, SessionHealth, SessionPresence, SessionState, User } from "../types.js";

/** What a session says at one moment. Frozen; the same object until something in it changes. */
export interface Snapshot {
  /** Where the session stands. */
  readonly state: SessionState;
  /** Who is logged in. Nothing while that is not known. */
  readonly user: User | undefined;
  /** Every provider that the Worker knows of, and where its grant stands. */
  readonly providers: readonly Provider[];
  /** How the session is doing. */
  readonly health: SessionHealth;
  /** Whether the user is there. */
  readonly presence: SessionPresence;
  /**
   * While `presence` is `prompted`: when the session ends if the user does nothing, in milliseconds of `performance.now()`.
   * The session says it once, when it begins to ask: nothing if nobody was subscribed then.
   */
  readonly idleEndsAt: number | undefined;
}

/** What is said before there is a session: on a server, and in the first moments of a page. */
export const BEFORE: Snapshot = Object.freeze<Snapshot>({
  state: "resuming",
  user: undefined,
  providers: [],
  health: { score: 100, grade: "excellent", reasons: [] },
  presence: "present",
  idleEndsAt: undefined,
});
