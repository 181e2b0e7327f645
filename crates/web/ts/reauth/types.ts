// What apps see of `everlit/reauth`. Moments are Unix time in milliseconds by the Worker's clock, as `session.serverTime.now` is.

/**
 * What a person can do about it.
 *
 * | way | means |
 * |---|---|
 * | `popup` | log in at the provider, in a popup: {@link Reauth.openLogin} in a click |
 * | `redirect` | the same, but the page has to go there: `loginUrl` of {@link Asked} as a link |
 * | `paste` | bring a token, a code, or the whole address that the login ended at: {@link Reauth.submit} |
 * | `approval` | say yes on the telephone: {@link Reauth.askApproval} has it asked |
 */
export type ReauthWay = "popup" | "redirect" | "paste" | "approval";

/**
 * Where the dialog stands.
 *
 * | phase | means |
 * |---|---|
 * | `asking` | it is the person's turn |
 * | `popup` | the provider's login is open in a popup; all else can be done meanwhile |
 * | `updating` | what was handed in is looked at: nothing else can be done until that is judged |
 * | `approval` | the telephone was asked; `deadline` says until when it waits |
 * | `done` | there is a token again and calls go on: shown for 1.5 s, then it is gone |
 */
export type ReauthPhase = "asking" | "popup" | "updating" | "approval" | "done";

/**
 * What is wrong with what was tried last.
 *
 * | kind | means |
 * |---|---|
 * | `malformed` | what was handed in cannot be a token of this provider |
 * | `over` | it was one, and is over |
 * | `foreign` | it is one of another account |
 * | `refused` | the provider does not take it |
 * | `lost` | it was a code that had been used, or the provider's answer got lost: log in anew |
 * | `busy` | somebody else is handing one in just now, or too many were: try again in a moment |
 * | `unproven` | the provider did not answer, so it is not known whether it is right; it is kept, and looked at again |
 * | `offline` | there is no network, or the Worker did not answer |
 * | `popup-blocked` | the browser opened no popup: offer `loginUrl` of {@link Asked} as a link |
 * | `popup-closed` | the popup was closed before the login was done |
 * | `approval-refused` | somebody said no on the telephone |
 * | `approval-over` | nobody said anything in time |
 * | `forbidden` | this user may not do it (any more) |
 * | `failed` | none of these: the Worker said something else |
 */
export type ReauthTrouble =
  | "malformed"
  | "over"
  | "foreign"
  | "refused"
  | "lost"
  | "busy"
  | "unproven"
  | "offline"
  | "popup-blocked"
  | "popup-closed"
  | "approval-refused"
  | "approval-over"
  | "forbidden"
  | "failed";

/** What is wrong with what was tried last. */
export interface ReauthProblem {
  /** What it is, for code to branch on. */
  readonly kind: ReauthTrouble;
  /** One sentence for a person, in English: that of the Worker where it said one. Never what was handed in. */
  readonly says: string;
}

/** One vault of which only a person can get a token again. It is another object when something of it has changed, and never changes itself. */
export interface Asked {
  /** Which one: `login`, `linked:<provider>` or `service:<name>`. There is at most one of each. */
  readonly vault: string;
  /** The provider's name in the Worker's configuration. Empty for `login` while it is not known. */
  readonly provider: string;
  /** What people call it, such as `ICICI Breeze`. */
  readonly title: string;
  /** What this user can do, best first. Empty while that is not known, and for who may do nothing. */
  readonly how: readonly ReauthWay[];
  /** Who has to act: this user, or one who operates the app and was told. */
  readonly who: "you" | "operator";
  /** Where the provider's login begins: an address of the Worker, for a link as well. There with `popup` and `redirect`. */
  readonly loginUrl?: string;
  /** Since when a person is needed. */
  readonly since?: number;
  /** A login before this moment would bring a token that ends at the same time as the one that is there. */
  readonly loginFrom?: number;
  /** Until when the telephone can say yes. */
  readonly deadline?: number;
  /** How many calls of this tab wait for it. */
  readonly waiting: number;
  /** Whether the dialog is to be shown: from when the tab is seen first. It stays so when the tab is hidden again. */
  readonly open: boolean;
  /** Where the dialog stands. */
  readonly phase: ReauthPhase;
  /** What is wrong with what was tried last. Gone with the next try. */
  readonly problem?: ReauthProblem;
}

/** The events of a {@link Reauth}. */
export interface ReauthEventMap {
  /** `asked` is another list. */
  change: Event;
}

/**
 * What only a person can mend, for a dialog that the app draws, or for `<everlit-reauth>` of `everlit/elements`. There is one for a session: see
 * {@link reauth}. It draws nothing and touches no document.
 *
 * Calls that need a person wait while it is there, and go on by themselves when somebody logged in: here, in another tab, or on another device.
 */
export interface Reauth extends EventTarget {
  /** One for each vault that needs a person, oldest first. The same list until something changes. */
  readonly asked: readonly Asked[];

  /**
   * Opens the provider's login in a popup: to be called in a click, before anything is awaited. Gives the window, or null where the browser
   * blocked it (`problem` says so then), and where this vault is not asked for or has no such way. While one is open for this vault, that is
   * brought to the front.
   */
  openLogin(vault: string): Window | null;

  /**
   * Hands in a token, a code, or the whole address that the login ended at, as it was typed. Resolves when it is judged, also where it was
   * refused: what is wrong is in `asked[].problem` then, and calls go on waiting. It never rejects.
   */
  submit(vault: string, text: string): Promise<void>;

  /** Has the telephone asked again. Resolves when it was asked, or `problem` says why not. It never rejects. */
  askApproval(vault: string): Promise<void>;

  /**
   * Rejects what waits in this tab for this vault with `ERR_SESSION_CANCELLED`, and closes the dialog. Nothing is sent again. The next call
   * that needs it asks anew.
   */
  cancel(vault: string): void;

  /** Cancels all, and no longer answers for the session: its calls reject then as they would without it. `reauth(session)` gives a new one. */
  close(): void;

  addEventListener<K extends keyof ReauthEventMap>(
    type: K,
    listener: ((this: Reauth, event: ReauthEventMap[K]) => unknown) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: ((this: Reauth, event: Event) => unknown) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof ReauthEventMap>(
    type: K,
    listener: ((this: Reauth, event: ReauthEventMap[K]) => unknown) | null,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: ((this: Reauth, event: Event) => unknown) | EventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
}
