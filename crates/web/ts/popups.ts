// A chunk of its own, loaded at the first login in a popup.

import { EventKind } from "./abi.js";
import type { AccountHost } from "./account.js";
import type { LoginOptions, WaitOptions } from "./types.js";
import { CODES } from "./calls.js";

/** How often the popup is looked at. */
export const LOOK_MS = 100;
/** The popup's name, by which the page that a login ends on knows it, and what that page says then. */
const NAME = "everlit popup";
/** So many looks in a row at a popup that is closed, while the user is at this page: some pages cut themselves off from us, and look closed. */
export const CLOSED_LOOKS = 30;

/** Leads the popup through a login, and resolves when somebody is logged in. Closing it is its opener's matter. */
export async function lead({ session, clock, timer, page, door, wait, fault, on }: AccountHost, popup: Window | null, { signal, ...options }: WaitOptions & LoginOptions): Promise<void> {
  if (!popup) throw fault("ERR_SESSION_POPUP", ": the browser blocked it; call loginPopup() in a click, before anything is awaited");
  /** Its signal ends all that listens: as an option it has that, too. */
  const over = new AbortController();
  const start = clock().mono;
  return wait<void>(signal, ({ resolve, reject }) => {
    /** The login came to its end there, so that what the session says next is the last word. */
    let back = false;
    const look = () => {
      const { state, refreshIn } = session;
      if (state === "active") resolve();
      // It is asking, or will ask again by itself.
      else if (back && !/ing$/.test(state) && (state !== "degraded" || refreshIn === undefined)) reject(fault(CODES[state]!));
    };
    // However it came to that, and whoever is logged in by now.
    session.addEventListener("statechange", look, over);
    const path = door(options);
    const target = new URL(page.there?.(path) ?? path, page.base());
    popup.name = NAME;
    popup.location.replace(target.href);
    // Closed before the app is loaded into it: WebKit never stops resuming a module whose window is closed while it awaits something at its
    // top level, and this page shares that window's process.
    const told = ({ source, origin, data }: MessageEvent) => {
      if (data === NAME && source === popup && origin === target.origin) {
        popup.close();
        back = true;
        // It asks where the session stands; where that changes nothing, nothing is told. A server that wants to be left alone is asked
        // later: what is known until then is of before the login.
        on(EventKind.Restored);
        if (session.state === "active") resolve();
      }
    };
    addEventListener("message", told, over);
    let looks = 0;
    const watch = timer(() => {
      if (back) return;
      watch(LOOK_MS);
      looks = popup.closed && document.hasFocus() ? looks + 1 : 0;
      if (looks === 1) on(EventKind.Restored);
      if (looks >= CLOSED_LOOKS) reject(fault("ERR_SESSION_POPUP", `: closed after ${Math.round((clock().mono - start) / 1000)} s without a login`));
    });
    watch(LOOK_MS);
    over.signal.addEventListener("abort", () => watch(Infinity));
  }).finally(() => over.abort());
}
