import { useSyncExternalStore } from "react";
import { session } from "./session";

/** The session's state; the component renders again when it changes. */
function useSessionState() {
  return useSyncExternalStore(
    (changed) => {
      session.addEventListener("statechange", changed);
      return () => session.removeEventListener("statechange", changed);
    },
    () => session.state,
  );
}

export function App() {
  const state = useSessionState();
  const { user } = session;
  return (
    <>
      <h1>__NAME__</h1>
      <p>{user ? `Hello, ${user.name ?? user.sub}.` : "Nobody is logged in."}</p>
      <p>
        The session is <code>{state}</code>
      </p>
      {user ? <button onClick={() => session.logout()}>Log out</button> : <button onClick={() => session.login()}>Log in</button>}
    </>
  );
}
