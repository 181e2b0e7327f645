/** What an Upstox account can be asked: who it is, what it holds, what it can spend, where it is called from; and to log out. */

import { minuteInIndia } from "../clock.mjs";
import { credentialsOf, objectOf } from "../wire.mjs";
import { refused, success } from "./errors.mjs";
import { marketRoutes } from "./market.mjs";

/** The funds are closed from midnight to half past five. */
const FUNDS_OPEN = 5 * 60 + 30;

/** @param {import("../people.mjs").Person} person */
export function profileOf(person) {
  return {
    email: person.email,
    exchanges: ["NSE", "NFO", "BSE", "CDS", "BFO", "BCD"],
    products: ["D", "CO", "I"],
    broker: "UPSTOX",
    user_id: person.id,
    user_name: person.name,
    order_types: ["MARKET", "LIMIT", "SL", "SL-M"],
    user_type: "individual",
    poa: false,
    is_active: true,
  };
}

const HOLDINGS = [{
  isin: "INE528G01035", cnc_used_quantity: 0, collateral_type: "WC", company_name: "YES BANK LTD.", haircut: 0.2, product: "D", quantity: 36,
  trading_symbol: "YESBANK", tradingsymbol: "YESBANK", last_price: 17.05, close_price: 17.05, pnl: -61.2, day_change: 0, day_change_percentage: 0,
  instrument_token: "NSE_EQ|INE528G01035", average_price: 18.75, collateral_quantity: 0, collateral_update_quantity: 0, t1_quantity: 0, exchange: "NSE",
}];

/** @param {import("./index.mjs").Around} around @returns {import("../wire.mjs").Routes} */
export function accountRoutes(around) {
  const { clock, app, tokens, budget } = around;
  /** @type {Map<string, { primary_ip: unknown, secondary_ip: unknown, primary_ip_updated_at: string, secondary_ip_updated_at: string }>} */
  const addresses = new Map();

  /**
   * @param {(person: import("../people.mjs").Person, call: import("../wire.mjs").Call, token: string) => import("../wire.mjs").Answer} serve
   * @param {{ reads?: boolean }} [how] whether the token for a year may ask it too
   * @returns {import("../wire.mjs").Serve}
   */
  const authorized = (serve, { reads = false } = {}) => (call) => {
    const value = credentialsOf(call, "bearer");
    const token = tokens.look(value);
    if (!token || !value) return refused("UDAPI100050");
    if (token.kind === "extended" && !reads) return refused("UDAPI100067");
    if (app.suspended.has(token.person.id)) return refused("UDAPI100058");
    if (budget.take(token.person.id)) return refused("UDAPI10005");
    return serve(token.person, call, value);
  };

  return {
    "GET /v2/user/profile": authorized((person) => success(profileOf(person))),
    "GET /v2/portfolio/long-term-holdings": authorized(() => success(HOLDINGS), { reads: true }),
    "GET /v3/user/get-funds-and-margin": authorized(() => {
      if (minuteInIndia(clock.now()) < FUNDS_OPEN) return refused("UDAPI100072");
      return success({ available_to_trade: { total: 15_000.5 } });
    }),
    "DELETE /v2/logout": authorized((_person, _call, token) => {
      tokens.endOne(token);
      return success(true);
    }),
    "GET /v2/user/ip": authorized((person) => success(addresses.get(person.id) ?? { primary_ip: null, secondary_ip: null })),
    "PUT /v2/user/ip": authorized((person, call) => {
      const { primary_ip = null, secondary_ip = null } = objectOf(call) ?? {};
      if (typeof primary_ip !== "string") return refused("UDAPI100036");
      const at = new Date(clock.now()).toISOString();
      const data = { primary_ip, secondary_ip, primary_ip_updated_at: at, secondary_ip_updated_at: at };
      addresses.set(person.id, data);
      // Documented: who calls from elsewhere now has to log in anew.
      tokens.endDaily(person.id);
      return success({ ...data, access_tokens_invalidated: true });
    }),
    ...marketRoutes(around, authorized),
  };
}
