import { EventKind } from "./abi.js";
import type { AccountHost } from "./account.js";
import type { LoginOptions, WaitOptions } from "./types.js";
import { CODES } from "./calls.js";

/** How often the popup is looked at. */
export const LOOK_MS = 100;
/** So many looks in a row at a popup that is closed, while the user is at this page: some pages cut themselves off from us, and look closed. */
export const CLOSED_LOOKS = 30;

/** Logins in a popup. */
export function createPopups({ session, clock, timer, page, door, wait, fault, on }: AccountHost) {
  return {
    /** Leads the popup through a login, and resolves when somebody is logged in. Closing it is its opener's matter. */
    async popup(popup: Window | null, { signal, ...options }: WaitOptions & LoginOptions): Promise<void> {
      if (!popup) throw fault("ERR_SESSION_POPUP", ": the browser blocked it; call loginPopup() in a click, before anything is awaited");
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
        session.addEventListener("statechange", look, { signal: over.signal });
        const path = door(options);
        popup.location.replace(new URL(page.there?.(path) ?? path, page.base()).href);
        let looks = 0;
        const isBack = () => {
          try {
            const { origin, pathname } = popup.location;
            return origin === new URL(page.base()).origin && !pathname.startsWith("/auth/");
          } catch {
            // It shows a page of somebody else.
            return false;
          }
        };
        const watch = timer(() => {
          if (back) return;
          watch(LOOK_MS);
          looks = popup.closed && document.hasFocus() ? looks + 1 : 0;
          if (looks === 1 || isBack()) {
            back = !looks;
            if (back) popup.close();
            // It asks where the session stands; where that changes nothing, nothing is told. A server that wants to be left alone is asked
            // later: what is known until then is of before the login.
            on(EventKind.Restored);
            if (session.state === "active") resolve();
          }
          if (looks >= CLOSED_LOOKS) reject(fault("ERR_SESSION_POPUP", `: it was closed after ${Math.round((clock().mono - start) / 1000)} s, before anybody was logged in`));
        });
        watch(LOOK_MS);
        over.signal.addEventListener("abort", () => watch(Infinity));
      }).finally(() => over.abort());
    },
  };
}
