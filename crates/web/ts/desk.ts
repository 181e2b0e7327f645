import type { AccountHost } from "./account.js";
import type { Lifecycle } from "./lifecycle.js";
import type { WaitOptions } from "./types.js";

/** Nothing is the user's own login. */
export interface Whose {
  readonly provider?: string | undefined;
}

/** What `everlit/reauth` and the elements stand on: a session's own seams, so that they ask and wait as it does. */
export interface Desk extends Pick<AccountHost, "ask" | "clock" | "timer" | "page" | "closed"> {
  readonly life: Lifecycle;
  /** Where a login begins: the user's own, or that of a provider that is linked. */
  readonly door: (whose: Whose) => string;
  /** Leads a popup through a login, and resolves when somebody is logged in. */
  readonly popup: (popup: Window | null, options: WaitOptions & Whose) => Promise<void>;
  /** Opens an empty popup, in the very turn of a click. */
  readonly open?: () => Window | null;
  /** Joins what other tabs and windows say of it. */
  readonly join?: (heard: (message: unknown) => void) => { readonly say: (message: object) => void; readonly leave: () => void };
}
