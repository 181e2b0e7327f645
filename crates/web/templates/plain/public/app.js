import { session } from "./session.js";

const part = (id) => document.getElementById(id);

function render() {
  const { state, user } = session;
  part("who").textContent = user ? `Hello, ${user.name ?? user.sub}.` : "Nobody is logged in.";
  part("state").textContent = state;
  part("login").hidden = Boolean(user);
  part("logout").hidden = !user;
}

part("login").onclick = () => session.login();
part("logout").onclick = () => session.logout();
session.addEventListener("statechange", render);
render();
