import type { SessionState } from "everlit";
import { useSession, useSessionState, useUser } from "everlit/react";
import { Orders } from "./orders";
import { StillThere } from "./still-there";

/** What each state means to who looks at the page, beside their name. */
const says: Partial<Record<SessionState, string>> = {
  "logged-out": "Nobody is logged in.",
  "logging-in": "On the way to the login.",
  resuming: "One moment.",
  degraded: "The server cannot help just now; it is asked again by itself.",
  "reauth-required": "Log in again to go on.",
  ended: "The session has ended.",
};
/** Where a login is what helps. */
const wantsLogin: readonly SessionState[] = ["logged-out", "reauth-required", "ended"];

export function App() {
  const session = useSession();
  const state = useSessionState();
  const user = useUser();
  return (
    <>
      <h1>In React</h1>
      <p id="who">{[user && `Hello, ${user.name ?? user.sub}.`, says[state]].filter(Boolean).join(" ")}</p>
      <p>
        The session is <code id="state">{state}</code>
      </p>
      {wantsLogin.includes(state) && (
        <button id="login" onClick={() => session?.login()}>
          Log in
        </button>
      )}
      {user && (
        <>
          <Orders />
          <button id="logout" onClick={() => session?.logout()}>
            Log out
          </button>
        </>
      )}
      <StillThere />
    </>
  );
}
