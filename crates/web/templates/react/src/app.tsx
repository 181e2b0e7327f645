import { useSession, useSessionState, useUser } from "everlit/react";

export function App() {
  const session = useSession();
  const state = useSessionState();
  const user = useUser();
  return (
    <>
      <h1>__NAME__</h1>
      <p>{user ? `Hello, ${user.name ?? user.sub}.` : "Nobody is logged in."}</p>
      <p>
        The session is <code>{state}</code>
      </p>
      {user ? <button onClick={() => session?.logout()}>Log out</button> : <button onClick={() => session?.login()}>Log in</button>}
    </>
  );
}
