import type { SessionState } from "everlit";
import "./style.css";

const part = (id: string) => document.getElementById(id) as HTMLElement;
const tell = (error: Error) => (part("problem").textContent = error.message);
const { session } = await import("./session").catch((error: Error) => {
  tell(error);
  throw error;
});

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

function render() {
  const { state, user } = session;
  part("who").textContent = [user && `Hello, ${user.name ?? user.sub}.`, says[state]].filter(Boolean).join(" ");
  part("state").textContent = state;
  part("problem").textContent = session.problem?.detail ?? "";
  part("login").hidden = !wantsLogin.includes(state);
  part("logout").hidden = !user;
}

part("login").onclick = () => session.login().catch(tell);
part("logout").onclick = () => session.logout().catch(tell);
session.addEventListener("statechange", render);
render();
