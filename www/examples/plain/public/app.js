import { openSession } from "./everlit/everlit.js";

const part = (id) => document.getElementById(id);
const session = await openSession();

function render() {
  const { state, user } = session;
  part("who").textContent = user ? `Hello, ${user.name ?? user.sub}.` : "Nobody is logged in.";
  part("state").textContent = state;
  part("login").hidden = Boolean(user) && state !== "reauth-required";
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
