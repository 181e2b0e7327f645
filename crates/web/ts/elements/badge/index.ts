import type { Session } from "../../session.js";
import { type View, defineAs } from "../base.js";
import { type Watched, Watching, watch } from "../watch.js";
import STYLE from "./style.css";
import { type BadgeTexts, TEXTS } from "./texts.js";
import { SOON_MS, URGENT_MS, view } from "./view.js";

export type { BadgeTexts } from "./texts.js";

/**
 * `<everlit-badge vault="service:breeze">`: how long the token of a vault lives, in colour and in words. Without `vault` that of the login. Attributes
 * `soon` and `urgent` are the seconds left at which the colour changes: 10,800 and 3,600, as suits brokers whose tokens live for a day.
 */
export class EverlitBadge extends Watching<BadgeTexts> {
  /** @internal */
  static readonly observedAttributes = ["vault", "soon", "urgent", "lang"];
  #watched: Watched | undefined;

  /** @internal */
  constructor() {
    super(STYLE);
  }

  /** @internal */
  protected listen(session: Session, signal: AbortSignal): void {
    this.#watched = watch(session, this.vault, signal, () => this.update());
  }

  /** @internal */
  protected view(_: Session, now: number): View {
    return view({ standing: this.#watched!(now), soon: this.#limit("soon", SOON_MS), urgent: this.#limit("urgent", URGENT_MS), texts: this.say(TEXTS) }, now);
  }

  /** Of an attribute that is no number nothing is known. */
  #limit(name: string, otherwise: number): number {
    const seconds = Number.parseFloat(`${this.getAttribute(name)}`);
    return seconds >= 0 ? seconds * 1_000 : otherwise;
  }
}

/** Defines `<everlit-badge>`. */
export const define = (): void => defineAs("everlit-badge", EverlitBadge);

declare global {
  interface HTMLElementTagNameMap {
    "everlit-badge": EverlitBadge;
  }
}
