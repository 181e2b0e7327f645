import assert from "node:assert/strict";
import { test } from "node:test";

import { startBreeze } from "../servers/stand-ins/breeze/index.mjs";
import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { createMarket } from "../servers/stand-ins/market.mjs";
import { SECRET, standing } from "./support/standing.mjs";

const NOON = Date.parse("2026-10-02T12:00:00+05:30");
const IDS = /** @type {const} */ (["nifty", "vix", "reliance", "hdfcbank", "infosys", "tcs", "itc"]);

test("prices are of a moment and a seed, and of nothing else", () => {
  const [one, same, other, later] = [createMarket(stoppedClock(NOON), 1), createMarket(stoppedClock(NOON), 1), createMarket(stoppedClock(NOON), 2), createMarket(stoppedClock(NOON + 3_000), 1)];
  for (const id of IDS) {
    assert.deepEqual(one.quote(id), same.quote(id));
    assert.notEqual(one.quote(id).last, other.quote(id).last, id);
  }
  assert.deepEqual(one.chain("2026-10-06"), same.chain("2026-10-06"));
  assert.ok(IDS.some((id) => one.quote(id).last !== later.quote(id).last), "three seconds later nothing has moved");
});

test("prices move a little in a few seconds and somewhat in a day, and what is said of a day holds", () => {
  const clock = stoppedClock(NOON);
  const market = createMarket(clock, 7);
  for (let step = 0; step < 400; step += 1) {
    const before = market.quote("nifty").last;
    clock.advance(4_000);
    const { last, open, high, low, bid, ask } = market.quote("nifty");
    assert.ok(Math.abs(last / before - 1) < 0.001, `${before} to ${last}`);
    assert.ok(low <= Math.min(last, open) && high >= Math.max(last, open) && bid < ask);
    clock.advance(3_600_000);
    assert.ok(Math.abs(market.quote("nifty").last / 24_850 - 1) < 0.02);
  }
});

test("what a price did in five minutes holds what it was in them", () => {
  const clock = stoppedClock(NOON);
  const market = createMarket(clock, 1);
  const candles = market.candles("itc");
  assert.deepEqual([candles.length, candles[0]?.at], [33, Date.parse("2026-10-02T09:15:00+05:30")]);
  for (const { at, open, high, low, close } of candles) {
    clock.set(at);
    assert.equal(open, market.quote("itc").last);
    assert.ok(low <= Math.min(open, close) && high >= Math.max(open, close));
  }
});

test("an option is worth what it must be: more than nothing, and a call and its put differ by the index and the strike", () => {
  const market = createMarket(stoppedClock(NOON), 3);
  const spot = market.quote("nifty").last;
  const chain = market.chain("2026-10-06");
  assert.equal(chain.length, 49);
  assert.ok((chain[0]?.strike ?? Infinity) < spot - 500 && (chain.at(-1)?.strike ?? 0) > spot + 500);
  for (const { strike, call, put } of chain) {
    const years = (Date.parse("2026-10-06T15:30:00+05:30") - NOON) / (365 * 86_400_000);
    const parity = spot - strike * Math.exp(-0.065 * years);
    assert.ok(call.last >= 0.05 && put.last >= 0.05);
    assert.ok(Math.abs(call.last - put.last - parity) < 0.2, `${strike}: ${call.last} and ${put.last}, not ${parity} apart`);
    assert.ok(Math.abs(call.greeks.delta - put.greeks.delta - 1) < 0.001);
  }
  for (const day of ["2026-09-29", "2026-10-07", "2027-01-05", "soon"]) assert.deepEqual(market.chain(day), [], day);
});

test("what was done for a caller is told with the name of its request, and a refusal is no effect", async (t) => {
  const breeze = await standing(t, startBreeze({ clientSecret: SECRET, clock: stoppedClock(NOON) }));
  const refused = await fetch(`${breeze.origin}/breezeapi/api/v1/order`, { method: "POST", body: '{"user_remark":"mine"}', headers: { "x-request-id": "r1" } });
  assert.equal((await refused.json()).Error, "Public Key does not exist.");
  assert.deepEqual(await breeze.act("effects"), []);
});
