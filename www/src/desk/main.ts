import "./desk.css";

import { type Session, isSessionError, openSession } from "everlit";
import { byTestId, find, say } from "../page.js";
import { ERRORS, SCENES, type Scene } from "../words.js";
import { breeze } from "./breeze.js";
import type { Broker } from "./broker.js";
import { Calls } from "./calls.js";
import { layOut, showCourse, showQuote } from "./prices.js";
import { upstox } from "./upstox.js";
import { Watch } from "./watch.js";
import { clock } from "./words.js";
import { Work } from "./work.js";

declare global {
  /** For the console, and for whoever counts what became of each call. */
  var desk: { readonly session: Session; readonly calls: Calls; readonly broker: Broker };
}

const login = byTestId<HTMLButtonElement>("login");
const logout = byTestId<HTMLButtonElement>("logout");

/** Who is at the desk, or how to get there. */
function show(session: Session): void {
  const isIn = session.user !== undefined;
  document.documentElement.dataset.session = session.state;
  find("#desk").hidden = !isIn;
  find("#door").hidden = isIn;
  logout.hidden = !isIn;
  login.hidden = isIn || session.state === "resuming";
  say(byTestId("user"), session.user?.name ?? session.user?.sub ?? "");
  if (!isIn) words(session.state);
}

/** In the place of what the demo says of signing in. */
const WELCOME = {
  headline: "A desk that waits for you",
  lead: "Sign in. When the broker’s day ends in the middle of your work, one dialog asks for you, and the work goes on where it was.",
};

function words(scene: Scene, special?: string): void {
  const { headline, lead } = scene === "logged-out" ? WELCOME : SCENES[scene];
  say(find("#headline"), headline);
  say(find("#lead"), special ?? lead);
}

/** The broker that this Worker leads to: the first whose upstream the session knows. */
async function brokerOf(calls: Calls): Promise<Broker> {
  const known = [breeze(calls), upstox(calls)];
  const asked = new URLSearchParams(location.search).get("broker");
  return known.find(({ name }) => name === asked) ?? known[0]!;
}

async function open(): Promise<void> {
  const session = await openSession();
  session.addEventListener("statechange", () => show(session));
  login.addEventListener("click", () => void session.login());
  logout.addEventListener("click", () => void session.logout());
  show(session);
  const calls = new Calls(session);
  const broker = await brokerOf(calls);
  globalThis.desk = { session, calls, broker };
  say(find("#broker"), broker.title);
  layOut();
  new Work(broker);
  watch(session, broker);
}

function watch(session: Session, broker: Broker): void {
  const age = find("#age");
  const watching = new Watch(
    broker,
    {
      quote: (quote) => {
        showQuote(quote);
        say(age, `Updated ${clock(new Date())}`);
      },
      course: showCourse,
      trouble: (why) => why && say(age, why),
      paused: () => say(age, "Paused"),
    },
    new AbortController().signal,
  );
  const begin = () => session.user && watching.resume();
  session.addEventListener("statechange", begin);
  begin();
}

try {
  await open();
} catch (error) {
  words("broken", isSessionError(error) ? ERRORS[error.code] : String(error));
  console.error(error);
}
