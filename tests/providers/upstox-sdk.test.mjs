import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { openSdk, SdkError } from "./support/sdk.mjs";
import { SECRET, signIn } from "./support/standing.mjs";

const CLIENT = "everlit-demo";
const REDIRECT = "http://localhost:8787/auth/callback/upstox";

/** @type {Awaited<ReturnType<typeof startUpstox>>} */
let upstox;
/** @type {Awaited<ReturnType<typeof openSdk>>} */
let sdk;
/** @type {(() => Promise<void>)[]} */
const ends = [];
before(async () => {
  upstox = await startUpstox({ clientSecret: SECRET, clock: stoppedClock(Date.parse("2026-10-02T20:00:00+05:30")), notifierUrl: "http://127.0.0.1:1/" });
  ends.push(upstox.close);
  sdk = await openSdk({ after: (end) => ends.push(end) }, "upstox", [upstox.origin]);
});
after(() => Promise.all(ends.map((end) => end())));

async function logIn() {
  const dialog = `${upstox.origin}/v2/login/authorization/dialog?${new URLSearchParams({ client_id: CLIENT, redirect_uri: REDIRECT, response_type: "code" })}`;
  const code = (await signIn(upstox, dialog, "ada")).searchParams.get("code");
  return sdk("token", { code, client_id: CLIENT, client_secret: SECRET, redirect_uri: REDIRECT, grant_type: "authorization_code" });
}

/** @param {Promise<unknown>} call @param {number} status @param {string} code */
const refused = (call, status, code) => assert.rejects(call, (error) => {
  assert.ok(error instanceof SdkError, String(error));
  assert.deepEqual([error.type, error.status, error.wire.errors[0].errorCode], ["ApiException", status, code]);
  return true;
});

test("its SDK logs in, asks who it is and what it holds, and logs out", async () => {
  const { access_token: token, user_id: user, extended_token: extended } = await logIn();
  const profile = await sdk("profile", { access_token: token });
  assert.deepEqual([profile.status, profile.data.user_id, profile.data.is_active], ["success", user, true]);
  const holdings = await sdk("holdings", { access_token: token });
  assert.equal(holdings.data[0].trading_symbol, "YESBANK");
  assert.deepEqual((await sdk("holdings", { access_token: extended })).data, holdings.data);
  assert.equal((await sdk("funds", { access_token: token })).status, "success");
  assert.deepEqual(await sdk("logout", { access_token: token }), { status: "success", data: true });
  await refused(sdk("profile", { access_token: token }), 401, "UDAPI100050");
  await refused(sdk("profile", { access_token: extended }), 403, "UDAPI100067");
});

test("its SDK looks at the market: shares and indices by their keys, and the options of an expiry", async () => {
  const { access_token: token, extended_token: extended } = await logIn();
  const keys = "NSE_INDEX|Nifty 50,NSE_INDEX|India VIX,NSE_EQ|INE002A01018,NSE_EQ|nobody";
  const { data: quotes } = await sdk("quotes", { access_token: token, instrument_key: keys });
  assert.deepEqual(Object.keys(quotes), ["NSE_INDEX:Nifty 50", "NSE_INDEX:India VIX", "NSE_EQ:RELIANCE"]);
  const { ohlc, last_price: last, net_change: change, depth, timestamp } = quotes["NSE_EQ:RELIANCE"];
  assert.ok(ohlc.low <= last && last <= ohlc.high && depth.buy[0].price < depth.sell[0].price && Math.abs(change) < last / 10);
  assert.equal(timestamp, "2026-10-02T20:00:00.000+05:30");
  const { data: prices } = await sdk("ltp", { access_token: extended, instrument_key: keys });
  assert.equal(prices["NSE_EQ:RELIANCE"].last_price, last);
  const { data: { candles } } = await sdk("candles", { access_token: token, instrument_key: "NSE_INDEX|Nifty 50" });
  assert.deepEqual([candles.length, candles[0][0], candles.at(-1)[0], candles.at(-1)[1]], [129, "2026-10-02T19:55:00+05:30", "2026-10-02T09:15:00+05:30", quotes["NSE_INDEX:Nifty 50"].ohlc.open]);
  const { data: chain } = await sdk("option_chain", { access_token: token, instrument_key: "NSE_INDEX|Nifty 50", expiry_date: "2026-10-06" });
  assert.equal(chain.length, 49);
  const near = chain.find((/** @type {any} */ { strike_price: at, underlying_spot_price: index }) => Math.abs(at - index) <= 25);
  const { call_options: call, put_options: put, underlying_spot_price: spot, strike_price: strike, expiry } = near;
  assert.deepEqual([spot, String(expiry).slice(0, 10)], [quotes["NSE_INDEX:Nifty 50"].last_price, "2026-10-06"]);
  assert.ok(Math.abs(spot - strike) <= 25 && call.option_greeks.delta > 0.3 && put.option_greeks.delta < -0.3);
  // What a call costs more than its put is what the index is above the strike, and the interest on it.
  assert.ok(Math.abs(call.market_data.ltp - put.market_data.ltp - (spot - strike)) < 40);
  assert.deepEqual((await sdk("option_chain", { access_token: token, instrument_key: "NSE_INDEX|Nifty 50", expiry_date: "2026-10-07" })).data, []);
  await refused(sdk("quotes", { access_token: token, instrument_key: "" }), 400, "UDAPI100036");
});

