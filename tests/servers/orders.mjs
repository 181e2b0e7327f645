/** The orders that the protected resource server shows: a few to begin with, and some room for more. */

/** @typedef {{ id: string, item: string, quantity: number, status: "delivered" | "shipped" | "placed", placed_at: string }} Order */

/** More than this many, and the oldest is forgotten. */
const LIMIT = 50;
const DAY = 24 * 60 * 60 * 1000;

/**
 * @param {number} [now]
 */
export function createOrders(now = Date.now()) {
  const before = (/** @type {number} */ days) => new Date(now - days * DAY).toISOString();
  /** @type {Order[]} oldest first */
  const orders = [
    { id: "1041", item: "Storm lantern, brass", quantity: 1, status: "delivered", placed_at: before(12) },
    { id: "1042", item: "Lamp oil, 1 litre", quantity: 3, status: "shipped", placed_at: before(3) },
    { id: "1043", item: "Spare wicks, set of 10", quantity: 2, status: "placed", placed_at: before(1) },
  ];
  let lastId = 1043;

  return {
    /** @returns {Order[]} newest first */
    list: () => orders.toReversed(),

    /**
     * @param {unknown} request
     * @returns {Order | undefined} nothing if the request does not describe an order
     */
    place(request) {
      if (typeof request !== "object" || request === null) return undefined;
      const { item, quantity = 1 } = /** @type {Record<string, unknown>} */ (request);
      if (typeof item !== "string" || item.trim() === "" || item.length > 100) return undefined;
      if (typeof quantity !== "number" || !Number.isSafeInteger(quantity) || quantity < 1 || quantity > 999) return undefined;
      lastId += 1;
      /** @type {Order} */
      const order = { id: String(lastId), item: item.trim(), quantity, status: "placed", placed_at: new Date().toISOString() };
      orders.push(order);
      if (orders.length > LIMIT) orders.shift();
      return order;
    },
  };
}
