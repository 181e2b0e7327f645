import type { Session } from "../../session.js";
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
  readonly #told = new Map<string, SourceChange>();

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
    this.#told.clear();
    session.addEventListener(
      "sourcechange",
      ({ detail }: CustomEvent<SourceChange>) => {
        this.#told.set(detail.upstream, detail);
        this.update();
      },
      { signal },
    );
  }

  /** @internal */
  protected view(_: Session, now: number): View {
    const { upstream } = this;
    const told = [...this.#told.values()].filter((each) => upstream === null || each.upstream === upstream);
    return view({ told, place: this.place(undefined), texts: { ...TEXTS, ...this.texts } }, now);
  }
}

/** Defines `<everlit-source>`. */
export const define = (): void => defineAs("everlit-source", EverlitSource);

declare global {
  interface HTMLElementTagNameMap {
    "everlit-source": EverlitSource;
  }
}
