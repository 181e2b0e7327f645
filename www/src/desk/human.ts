/** What the desk does where only a person can go on: a dialog, a badge, a banner, and a word to the operation that waits. */

import { define } from "everlit/elements";
import { reauth } from "everlit/reauth";
import type { Session } from "everlit";
import { find } from "../page.js";
import type { Broker } from "./broker.js";
import type { Work } from "./work.js";

/** What happened, for whoever counts. */
export interface Attended {
  /** Dialogs that opened in this tab. */
  dialogs: number;
  /** Calls of this tab that wait for a person just now. */
  readonly waiting: number;
}

export function attend(session: Session, { name }: Broker, work: Work): Attended {
  const vault = `service:${name}`;
  define();
  const [badge, banner, source, dialog] = [
    document.createElement("everlit-badge"),
    document.createElement("everlit-banner"),
    document.createElement("everlit-source"),
    document.createElement("everlit-reauth"),
  ];
  badge.vault = vault;
  banner.vault = `login ${vault}`;
  source.upstream = name;
  for (const element of [badge, banner, source, dialog]) element.session = session;
  find("#standing").append(badge);
  find("#above").append(banner);
  find("#source").append(source);
  document.body.append(dialog);

  const asking = reauth(session);
  const its = () => asking.asked.find((one) => one.vault === vault);
  const attended = {
    dialogs: 0,
    get waiting() {
      return its()?.waiting ?? 0;
    },
  };
  let isOpen = false;
  const changed = () => {
    const asked = its();
    const opens = asked?.open === true;
    if (opens && !isOpen) attended.dialogs += 1;
    isOpen = opens;
    if (asked && asked.phase !== "done") work.waits();
  };
  asking.addEventListener("change", changed);
  changed();
  return attended;
}
