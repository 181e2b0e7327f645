/** A popup of a browser under test, as far as a session looks at it. */
export class Popup {
  closed = false;
  /** What its opener calls it. */
  name = "";
  /** Where it is: nowhere in its first moment. */
  readonly location = {
    origin: "null",
    pathname: "blank",
    replace: (address: string) => {
      const { origin, pathname, search } = new URL(address);
      Object.assign(this.location, { origin, pathname });
      this.#went(pathname + search);
    },
  };
  readonly #went: (path: string) => void;

  constructor(went: (path: string) => void) {
    this.#went = went;
  }

  /** The login there is done, and the page that it ends on says so. */
  comeBack(): void {
    if (!this.closed) heard.dispatchEvent(Object.assign(new Event("message"), { source: this, origin: this.location.origin, data: this.name }));
  }

  focus(): void {}

  close(): void {
    this.closed = true;
  }
}

const heard = new EventTarget();
/** In the place of `addEventListener` of a page: what it hears of its popups. */
export const listen = heard.addEventListener.bind(heard);

/** What opens popups in this very turn. */
let opener: (() => Popup | null) | undefined;

/** Does this, in which a popup that is opened is one of whoever opens it so. */
export function opening<T>(open: () => Popup | null, work: () => T): T {
  opener = open;
  try {
    return work();
  } finally {
    opener = undefined;
  }
}

/** In the place of `open` of a page. */
export const openWindow = () => opener?.() ?? null;
