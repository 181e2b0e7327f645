import "./desk.css";
import "./prices.css";
import "./work.css";

import { type Session, isSessionError, openSession } from "everlit";
import { byTestId, find, say } from "../page.js";
import { ERRORS, SCENES, type Scene } from "../words.js";
import { breeze } from "./breeze.js";
import type { Broker } from "./broker.js";
import { Calls } from "./calls.js";
import { type Attended, attend } from "./human.js";
import { layOut, showCourse, showQuote } from "./prices.js";
import { enterStage } from "./stage.js";
import { upstox } from "./upstox.js";
import { Watch } from "./watch.js";
import { clock } from "./words.js";
import { Work } from "./work.js";

declare global {
  /** For the console, and for whoever counts what became of each call. */
  var desk: { readonly session: Session; readonly calls: Calls; readonly attended: Attended };
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

/** Which broker it is at: as the address says, else the first. */
function brokerOf(calls: Calls): Broker {
  const asked = new URLSearchParams(location.search).get("broker");
  return asked === "upstox" ? upstox(calls) : breeze(calls);
}

async function open(): Promise<void> {
  await enterStage();
  const session = await openSession();
  const calls = new Calls(session);
  const broker = brokerOf(calls);
  layOut();
  const watch = watchOf(broker);
  const work = new Work(broker, () => watch.resume(), () => watch.pause());
  const attended = attend(session, broker, work);
  globalThis.desk = { session, calls, attended };
  session.addEventListener("statechange", () => {
    show(session);
    if (session.user) watch.resume();
  });
  login.addEventListener("click", () => void session.login());
  logout.addEventListener("click", () => void session.logout());
  show(session);
  if (session.user) watch.resume();
}

function watchOf(broker: Broker): Watch {
  const age = find("#age");
  const resume = byTestId<HTMLButtonElement>("resume");
  const watch = new Watch(
    broker,
    {
      quote: (quote) => {
        resume.hidden = true;
        showQuote(quote);
        say(age, `Updated ${clock(new Date())}`);
      },
      course: showCourse,
      trouble: (why) => {
        if (why) say(age, why);
      },
      paused: () => {
        say(age, "Prices are paused.");
        resume.hidden = false;
      },
    },
    new AbortController().signal,
  );
  resume.addEventListener("click", () => watch.resume());
  return watch;
}

try {
  await open();
} catch (error) {
  words("broken", isSessionError(error) ? ERRORS[error.code] : String(error));
  console.error(error);
}
