import type { Desk } from "../desk.js";
import { join } from "../reauth/channel.js";
import type { Session } from "../session.js";
import { clockOf } from "../store/clock.js";
import { EverlitElement } from "./base.js";
import { type Standing, ofSession, ofStatus } from "./standing.js";

/** How often the Worker is asked while the page is seen. */
const EVERY_MS = 60_000;
/** What changes where a login, and what is linked to it, stand. */
const EVENTS = ["statechange", "providerchange", "refresh", "loggedout"];

/** Where a vault stands now. Nothing while that is not known. */
export type Watched = (now: number) => Standing | undefined;

/** One that several watch, and who hears of it. */
interface Shared {
  readonly stands: Watched;
  readonly all: Set<() => void>;
  readonly over: AbortController;
}
const shared = new WeakMap<Session, Map<string, Shared>>();

/** Watches one vault until the signal says so, and says when it has changed. However many do, the Worker is asked once. */
export function watch(session: Session, vault: string, signal: AbortSignal, changed: () => void): Watched {
  for (const type of EVENTS) session.addEventListener(type, changed, { signal });
  if (!vault.startsWith("service:")) return (now) => ofSession(session, vault, now);
  if (!shared.has(session)) shared.set(session, new Map());
  const vaults = shared.get(session)!;
  if (!vaults.has(vault)) vaults.set(vault, begin(session, vault));
  const { stands, all, over } = vaults.get(vault)!;
  all.add(changed);
  signal.addEventListener("abort", () => {
    all.delete(changed);
    if (all.size) return;
    vaults.delete(vault);
    over.abort();
  });
  return stands;
}

/** Watches the status of a service. */
function begin(session: Session, vault: string): Shared {
  const all: Shared["all"] = new Set();
  const over = new AbortController();
  const { signal } = over;
  let known: Standing | undefined;
  let asking = false;
  let ended: number | undefined;
  let channel: ReturnType<typeof join> | undefined;
  const ask = async (desk: Desk) => {
    if (signal.aborted) return;
    if (!channel) {
      // Somebody has logged in, here or in another tab.
      channel = (desk.join ?? join)((said) => Object(said).vault === vault && soon());
      desk.life({ on: soon, restored: soon, left() {} }, signal);
    }
    if (asking || desk.page.hidden()) return;
    asking = true;
    const { status, body } = await desk.ask(`/service/${vault.slice(8)}/status`, signal);
    asking = false;
    // Who may not know is told nothing. What was known stays known while nobody answers.
    if (status === 200 || /^40[134]$/.test(`${status}`)) known = ofStatus(vault, body);
    all.forEach((changed) => changed());
  };
  const soon = () => session.desk().then(ask, () => {});
  const stop = clockOf(session).every(EVERY_MS, soon);
  signal.addEventListener("abort", () => {
    stop();
    channel?.leave();
  });
  void soon();
  const stands = (now: number) => {
    const { word, endsAt = Infinity } = known ?? {};
    // What has just ended may have been renewed. It is asked once: a Worker that says the same again is not to be asked without end.
    if (word === "valid" && endsAt <= now && ended !== endsAt) {
      ended = endsAt;
      void soon();
    }
    return known;
  };
  return { stands, all, over };
}

/** An element about vaults that its attribute names. */
export abstract class Watching<Texts extends object> extends EverlitElement<Texts> {
  /** Which vault: `login`, `linked:<provider>` or `service:<name>`. */
  get vault(): string {
    return this.getAttribute("vault") ?? "login";
  }

  set vault(vault: string) {
    this.setAttribute("vault", vault);
  }
}
