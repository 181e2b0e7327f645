/** Upstox: one call brings all prices, and one the whole chain. */

import { type Broker, type Id, IDS, type Option, type Quote, type Right, field, numeric } from "./broker.js";
import { type Calls, DeskError } from "./calls.js";

const BASE = "/api/upstox";
const INDEX = "NSE_INDEX|Nifty 50";

const KEYS: { readonly [id in Id]: string } = {
  nifty: INDEX,
  vix: "NSE_INDEX|India VIX",
  reliance: "NSE_EQ|INE002A01018",
  hdfcbank: "NSE_EQ|INE040A01034",
  infosys: "NSE_EQ|INE009A01021",
  tcs: "NSE_EQ|INE467B01029",
  itc: "NSE_EQ|INE154A01025",
};

function optionOf(side: unknown): Option {
  const data = field(side, "market_data");
  return { last: numeric(data, "ltp"), bid: numeric(data, "bid_price"), ask: numeric(data, "ask_price"), interest: numeric(data, "oi") };
}

function quoteOf(id: Id, row: unknown): Quote {
  const ohlc = field(row, "ohlc");
  const last = numeric(row, "last_price");
  return {
    id,
    at: Date.parse(String(field(row, "timestamp"))) || Date.now(),
    last,
    open: numeric(ohlc, "open"),
    high: numeric(ohlc, "high"),
    low: numeric(ohlc, "low"),
    before: last - numeric(row, "net_change"),
    volume: numeric(row, "volume") || undefined,
  };
}

export function upstox(calls: Calls): Broker {
  /** What a contract is asked and ordered by, as the chain named it. */
  const keys = new Map<string, string>();

  const read = (answer: unknown): unknown => field(answer, "data");
  const data = (what: string, path: string, signal: AbortSignal, body?: object): Promise<unknown> =>
    calls.json({ what, path: BASE + path, signal, read, ...(body && { method: "POST", body }) });

  const strikes = async (expiry: string, what: string, signal: AbortSignal): Promise<unknown[]> => {
    const query = new URLSearchParams({ instrument_key: INDEX, expiry_date: expiry });
    const found = await data(what, `/v2/option/chain?${query}`, signal);
    return Array.isArray(found) ? found : [];
  };

  const sideOf = (row: unknown, right: Right) => field(row, right === "call" ? "call_options" : "put_options");

  return {
    name: "upstox",
    title: "Upstox",
    together: true,

    async quotes(ids, what, signal) {
      const query = new URLSearchParams({ instrument_key: ids.map((id) => KEYS[id]).join(",") });
      // What is only looked at may be old for a while, and says so. What something is decided by may not.
      const keeps = what === "quotes";
      const rows = Object.values((await calls.json({ what, path: `${BASE}/v2/market-quote/quotes?${query}`, signal, read, keeps })) ?? {});
      return IDS.flatMap((id) => {
        const row = rows.find((one) => field(one, "instrument_token") === KEYS[id]);
        return row ? [quoteOf(id, row)] : [];
      });
    },

    async course(id, _at, what, signal) {
      const rows = field(await data(what, `/v3/historical-candle/intraday/${encodeURIComponent(KEYS[id])}/minutes/5`, signal), "candles");
      return Array.isArray(rows) ? rows.map((row: unknown) => numeric(row, "4")).reverse() : [];
    },

    async chain(expiry, what, signal, note) {
      const rows = await strikes(expiry, what, signal);
      note(`${rows.length} calls and puts`);
      return rows.map((row) => {
        const strike = numeric(row, "strike_price");
        for (const right of ["call", "put"] as const) keys.set(`${expiry} ${strike} ${right}`, String(field(sideOf(row, right), "instrument_key")));
        return { strike, call: optionOf(sideOf(row, "call")), put: optionOf(sideOf(row, "put")) };
      });
    },

    async option(expiry, strike, right, what, signal) {
      const row = (await strikes(expiry, what, signal)).find((one) => numeric(one, "strike_price") === strike);
      if (!row) throw new DeskError(`Upstox knows no ${strike} ${right}.`);
      return optionOf(sideOf(row, right));
    },

    async place({ right, strike, expiry, quantity, price, tag }, what, signal) {
      const order = {
        quantity,
        product: "D",
        validity: "DAY",
        price,
        tag,
        slice: false,
        instrument_token: keys.get(`${expiry} ${strike} ${right}`),
        order_type: "LIMIT",
        transaction_type: "SELL",
        disclosed_quantity: 0,
        trigger_price: 0,
        is_amo: false,
      };
      const placed = await data(what, "/v3/order/place", signal, order);
      const ids = field(placed, "order_ids");
      return String(Array.isArray(ids) ? ids[0] : "");
    },
  };
}
