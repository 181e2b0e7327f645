// A chunk of its own, loaded when the grant is over: silent re-login, in a hidden frame, a popup, or by taking the page there.

import { ReloginAnswer, Way } from "./abi.js";
import { nameOperation } from "./operation.js";
import type { Page } from "./page.js";

/** How often a popup is looked at. */
const LOOK_MS = 500;
/**
 * So many looks in a row at a closed popup, while the user is at this page: its own last word may be on its way, and one whose page cuts itself
 * off from us (Cross-Origin-Opener-Policy) looks closed for as long as it is there.
 */
const CLOSED_LOOKS = 6;
/** How long the result is given to reach the tabs that wait for the lock. */
const SPREAD_MS = 200;

/** In the order of `ReloginAnswer`. */
const OUTCOMES = ["done", "refused", "failed"];

/** What a result page says, if it is one. */
function resultOf(data: unknown): [id: unknown, answer: ReloginAnswer] | undefined {
  const { everlit, relogin, outcome } = (data ?? {}) as Record<string, unknown>;
  const answer = OUTCOMES.indexOf(outcome as string);
  return everlit === 1 && answer >= 0 ? [relogin, answer] : undefined;
}

/** Logs in again in this way. */
export function silent(
  way: Way,
  popup: Window | undefined,
  page: Page,
  given: AbortSignal,
  answered: (answer: ReloginAnswer) => void,
  busy: () => boolean,
): void {
  if (given.aborted) return popup?.close();
  const here = new URL(page.here());
  const returnTo = encodeURIComponent(here.pathname + here.search + here.hash);
  const address = `/auth/login?prompt=none&via=${["frame", "popup", "redirect"][way]}&return_to=${returnTo}`;
  if (way === Way.Redirect) {
    // The answers of calls that are under way would be lost.
    return busy() ? answered(ReloginAnswer.Unavailable) : page.leave(address);
  }

  const id = nameOperation();
  const over = new AbortController();
  const { signal } = over;
  const end = (answer?: ReloginAnswer) => {
    if (signal.aborted) return;
    over.abort();
    popup?.close();
    if (answer !== undefined) answered(answer);
  };
  given.addEventListener("abort", () => end());

  let shown: Window | null | undefined = popup;
  const whenOver = (work: () => void) => signal.addEventListener("abort", work);
  try {
    const channel = new BroadcastChannel("everlit 1 relogin");
    channel.onmessage = ({ data }) => {
      const result = resultOf(data);
      // What another tab's frame was told while this one waits for the lock holds for this one, too.
      if (result && (result[0] === id || (way === Way.Frame && !shown))) end(result[1]);
    };
    whenOver(() => channel.close());
  } catch {
    // The result page also tells its opener or parent.
  }
  const path = `${address}&relogin=${id}`;
  const target = new URL(page.there?.(path) ?? path, here);
  const told = ({ source, origin, data }: MessageEvent) => {
    const result = resultOf(data);
    if (result?.[0] === id && source === shown && origin === target.origin) end(result[1]);
  };
  globalThis.addEventListener("message", told, { signal });

  if (popup) {
    let closed = 0;
    const look = setInterval(() => {
      closed = popup.closed && document.hasFocus() ? closed + 1 : 0;
      if (closed >= CLOSED_LOOKS) end(ReloginAnswer.Unavailable);
    }, LOOK_MS);
    whenOver(() => clearInterval(look));
    if (page.steer) page.steer(target.href, (popup.name = id));
    else popup.location.replace(target.href);
    return;
  }
  const work = () =>
    new Promise<void>((free) => {
      if (signal.aborted) return free();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.referrerPolicy = "origin";
      frame.src = target.href;
      document.documentElement.append(frame);
      shown = frame.contentWindow;
      whenOver(() => {
        frame.remove();
        setTimeout(free, SPREAD_MS);
      });
    });
  // One frame at a time in this browser; without locks, one per tab.
  const alone = () => void (signal.aborted || shown || work());
  try {
    navigator.locks.request("everlit relogin", { signal }, work).catch(alone);
  } catch {
    alone();
  }
}
