import { ReloginAnswer, Way } from "./abi.js";
import type { Page } from "./page.js";
import { openPopup } from "./popup.js";

/** Logs in again without a form, and says how that ended. What is given up by the signal is not answered; a busy page is not left. */
export type Relogin = (way: Way, page: Page, signal: AbortSignal, answered: (answer: ReloginAnswer) => void, busy: () => boolean) => void;

/** A popup is opened in this very turn, which is the user's gesture; all else is in a chunk that is seldom needed. */
export const relogin: Relogin = (way, page, signal, answered, busy) => {
  const popup = way === Way.Popup ? openPopup() : undefined;
  if (popup === null) return answered(ReloginAnswer.Unavailable);
  import("./silent.js").then(
    ({ silent }) => silent(way, popup, page, signal, answered, busy),
    () => {
      popup?.close();
      answered(ReloginAnswer.Failed);
    },
  );
};
