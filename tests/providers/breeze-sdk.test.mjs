import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startBreeze } from "../servers/stand-ins/breeze/index.mjs";
import { createClock } from "../servers/stand-ins/clock.mjs";
import { openSdk, SdkError } from "./support/sdk.mjs";
import { SECRET, signIn } from "./support/standing.mjs";

const APP = "app+key=1!";
/** Far from midnight in India, whenever the test is run. */
const EVENING = Date.parse("2026-10-02T20:00:00+05:30");

/** @type {Awaited<ReturnType<typeof startBreeze>>} */
let breeze;
/** @type {Awaited<ReturnType<typeof openSdk>>} */
let sdk;
/** @type {(() => Promise<void>)[]} */
const ends = [];
before(async () => {
  const clock = createClock();
  clock.set(EVENING);
  breeze = await startBreeze({ clientSecret: SECRET, clock });
  ends.push(breeze.close);
  sdk = await openSdk({ after: (end) => ends.push(end) }, "breeze", [breeze.origin, String(clock.now() - Date.now())]);
});
after(() => Promise.all(ends.map((end) => end())));

async function logIn() {
  const back = await signIn(breeze, `${breeze.origin}/apiuser/login?api_key=${encodeURIComponent(APP)}`, "ada");
  const session = back.searchParams.get("apisession");
  return { session, ...(await sdk("generate_session", { app_key: APP, secret: SECRET, session })) };
}

/** @param {string} method @param {Record<string, unknown>} [given] */
const ask = (method, given = {}) => sdk("ask", { method, ...given });

/** @param {Promise<unknown>} call @param {RegExp} message */
const raised = (call, message) => assert.rejects(call, (error) => {
  assert.ok(error instanceof SdkError, String(error));
  assert.match(error.message, message);
  return true;
});

test("its SDK logs in, signs its calls, and reads what it is answered", async () => {
  const { user_id: user, session_key: key, session } = await logIn();
  assert.match(user, /^[A-Z]{2}\d{4}$/);
  assert.match(key, /^\d{8}$/);
  const details = await ask("get_customer_details", { api_session: session });
  assert.deepEqual([details.Status, details.Success.idirect_userid], [200, user]);
  assert.equal((await ask("set_funds", { transaction_type: "credit", amount: "250", segment: "Equity" })).Status, 200);
  assert.equal((await ask("get_funds")).Success.allocated_equity, 250);
  assert.equal((await ask("get_demat_holdings")).Success[0].stock_code, "ITC");
  const quotes = await ask("get_quotes", { stock_code: "ITC", exchange_code: "NSE", product_type: "cash", right: "others", strike_price: "0" });
  assert.deepEqual([quotes.Error, quotes.Success[0].stock_code], [null, "ITC"]);
  const charts = await ask("get_historical_data_v2", {
    interval: "1day", from_date: "2026-10-01T00:00:00.000Z", to_date: "2026-10-02T00:00:00.000Z", stock_code: "ITC", exchange_code: "NSE", product_type: "cash",
  });
  assert.equal(charts.Success[0].stock_code, "ITC");
});

