// In this order the script compresses best, as in driver.ts.

import { SessionError } from "./errors.js";
import { check } from "./options.js";
import type { Session } from "./session.js";
import type { SessionOptions } from "./types.js";
import { open } from "./driver.js";

export type * from "./people.js";
export { SessionError, isSessionError, type SessionErrorCode } from "./errors.js";
export type { Session } from "./session.js";
export type {
  BeforeRelogin,
  DeviceSession,
  FailureKind,
  Idle,
  LoggedOut,
  LoginOptions,
  LogoutOptions,
  Problem,
  ProblemCode,
  Provider,
  ProviderChange,
  ProviderState,
  Refresh,
  ServerTime,
  SessionEventMap,
  SessionHealth,
  SessionOptions,
  SessionPresence,
  SessionReason,
  HealthGrade,
  HealthReason,
  SilentWay,
  Trouble,
  SessionRequestInit,
  SessionState,
  Sessions,
  StateChange,
  TokenInfo,
  User,
  WaitOptions,
} from "./types.js";

/**
 * Opens the session of this page, and resolves when it knows where it stands: logged in, logged out, or unable to tell just
 * now (`degraded`; it finds out by itself). Whether somebody is logged in is for the Worker to say, so nothing is stored here.
 *
 * ```ts
 * using session = await openSession();
 * if (["logged-out", "reauth-required"].includes(session.state)) await session.login();
 * ```
 *
 * Rejects with a `SessionError`: `ERR_SESSION_CONFIG` if an option is wrong, `ERR_SESSION_UNSUPPORTED` outside of a browser
 * page, `ERR_SESSION_LOAD` if the Wasm module cannot be loaded. Where it opens, but there is no Worker at this origin or no cookie can
 * be kept, {@link Session.problem} says so.
 */
export async function openSession(options: SessionOptions = {}): Promise<Session> {
  await check(options);
  if (!globalThis.document || !globalThis.WebAssembly) throw new SessionError("ERR_SESSION_UNSUPPORTED");
  return open(options);
}
