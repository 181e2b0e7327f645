import { clockOf } from "../store/clock.js";
import { assertSession } from "../reauth/wanted.js";
import type { Session } from "../session.js";
import { type View, patch } from "./draw.js";
import STYLE from "./style.css";
import { type Place, zoneOf } from "./words.js";

// On a server there is none, and nothing is defined there.
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

const sheets = new Map<string, CSSStyleSheet>();
/** A style sheet that is made, and not written into the document: no policy has to allow it. */
const sheetOf = (text: string) => {
  let sheet = sheets.get(text);
  if (!sheet) {
    sheets.set(text, (sheet = new CSSStyleSheet()));
    sheet.replaceSync(text);
  }
  return sheet;
};

/** Nothing that is shown is more exact. */
const TICK_MS = 1_000;

/** What all elements have: a session, texts, and a shadow root that is drawn when something has changed, or is another thing by now. */
export abstract class EverlitElement<Texts extends object> extends Base {
  readonly #root: ShadowRoot;
  #session: Session | undefined;
  #texts: Partial<Texts> = {};
  #over: AbortController | undefined;
  #stop: (() => void) | undefined;
  #due = false;

  /** @internal */
  constructor(style: string) {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    this.#root.adoptedStyleSheets = [sheetOf(STYLE), sheetOf(style)];
    const act = (event: Event) => {
      const what = (event.target as Element).closest(event.type === "submit" ? "form" : "a,button")?.getAttribute("data-do");
      if (what) this.act(what, event);
    };
    for (const type of ["click", "submit"]) this.#root.addEventListener(type, act);
  }

  /** The session that it is about. Until it has one it shows nothing. */
  get session(): Session | undefined {
    return this.#session;
  }

  set session(session: Session | undefined) {
    if (this.#session === session) return;
    if (session) assertSession(session);
    this.#session = session;
    this.restart();
  }

  /** Texts in the place of the English ones; each that is not given stays as it is. */
  get texts(): Partial<Texts> {
    return this.#texts;
  }

  set texts(texts: Partial<Texts>) {
    this.#texts = texts ?? {};
    this.update();
  }

  /** @internal */
  connectedCallback(): void {
    // What was given before the element was defined hides what is defined.
    const own = this as unknown as { [name: string]: unknown };
    for (const name of ["session", "texts", "reauth", "vault", "upstream"]) {
      if (!Object.hasOwn(this, name)) continue;
      const given = own[name];
      delete own[name];
      own[name] = given;
    }
    if (!this.#session || !this.isConnected || this.#over) return;
    this.#over = new AbortController();
    this.listen(this.#session, this.#over.signal);
    this.update();
  }

  /** @internal */
  disconnectedCallback(): void {
    this.#over?.abort();
    this.#rest();
    this.#over = undefined;
    this.update();
  }

  /** @internal */
  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (name === "vault" && before !== now) this.restart();
    else this.update();
  }

  /** Listens anew: to another session, or about another vault. @internal */
  protected restart(): void {
    this.disconnectedCallback();
    this.connectedCallback();
  }

  /** Draws anew, with whatever else changes in this turn. @internal */
  protected update(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      const [kids, ticks] = this.#over ? this.view(this.#session!, this.now) : [[], false];
      patch(this.#root, kids);
      this.shown(this.#root);
      this.#rest();
      if (ticks) this.#stop = clockOf(this.#session!).every(TICK_MS, () => this.update());
    });
  }

  /** Is drawn only when something has changed. */
  #rest(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** All texts, with those of the app in their places. @internal */
  protected say(texts: Texts): Texts {
    return { ...texts, ...this.#texts };
  }

  /** What time it is for the Worker: Unix time in milliseconds. @internal */
  protected get now(): number {
    return this.#session?.serverTime?.now ?? Date.now();
  }

  /** Whose clocks are read: with those of this provider. @internal */
  protected place(provider?: string): Place {
    const locale = this.closest<HTMLElement>("[lang]")?.lang;
    const zone = this.getAttribute("zone") ?? zoneOf(provider);
    return { ...(locale && { locale }), ...(zone && { theirs: zone }) };
  }

  /** What it listens to while it is in a document. @internal */
  protected abstract listen(session: Session, signal: AbortSignal): void;
  /** What it shows. @internal */
  protected abstract view(session: Session, now: number): View;
  /** What is to be done when something was clicked or handed in. @internal */
  protected act(_what: string, _event: Event): void {}
  /** What a description cannot say. @internal */
  protected shown(_root: ShadowRoot): void {}
}

/** Defines an element, unless it is there: another copy of the package may have been first. */
export function defineAs(name: string, element: CustomElementConstructor): void {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}
