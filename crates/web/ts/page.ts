/** Where the page is, and how it leaves. */
export interface Page {
  /** What relative addresses are relative to. */
  readonly base: () => string;
  /** The address in the address bar. */
  readonly here: () => string;
  /** Whether nobody looks at it. */
  readonly hidden: () => boolean;
  /** Goes somewhere else. */
  readonly leave: (path: string) => void;
  /** The address of a path of the Worker's, where it is not at the page's own origin. */
  readonly there?: (path: string) => string;
  /** Goes to such an address, or has a window of this name go there. */
  readonly steer?: (href: string, target?: string) => void;
}

/** The page that this script runs in. */
export const page: Page = {
  base: () => document.baseURI,
  here: () => location.href,
  hidden: () => document.hidden,
  leave: (path) => location.assign(path),
};
