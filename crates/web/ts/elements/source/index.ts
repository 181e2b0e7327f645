import type { Session } from "../../session.js";
import { sourcesOf } from "../../fallback/source.js";
import type { SourceChange } from "../../fallback/types.js";
import { EverlitElement, type View, defineAs } from "../base.js";
import STYLE from "./style.css";
import { type SourceTexts, TEXTS } from "./texts.js";
import { view } from "./view.js";

export type { SourceTexts } from "./texts.js";

/**
 * `<everlit-source upstream="quotes">`: says that a fallback answers, since when and why, and goes when the primary source does again. Without `upstream`
 * it is about all of them.
 */
export class EverlitSource extends EverlitElement<SourceTexts> {
  /** @internal */
  static readonly observedAttributes = ["upstream", "lang"];
  /** @internal */
  constructor() {
    super(STYLE);
  }

  /** Which upstream, by its name in the Worker's configuration. */
  get upstream(): string | null {
    return this.getAttribute("upstream");
  }

  set upstream(upstream: string | null) {
    if (upstream === null) this.removeAttribute("upstream");
    else this.setAttribute("upstream", upstream);
  }

  /** @internal */
  protected listen(session: Session, signal: AbortSignal): void {
    session.addEventListener(
      "sourcechange",
      ({ detail }: CustomEvent<SourceChange>) => {
        sourcesOf(session).set(detail.upstream, detail);
        this.update();
      },
      { signal },
    );
  }

  /** @internal */
  protected view(session: Session, now: number): View {
    const { upstream } = this;
    const told = [...sourcesOf(session).values()].filter((each) => upstream === null || each.upstream === upstream);
    return view({ told, place: this.place(), texts: this.say(TEXTS) }, now);
  }
}

/** Defines `<everlit-source>`. */
export const define = (): void => defineAs("everlit-source", EverlitSource);

declare global {
  interface HTMLElementTagNameMap {
    "everlit-source": EverlitSource;
  }
}
