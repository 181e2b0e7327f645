/** ICICI Breeze: reads are GETs with a body, which a page cannot send and the Worker can, and one call brings one price. */

import { type Broker, type Id, type Option, type Quote, type Right, IST, field, numeric, openedAt } from "./broker.js";
import { type Calls, DeskError } from "./calls.js";

const TITLE = "ICICI Direct Breeze";
const BASE = "/api/breeze/breezeapi/api/v1/";

const CODES: { readonly [id in Id]: string } = {
  nifty: "NIFTY",
  vix: "INDVIX",
  reliance: "RELIND",
  hdfcbank: "HDFBAN",
  infosys: "INFTEC",
  tcs: "TCS",
  itc: "ITC",
};

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `02-Oct-2026 20:00:00`, by the clocks in India. */
function timeOf(text: unknown): number {
  const [, date, month = "", year, time] = /^(\d\d)-([A-Z][a-z]{2})-(\d{4}) (\d\d:\d\d:\d\d)$/.exec(String(text)) ?? [];
  const number = String(MONTHS.indexOf(month) + 1).padStart(2, "0");
  return Date.parse(`${year}-${number}-${date}T${time}+05:30`) || Date.now();
}

const optionOf = (row: unknown): Option => ({
  last: numeric(row, "ltp"),
  bid: numeric(row, "best_bid_price"),
  ask: numeric(row, "best_offer_price"),
  interest: numeric(row, "open_interest"),
});

export function breeze(calls: Calls): Broker {
  /** Whatever its HTTP status, what counts is the one in its body. */
  const read = (answer: unknown): unknown => {
    if (numeric(answer, "Status") === 200) return field(answer, "Success");
    throw new DeskError(`${TITLE} says: ${String(field(answer, "Error") ?? "nothing")}`);
  };
  const success = async (request: { path: string; what: string; body: object; reads: boolean; signal: AbortSignal }): Promise<unknown> => {
    const { path, what, body, reads, signal } = request;
    // What is only looked at may be old for a while, and says so. What something is decided by may not.
    const keeps = what === "quotes";
    return calls.json({ what, path: BASE + path, method: "POST", body, signal, read, keeps, ...(reads && { headers: { "x-http-method-override": "GET" } }) });
  };
  const rows = async (path: string, body: object, what: string, signal: AbortSignal): Promise<unknown[]> => {
    const found = await success({ path, what, body, reads: true, signal });
    return Array.isArray(found) ? found : [];
  };
  const options = (path: string, expiry: string, right: Right, more: object, what: string, signal: AbortSignal) =>
    rows(path, { stock_code: "NIFTY", exchange_code: "NFO", expiry_date: `${expiry}T06:00:00.000Z`, product_type: "options", right, ...more }, what, signal);

  return {
    name: "breeze",
    title: TITLE,
    together: false,

    async quotes([id], what, signal) {
      if (!id) return [];
      const found = await rows("quotes", { stock_code: CODES[id], exchange_code: "NSE", product_type: "cash" }, what, signal);
      return found.slice(0, 1).map((row): Quote => ({
        id,
        at: timeOf(field(row, "ltt")),
        last: numeric(row, "ltp"),
        open: numeric(row, "open"),
        high: numeric(row, "high"),
        low: numeric(row, "low"),
        before: numeric(row, "previous_close"),
        volume: numeric(row, "total_quantity_traded") || undefined,
      }));
    },

    async course(id, at, what, signal) {
      const until = new Date(at + IST).toISOString().slice(0, 19);
      const stretch = { interval: "5minute", from_date: `${openedAt(at)}.000Z`, to_date: `${until}.000Z` };
      const query = new URLSearchParams({ ...stretch, stock_code: CODES[id], exch_code: "NSE", product_type: "cash" });
      const rows = await calls.json({ what, path: `/api/breeze/api/v2/historicalcharts?${query}`, signal, read });
      return Array.isArray(rows) ? rows.map((row) => numeric(row, "close")) : [];
    },

    async chain(expiry, what, signal, note) {
      const side = async (right: Right) => {
        const found = await options("optionchain", expiry, right, {}, what, signal);
        note(`${found.length} ${right}s`);
        return new Map(found.map((row) => [numeric(row, "strike_price"), optionOf(row)]));
      };
      const calls = await side("call");
      const puts = await side("put");
      return [...calls].flatMap(([strike, call]) => {
        const put = puts.get(strike);
        return put ? [{ strike, call, put }] : [];
      });
    },

    async option(expiry, strike, right, what, signal) {
      const [row] = await options("quotes", expiry, right, { strike_price: String(strike) }, what, signal);
      if (!row) throw new DeskError(`${TITLE} knows no ${strike} ${right}.`);
      return optionOf(row);
    },

    async place({ right, strike, expiry, quantity, price, tag }, what, signal) {
      const order = {
        stock_code: "NIFTY",
        exchange_code: "NFO",
        product: "options",
        action: "sell",
        order_type: "limit",
        quantity: String(quantity),
        price: String(price),
        validity: "day",
        expiry_date: `${expiry}T06:00:00.000Z`,
        right,
        strike_price: String(strike),
        user_remark: tag,
      };
      const placed = await success({ path: "order", what, body: order, reads: false, signal });
      return String(field(placed, "order_id"));
    },
  };
}
