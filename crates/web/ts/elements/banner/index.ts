import type { Session } from "../../session.js";
import type { Idle } from "../../types.js";
import { type View, defineAs } from "../base.js";
import type { Standing } from "../standing.js";
import { type Watched, Watching, watch } from "../watch.js";
import { type Facts, type Memory, NOTHING, step } from "./machine.js";
import STYLE from "./style.css";
import { type BannerTexts, TEXTS } from "./texts.js";
import { view } from "./view.js";

export type { BannerTexts } from "./texts.js";

/** Under which name the page that a login ends on knows that it may close its window. */
const POPUP = "everlit popup";

/**
 * `<everlit-banner vault="login service:breeze">`: what a user has to know of the session, and a button where one helps. Says nothing while nothing is
 * wrong. `vault` names what it is about, parted by spaces; without it that is the login.
 */
export class EverlitBanner extends Watching<BannerTexts> {
  /** @internal */
  static readonly observedAttributes = ["vault", "lang", "zone"];
  #watched: readonly Watched[] = [];
  #memory: Memory = NOTHING;
  #idleEndsAt: number | undefined;
  #busy = false;

  /** @internal */
  constructor() {
    super(STYLE);
  }

  /** @internal */
  protected listen(session: Session, signal: AbortSignal): void {
    const changed = () => this.update();
    this.#memory = NOTHING;
    this.#watched = this.vault.split(/\s+/).filter(Boolean).map((vault) => watch(session, vault, signal, changed));
    for (const type of ["statechange", "idle"]) session.addEventListener(type, changed, { signal });
    session.addEventListener(
      "idleprompt",
      ({ detail }: CustomEvent<Idle>) => {
        this.#idleEndsAt = this.now + detail.left;
        changed();
      },
      { signal },
    );
    for (const type of ["online", "offline"]) addEventListener(type, changed, { signal });
  }

  /** @internal */
  protected view(session: Session, now: number): View {
    const { state, presence, problem } = session;
    const standings = this.#watched.flatMap((standing) => standing(now) ?? []);
    const facts: Facts = { online: navigator.onLine, state, presence, problem: problem?.code, idleEndsAt: this.#idleEndsAt, standings };
    this.#memory = step(this.#memory, facts, now);
    const { shown } = this.#memory;
    return view({ memory: this.#memory, facts, busy: this.#busy, place: this.place(shown?.standing?.provider), texts: this.say(TEXTS) }, now);
  }

  /** @internal */
  protected override act(what: string, event: Event): void {
    const { session } = this;
    if (this.#busy || !session) return;
    const { kind, standing } = this.#memory.shown ?? {};
    // The page stays: there is a dialog in it, or a window comes. Else it is the link that it is.
    if (what === "go" && ((kind === "expired" && opens(session, standing!)) || open((event.target as HTMLAnchorElement).href, POPUP, "popup,width=480,height=640"))) event.preventDefault();
    if (what === "stay") session.activity();
    if (what === "login") void this.#login(session, standing!);
    if (what === "retry") {
      this.#busy = true;
      session.refresh().catch(() => {}).finally(() => {
        this.#busy = false;
        this.update();
      });
      this.update();
    }
  }

  /** In a popup, so that the page stays; where none opens, the page goes there. */
  async #login(session: Session, { vault, provider }: Standing): Promise<void> {
    if (vault !== "login") return session.link(provider);
    await session.loginPopup().catch((error: unknown) => {
      if ((error as { code?: unknown }).code === "ERR_SESSION_POPUP") return session.login();
    });
  }
}

/** Opens the dialog though no call waits, as a call does that waits no longer. Whether there is one. */
function opens(session: Session, { vault, provider }: Standing): boolean {
  let is = false;
  const detail = { vault, provider, signal: AbortSignal.abort() };
  session.dispatchEvent(Object.assign(new CustomEvent("reauth", { detail }), { waitUntil: () => (is = true) }));
  return is;
}

/** Defines `<everlit-banner>`. */
export const define = (): void => defineAs("everlit-banner", EverlitBanner);

declare global {
  interface HTMLElementTagNameMap {
    "everlit-banner": EverlitBanner;
  }
}
