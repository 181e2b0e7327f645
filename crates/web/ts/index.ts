import { open } from "./driver.js";
import { SessionError } from "./errors.js";
import { load } from "./load.js";
import type { Session } from "./session.js";
import type { SessionOptions } from "./types.js";

export { SessionError, isSessionError, type SessionErrorCode } from "./errors.js";
export type { Session } from "./session.js";
export type {
  BeforeRelogin,
  FailureKind,
  Idle,
  LoggedOut,
  LoginOptions,
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
 * if (session.state === "logged-out") await session.login();
 * ```
 *
 * Rejects with a `SessionError`: `ERR_SESSION_UNSUPPORTED` outside of a browser page, `ERR_SESSION_LOAD` if the Wasm module
 * cannot be loaded.
 */
export async function openSession(options: SessionOptions = {}): Promise<Session> {
  options.signal?.throwIfAborted();
  if (!globalThis.document || !globalThis.WebAssembly) throw new SessionError("ERR_SESSION_UNSUPPORTED");
  return open(await load(options.wasm), options);
}
