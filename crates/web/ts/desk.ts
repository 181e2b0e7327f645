import type { AccountHost } from "./account.js";
import type { Lifecycle } from "./lifecycle.js";
import type { LoginOptions, WaitOptions } from "./types.js";

/** What `everlit/reauth` and the elements stand on: a session's own seams, so that they ask and wait as it does. */
export interface Desk extends Pick<AccountHost, "ask" | "clock" | "timer" | "page" | "closed" | "door"> {
  readonly life: Lifecycle;
  /** Leads a popup through a login, and resolves when somebody is logged in. */
  readonly popup: (popup: Window | null, options: WaitOptions & LoginOptions) => Promise<void>;
  /** Opens an empty popup, in the very turn of a click. */
  readonly open?: () => Window | null;
  /** Joins what other tabs and windows say of it. */
  readonly join?: (heard: (message: unknown) => void) => { readonly say: (message: object) => void; readonly leave: () => void };
}
