/// <reference lib="esnext.disposable" preserve="true" />
import type {
  LoginOptions,
  Problem,
  Provider,
  ServerTime,
  SessionEventMap,
  SessionHealth,
  SessionPresence,
  SessionRequestInit,
  SessionState,
  TokenInfo,
  User,
  WaitOptions,
} from "./types.js";

/**
 * An open session of one tab. All tabs of a browser share one login; each has its own `Session`.
 *
 * ```ts
 * session.addEventListener("statechange", ({ detail }) => render(detail.to), { signal });
 * const orders = await session.fetch("/api/orders").then((response) => response.json());
 * ```
 */
export interface Session extends EventTarget, Disposable {
  /** Where the session stands. */
  readonly state: SessionState;

  /** Who is logged in. Nothing while that is not known. The same object until that changes. */
  readonly user: User | undefined;

  /** Every provider that the Worker knows of, and where its grant stands. The same list until that changes. */
  readonly providers: readonly Provider[];

  /** How the session is doing. The same object until that changes. */
  readonly health: SessionHealth;

  /** Whether the user is there, as all tabs of this browser agree. */
  readonly presence: SessionPresence;

  /** The Worker's clock, whatever this computer's clock shows. Nothing while it is not known. */
  readonly serverTime: ServerTime | undefined;

  /** What is known of the current token, as of now. Nothing while there is none. */
  readonly token: TokenInfo | undefined;

  /** Milliseconds until the session asks the Worker again by itself. Nothing while it is asking, or has no reason to. */
  readonly refreshIn: number | undefined;

  /** What the Worker said when it was last asked and could not help. Nothing when it could, or said nothing. */
  readonly problem: Problem | undefined;

  /**
   * Calls a resource server through the Worker, which adds the access token. Like `fetch`, and:
   *
   * - An address inside a configured upstream goes to `/api/{upstream}/...`; one below `/api/` of this origin goes as it is;
   *   any other is rejected, see {@link SessionRequestInit.passthrough}.
   * - Waits while the session does not know where it stands, and while there is no token that lives.
   * - Belongs to the login that is there when it is made, and is never sent under another one.
   * - Is sent a second time, once, if the token turns out to have expired. A body that is a stream cannot be: then the
   *   refused answer (401) is delivered, when there is a new token or there will be none.
   *
   * Rejects with a `SessionError` if there is no session, or the network fails; with the signal's reason if it says so.
   */
  fetch(input: RequestInfo | URL, init?: SessionRequestInit): Promise<Response>;

  /** Takes the page to the authorization server, and back when the user is logged in. */
  login(options?: LoginOptions): Promise<void>;

  /**
   * Ends the session here, in all other tabs, at the Worker and at the authorization server.
   *
   * Rejects with `ERR_SESSION_NETWORK` if the Worker did not confirm it: then the session goes on, and the app should say so.
   */
  logout(options?: WaitOptions): Promise<void>;

  /**
   * Asks for a new token now. There is no need to, ever: tokens are refreshed before they end and when a call needs it. The
   * Worker gives the current one again if it is only seconds old.
   *
   * Rejects with a `SessionError` if no token can be had.
   */
  refresh(options?: WaitOptions): Promise<void>;

  /** Says that the user is there, where the page cannot see it: they listen to a call, or hold a game pad. */
  activity(): void;

  /**
   * Lets go of everything in this tab: timer, listeners, channel, requests. The login itself stays. What waits is rejected
   * with `ERR_SESSION_DISPOSED`, and so is every later call.
   */
  close(): void;

  addEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: ((this: Session, event: SessionEventMap[K]) => unknown) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: ((this: Session, event: SessionEventMap[K]) => unknown) | null,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
  /** What `using session = await openSession()` calls: {@link Session.close}. */
  [Symbol.dispose](): void;
}
