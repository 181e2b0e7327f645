// The store, the hooks and the kit for tests, as a project uses them.

import type { Provider, Session, SessionHealth, SessionState, User } from "everlit";
import { type IdlePrompt, SessionProvider, type SessionProviderProps, useCountdown, useHealth, useIdlePrompt, useProvider, useSession, useSessionState, useUser } from "everlit/react";
import { type Snapshot, type Store, createStore } from "everlit/store";
import { type TestSession, createTestSession } from "everlit/testing";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(_: T): void => {};

export function storing(session: Session): void {
  const store: Store = createStore(session);
  const stop: () => void = store.subscribe(() => same<Equal<ReturnType<typeof store.snapshot>, Snapshot>>(true));
  same<Equal<Snapshot["state"], SessionState>>(true);
  same<Equal<Snapshot["idleEndsAt"], number | undefined>>(true);
  stop();
  // @ts-expect-error a snapshot is only read
  store.snapshot().state = "active";
  // @ts-expect-error a session that is still on its way is none yet
  createStore(Promise.resolve(session));
}

export function reading(): void {
  same<Equal<ReturnType<typeof useSession>, Session | undefined>>(true);
  same<Equal<ReturnType<typeof useSessionState>, SessionState>>(true);
  same<Equal<ReturnType<typeof useUser>, User | undefined>>(true);
  same<Equal<ReturnType<typeof useProvider>, Provider | undefined>>(true);
  same<Equal<ReturnType<typeof useHealth>, SessionHealth>>(true);
  same<Equal<ReturnType<typeof useIdlePrompt>, IdlePrompt>>(true);
  const left: number | undefined = useCountdown("token", 10_000);
  console.log(left);
  // @ts-expect-error there is nothing of that name to count down to
  useCountdown("tokens");
  // @ts-expect-error which provider is to be said
  useProvider();
}

export function providing(session: Session): void {
  const given: SessionProviderProps[] = [{}, { options: { idle: { prompt: 60_000 } } }, { session }, { session: Promise.resolve(session) }, { session: undefined }];
  SessionProvider({ ...given[0], onError: (error) => same<Equal<typeof error, unknown>>(true) });
  // @ts-expect-error a session that is there is not opened with options
  SessionProvider({ session, options: {} });
}

export async function testing(): Promise<void> {
  const kit = await createTestSession({ user: null, upstreams: ["orders", { name: "chat", mode: "mediating" }], devices: ["Firefox on Linux"], lifetime: 300_000 });
  same<Equal<typeof kit, TestSession>>(true);
  same<Equal<typeof kit.session, Session>>(true);
  await kit.advance("8h");
  kit.respond("GET /list", [{ id: 7 }]);
  kit.respond((request) => request.method);
  await kit.needHuman({ silent: ["frame"] });
  await createTestSession({ providers: ["demo", "broker"], upstreams: [{ name: "bills", provider: "broker" }] });
  same<Equal<typeof kit.popups, readonly string[]>>(true);
  await kit.linkAccount();
  await kit.cancelLogin();
  kit.blockPopups(false);
  // @ts-expect-error a duration has a unit
  await kit.advance("8 hours");
  // @ts-expect-error there is no such mode
  await createTestSession({ upstreams: [{ name: "chat", mode: "direct" }] });
  // @ts-expect-error a user has a sub
  await kit.loginAs({ name: "Ada" });
  // @ts-expect-error calls are only read
  kit.calls.push();
}
