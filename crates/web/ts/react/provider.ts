import { type ReactElement, type ReactNode, createContext, createElement, useEffect, useMemo, useRef, useState } from "react";
import type { Session } from "../session.js";
import type { SessionOptions } from "../types.js";
import { rest, take } from "./resting.js";
import { type Source, createSource } from "./source.js";

/** What a provider takes: a session that the app has opened or is about to, or how to open one. */
export type SessionProviderProps = {
  /**
   * What can use the hooks.
   * @default nothing
   * @reason hooks find the session by the provider around them
   */
  readonly children?: ReactNode;
  /**
   * Hears why no session could be opened, as a rule a `SessionError`; hooks go on saying `resuming` then.
   * @default the error is thrown while rendering, for the next error boundary
   * @reason what nobody hears should be seen
   */
  readonly onError?: (error: unknown) => void;
} & (
  | {
      /**
       * The app's own session, or the promise of one, the same at each render. It stays the app's to close. Nothing: not yet.
       * @reason an app that opens it early, or uses it outside of React, has one already
       */
      readonly session: Session | Promise<Session> | undefined;
      readonly options?: never;
    }
  | {
      readonly session?: never;
      /**
       * How to open a session when the page is there; it is closed with the provider. Read once: give the provider another `key` to open
       * another session.
       * @default those of `openSession`
       * @reason an app that says nothing gets a session all the same
       */
      readonly options?: SessionOptions;
    }
);

/** @internal */
export const SourceContext = createContext<Source | undefined>(undefined);

/** Gives a session to the hooks below it. */
export function SessionProvider(props: SessionProviderProps): ReactElement {
  const { session, children, onError } = props;
  const given = "session" in props;
  const [options] = useState(props.options ?? {});
  const [failure, fail] = useState<{ readonly error: unknown }>();
  const hears = useRef(onError);
  const source = useMemo(() => createSource("addEventListener" in Object(session) ? (session as Session) : undefined), [session]);

  useEffect(() => {
    hears.current = onError;
  });
  useEffect(() => {
    if (given && !session) return;
    let stop: (() => void) | undefined;
    let over = false;
    const opening = given ? undefined : take(options);
    const come = (session: Session) => {
      if (!over) stop = source.listen(session);
    };
    const ready = opening ? opening.ready : source.session();
    if (ready) come(ready);
    else {
      // One that was closed while the provider was hidden is none.
      source.listen(undefined);
      const coming = async () => opening?.session ?? (session as Promise<Session>);
      coming().then(come).catch((error: unknown) => {
        // Whoever gave it up knows.
        if (over || options.signal?.aborted) return;
        if (hears.current) hears.current(error);
        else fail({ error });
      });
    }
    return () => {
      over = true;
      stop?.();
      if (opening) rest(options, opening);
    };
  }, [source, given]);

  if (failure) throw failure.error;
  return createElement(SourceContext.Provider, { value: source }, children);
}
