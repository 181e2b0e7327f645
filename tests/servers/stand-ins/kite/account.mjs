/** What a Kite account can be asked: who it is, and what it holds. */

import { credentialsOf } from "../wire.mjs";
import { badToken, refused, success } from "./errors.mjs";

/** @param {import("../people.mjs").Person} person */
export function profileOf(person) {
  return {
    user_type: "individual",
    email: person.email,
    user_name: person.name,
    user_shortname: person.name.split(" ", 1)[0],
    broker: "ZERODHA",
    exchanges: ["NSE", "BSE", "NFO", "MF"],
    products: ["CNC", "NRML", "MIS"],
    order_types: ["MARKET", "LIMIT", "SL", "SL-M"],
    avatar_url: null,
    user_id: person.id,
    meta: { demat_consent: "consent" },
  };
}

const HOLDINGS = [{
  tradingsymbol: "INFY", exchange: "NSE", instrument_token: 408065, isin: "INE009A01021", product: "CNC", quantity: 1, t1_quantity: 0,
  average_price: 1350.05, last_price: 1400.1, pnl: 50.05,
}];

/** @param {import("./index.mjs").Around} around @returns {import("../wire.mjs").Routes} */
export function accountRoutes({ app, tokens, budget }) {
  /** @param {(person: import("../people.mjs").Person) => import("../wire.mjs").Answer} serve @returns {import("../wire.mjs").Serve} */
  const authorized = (serve) => (call) => {
    const [key, value] = (credentialsOf(call, "token") ?? "").split(":");
    const token = key === app.apiKey ? tokens.look(value, "access") : undefined;
    if (!token) return badToken();
    if (budget.take(app.apiKey)) return refused("NetworkException", "Too many requests", 429);
    return serve(token.person);
  };
  return {
    "GET /user/profile": authorized((person) => success(profileOf(person))),
    "GET /portfolio/holdings": authorized(() => success(HOLDINGS)),
    // Not every app may ask for market data: that is no matter of its session.
    "GET /quote/ltp": authorized(() => refused("PermissionException", "Insufficient permission for that call.")),
  };
}
