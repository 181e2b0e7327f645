import "./style.css";

const part = (id: string) => document.getElementById(id) as HTMLElement;
const tell = (error: Error) => (part("problem").textContent = error.message);
const { session } = await import("./session").catch((error: Error) => {
  tell(error);
  throw error;
});

function render() {
  const { state, user } = session;
  part("who").textContent = user ? `Hello, ${user.name ?? user.sub}.` : "Nobody is logged in.";
  part("state").textContent = state;
  part("login").hidden = Boolean(user) && state !== "reauth-required";
  part("logout").hidden = !user;
}

part("login").onclick = () => session.login().catch(tell);
part("logout").onclick = () => session.logout().catch(tell);
session.addEventListener("statechange", render);
render();
