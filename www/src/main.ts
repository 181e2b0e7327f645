import "./style.css";
import "./parts.css";
import "./lamp.css";

import { type Session, isSessionError, openSession } from "everlit";
import { showLamp } from "./lamp.js";
import { record } from "./log.js";
import { callOrders, clearOrders } from "./orders.js";
import { byTestId, find, say } from "./page.js";
import { ERRORS, MISCONFIGURED, OUTDATED, REASONS, SCENES, type Scene, UNKNOWN, span } from "./words.js";

declare global {
  /** For the console. */
  var session: Session;
}

const state = byTestId("state");
const login = byTestId<HTMLButtonElement>("login");
const refresh = byTestId<HTMLButtonElement>("refresh");
const logout = byTestId<HTMLButtonElement>("logout");
const orders = byTestId<HTMLButtonElement>("call-orders");
const notice = find("#notice");
const detail = find("#detail");

/** How often a countdown moves. */
const TICK_MS = 500;

/** The words that fit best, and what is special about them. */
function wordsOf(session: Session): { headline: string; lead: string; detail?: string | undefined } {
  if (session.state !== "degraded") return SCENES[session.state];
  const { problem, token } = session;
  if (problem?.code === "misconfigured") return { ...MISCONFIGURED, detail: problem.detail ?? problem.title };
  if (problem?.code === "unsupported_version") return OUTDATED;
  return token?.expiresIn ? SCENES.degraded : UNKNOWN;
}

/** Everything that changes with the state. */
function show(session: Session): void {
  const { user, token } = session;
  const words = wordsOf(session);
  showWords(words.headline, words.lead, words.detail);

  const out = session.state === "logged-out";
  const asks = out || session.state === "ended" || session.state === "reauth-required";
  const card = find("#session");
  const wasIn = card.contains(document.activeElement);
  login.hidden = !asks && session.state !== "logging-in";
  login.disabled = session.state === "logging-in";
  // Also while nobody knows whose session it is: whoever is logged in can log out.
  card.hidden = !user && !token && (session.state !== "resuming" || card.hidden);
  find("#promises").hidden = !out;
  // Where there is no token, nothing can be done with it.
  for (const element of [orders, refresh, ...document.querySelectorAll<HTMLElement>("[data-of-token]")]) element.hidden = !token;
  document.documentElement.toggleAttribute("data-known", !!user);
  document.documentElement.toggleAttribute("data-token", !!token);
  // Whoever has just used a button that is gone goes on with the one that took its place.
  if (wasIn && !user && asks) login.focus();

  say(byTestId("user"), user ? [user.name ?? user.sub, user.email].filter(Boolean).join(", ") : "–");
  say(byTestId("generation"), token ? `${token.generation}` : "–");
  if (!user) {
    clearOrders();
    say(notice, "");
  }
  tick(session);
}

function showWords(headline: string, lead: string, special = ""): void {
  // A screen reader hears of what changed for a person, not of every refresh.
  if (find("#headline").textContent !== headline) say(find("#announcer"), `${headline}. ${lead} ${special}`);
  say(find("#headline"), headline);
  say(find("#lead"), lead);
  say(detail, special);
  detail.hidden = !special;
}

/** Everything that changes with time. */
function tick(session: Session): void {
  const { token, refreshIn } = session;
  const asking = session.state === "refreshing" || session.state === "resuming";
  say(byTestId("countdown"), asking ? "now" : refreshIn === undefined ? "–" : span(refreshIn));
  say(find("#ends"), token ? span(token.expiresIn) : "–");
  say(find("#lifetime"), token ? `of ${span(token.lifetime)}` : "");
  showLamp(session);
}

/** The state for style sheets and tests, each one that came, in its order. */
function mirror(scene: Scene): void {
  document.documentElement.dataset.session = scene;
  say(state, scene);
}

/** Does what a button is for, says what went wrong, and keeps it from being pressed twice meanwhile. */
function onPress(button: HTMLButtonElement, task: () => Promise<void>): void {
  button.addEventListener("click", async () => {
    if (button.ariaBusy === "true") return;
    button.ariaBusy = "true";
    say(notice, "");
    try {
      await task();
    } catch (error) {
      say(notice, isSessionError(error) ? ERRORS[error.code] : `That did not work: ${String(error)}`);
    } finally {
      button.ariaBusy = null;
    }
  });
}

async function open(): Promise<void> {
  const session = (globalThis.session = await openSession());
  mirror(session.state);
  record({ from: "resuming", to: session.state, why: "the page was opened" });
  show(session);
  session.addEventListener("statechange", ({ detail: { from, to, reason } }) => {
    mirror(to);
    record({ from, to, why: REASONS[reason] });
    show(session);
  });
  session.addEventListener("refresh", () => {
    show(session);
    // Shown once more from the beginning: a new token lights up.
    find(".halo").getAnimations().forEach((animation) => (animation.currentTime = 0));
  });
  onPress(login, () => session.login());
  onPress(orders, () => callOrders(session));
  onPress(refresh, async () => {
    const before = session.token?.generation;
    await session.refresh();
    if (session.token?.generation === before) say(notice, "This token is only seconds old: within ten seconds of one there is no newer.");
  });
  onPress(logout, () => session.logout());
  setInterval(() => {
    if (!document.hidden) tick(session);
  }, TICK_MS);
}

try {
  await open();
} catch (error) {
  mirror("broken");
  const { headline, lead } = SCENES.broken;
  showWords(headline, lead, isSessionError(error) ? ERRORS[error.code] : String(error));
  console.error(error);
}
