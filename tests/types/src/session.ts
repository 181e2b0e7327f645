// What a project may write, and what its compiler stops. A line under `@ts-expect-error` that compiles is a failure.

import { type Session, type SessionErrorCode, type SessionOptions, isSessionError, openSession } from "everlit";
import { openSession as openInline } from "everlit/inline";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(_: T): void => {};

export async function opening(): Promise<void> {
  const options: SessionOptions = { wasm: new URL("https://app.example/everlit.wasm"), lead: 5_000, idle: { prompt: 60_000 }, silent: ["frame", "popup"], events: false };
  using session = await openSession(options);
  same<Equal<typeof session, Session>>(true);
  const inline = await openInline({ signal: AbortSignal.timeout(1_000) });
  same<Equal<typeof inline, Session>>(true);

  // @ts-expect-error the lead is a number of milliseconds
  await openSession({ lead: "5s" });
  // @ts-expect-error there is no such way
  await openSession({ silent: ["tab"] });
  // @ts-expect-error there is no such option
  await openSession({ interval: 5 });
  await openSession({ retry: (failure, attempt) => (failure === "throttled" ? false : attempt * 1_000) });
  // @ts-expect-error failures are of five kinds
  await openSession({ retry: (failure) => failure === "timeout" });
}

export function listening(session: Session, signal: AbortSignal, listener: EventListenerOrEventListenerObject): void {
  session.addEventListener("statechange", ({ detail }) => {
    if (detail.to === "logged-out") console.log(detail.from, detail.reason, detail.sequence.toFixed());
    // @ts-expect-error there is no such state
    if (detail.to === "logged-in") return;
  }, { signal });
  session.addEventListener("healthchange", ({ detail }) => detail.score.toFixed());
  session.addEventListener("beforerelogin", (event) => event.detail.way === "popup" && event.preventDefault());
  session.addEventListener("loggedout", ({ detail }) => console.log(detail.reason), { once: true });
  session.addEventListener("my-own", (event) => { same<Equal<typeof event, Event>>(true); });
  // A function that has a `this` is called with the session.
  session.addEventListener("statechange", function ({ detail }) { same<Equal<typeof this, Session>>(true); detail.to; });
  session.removeEventListener("statechange", function ({ detail }) { same<Equal<typeof this, Session>>(true); detail.to; });
  session.addEventListener("my-own", function (event) { same<Equal<typeof this, Session>>(true); same<Equal<typeof event, Event>>(true); });
  session.removeEventListener("my-own", function (event) { same<Equal<typeof this, Session>>(true); same<Equal<typeof event, Event>>(true); });
  session.addEventListener("my-own", { handleEvent: ({ type }) => type });
  session.addEventListener("my-own", listener);
  same<Equal<EventTarget extends typeof session ? 1 : typeof session extends EventTarget ? 2 : 3, 2>>(true);
  // @ts-expect-error a refresh tells generations, not states
  session.addEventListener("refresh", ({ detail }) => detail.to);
}

export async function calling(session: Session): Promise<Response | undefined> {
  try {
    // As `fetch`: whoever takes one takes the other.
    const call: typeof fetch = session.fetch;
    return (await call("/api/orders")) ?? (await session.fetch(new Request("/api/orders"), { passthrough: true }));
  } catch (error) {
    if (!isSessionError(error)) throw error;
    same<Equal<typeof error.code, SessionErrorCode>>(true);
    if (error.code === "ERR_SESSION_LOGGED_OUT") await session.login({ returnTo: "/orders" });
    // @ts-expect-error it narrowed: another code is not possible any more
    else if (error.code === "ERR_SESSION_LOGGED_OUT") return undefined;
    // @ts-expect-error the set of codes is closed
    else if (error.code === "ERR_SESSION_NOT_ONE") return undefined;
    return undefined;
  }
}

export function looking(session: Session): string {
  // @ts-expect-error nobody but the session says where it stands
  session.state = "active";
  // @ts-expect-error a user may be nobody
  const name: string | undefined = session.user.name;
  return `${name} ${session.user?.sub} ${session.serverTime?.now} ${session.token?.generation}`;
}

export async function debugging(session: Session): Promise<void> {
  using panel = await session.debug();
  const { timeline, ...made } = await session.report();
  same<Equal<(typeof made)["everlit-report"], 1>>(true);
  for (const entry of [...timeline, ...panel.recording.timeline()]) if (entry.kind === "statechange") same<Equal<typeof entry.to, Session["state"]>>(true);
  // @ts-expect-error a report has no user
  console.log(made.snapshot.user);
}
