import { useCallback, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import type { Asked, Reauth } from "../reauth/types.js";
import type { Session } from "../session.js";
import { clockOf } from "../store/clock.js";
import { BEFORE, type Snapshot } from "../store/snapshot.js";
import type { Provider, SessionHealth, SessionState, User } from "../types.js";
import { SourceContext } from "./provider.js";

/** What can be counted down to: the end of the session for want of activity, the end of the token, the next refresh. */
export type Countdown = "idle" | "token" | "refresh";

/** The question whether the user is still there. */
export interface IdlePrompt {
  /** Whether it is to be asked: the session ends soon. Only with the option `idle.prompt` of the session. */
  readonly prompted: boolean;
  /** Milliseconds until it ends, in whole seconds. Nothing while it is not to be asked. */
  readonly left: number | undefined;
  /** The user is there: the session goes on. */
  readonly stay: () => void;
}

const useSource = () => {
  const source = useContext(SourceContext);
  if (!source) throw new Error("everlit/react: a hook is used outside of <SessionProvider>; render one around this component");
  return source;
};

/** What is read of the session, and on a server of a session that is not there yet. */
const useRead = <T>(read: (snapshot: Snapshot) => T): T => {
  const { subscribe, snapshot } = useSource();
  return useSyncExternalStore(subscribe, () => read(snapshot()), () => read(BEFORE));
};

/** The session, to call its methods. Nothing on a server, and until it is open. It changes nothing when the session does. */
export function useSession(): Session | undefined {
  const { subscribe, session } = useSource();
  return useSyncExternalStore(subscribe, session, () => undefined);
}

/** Where the session stands; `resuming` on a server, and until it is open. */
export function useSessionState(): SessionState {
  return useRead(({ state }) => state);
}

/** Who is logged in. Nothing while that is not known. */
export function useUser(): User | undefined {
  return useRead(({ user }) => user);
}

/** One of the providers that the Worker knows of, by its name there, and where its grant stands. */
export function useProvider(name: string): Provider | undefined {
  return useRead(({ providers }) => providers.find((provider) => provider.name === name));
}

/** How the session is doing. */
export function useHealth(): SessionHealth {
  return useRead(({ health }) => health);
}

/** Milliseconds from now, of each thing to count down to. */
const LEFT: { readonly [what in Countdown]: (session: Session, snapshot: Snapshot) => number | undefined } = {
  idle: (session, { idleEndsAt }) => idleEndsAt && Math.max(0, idleEndsAt - clockOf(session).now()),
  token: ({ token }) => token?.expiresIn,
  refresh: ({ refreshIn }) => refreshIn,
};

/** Nobody sees more, and what changes while React renders would never come to rest. */
const SHORTEST_MS = 50;

/**
 * Milliseconds left, rounded up to whole intervals, so that a component renders once in each. Nothing while there is nothing
 * to count down to: `idle` counts only while the user is asked for.
 *
 * @param every the interval: milliseconds, 1,000 if it is not given, and 50 if it is less
 */
export function useCountdown(what: Countdown, every = 1000): number | undefined {
  const source = useSource();
  const left = LEFT[what];
  if (!left || !(every > 0 && every < Infinity)) {
    throw new TypeError(
      `useCountdown(${JSON.stringify(what)}, ${every}): takes "idle", "token" or "refresh", and milliseconds above 0`,
    );
  }
  const interval = Math.max(every, SHORTEST_MS);
  const session = useSession();
  // Nothing counts down most of the time, and then no timer is to run for it. The store says when the user is asked for.
  const counts = useRead(({ presence }) => what !== "idle" || presence === "prompted") && session;
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = [source.subscribe(listener)];
      if (counts) stops.push(clockOf(counts).every(interval, listener));
      return () => stops.forEach((stop) => stop());
    },
    [source, counts, interval],
  );
  const read = () => {
    const now = session && left(session, source.snapshot());
    return now === undefined ? now : Math.ceil(now / interval) * interval;
  };
  return useSyncExternalStore(subscribe, read, () => undefined);
}

/** Whether to ask the user if they are still there, how long they have, and how to say that they are. */
export function useIdlePrompt(): IdlePrompt {
  const prompted = useRead(({ presence }) => presence === "prompted");
  const left = useCountdown("idle");
  const session = useSession();
  return useMemo(() => ({ prompted, left, stay: () => session?.activity() }), [prompted, left, session]);
}

/** What only a person can mend, and what they can do about it. */
export interface ReauthView extends Pick<Reauth, "openLogin" | "submit" | "askApproval" | "cancel"> {
  /** One for each vault that needs a person, oldest first. Show those that are `open`. */
  readonly asked: readonly Asked[];
}

const NOBODY: readonly Asked[] = [];

/**
 * What only a person can mend, for a dialog of the app's own; from `everlit/reauth`, which is loaded when this is used first. From then on calls that
 * need a person wait, so use it in a component that is always there. Nothing until that is loaded, and on a server.
 */
export function useReauth(): ReauthView | undefined {
  const session = useSession();
  const [people, come] = useState<Reauth>();
  useEffect(() => {
    if (session) import("../reauth/index.js").then(({ reauth }) => come(reauth(session)));
  }, [session]);
  const subscribe = useCallback(
    (listener: () => void) => {
      people?.addEventListener("change", listener);
      return () => people?.removeEventListener("change", listener);
    },
    [people],
  );
  const asked = useSyncExternalStore(subscribe, () => people?.asked ?? NOBODY, () => NOBODY);
  // Its methods are its own, and need no `this`.
  return useMemo(() => people && { ...people, asked }, [people, asked]);
}