test("its SDK places an order, and finds it with the tag that it gave it", async () => {
  const { access_token: token, extended_token: extended } = await logIn();
  const order = {
    quantity: 75, product: "D", validity: "DAY", price: 82.5, tag: "desk1", slice: false, instrument_token: "NSE_FO|40011", order_type: "LIMIT", transaction_type: "BUY", disclosed_quantity: 0, trigger_price: 0, is_amo: false,
  };
  const { status, data: { order_ids: [id] } } = await sdk("place_order", { access_token: token, ...order });
  assert.equal(status, "success");
  const { data: [found] } = await sdk("orders", { access_token: token });
  assert.deepEqual([found.order_id, found.tag, found.status], [id, "desk1", "open"]);
  await refused(sdk("place_order", { access_token: extended, ...order }), 403, "UDAPI100067");
  assert.deepEqual((await upstox.act("effects")).filter((/** @type {any} */ { order: tag }) => tag === "desk1").length, 1);
});

test("its SDK reaches the login page without a response type, and is told of a wrong client", async () => {
  assert.equal(await sdk("authorize", { client_id: CLIENT, redirect_uri: REDIRECT, state: "s" }), 200);
  await refused(sdk("authorize", { client_id: "other", redirect_uri: REDIRECT, state: "s" }), 400, "UDAPI100068");
});

test("its SDK is told that a code is spent", async () => {
  const wrong = { code: "mk404x", client_id: CLIENT, client_secret: SECRET, redirect_uri: REDIRECT, grant_type: "authorization_code" };
  await refused(sdk("token", wrong), 401, "UDAPI100057");
});

test("its SDK sees a token die at half past three", async () => {
  const { access_token: token } = await logIn();
  const now = upstox.clock.now();
  upstox.clock.set(1790978400000 - 1);
  assert.equal((await sdk("profile", { access_token: token })).status, "success");
  upstox.clock.set(1790978400000);
  await refused(sdk("profile", { access_token: token }), 401, "UDAPI100050");
  upstox.clock.set(now);
});

test("its SDK asks for a token that a person approves, and reads the time as text", async () => {
  const asked = await sdk("request_token", { client_id: CLIENT, client_secret: SECRET });
  assert.deepEqual(asked, { status: "success", data: { authorization_expiry: "1790978400000", notifier_url: "http://127.0.0.1:1/" } });
  await refused(sdk("request_token", { client_id: CLIENT, client_secret: "wrong" }), 401, "UDAPI100069");
});

test("its SDK changes the static address, and is out", async () => {
  const { access_token: token } = await logIn();
  assert.equal((await sdk("update_ip", { access_token: token, primary_ip: "192.0.2.7" })).data.access_tokens_invalidated, true);
  await refused(sdk("profile", { access_token: token }), 401, "UDAPI100050");
});

test("its SDK raises whatever goes wrong, in the form that it goes wrong in", async () => {
  const { access_token: token } = await logIn();
  upstox.faults.add({ kind: "refusal", name: "UDAPI100500" });
  await refused(sdk("profile", { access_token: token }), 500, "UDAPI100500");
  upstox.faults.add({ kind: "throttled" });
  await refused(sdk("profile", { access_token: token }), 429, "UDAPI10005");
  upstox.faults.add({ kind: "html", status: 403 });
  await assert.rejects(sdk("profile", { access_token: token }), (error) => error instanceof SdkError && error.status === 403 && /<html>/.test(error.body ?? ""));
});

test("its SDK waits by itself as it is told, and asks again", async () => {
  const { access_token: token } = await logIn();
  for (const as of /** @type {const} */ (["seconds", "date"])) {
    const asked = upstox.counters()["GET /v2/user/profile"] ?? 0;
    upstox.faults.add({ kind: "throttled", retryAfter: 1, as });
    assert.equal((await sdk("profile", { access_token: token })).status, "success", as);
    assert.equal(upstox.counters()["GET /v2/user/profile"], asked + 2, as);
  }
});
