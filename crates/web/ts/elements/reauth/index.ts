import { type Asked, type Reauth, reauth } from "../../reauth/index.js";
import type { Session } from "../../session.js";
import { EverlitElement, type View, defineAs } from "../base.js";
import STYLE from "./style.css";
import { type ReauthTexts, TEXTS } from "./texts.js";
import { ofField, view } from "./view.js";

export type { ReauthTexts } from "./texts.js";

/**
 * `<everlit-reauth>`: the one dialog for what only a person can mend. It opens by itself when a call needs that and the tab is seen, and closes by
 * itself when there is a token again, wherever that came from. Put one into a page, and give it the session.
 */
export class EverlitReauth extends EverlitElement<ReauthTexts> {
  /** @internal */
  static readonly observedAttributes = ["lang", "zone"];
  #reauth: Reauth | undefined;
  #given: Reauth | undefined;
  #cancelled: number | undefined;
  #shown: Asked | undefined;

  /** @internal */
  constructor() {
    super(STYLE);
  }

  /** What it shows and asks. That of the session, unless the app gives another one. */
  get reauth(): Reauth | undefined {
    return this.#given ?? this.#reauth;
  }

  set reauth(given: Reauth | undefined) {
    this.#given = given;
    this.restart();
  }

  /** @internal */
  protected listen(session: Session, signal: AbortSignal): void {
    this.#reauth = this.#given ?? reauth(session);
    this.#reauth.addEventListener("change", () => this.update(), { signal });
  }

  /** @internal */
  protected view(_: Session, now: number): View {
    const asked = this.#reauth!.asked.find(({ open }) => open);
    if (asked) this.#cancelled = undefined;
    const place = this.place(asked?.provider);
    return view({ asked, cancelled: this.#cancelled, place, texts: this.say(TEXTS) }, now);
  }

  /** @internal */
  protected override shown(root: ShadowRoot): void {
    const asked = this.isConnected ? this.#reauth?.asked.find(({ open }) => open) : undefined;
    const before = this.#shown;
    this.#shown = asked;
    const dialog = root.querySelector("dialog");
    if (!dialog) return;
    if (!dialog.onclose) {
      dialog.oncancel = (event) => {
        event.preventDefault();
        this.act("cancel");
      };
      // A browser closes it all the same when it was asked twice.
      dialog.onclose = () => this.#shown && this.act("cancel");
    }
    if (!asked) return dialog.close();
    if (!dialog.open) dialog.showModal();
    else if (!root.activeElement) root.querySelector<HTMLElement>("[autofocus]")?.focus();
    if (asked.problem && asked.problem !== before?.problem && ofField(asked)) this.#retype(root);
  }

  /** What was typed is kept, and what is typed next goes into its place. */
  #retype(root: ParentNode): void {
    const field = root.querySelector("input");
    field?.focus();
    field?.select();
  }

  /** @internal */
  protected override act(what: string, event?: Event): void {
    const asked = this.#shown;
    const reauth = this.#reauth;
    if (!asked || !reauth) return;
    const { vault, phase, waiting } = asked;
    if (what === "cancel") {
      this.#cancelled = phase === "done" ? undefined : waiting;
      reauth.cancel(vault);
      return this.update();
    }
    if (what === "submit") event!.preventDefault();
    // It is looked at already.
    if (phase === "updating" || phase === "done") return;
    if (what === "login") reauth.openLogin(vault);
    if (what === "ask") void reauth.askApproval(vault);
    if (what === "leave") void (vault.startsWith("linked:") ? this.session!.link(vault.slice(7)) : this.session!.login());
    if (what === "submit") void reauth.submit(vault, (event!.target as Element).querySelector("input")!.value);
  }
}

/** Defines `<everlit-reauth>`. */
export const define = (): void => defineAs("everlit-reauth", EverlitReauth);

declare global {
  interface HTMLElementTagNameMap {
    "everlit-reauth": EverlitReauth;
  }
}
