import { useSession, useSessionState, useUser } from "everlit/react";
import { useState } from "react";

export function App() {
  const session = useSession();
  const state = useSessionState();
  const user = useUser();
  const [problem, tell] = useState<Error>();
  return (
    <>
      <h1>__NAME__</h1>
      <p>{user ? `Hello, ${user.name ?? user.sub}.` : "Nobody is logged in."}</p>
      <p>
        The session is <code>{state}</code>
      </p>
      {user && state !== "reauth-required" ? <button onClick={() => session?.logout().catch(tell)}>Log out</button> : <button onClick={() => session?.login().catch(tell)}>Log in</button>}
      {problem && <p role="alert">{problem.message}</p>}
    </>
  );
}
