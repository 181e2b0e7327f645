import type { Session } from "everlit";
import { byTestId, make } from "./page.js";

interface Order {
  readonly id: string;
  readonly item: string;
  readonly quantity: number;
  readonly status: string;
}

const place = byTestId("orders");

/** Nothing is shown of somebody who is not signed in any more. */
export function clearOrders(): void {
  place.replaceChildren();
}

/** Calls the protected resource and shows what it gave. */
export async function callOrders(session: Session): Promise<void> {
  const began = performance.now();
  const response = await session.fetch("/api/orders");
  const took = `${Math.round(performance.now() - began)} ms`;
  if (!response.ok) {
    place.replaceChildren(make("p", `The resource server answered with status ${response.status}.`, "notice"));
    return;
  }
  place.replaceChildren(table(listOf(await response.json()), took));
}

function listOf(body: unknown): Order[] {
  const list = Array.isArray(body) ? body : (body as { orders?: unknown } | null)?.orders;
  return Array.isArray(list) ? list : [];
}

function table(orders: Order[], took: string): HTMLTableElement {
  const table = make("table");
  table.append(make("caption", `${orders.length} orders, fetched in ${took}`));
  const head = table.createTHead().insertRow();
  for (const name of ["Order", "Item", "Count", "Status"]) {
    const cell = make("th", name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const { id, item, quantity, status } of orders) {
    const row = body.insertRow();
    for (const value of [id, item, quantity]) row.insertCell().textContent = String(value);
    row.insertCell().append(make("span", String(status), "tag"));
  }
  return table;
}
