import type { Session } from "../session.js";
import type { Problem, Provider, SessionHealth, SessionPresence, SessionState } from "../types.js";
import type { Secrets } from "./redact.js";

/** Where a session stands at one moment, without a token and without its user. Durations are milliseconds. */
export interface SessionSnapshot {
  readonly state: SessionState;
  readonly presence: SessionPresence;
  /** Whether it is known who is logged in. */
  readonly loggedIn: boolean;
  /** The current token's timing. */
  readonly token?: { readonly generation: number; readonly expiresIn: number; readonly lifetime: number };
  /** Until the session asks again by itself. */
  readonly refreshIn?: number;
  /** Until the session ends for want of activity, while its user is asked for. */
  readonly idleEndsIn?: number;
  readonly health: SessionHealth;
  readonly providers: readonly Provider[];
  /** How far this computer's clock is ahead of the Worker's, and how far that may be wrong. */
  readonly skew?: { readonly ahead: number; readonly error: number };
  /** What the Worker said when it could not help. `detail` is redacted. */
  readonly problem?: Pick<Problem, "code" | "detail">;
  /**
   * How often this tab was told by others: by `tabs` of a newer token that it did not ask for, of a login and of a logout; by the `worker`,
   * on its event socket, of an end and of what changed there. Who else is open is not known: tabs do not keep lists of each other.
   */
  readonly heard: { readonly tabs: number; readonly worker: number };
}

/** What a session's own members say. */
export function look(session: Session, secrets: Secrets): Omit<SessionSnapshot, "idleEndsIn" | "heard"> {
  const { state, presence, user, token, refreshIn, health, providers, serverTime, problem } = session;
  secrets.learn(user);
  return {
    state,
    presence,
    loggedIn: !!user,
    ...(token && { token: { generation: token.generation, expiresIn: Math.round(token.expiresIn), lifetime: Math.round(token.lifetime) } }),
    ...(refreshIn !== undefined && { refreshIn: Math.round(refreshIn) }),
    health: { score: health.score, grade: health.grade, reasons: [...health.reasons] },
    providers: providers.map(({ name, state }) => ({ name: secrets.redact(name), state })),
    ...(serverTime && { skew: { ahead: Math.round(Date.now() - serverTime.now), error: Math.round(serverTime.error) } }),
    ...(problem && { problem: trouble(problem, secrets) }),
  };
}

/** A problem as it may be shown. Its title says the same for each code and is left out. */
export const trouble = ({ code, detail }: Problem, secrets: Secrets) => ({ code, ...(detail && { detail: secrets.redact(detail) }) });
