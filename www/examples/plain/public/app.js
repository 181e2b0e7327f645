import { openSession } from "./everlit/everlit.js";

const part = (id) => document.getElementById(id);
const session = await openSession();

/** What each state means to who looks at the page, beside their name. */
const says = {
  "logged-out": "Nobody is logged in.",
  "logging-in": "On the way to the login.",
  resuming: "One moment.",
  degraded: "The server cannot help just now; it is asked again by itself.",
  "reauth-required": "Log in again to go on.",
  ended: "The session has ended.",
};
/** Where a login is what helps. */
const wantsLogin = ["logged-out", "reauth-required", "ended"];

function render() {
  const { state, user } = session;
  part("who").textContent = [user && `Hello, ${user.name ?? user.sub}.`, says[state]].filter(Boolean).join(" ");
  part("state").textContent = state;
  part("login").hidden = !wantsLogin.includes(state);
  part("call").hidden = part("logout").hidden = !user;
  if (!user) part("orders").replaceChildren();
}

async function list() {
  const orders = await session.fetch("/api/orders").then((response) => response.json());
  part("orders").replaceChildren(
    ...orders.map((order) => {
      const item = document.createElement("li");
      item.textContent = order.item ?? `Order ${order.id}`;
      return item;
    }),
  );
}

part("login").onclick = () => session.login();
part("call").onclick = () => list();
part("logout").onclick = () => session.logout();
session.addEventListener("statechange", render);
render();
