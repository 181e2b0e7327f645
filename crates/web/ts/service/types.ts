// What a program sees. Times are milliseconds since 1970, durations milliseconds.

/** Where the Worker is, which account is meant, and who asks. */
export interface ServiceOptions {
  /**
   * The Worker's address; a path in it is kept before `/service`.
   * @reason the key goes there and nowhere else: https only, but for this machine, and redirects are not followed
   */
  readonly url: string;
  /**
   * The service, as in `SERVICE_<NAME>` of the configuration, in the case that it is called by.
   * @reason one object is for one account
   */
  readonly name: string;
  /**
   * The caller's own key: the secret `SECRET_CALLER_<NAME>_KEY`.
   * @reason each program has a key of its own, which counts and limits it, and can be taken from it alone
   */
  readonly key: string;
  /**
   * The key that alerts are signed with: the secret `SECRET_ALERT_<NAME>_SIGNING_KEY`, or several while it is renewed.
   * @default none: every alert is refused
   * @reason whoever knows the address could post alerts
   */
  readonly signingKey?: string | readonly string[];
  /**
   * How long a call tries, and tries again, before it rejects.
   * @default 15 s
   * @unit milliseconds
   * @reason the Worker answers within 4.5 s; that leaves time for a second and a third try
   */
  readonly timeout?: number;
  /**
   * What sends requests.
   * @default the global `fetch`, as it is when it is called
   * @reason a Worker reaches another by a service binding: `(...request) => env.EVERLIT.fetch(...request)`
   */
  readonly fetch?: typeof fetch;
}

/** What every question takes. */
export interface ServiceRequestOptions {
  /**
   * Gives up the question. The call rejects with the signal's `reason`; others who wait for the same answer go on.
   * @default none: `timeout` alone ends it
   * @reason a caller often has less time than `timeout`
   */
  readonly signal?: AbortSignal;
}

/** How a session is asked for. */
export interface ServiceSessionOptions extends ServiceRequestOptions {
  /**
   * A token that is good for reading only will do.
   * @default false
   * @reason some providers give one that lives on when the other has ended; with it an order would fail
   */
  readonly readsOnly?: boolean;
}

/** How another token is asked for. */
export interface ServiceRefreshOptions extends ServiceRequestOptions {
  /**
   * The session whose token the provider refused.
   * @default the one in memory
   * @reason of many callers that were refused at once one brings a new token, and the others get that one
   */
  readonly holds?: Pick<ServiceToken, "epoch" | "generation">;
}

/** A valid token. `session.token`, which is `null` there, tells it from a {@link ServiceNone}. */
export interface ServiceToken {
  /** The token. It is in no log and no JSON of this object, and not in a copy by `...`: name it where it is used. */
  readonly token: string;
  /** How the provider wants it: `Bearer`, `token` (Kite: `token <clientId>:<token>`), `X-SessionToken` (Breeze: the header of that name). */
  readonly tokenType: string;
  /** When it is planned to end, by the Worker's clock; `null` where nobody knows. */
  readonly expiresAt: number | null;
  /** How long it is planned to live from now on; `null` where nobody knows. */
  readonly expiresIn: number | null;
  /** Together with `generation`: which token it is. A newer one is greater. */
  readonly epoch: number;
  /** Which token of its epoch. */
  readonly generation: number;
  /** Whether it is good for reading only. */
  readonly readOnly: boolean;
  /** The provider, such as `upstox`. */
  readonly provider: string;
  /** The API key that it is of: some providers want both. */
  readonly clientId?: string;
  /** Only where there is none. */
  readonly reason?: undefined;
  /** Only where there is none. */
  readonly retryAfter?: undefined;
}

/** There is no token just now: an answer, and no error. */
export interface ServiceNone {
  readonly token: null;
  /** Why. */
  readonly reason: ServiceAbsence;
  /** When to come again. Before that the answer is given from memory, for 5 s at most, so that a busy program does not use up its rate. */
  readonly retryAfter: number;
  /** Since when a person or an operator is needed. */
  readonly since?: number;
  /** From when on a login brings a token that lives longer. */
  readonly loginFrom?: number;
}

/** What {@link Service.getValidSession} gives. */
export type ServiceSession = ServiceToken | ServiceNone;

