/** What Breeze can be asked: the exchange, and calls that are signed over the bytes of their body, also of a GET. */

import { shownInIndia } from "../clock.mjs";
import { objectOf } from "../wire.mjs";
import { isSigned } from "./checksum.mjs";
import { success } from "./errors.mjs";
import { candlesOf, dayOf, marketRoutes } from "./market.mjs";

/** A zip file without any file in it: the SDK loads it when it is imported, and after every login. */
const EMPTY_ZIP = Buffer.concat([Buffer.from("PK\x05\x06", "latin1"), Buffer.alloc(18)]);

const CANDLES = [{
  close: "452.3", datetime: "2026-10-01 00:00:00", exchange_code: "NSE", high: "455.1", low: "449.9", open: "450", stock_code: "ITC", volume: "9120034",
}];

/** @param {import("./index.mjs").Around} around @returns {import("../wire.mjs").Routes} */
export function accountRoutes(around) {
  const { clock, app, sessions, budget, refused, toleranceMs, acceptsPost } = around;
  /** @type {Map<string, number>} */
  const allocated = new Map();

  const overspent = () => {
    const beyond = budget.take(app.appKey);
    return beyond === undefined ? undefined : refused(`Limit exceed: API call per ${beyond}: `);
  };

  /**
   * @param {"apiSession" | "token"} by
   * @param {unknown} value
   * @param {(session: import("./sessions.mjs").Session) => import("../wire.mjs").Answer} serve
   */
  const within = (by, value, serve) => {
    const session = sessions.look(by, value);
    if (session === "unknown") return refused("Invalid session.");
    if (session === "expired") return refused("Resource not available.");
    return overspent() ?? serve(session);
  };

  /**
   * The session is looked at before the signature: what the real one looks at first is not known.
   *
   * @param {(session: import("./sessions.mjs").Session, call: import("../wire.mjs").Call) => import("../wire.mjs").Answer} serve
   * @returns {import("../wire.mjs").Serve}
   */
  const signed = (serve) => (call) => {
    if (call.headers["x-appkey"] !== app.appKey) return refused("Public Key does not exist.");
    return within("token", call.headers["x-sessiontoken"], (session) => {
      const isRight = isSigned(call, { secret: app.secret, now: clock.now(), toleranceMs });
      return isRight ? serve(session, call) : refused("Authentication Fail :: Invalid Checksum.");
    });
  };

  /** @type {import("../wire.mjs").Serve} */
  const customerDetails = (call) => {
    const { SessionToken: apiSession, AppKey: appKey } = objectOf(call) ?? {};
    if (appKey !== undefined && appKey !== app.appKey) return refused("Public Key does not exist.");
    return within("apiSession", apiSession, ({ person, token }) => {
      const today = dayOf(shownInIndia(clock.now()));
      return success({
        exg_trade_date: { NSE: today, BSE: today, FNO: today, NDX: today },
        exg_status: { NSE: "O", BSE: "O", FNO: "O", NDX: "O" },
        segments_allowed: { Trading: "Y", Equity: "Y", Derivatives: "Y", Currency: "Z" },
        idirect_userid: person.id,
        session_token: token,
        idirect_user_name: person.name.toUpperCase(),
        idirect_ORD_TYP: "N",
        idirect_lastlogin_time: `${today} ${shownInIndia(clock.now()).slice(11)}`,
        mf_holding_mode_popup_flg: "N",
        commodity_exchange_status: "Y",
        commodity_trade_date: today,
        commodity_allowed: "O",
      });
    });
  };

  return {
    "GET /breezeapi/api/v1/customerdetails": customerDetails,
    ...(acceptsPost && { "POST /breezeapi/api/v1/customerdetails": customerDetails }),

    "GET /breezeapi/api/v1/funds": signed(({ person }) => success({
      bank_account: "000000000042", total_bank_balance: 250_000.75, allocated_equity: allocated.get(person.id) ?? 0, allocated_fno: 0,
      block_by_trade_equity: 0, block_by_trade_fno: 0, block_by_trade_balance: 0, unallocated_balance: "250000.75",
    })),
    "POST /breezeapi/api/v1/funds": signed(({ person }, call) => {
      const { amount, transaction_type: type } = objectOf(call) ?? {};
      allocated.set(person.id, (allocated.get(person.id) ?? 0) + (type === "debit" ? -1 : 1) * Number(amount));
      return success({ status: "Success" });
    }),
    "GET /breezeapi/api/v1/dematholdings": signed(() => success([
      { stock_code: "ITC", stock_ISIN: "INE154A01025", quantity: "10", demat_total_bulk_quantity: "10", demat_avail_quantity: "0" },
    ])),
    ...marketRoutes(around, signed),

    "GET /api/v2/historicalcharts": (call) => {
      const { headers, query } = call;
      if (headers.apikey !== app.appKey) return refused("Public Key does not exist.");
      return within("token", headers["x-sessiontoken"], () => {
        around.effects.add(call);
        const days = CANDLES.filter((candle) => candle.stock_code === query.get("stock_code"));
        return success(query.get("interval") === "5minute" ? candlesOf(around, query) : days);
      });
    },

    "GET /MotherAppMaster/SecurityMaster.zip": () => ({ status: 200, headers: { "content-type": "application/zip" }, body: EMPTY_ZIP }),
  };
}
