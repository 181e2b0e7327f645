/** What Breeze says of prices, and what it does with an order. The names of shares are ICICI's own. Of what there is nothing of, it says an empty list: a guess. */

import { shownInIndia } from "../clock.mjs";
import { LOT } from "../market.mjs";
import { objectOf } from "../wire.mjs";
import { success } from "./errors.mjs";

/** By stock code. That of the volatility index is not in the documentation. @type {Record<string, import("../market.mjs").Id>} */
const CODES = { NIFTY: "nifty", INDVIX: "vix", RELIND: "reliance", HDFBAN: "hdfcbank", INFTEC: "infosys", TCS: "tcs", ITC: "itc" };

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** As it writes a day. @param {string} day `2026-10-06` @returns {string} `06-Oct-2026` */
export function dayOf(day) {
  const [year, month, date] = day.slice(0, 10).split("-");
  return `${date}-${MONTHS[Number(month) - 1]}-${year}`;
}

/** @param {number} at */
const timeOf = (at) => `${dayOf(shownInIndia(at))} ${shownInIndia(at).slice(11)}`;

/** A day as it is asked for: `2026-10-06T06:00:00.000Z`, or in its own way. @param {unknown} given */
function dayAsked(given) {
  const [, date, month, year] = /^(\d\d)-([A-Z][a-z]{2})-(\d{4})$/.exec(String(given)) ?? [];
  return date && month ? `${year}-${String(MONTHS.indexOf(month) + 1).padStart(2, "0")}-${date}` : String(given ?? "").slice(0, 10);
}

/**
 * What a share did in each five minutes of a stretch of time; nothing for what is asked in another way. The times are those of clocks in
 * India, whatever the letter at their end.
 *
 * @param {import("./index.mjs").Around} around @param {URLSearchParams} query
 */
export function candlesOf({ market }, query) {
  const code = query.get("stock_code") ?? "";
  const id = CODES[code];
  const [from, to] = ["from_date", "to_date"].map((name) => Date.parse(`${(query.get(name) ?? "").slice(0, 19)}+05:30`));
  if (!id || query.get("interval") !== "5minute" || !from || !to) return [];
  return market.candles(id, from, to).map(({ at, open, high, low, close, volume }) => ({
    close, datetime: shownInIndia(at), exchange_code: query.get("exch_code"), high, low, open, stock_code: code, volume,
  }));
}

/** @param {number} last @param {number} before */
const changed = (last, before) => Math.round((last / before - 1) * 10_000) / 100;

/**
 * @param {import("./index.mjs").Around} around
 * @param {(serve: (session: import("./sessions.mjs").Session, call: import("../wire.mjs").Call) => import("../wire.mjs").Answer) => import("../wire.mjs").Serve} signed
 * @returns {import("../wire.mjs").Routes}
 */
export function marketRoutes({ clock, market, effects }, signed) {
  /** @type {Map<string, Record<string, unknown>[]>} by person */
  const orders = new Map();

  /** @param {string} code @param {string} exchange */
  const shareOf = (code, exchange) => {
    const id = CODES[code];
    if (!id) return undefined;
    const { last, open, high, low, before, volume, bid, ask, at } = market.quote(id);
    const isIndex = id === "nifty" || id === "vix";
    return {
      exchange_code: exchange, product_type: "", stock_code: code, expiry_date: "", right: "", strike_price: 0, ltp: last, ltt: timeOf(at),
      best_bid_price: isIndex ? 0 : bid, best_bid_quantity: isIndex ? "0" : "240", best_offer_price: isIndex ? 0 : ask, best_offer_quantity: isIndex ? "0" : "180",
      open, high, low, previous_close: before, ltp_percent_change: changed(last, before), upper_circuit: Math.round(before * 110) / 100, lower_circuit: Math.round(before * 90) / 100,
      total_quantity_traded: String(volume), spot_price: null,
    };
  };

  /** @param {Record<string, unknown>} asked */
  const optionsOf = ({ stock_code: code, right, expiry_date: expiry, strike_price: strike }) => {
    if (code !== "NIFTY") return [];
    const day = dayAsked(expiry);
    const { last: spot, at } = market.quote("nifty");
    const rights = /** @type {const} */ (["call", "put"]).filter((one) => one === String(right).toLowerCase());
    const wanted = strike === undefined ? () => true : (/** @type {number} */ one) => one === Number(strike);
    return market.chain(day).filter((one) => wanted(one.strike)).flatMap((one) => rights.map((side) => {
      const { last, before, bid, ask, volume, interest } = one[side];
      return {
        exchange_code: "NFO", product_type: "Options", stock_code: code, expiry_date: dayOf(day), right: side === "call" ? "Call" : "Put", strike_price: one.strike,
        ltp: last, ltt: timeOf(at), best_bid_price: bid, best_bid_quantity: String(4 * LOT), best_offer_price: ask, best_offer_quantity: String(3 * LOT),
        open: before, high: Math.max(last, before), low: Math.min(last, before), previous_close: before, ltp_percent_change: changed(last, before),
        upper_circuit: Math.round(before * 400) / 100, lower_circuit: 0.05, total_quantity_traded: String(volume), spot_price: String(spot),
        ltq: String(LOT), open_interest: interest, chnge_oi: 0, total_buy_qty: String(9 * LOT), total_sell_qty: String(8 * LOT),
      };
    }));
  };

  return {
    "GET /breezeapi/api/v1/quotes": signed((_session, call) => {
      const asked = objectOf(call) ?? {};
      const exchange = String(asked.exchange_code ?? "").toUpperCase();
      const found = exchange === "NFO" ? optionsOf(asked) : [shareOf(String(asked.stock_code ?? ""), exchange)].filter((one) => one !== undefined);
      effects.add(call);
      return success(found);
    }),

    "GET /breezeapi/api/v1/optionchain": signed((_session, call) => {
      effects.add(call);
      return success(optionsOf(objectOf(call) ?? {}));
    }),

    "POST /breezeapi/api/v1/order": signed(({ person }, call) => {
      const order = objectOf(call) ?? {};
      const remark = typeof order.user_remark === "string" && order.user_remark ? order.user_remark : null;
      const mine = orders.get(person.id) ?? [];
      const id = `${shownInIndia(clock.now()).slice(0, 10).replaceAll("-", "")}1400${String(mine.length + 1).padStart(6, "0")}`;
      orders.set(person.id, [...mine, { ...order, order_id: id, product_type: order.product, status: "Ordered", order_datetime: timeOf(clock.now()) }]);
      effects.add(call, remark);
      return success({ order_id: id, message: "Successfully Placed the order", user_remark: remark ?? "" });
    }),

    // With `order_id` one of them, else those of a stretch of days: here all that there are.
    "GET /breezeapi/api/v1/order": signed(({ person }, call) => {
      const wanted = objectOf(call)?.order_id;
      const found = (orders.get(person.id) ?? []).filter((order) => wanted === undefined || order.order_id === wanted);
      return success(found);
    }),
  };
}
