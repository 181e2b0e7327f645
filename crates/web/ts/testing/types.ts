import type { ReauthWay } from "../reauth/types.js";
import type { Session } from "../session.js";
import type { SessionOptions, SilentWay, User } from "../types.js";
import type { Duration } from "./duration.js";

/** An API that the session may call. */
export interface TestUpstream {
  /**
   * Its name in the Worker's configuration: calls to `/api/{name}/...` go there.
   * @reason the app under test calls it by that name
   */
  readonly name: string;
  /**
   * Where it is.
   * @default `https://{name}.example`
   * @reason a name that exists nowhere: what a test forgets reaches nobody
   */
  readonly origin?: string;
  /**
   * What all its paths begin with.
   * @default `/`
   * @reason all of the API is in reach, as in the Worker
   */
  readonly path?: string;
  /**
   * Who calls it: the Worker (`bff`), or the page itself with a token of its own (`mediating`).
   * @default `"bff"`
   * @reason that of the Worker, and what a page should prefer
   */
  readonly mode?: "bff" | "mediating";
  /**
   * Whose account it needs: one of the `providers` but the first, which the user links with `session.link`.
   * @default the login's own
   * @reason most APIs take the token of the login
   */
  readonly provider?: string;
  /**
   * Which service's account it needs instead: one of the operator's, by its name in the Worker's configuration (`vault = "service:<name>"`).
   * @default none: the user's own
   * @reason only apps with such an account have one
   */
  readonly service?: string;
}

/** How a service of which only a person can bring a token is, and what they bring. */
export interface TestServiceNeed {
  /**
   * What the user can do, best first.
   * @default `["popup", "paste"]`
   * @reason as at most brokers
   */
  readonly how?: readonly ReauthWay[];
  /**
   * Who has to act.
   * @default `"you"`
   * @reason what there is more to test of
   */
  readonly who?: "you" | "operator";
  /**
   * What people call the provider.
   * @default the service's name
   * @reason enough to be found on the screen
   */
  readonly title?: string;
  /**
   * The one text that is accepted where somebody hands in something; all else belongs to another account.
   * @default anything is accepted
   * @reason most tests hand in the right one
   */
  readonly accepts?: string;
}

/** What a session under test begins with. */
export interface TestSessionOptions {
  /**
   * Who is logged in; `null` for nobody.
   * @default Ada Lovelace
   * @reason most tests are about somebody who is there
   */
  readonly user?: User | null;
  /**
   * Which APIs there are; a name alone is one at `https://{name}.example`.
   * @default one, `api`
   * @reason enough for `session.fetch("/api/api/…")` without a word
   */
  readonly upstreams?: readonly (string | TestUpstream)[];
  /**
   * Which providers the Worker knows; the first one is whom the user is logged in with.
   * @default `["demo"]`
   * @reason as `everlit init` writes it
   */
  readonly providers?: readonly string[];
  /**
   * Where else the user is logged in: the names of those devices, as `session.sessions` lists them.
   * @default nowhere
   * @reason only a page of devices needs them
   */
  readonly devices?: readonly string[];
  /**
   * How long an access token lives.
   * @default `"5m"`
   * @unit milliseconds, or a number with its unit: `"30s"`
   * @reason a usual lifetime, and short enough for `advance` to pass it
   */
  readonly lifetime?: Duration;
  /**
   * After so long without activity the Worker ends the session.
   * @default `"14d"`
   * @unit milliseconds, or a number with its unit: `"30m"`
   * @reason the Worker's own default
   */
  readonly idleLimit?: Duration;
  /**
   * After so long the Worker ends the session in any case.
   * @default `"90d"`
   * @unit milliseconds, or a number with its unit: `"12h"`
   * @reason the Worker's own default
   */
  readonly absoluteLimit?: Duration;
  /**
   * The time at the beginning.
   * @default now
   * @unit a `Date`, Unix time in milliseconds, or a date as text
   * @reason only what shows dates needs another
   */
  readonly now?: Date | number | string;
  /**
   * The address of the page.
   * @default `https://app.example/`
   * @reason a secure origin, as cookies need it
   */
  readonly address?: string;
  /**
   * What the app gives to `openSession`.
   * @default nothing
   * @reason what a test does not say is as in an app that says nothing
   */
  readonly options?: Omit<SessionOptions, "wasm" | "signal">;
  /**
   * Where the Wasm module comes from, as in `openSession`.
   * @default the package's own file
   * @reason test runners find it beside the package
   */
  readonly wasm?: SessionOptions["wasm"];
}

/** What a call is answered: a `Response`, a status, or anything else as JSON. A function gets the request as the API would. */
export type TestAnswer = unknown | ((request: Request) => unknown);