/**
 * Why there is no token.
 *
 * | reason | means | who acts |
 * |---|---|---|
 * | `renewing` | a new one is being had | nobody: ask again after `retryAfter` |
 * | `unavailable` | the provider cannot be had just now | nobody |
 * | `needs_human` | only a person can bring one, and was called | the account's owner: log in, approve or paste |
 * | `needs_operator` | key, secret or registration at the provider is wrong | an operator; a login does not help |
 * | `caller_limited` | this caller asks too often | this program |
 */
export type ServiceAbsence = "renewing" | "unavailable" | "needs_human" | "needs_operator" | "caller_limited";

/**
 * How a service stands, in a word.
 *
 * | status | means |
 * |---|---|
 * | `active` | there is a token |
 * | `expiring` | there is one, and it ends soon |
 * | `needs_refresh` | it is over, or nearly, and a new one is being had |
 * | `needs_human` | only a person can bring one |
 * | `expired` | there is none |
 */
export type ServiceStatusWord = "active" | "expiring" | "needs_refresh" | "needs_human" | "expired";

/** How a service stands. No token is in it. */
export interface ServiceStatus {
  readonly service: string;
  readonly provider: string;
  /** The provider's name, for people. */
  readonly title: string;
  /** Whether there is a token that is given out. */
  readonly active: boolean;
  /** Whether it is also good by the provider's last word. */
  readonly valid: boolean;
  /** In a word. */
  readonly status: ServiceStatusWord;
  readonly expiresAt: number | null;
  readonly expiresIn: number | null;
  /** For people: `3 h 12 min`, `none`, `unknown`. */
  readonly timeLeft: string;
  /** How the token came: `pasted`, `approved`, `imported`, `logged_in`, or the way of an automatic renewal. */
  readonly source: string | null;
  readonly epoch: number | null;
  readonly generation: number | null;
  /** What the provider said of the token when it was last asked. */
  readonly validated: { readonly at: number; readonly valid: boolean } | null;
  /** Whether it is renewed without anybody, and how, or why not. */
  readonly automatic: { readonly possible: boolean; readonly how?: string; readonly reason?: string; readonly why?: string };
  /** From when on a login brings a token that lives longer. */
  readonly loginFrom: number | null;
  /** Why a person is needed, and since when. */
  readonly need: { readonly since: number; readonly reason: string } | null;
  /** Until when a person may approve on their phone. */
  readonly pushUntil: number | null;
  /** The attempt that is under way. */
  readonly attempt: { readonly number: number; readonly of: number; readonly job: string } | null;
  /** Rounds of attempts in a row that came to nothing. */
  readonly failedRounds: number;
  /** The class of the last answer that was none. */
  readonly trouble: string | null;
  /** Until when the provider is left alone. */
  readonly holdUntil: number | null;
  readonly checkedAt: number | null;
  readonly nextCheckAt: number | null;
  /** The last renewals, with what came of them: `ok` or a class. */
  readonly renewals: readonly { readonly at: number; readonly source: string; readonly outcome: string; readonly attempts: number }[];
  /** Alerts that nobody has taken yet. */
  readonly alertsWaiting: number;
  /** Tokens of ended sessions that the provider has not heard of yet, and how that ended last: `revoked`, `refused` or `given_up`. */
  readonly revocations: { readonly waiting: number; readonly last: { readonly at: number; readonly outcome: string } | null };
  /** How often each caller was given a token, had a call made (`/api`), was told that there is none, and asked too often. */
  readonly callers: readonly { readonly name: string; readonly tokens: number; readonly calls: number; readonly nones: number; readonly limited: number; readonly lastAt: number }[];
  /** What is configured: whether it is set, and where it comes from. Never a value. */
  readonly configuration: { readonly [name: string]: { readonly set: boolean; readonly source?: string; readonly advice?: string | null } };
  /** The secrets that it lives by, as far as this caller may know of them, with `advice` where somebody should do something. Never a value. */
  readonly secrets: readonly { readonly name: string; readonly set: boolean; readonly source: string; readonly ageIn: number | null; readonly old: boolean | null; readonly advice: string | null }[];
  /** Since when only a token for reading is left. */
  readonly onFallback: number | null;
  readonly serverTime: number;
}

