import { useSession, useSessionState, useUser } from "everlit/react";
import { Orders } from "./orders";
import { StillThere } from "./still-there";

export function App() {
  const session = useSession();
  const state = useSessionState();
  const user = useUser();
  return (
    <>
      <h1>In React</h1>
      <p id="who">{user ? `Hello, ${user.name ?? user.sub}.` : state === "resuming" ? "One moment." : "Nobody is logged in."}</p>
      <p>
        The session is <code id="state">{state}</code>
      </p>
      {user && state !== "reauth-required" ? (
        <>
          <Orders />
          <button id="logout" onClick={() => session?.logout()}>
            Log out
          </button>
        </>
      ) : (
        <button id="login" onClick={() => session?.login()}>
          Log in
        </button>
      )}
      <StillThere />
    </>
  );
}