test("its SDK looks at the market: a share, the volatility index, and the options of an expiry", async () => {
  await logIn();
  const share = await ask("get_quotes", { stock_code: "RELIND", exchange_code: "NSE", product_type: "cash" });
  const [reliance] = share.Success;
  assert.deepEqual([reliance.exchange_code, reliance.stock_code, reliance.ltt.slice(0, 11)], ["NSE", "RELIND", "02-Oct-2026"]);
  assert.ok(reliance.low <= reliance.ltp && reliance.ltp <= reliance.high && Number(reliance.total_quantity_traded) > 0);
  const [vix] = (await ask("get_quotes", { stock_code: "INDVIX", exchange_code: "NSE", product_type: "cash" })).Success;
  assert.ok(vix.ltp > 8 && vix.ltp < 30, String(vix.ltp));
  const { Success: candles } = await ask("get_historical_data_v2", { interval: "5minute", from_date: "2026-10-02T09:15:00.000Z", to_date: "2026-10-02T23:00:00.000Z", stock_code: "RELIND", exchange_code: "NSE", product_type: "cash" });
  assert.deepEqual([candles[0].datetime, candles[0].open, candles[128].datetime], ["2026-10-02 09:15:00", reliance.open, "2026-10-02 19:55:00"]);
  const chain = (/** @type {string} */ right) =>
    ask("get_option_chain_quotes", { stock_code: "NIFTY", exchange_code: "NFO", product_type: "options", right, expiry_date: "2026-10-06T06:00:00.000Z" });
  const [calls, puts] = [(await chain("call")).Success, (await chain("put")).Success];
  assert.deepEqual([calls.length, puts.length, calls[0].right, puts[0].right, calls[0].expiry_date], [49, 49, "Call", "Put", "06-Oct-2026"]);
  assert.ok(calls[0].ltp > calls[48].ltp && puts[0].ltp < puts[48].ltp, "the dearer strike has the cheaper call");
  assert.ok(calls.some((/** @type {any} */ { spot_price: spot, strike_price: strike }) => Math.abs(Number(spot) - strike) <= 25), "the strikes lie around the index");
  const other = await ask("get_option_chain_quotes", { stock_code: "NIFTY", exchange_code: "NFO", product_type: "options", right: "call", expiry_date: "2026-10-07T06:00:00.000Z" });
  assert.deepEqual(other.Success, [], "nothing ends on a Wednesday");
});

test("its SDK places an order, and finds it with the remark that it gave it", async () => {
  await logIn();
  const order = { stock_code: "NIFTY", exchange_code: "NFO", product: "options", action: "buy", order_type: "limit", quantity: "75", price: "82.5", validity: "day", expiry_date: "2026-10-06T06:00:00.000Z", right: "call", strike_price: "24850", user_remark: "desk1" };
  const placed = await ask("place_order", order);
  assert.deepEqual([placed.Status, placed.Success.user_remark], [200, "desk1"]);
  const { Success: [found] } = await ask("get_order_detail", { exchange_code: "NFO", order_id: placed.Success.order_id });
  assert.deepEqual([found.order_id, found.user_remark, found.status], [placed.Success.order_id, "desk1", "Ordered"]);
  assert.deepEqual((await breeze.act("effects")).filter((/** @type {any} */ { order }) => order === "desk1").length, 1);
});

test("its SDK makes words of its own of what the exchange refuses", async () => {
  await raised(sdk("generate_session", { app_key: APP, secret: SECRET, session: "00000000" }), /Please check session key/);
  await raised(sdk("generate_session", { app_key: "other", secret: SECRET, session: "00000000" }), /Please check api key/);
  breeze.faults.add({ kind: "refusal", name: "Error while calling service, Please contact admin (T2:155)" });
  await raised(sdk("generate_session", { app_key: APP, secret: SECRET, session: "00000000" }), /Unable to retrieve customer details/);
});

test("its SDK takes a wrong secret at the login, and hears of it with the first call", async () => {
  const { session } = await logIn();
  await sdk("generate_session", { app_key: APP, secret: "wrong", session });
  assert.deepEqual(await ask("get_funds"), { Status: 5, Error: "Authentication Fail :: Invalid Checksum." });
});

test("its SDK says that a session is expired, at the login only", async () => {
  const { session } = await logIn();
  const now = breeze.clock.now();
  breeze.clock.set(Date.parse("2026-10-03T00:00:00+05:30"));
  assert.deepEqual(await ask("get_funds"), { Success: null, Status: 500, Error: "Resource not available." });
  await raised(sdk("generate_session", { app_key: APP, secret: SECRET, session }), /Session key is expired/);
  breeze.clock.set(now);
});

test("its SDK hands on a refusal as it came, and breaks at a page", async () => {
  await logIn();
  breeze.faults.add({ kind: "refusal", name: "Limit exceed: API call per day: " });
  assert.deepEqual(await ask("get_funds"), { Status: 5, Error: "Limit exceed: API call per day: " });
  breeze.faults.add({ kind: "html", status: 200 });
  await raised(ask("get_funds"), /get_funds/);
  breeze.faults.add({ kind: "truncated" });
  await raised(ask("get_funds"), /get_funds/);
  breeze.faults.add({ kind: "lost" });
  await raised(ask("get_funds"), /get_funds/);
  assert.equal((await ask("get_funds")).Status, 200);
});