/**
 * What each kind of alert says beside what all say. Durations are milliseconds.
 *
 * | kind | says |
 * |---|---|
 * | `expiring_soon` | the token ends soon, and somebody may have to act |
 * | `renewal_failed` | a renewal came to nothing |
 * | `failed_repeatedly` | so many rounds of attempts came to nothing |
 * | `on_fallback` | the token is over, and who reads only gets the one that is good for less, until then; or, without an end, the app lives on another source |
 * | `renewed` | there is a new token, after something was said of the old one |
 * | `human_needed` | only a person can bring a token |
 * | `human_answered` | they did |
 */
export interface ServiceAlertDetails {
  readonly expiring_soon: { readonly threshold: number; readonly expiresAt: number; readonly expiresIn: number; readonly loginFrom: number };
  readonly renewal_failed: { readonly class: string };
  readonly failed_repeatedly: { readonly rounds: number };
  readonly on_fallback: { readonly until?: number };
  readonly renewed: { readonly source: string };
  readonly human_needed: { readonly reason: string; readonly push: boolean; readonly class?: string };
  readonly human_answered: { readonly source: string };
}

/** The kinds of alerts. */
export type ServiceAlertKind = keyof ServiceAlertDetails;

/** An alert. `alert.kind` tells which members it has; a kind that is newer than this package comes as it was sent. */
export type ServiceAlert = {
  readonly [Kind in ServiceAlertKind]: {
    readonly kind: Kind;
    /** The same when it is sent again. */
    readonly id: string;
    /** Which service; one receiver may hear of several. */
    readonly service: string;
    readonly provider: string;
    readonly title: string;
    /** When it happened. */
    readonly at: number;
    /** For people. */
    readonly text: string;
    /** Where somebody can act, if they can. */
    readonly link?: string;
  } & ServiceAlertDetails[Kind];
}[ServiceAlertKind];

/** An account of the operator's, as a program uses it. */
export interface Service {
  /** The service's name. */
  readonly name: string;

  /**
   * A valid token, or why there is none. From memory while a token is good; else all that ask at once share one question, which is asked
   * again while answers are lost or not the Worker's. Rejects with a {@link ServiceError} where none came within `timeout`.
   */
  getValidSession(options?: ServiceSessionOptions): Promise<ServiceSession>;

  /**
   * The same for code that can do nothing without: a token, or an error. `ERR_SERVICE_REAUTH` where only a person can bring one, which
   * `reauthErrors()` (Express) or `reauthRequired(error)` turns into the answer that a page waits with; `ERR_SERVICE_UNAVAILABLE` where there is none
   * just now. That a person is needed is never said from memory: the question waits until it may be asked again, 5 s at most, so that a call which is
   * made again after a login finds the token.
   *
   * ```ts
   * const { token } = await service.requireSession();
   * ```
   */
  requireSession(options?: ServiceSessionOptions): Promise<ServiceToken>;

  /**
   * Another token than the one that the provider has just refused.
   *
   * ```ts
   * let session = await service.getValidSession();
   * let response = session.token ? await askProvider(session) : undefined;
   * if (session.token && response?.status === 401) {
   *   session = await service.refresh({ holds: session });
   *   response = session.token ? await askProvider(session) : undefined;
   * }
   * ```
   *
   * Where somebody was faster, theirs comes without a question. A 401 is no proof: the Worker asks the provider, and may give the same
   * token again. Send an order again only if the provider says that it did not take it.
   */
  refresh(options?: ServiceRefreshOptions): Promise<ServiceSession>;

  /** How the service stands: asked each time, for dashboards and not for each call. */
  getSessionStatus(options?: ServiceRequestOptions): Promise<ServiceStatus>;

  /**
   * Hears alerts that {@link Service.handleAlert} has verified, of whatever service they are. What comes back ends it. An alert counts as
   * taken when every listener is done; where one throws, the Worker sends it again, to all.
   */
  onAlert(listener: (alert: ServiceAlert) => unknown): () => void;

  /**
   * Answers a request of the Worker's that brings an alert: give it the whole request, with its body untouched. The signature is checked
   * against each `signingKey`, the time may differ by 5 minutes, and one that comes twice is told once by this object. What is none of the
   * Worker's is answered with 4xx and told to nobody.
   */
  handleAlert(request: Request): Promise<Response>;
}
