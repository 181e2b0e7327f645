import type { Session } from "everlit";
import { createStore } from "everlit/store";
import { inject, onScopeDispose, shallowRef, type InjectionKey } from "vue";

export const sessionKey: InjectionKey<Session> = Symbol("session");

/** The session, and what it says now. */
export function useSession() {
  const session = inject(sessionKey) as Session;
  const store = createStore(session);
  const now = shallowRef(store.snapshot());
  onScopeDispose(store.subscribe(() => (now.value = store.snapshot())));
  return { session, now };
}
