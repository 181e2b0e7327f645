/** What Upstox says of prices, and what it does with an order. */

import { shownInIndia } from "../clock.mjs";
import { LOT } from "../market.mjs";
import { objectOf } from "../wire.mjs";
import { refused, success } from "./errors.mjs";

/** By the key that an instrument is asked for with: what it is, and its symbol. @type {Record<string, [id: import("../market.mjs").Id, symbol: string]>} */
const INSTRUMENTS = {
  "NSE_INDEX|Nifty 50": ["nifty", "Nifty 50"],
  "NSE_INDEX|India VIX": ["vix", "India VIX"],
  "NSE_EQ|INE002A01018": ["reliance", "RELIANCE"],
  "NSE_EQ|INE040A01034": ["hdfcbank", "HDFCBANK"],
  "NSE_EQ|INE009A01021": ["infosys", "INFY"],
  "NSE_EQ|INE467B01029": ["tcs", "TCS"],
  "NSE_EQ|INE154A01025": ["itc", "ITC"],
};

const NOBODY = { quantity: 0, price: 0, orders: 0 };

/** As it writes a time. @param {number} at */
const timeOf = (at) => `${shownInIndia(at).replace(" ", "T")}.000+05:30`;

/** A number of its own for each contract, as the exchange gives one. @param {string} day @param {number} strike @param {"call" | "put"} right */
const keyOf = (day, strike, right) => `NSE_FO|${(Number(day.replaceAll("-", "")) % 1_000) * 100 + ((strike / 50) % 50) * 2 + (right === "call" ? 0 : 1)}`;

/**
 * @param {import("./index.mjs").Around} around
 * @param {(serve: (person: import("../people.mjs").Person, call: import("../wire.mjs").Call) => import("../wire.mjs").Answer, how?: { reads?: boolean }) => import("../wire.mjs").Serve} authorized
 * @returns {import("../wire.mjs").Routes}
 */
export function marketRoutes({ clock, market, effects }, authorized) {
  /** @type {Map<string, Record<string, unknown>[]>} by person */
  const orders = new Map();

  /**
   * Those that were asked for, by symbol. One that nobody knows is left out.
   *
   * @param {import("../wire.mjs").Call} call
   * @param {(quote: import("../market.mjs").Quote, key: string, symbol: string) => object} shown
   */
  const each = (call, shown) => {
    // Documented is `instrument_key`; its SDK still says `symbol` in version 2.
    const keys = (call.query.get("instrument_key") ?? call.query.get("symbol") ?? "").split(",").filter((key) => key);
    if (keys.length === 0 || keys.length > 500) return refused("UDAPI100036");
    effects.add(call);
    return success(Object.fromEntries(keys.flatMap((key) => {
      const [id, symbol] = INSTRUMENTS[key] ?? [];
      return id && symbol ? [[`${key.split("|")[0]}:${symbol}`, shown(market.quote(id), key, symbol)]] : [];
    })));
  };

  /** @param {import("../market.mjs").Option} option @param {string} key */
  const sideOf = ({ last, before, bid, ask, volume, interest, greeks }, key) => ({
    instrument_key: key,
    market_data: { ltp: last, volume, oi: interest, close_price: before, bid_price: bid, bid_qty: 4 * LOT, ask_price: ask, ask_qty: 3 * LOT, prev_oi: interest },
    option_greeks: { ...greeks, pop: Math.round(Math.abs(greeks.delta) * 10_000) / 100 },
  });

  return {
    "GET /v2/market-quote/quotes": authorized((_person, call) => each(call, ({ last, open, high, low, before, volume, bid, ask, at }, key, symbol) => {
      const isIndex = key.startsWith("NSE_INDEX");
      const depth = (/** @type {number} */ price, /** @type {number} */ step) =>
        Array.from({ length: 5 }, (_, n) => (isIndex ? NOBODY : { quantity: 120 + 60 * n, price: Math.round((price + n * step) * 100) / 100, orders: 3 + n }));
      return {
        ohlc: { open, high, low, close: last }, depth: { buy: depth(bid, -0.05), sell: depth(ask, 0.05) }, timestamp: timeOf(at), instrument_token: key, symbol, last_price: last,
        volume: isIndex ? null : volume, average_price: isIndex ? null : Math.round((high + low + last) / 3 * 100) / 100, oi: isIndex ? null : 0, net_change: Math.round((last - before) * 100) / 100,
        total_buy_quantity: isIndex ? null : 1_200, total_sell_quantity: isIndex ? null : 1_100,
        lower_circuit_limit: isIndex ? null : Math.round(before * 90) / 100, upper_circuit_limit: isIndex ? null : Math.round(before * 110) / 100,
        last_trade_time: String(at), oi_day_high: isIndex ? null : 0, oi_day_low: isIndex ? null : 0,
      };
    }), { reads: true }),

    "GET /v3/market-quote/ltp": authorized((_person, call) => each(call, ({ last, before, volume }, key) => ({
      last_price: last, instrument_token: key, ltq: 1, volume, cp: before,
    })), { reads: true }),

    // Everybody may ask for it: its SDK shows no token.
    "GET /v3/historical-candle/intraday/{instrument_key}/{unit}/{interval}": (call) => {
      const { instrument_key: key = "", unit, interval } = call.params;
      const [id] = INSTRUMENTS[key] ?? [];
      if (!id || unit !== "minutes" || interval !== "5") return refused("UDAPI100036");
      effects.add(call);
      return success({ candles: market.candles(id).map(({ at, open, high, low, close, volume }) => [timeOf(at).replace(".000", ""), open, high, low, close, volume, 0]).reverse() });
    },

    "GET /v2/option/chain": authorized((_person, call) => {
      const [key, day] = [call.query.get("instrument_key"), call.query.get("expiry_date") ?? ""];
      if (!key || !/^\d{4}-\d\d-\d\d$/.test(day)) return refused("UDAPI100036");
      effects.add(call);
      const spot = market.quote("nifty").last;
      const strikes = key === "NSE_INDEX|Nifty 50" ? market.chain(day) : [];
      return success(strikes.map(({ strike, call: right, put }) => ({
        expiry: day, pcr: Math.round(put.interest / right.interest * 100) / 100, strike_price: strike, underlying_key: key, underlying_spot_price: spot,
        call_options: sideOf(right, keyOf(day, strike, "call")), put_options: sideOf(put, keyOf(day, strike, "put")),
      })));
    }, { reads: true }),

    "POST /v3/order/place": authorized((person, call) => {
      const order = objectOf(call) ?? {};
      if (typeof order.instrument_token !== "string" || !(Number(order.quantity) > 0)) return refused("UDAPI100036");
      const tag = typeof order.tag === "string" && order.tag ? order.tag : null;
      const mine = orders.get(person.id) ?? [];
      const id = `${shownInIndia(clock.now()).slice(2, 10).replaceAll("-", "")}${String(mine.length + 1).padStart(9, "0")}`;
      orders.set(person.id, [...mine, { ...order, order_id: id, tag, status: "open", placed_by: person.id, order_timestamp: shownInIndia(clock.now()) }]);
      effects.add(call, tag);
      return success({ order_ids: [id] }, { metadata: { latency: 30 } });
    }),

    "GET /v2/order/retrieve-all": authorized((person) => success(orders.get(person.id) ?? [])),
  };
}
