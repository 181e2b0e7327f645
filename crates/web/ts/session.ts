/// <reference lib="esnext.disposable" preserve="true" />
import type { DebugPanel, DebugPanelOptions, SessionReport } from "./debug/index.js";
import type { Desk } from "./desk.js";
import type {
  LoginOptions,
  LogoutOptions,
  Problem,
  Provider,
  ServerTime,
  SessionEventMap,
  SessionHealth,
  SessionPresence,
  SessionRequestInit,
  SessionState,
  Sessions,
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
export interface Session extends EventTarget, Disposable, AsyncDisposable {
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

  /**
   * What the Worker said when it was last asked and could not help. Nothing when it could, or said nothing. Also what is likely to be
   * wrong where there is no Worker at this origin (`not_found`), or the browser can keep no session cookie for this page
   * (`misconfigured`): `detail` says what to do.
   */
  readonly problem: Problem | undefined;

  /**
   * Calls a resource server through the Worker, which adds the access token. Like `fetch`, and:
   *
   * - An address inside a configured upstream goes to `/api/{upstream}/...`; one below `/api/` of this origin goes as it is;
   *   any other is rejected, see {@link SessionRequestInit.passthrough}.
   * - Waits while the session does not know where it stands, and while there is no token that lives.
   * - Belongs to the login that is there when it is made, and is never sent under another one.
   * - Is sent a second time, once, if the token turns out to have expired. A body that is a stream cannot be: then the
   *   refused answer (401) is delivered, when there is a new token or there will be none. A function that gives a fresh one can.
   * - Is also sent a second time, once, if no answer comes and its method is idempotent (GET, HEAD, OPTIONS, PUT, DELETE).
   * - An address inside a token-mediating upstream (`mode = "mediating"` in the Worker's configuration) is called by the page itself, with
   *   the token of that upstream, see {@link Session.getAccessToken}. A redirect there is refused with `ERR_SESSION_REDIRECT`: the
   *   token follows nowhere.
   * - Rejects with `ERR_SESSION_LINK` where it needs an account that is not linked: offer {@link Session.link}.
   *
   * Rejects with a `SessionError` if there is no session, or the network fails; with the signal's reason if it says so.
   */
  fetch(input: RequestInfo | URL, init?: SessionRequestInit): Promise<Response>;

  /**
   * The access token of a token-mediating upstream, by the upstream's name. Only for what cannot use {@link Session.fetch}, such as a
   * WebSocket or an SDK: ask for it each time, and keep it nowhere. It is kept here, in memory only, until a fifth of its life
   * is left (5 s at the least, 5 min at the most), and asked for once however many callers wait.
   *
   * Rejects with `ERR_SESSION_UPSTREAM` if there is no such upstream, or its calls go through the Worker (the default): then there is no
   * token for a page. Waits and rejects else as `fetch` does; up to a minute where the Worker asks to come again.
   */
  getAccessToken(upstream: string, options?: WaitOptions): Promise<string>;

  /**
   * Takes the page to the authorization server, and back when the user is logged in. Resolves when the page is on its way, which it leaves a
   * moment later: what comes after still runs, and is best nothing. Called again while the page has not left, it goes there again.
   */
  login(options?: LoginOptions): Promise<void>;

  /**
   * The same in a popup: the page stays. To be called in a click, before anything is awaited: else the browser blocks the popup.
   * Resolves when somebody is logged in, also if that came to be in another way, such as in another tab.
   *
   * Rejects with `ERR_SESSION_POPUP` if the popup was blocked, or closed before. On a page whose Cross-Origin-Opener-Policy cuts it off
   * from its popups, one that its user closes is noticed when they are back at the page.
   */
  loginPopup(options?: LoginOptions): Promise<void>;

  /**
   * Takes the page to another provider, to link the user's account there to the session, and back. Its upstreams can be called then.
   *
   * Rejects with `ERR_SESSION_CONFIG` if the Worker knows no such provider.
   */
  link(provider: string, options?: LoginOptions): Promise<void>;

  /** Ends that link, and revokes its grant. Where there is none, nothing happens. */
  unlink(provider: string, options?: WaitOptions): Promise<void>;

  /**
   * Ends the session here, in all other tabs, at the Worker and at the authorization server. Where the server has a page of its own for
   * that, this page goes there, after `loggedout` was told, and comes back to {@link LogoutOptions.returnTo}.
   *
   * Rejects with `ERR_SESSION_NETWORK` if the Worker did not confirm it: then the session goes on, and the app should say so.
   */
  logout(options?: LogoutOptions): Promise<void>;

  /** The user's sessions on all devices. */
  readonly sessions: Sessions;

  /**
   * Asks for a new token now. There is no need to, ever: tokens are refreshed before they end and when a call needs it. The
   * Worker gives the current one again if it is only seconds old.
   *
   * Rejects with a `SessionError` if no token can be had.
   */
  refresh(options?: WaitOptions): Promise<void>;

  /**
   * Says that the user is there, for what a page does not show: somebody in a call, at a game pad, watching. Key, pointer and wheel are
   * noticed without it. Never call it from a timer: the session would outlive its user.
   */
  activity(): void;

  /** Loads `everlit/debug` and opens its panel: what happens to the session, with buttons that play trouble. For development. */
  debug(options?: DebugPanelOptions): Promise<DebugPanel>;

  /**
   * Loads `everlit/debug` and makes a report that a user can send: no token, no user and no query is in it. What happened is in it as far
   * as the panel is open, or `watch` of `everlit/debug` was called. Also of a session that was closed.
   */
  report(): Promise<SessionReport>;

  /** @internal What `everlit/reauth` and the elements stand on. */
  desk(): Promise<Desk>;

  /**
   * Begins again what {@link Session.stop} ended, and asks where the session stands. An open session has begun; where it runs, nothing
   * happens.
   */
  start(): void;

  /**
   * Ends all that goes on in the background: timers, channel, event socket, the look at the user's activity. Calls still work, and
   * refresh their token when they need it; what happens elsewhere is not heard.
   */
  stop(): void;

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
    listener: ((this: Session, event: Event) => unknown) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof SessionEventMap>(
    type: K,
    listener: ((this: Session, event: SessionEventMap[K]) => unknown) | null,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: ((this: Session, event: Event) => unknown) | EventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
  /** What `using session = await openSession()` calls: {@link Session.close}. */
  [Symbol.dispose](): void;
  /** What `await using` calls: {@link Session.close}, and it waits until the requests that were under way are given up. */
  [Symbol.asyncDispose](): Promise<void>;
}