/** A call that the app made, as it came to the API. */
export interface TestCall {
  readonly method: string;
  /** The API's own address. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

/** What a session asked the Worker for. */
export interface TestRequest {
  readonly path: string;
  /** What was sent; nothing in a GET. */
  readonly body: unknown;
  /** When: Unix time in milliseconds. */
  readonly at: number;
}

/** One tab of the browser. */
export interface TestTab {
  /** What the app would get from `openSession`. */
  readonly session: Session;
  /** Where the session wanted to take the page: to the login, or to link an account. */
  readonly navigations: readonly string[];
  /** Where `loginPopup()` led its popups. */
  readonly popups: readonly string[];
  /** The user does something on the page. */
  interact(): Promise<void>;
  /** The user looks elsewhere: the page is hidden. */
  hide(): Promise<void>;
  /** The user looks at the page again. */
  show(): Promise<void>;
}

/**
 * A session with everything around it: a browser, a Worker, and time that passes when the test says so. Everything that
 * returns a promise resolves when all that follows from it is done, but for what waits for time to pass.
 */
export interface TestSession extends TestTab {
  /** What time it is: Unix time in milliseconds. */
  readonly now: number;
  /** What the app called, in order. */
  readonly calls: readonly TestCall[];
  /** What the Worker was asked, in order, by all tabs. */
  readonly requests: readonly TestRequest[];

  /** Lets time pass, and all happen that is due in it. */
  advance(time: Duration): Promise<void>;
  /** The computer sleeps for so long and wakes: no timer fires meanwhile, and the monotonic clock stands still. */
  sleep(time: Duration): Promise<void>;

  /**
   * What the API answers from now on. A path is below any of the upstreams; it may begin with a method, and end with `*`:
   * `respond("GET /orders/*", { id: 7 })`. Without a path: all calls. The last one that fits counts; a function that gives
   * nothing leaves the call to the one before. A call that nobody answers gets a 501 that says so.
   */
  respond(path: string, answer: TestAnswer): void;
  respond(answer: (request: Request) => unknown): void;

  /** The answers of the next so many questions to the Worker are lost on their way. What was asked is done. */
  loseReply(count?: number): void;
  /** The Worker asks to be left alone for so long (429). Default: `"30s"`. */
  throttle(time?: Duration): void;
  /** The Worker cannot help (503): for so long, or until {@link TestSession.recover}. */
  unavailable(time?: Duration): void;
  /** Each answer, also of an API, takes so long from now on. */
  slow(time: Duration): void;
  /** The Worker is well again, and quick. */
  recover(): void;
  /** The browser has no network. */
  offline(): Promise<void>;
  /** It has one again. */
  online(): Promise<void>;

  /** The current token is not taken any more, nor those of the page: the next call is refused once, and needs a new one. */
  expireToken(): void;
  /**
   * The grant is over, and only the user can bring a new token. With `silent`, the authorization server still knows them, and
   * logs them in again in these ways.
   */
  needHuman(options?: { readonly silent?: readonly SilentWay[] }): Promise<void>;
  /** A limit, an administrator or another device ends the session. */
  endSession(): Promise<void>;
  /** The user logs out in another tab. */
  logoutElsewhere(): Promise<void>;
  /**
   * The browser has a login of this user now. A page that has gone to the login comes back from it, and so does a popup; otherwise it
   * happened in another tab. The same user renews the login that there is, where it only lacks a grant.
   */
  loginAs(user: User): Promise<void>;
  /** The page that has gone to another provider with `session.link(provider)` comes back: the user's account there is linked. */
  linkAccount(): Promise<void>;
  /**
   * The user gives up: a page that has gone to a login or a link comes back from it as it left, and a popup is closed. The session
   * makes sure of that for some seconds, which pass.
   */
  cancelLogin(): Promise<void>;
  /**
   * The token of a service is over, and only a person can bring one: calls to its upstreams are answered `reauth_required`, and wait where
   * `reauth(session)` or a listener of `reauth` has them wait.
   */
  needService(service: string, options?: TestServiceNeed): Promise<void>;
  /** Somebody logged in there: in the popup that is open, in another tab, or on another device. */
  loginService(service: string): Promise<void>;
  /** The browser lets no page open a popup any more; with `false`, it does again. */
  blockPopups(blocked?: boolean): void;

  /** Opens a further tab in the same browser. */
  openTab(options?: TestSessionOptions["options"]): Promise<TestTab>;
  /** Lets everything happen that waits for nothing but its turn. */
  settle(): Promise<void>;
  /** Closes all tabs. */
  close(): void;
}
