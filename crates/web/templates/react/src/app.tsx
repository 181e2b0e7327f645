import type { SessionState } from "everlit";
import { useSession, useSessionState, useUser } from "everlit/react";
import { useState } from "react";

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
  const [error, tell] = useState<Error>();
  const problem = error?.message ?? session?.problem?.detail;
  return (
    <>
      <h1>__NAME__</h1>
      <p>{[user && `Hello, ${user.name ?? user.sub}.`, says[state]].filter(Boolean).join(" ")}</p>
      <p>
        The session is <code>{state}</code>
      </p>
      {wantsLogin.includes(state) && <button onClick={() => session?.login().catch(tell)}>Log in</button>}
      {user && <button onClick={() => session?.logout().catch(tell)}>Log out</button>}
      {problem && <p role="alert">{problem}</p>}
    </>
  );
}
