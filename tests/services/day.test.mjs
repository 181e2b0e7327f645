/** A day at a broker's, by clocks that are moved: what is said of a token while it lives, at its cutoff, and after it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../worker/support/until.mjs";
import { HOUR, MINUTE, ROUTES, india, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

/** What is said at a time. @param {Stack} on @param {number} time */
async function at(on, time) {
  await on.go(time);
  const [status, token] = [await on.services.status(on.name), await on.services.token(on.name)];
  return { status, token };
}

/** A caller is told that there is none, why, and when to come again. @param {any} token @param {number} since */
function isNone(token, since) {
  const { status, headers, json } = token;
  assert.deepEqual([status, json.code, json.reason], [503, "no_token", "needs_human"]);
  assert.ok(json.since >= since && json.since < since + 2_000, `${json.since - since}`);
  assert.equal(json.retry_after, 60);
  assert.equal(headers["retry-after"], "60");
  assert.equal(headers["content-type"], "application/problem+json");
}

for (const [provider, cutoff, expiring, long, short] of /** @type {const} */ ([
  ["upstox", india("03:30", 1), 60 * MINUTE, "17 h 30 min", "45 min"],
  ["breeze", india("00:00", 1), 30 * MINUTE, "14 h", "15 min"],
  ["kite", india("06:00", 1), 30 * MINUTE, "20 h", "15 min"],
])) {
  test(`${provider}: a token from morning to its cutoff, none after it, and another from a login`, async (t) => {
    const on = await stack(t, provider);
    const first = await on.services.status(provider);
    assert.deepEqual([first.status, first.active, first.valid, first.need.reason, first.time_left, first.expires_in], ["needs_human", false, false, "first_token", "none", null]);
    const { token, json } = await on.accepted();
    assert.equal(json.expires_at, cutoff);

    const morning = await at(on, india("10:00"));
    assert.deepEqual([morning.status.status, morning.status.active, morning.status.valid, morning.status.need], ["active", true, true, null]);
    assert.equal(morning.status.time_left, long);
    assert.ok(Math.abs(morning.status.expires_in * 1_000 - (cutoff - india("10:00"))) < 2_000);
    assert.equal(morning.status.login_from, cutoff, "a login now would bring a token that ends no later");
    assert.deepEqual([morning.status.automatic.possible, morning.status.automatic.reason], [false, "not_offered"]);
    assert.ok(morning.status.automatic.why.length > 30);
    assert.deepEqual([morning.status.validated.valid, morning.status.source], [true, "pasted"]);

    const before = await at(on, cutoff - expiring - 5_000);
    assert.equal(before.status.status, "active");
    const soon = await at(on, cutoff - (provider === "upstox" ? 45 : 15) * MINUTE);
    assert.deepEqual([soon.status.status, soon.status.time_left, soon.status.login_from], ["expiring", short, cutoff]);
    const last = await at(on, cutoff - 3_000);
    assert.deepEqual([last.status.status, last.token.status, last.token.json.access_token], ["expiring", 200, token]);
    assert.ok(last.token.json.expires_in <= 3 && last.token.json.expires_in > 0);

    const over = await at(on, cutoff);
    isNone(over.token, cutoff);
    assert.deepEqual([over.status.status, over.status.valid, over.status.time_left, over.status.login_from], ["needs_human", false, "none", null]);
    assert.deepEqual(over.status.need.reason, "lapsed");
    isNone((await at(on, cutoff + 5 * HOUR)).token, cutoff);

    const renewed = await on.services.handIn(provider, await on.code(), { kind: "code" });
    assert.deepEqual([renewed.status, renewed.json.expires_at], [200, cutoff + 24 * HOUR]);
    const again = await at(on, cutoff + 6 * HOUR);
    assert.deepEqual([again.status.status, again.status.need, again.token.status], ["active", null, 200]);
    assert.notEqual(again.token.json.access_token, token);
    assert.ok(again.token.json.generation > json.generation || again.token.json.epoch > json.epoch);
    assert.deepEqual(again.status.renewals.map((/** @type {any} */ { source, outcome }) => [source, outcome]), [["pasted", "ok"], ["pasted", "ok"]]);
    const { callers } = again.status;
    assert.deepEqual([callers[0].nones, callers[0].name], [2, "reports"]);
  });
}

test("Breeze, where its operator has seen that a session ends after 24 hours, not at midnight: it is served until then", async (t) => {
  const on = await stack(t, "breeze", { choices: { rule: "24h" }, more: { cutoffs: [], cap: "24h" } });
  const { token, json } = await on.accepted();
  assert.ok(Math.abs(json.expires_at - (on.clock.now() + 24 * HOUR)) < MINUTE, `${json.expires_at}`);
  const night = await at(on, india("00:05", 1));
  assert.deepEqual([night.status.status, night.token.status, night.token.json.access_token], ["active", 200, token]);
  assert.ok(Math.abs(night.status.login_from - on.clock.now()) < MINUTE, "a login helps now: what it brings lives longer");
  const over = await at(on, json.expires_at);
  isNone(over.token, json.expires_at);
});

test("Upstox: who only reads gets the token for a year after the cutoff, and is told that it is one", async (t) => {
  const on = await stack(t, "upstox");
  assert.equal((await on.services.handIn("upstox", await on.code(), { kind: "code" })).status, 200);
  const { json: daily } = await on.services.token("upstox", { reads_only: true });
  assert.equal(daily.read_only, false);
  const { status, token } = await at(on, india("03:30", 1));
  isNone(token, india("03:30", 1));
  assert.ok(status.on_fallback > on.clock.now() + 300 * 24 * HOUR);
  const { json } = await on.services.token("upstox", { reads_only: true });
  assert.deepEqual([json.read_only, json.expires_at], [true, status.on_fallback]);
  assert.notEqual(json.access_token, daily.access_token);
  const holdings = await fetch(`${on.standIn.origin}/v2/portfolio/long-term-holdings`, { headers: { authorization: `Bearer ${json.access_token}` } });
  assert.equal(holdings.status, 200);
});

/** A caller thinks that the token is of no use: the provider is asked. @param {Stack} on */
const doubt = (on) => on.services.ask("POST", `${on.name}/refresh`, {});

test("Breeze: Resource not available once is nothing, twice it is the end, which only a person mends", async (t) => {
  const on = await stack(t, "breeze");
  const { token } = await on.accepted();
  const fail = (/** @type {number} */ times) => on.standIn.faults.add({ kind: "refusal", name: "Resource not available.", path: "/breezeapi/api/v1/funds", times });
  await on.pass(10 * MINUTE);
  fail(1);
  const asked = doubt(on);
  await on.until("the first answer", ({ trouble }) => trouble === "ambiguous");
  // The budget of a minute is one question.
  await on.pass(2 * MINUTE);
  await on.until("the second", ({ validated, trouble }) => validated.valid && trouble === null);
  await asked;
  assert.equal((await on.services.token("breeze")).json.access_token, token);

  await on.pass(10 * MINUTE);
  fail(2);
  const last = doubt(on);
  await on.until("the first answer", ({ trouble }) => trouble === "ambiguous");
  assert.equal((await on.services.status("breeze")).valid, true);
  await on.pass(2 * MINUTE);
  const over = await on.until("the end", ({ valid }) => !valid);
  await last;
  assert.deepEqual([over.status, over.active, over.need.reason, over.validated.valid], ["needs_human", false, "refused", false]);
  assert.equal((await on.services.token("breeze")).json.reason, "needs_human");
  await on.accepted();
  assert.equal((await on.services.token("breeze")).status, 200);
});

test("Breeze: Invalid User Details, for hours, ends nothing", async (t) => {
  const on = await stack(t, "breeze");
  const { token } = await on.accepted();
  on.standIn.faults.add({ kind: "refusal", name: "Invalid User Details", path: "/breezeapi/api/v1/funds", times: 10_000 });
  const before = on.count(ROUTES.breeze.validate);
  for (let n = 0; n < 6; n += 1) {
    await on.pass(2 * HOUR);
    await on.until("an answer", ({ trouble, attempt }) => trouble === "transient" && attempt === null);
    const { status, json } = await on.services.token("breeze");
    assert.deepEqual([status, json.access_token], [200, token]);
  }
  assert.ok(on.count(ROUTES.breeze.validate) - before >= 6);
  assert.equal((await on.services.status("breeze")).validated.valid, true, "what it said last of the token still holds");
});

test("Breeze: Limit exceed for the day: nothing is asked before midnight, and the token is served", async (t) => {
  const on = await stack(t, "breeze");
  const { token } = await on.accepted();
  on.standIn.faults.add({ kind: "refusal", name: "Limit exceed: API call per day: ", path: "/breezeapi/api/v1/funds" });
  await on.pass(2 * HOUR);
  const held = await on.until("the limit", ({ hold_until: until }) => until);
  assert.deepEqual([held.hold_until, held.trouble], [india("00:00", 1), "rate_limited"]);
  const asked = on.count(ROUTES.breeze.validate);
  for (const clock of ["13:00", "16:00", "20:00", "23:30"]) {
    const { token: served } = await at(on, india(clock));
    assert.equal(served.json.access_token, token);
    void doubt(on);
  }
  assert.equal(on.count(ROUTES.breeze.validate), asked);
  const { status } = await at(on, india("00:01", 1));
  assert.equal(status.hold_until, null);
  assert.equal((await on.accepted()).json.verdict, "accepted");
});

test("Upstox: 429 with a time is left alone for so long, whatever its clock says", async (t) => {
  const on = await stack(t, "upstox");
  await on.accepted();
  await on.pass(2 * HOUR);
  await on.services.status("upstox");
  await until("a routine question", () => on.count(ROUTES.upstox.validate) >= 2);
  for (const [fault, seconds] of /** @type {const} */ ([
    [{ kind: "throttled", retryAfter: 1_800 }, 1_800],
    [{ kind: "throttled", retryAfter: 900, as: "date" }, 900],
  ])) {
    // Its clock is an hour ahead of ours: a date of its own is meant by its own clock.
    on.clock.advance(HOUR);
    on.standIn.faults.add({ ...fault, path: "/v2/user/profile" });
    const time = on.clock.now() - HOUR + 10 * MINUTE;
    await on.services.clockAhead(time - Date.now());
    await doubt(on);
    const status = await on.until("the limit", ({ hold_until: hold }) => hold);
    assert.ok(Math.abs(status.hold_until - time - seconds * 1_000) < 5_000, `${(status.hold_until - time) / 1_000} s`);
    assert.equal(status.valid, true);
    on.clock.set(time);
    await on.pass(seconds * 1_000 + HOUR);
    await on.until("the end of it", ({ hold_until: hold, attempt }) => hold === null && attempt === null);
  }
});

test("Upstox: pages of HTML for six hours: the token is served, and it is asked once an hour at most", async (t) => {
  const on = await stack(t, "upstox");
  const { token } = await on.accepted();
  on.standIn.faults.add({ kind: "html", status: 503, times: 10_000 });
  const before = on.count(ROUTES.upstox.validate);
  for (let n = 0; n < 12; n += 1) {
    await on.pass(30 * MINUTE);
    const { status, json } = await on.services.token("upstox");
    assert.deepEqual([status, json.access_token], [200, token]);
    await on.until("the attempt to end", ({ attempt }) => attempt === null);
  }
  const asked = on.count(ROUTES.upstox.validate) - before;
  assert.ok(asked >= 4 && asked <= 6, `${asked}`);
  assert.equal((await on.services.status("upstox")).status, "active");
});

test("Upstox: closed in the night: what was handed in waits for its hour, and counts then without anybody", async (t) => {
  const on = await stack(t, "upstox", { at: india("04:00") });
  const token = await on.token();
  on.standIn.faults.add({ kind: "refusal", name: "UDAPI100072", path: "/v2/user/profile" });
  const handed = on.services.handIn("upstox", token);
  await on.until("its word", ({ trouble, hold_until: hold }) => trouble === "service_closed" && hold === india("05:30"));
  await on.pass(5_000);
  await on.services.status("upstox");
  assert.equal((await handed).status, 202);
  const asked = on.count(ROUTES.upstox.validate);
  await at(on, india("05:29"));
  assert.equal(on.count(ROUTES.upstox.validate), asked);
  await on.go(india("05:30") + 1_000);
  await on.until("the token", ({ valid }) => valid);
  assert.equal((await on.services.token("upstox")).json.access_token, token);
});

test("Breeze: clocks that differ by more than it takes: its refusal ends no token, and whoever hands one in hears of the clock", async (t) => {
  const on = await stack(t, "breeze");
  const { token } = await on.accepted();
  const another = await on.token();
  await on.pass(10 * MINUTE);
  on.clock.advance(10 * MINUTE);
  await doubt(on);
  const status = await on.until("its refusal", ({ trouble }) => trouble === "client_misconfigured");
  assert.equal(status.valid, true);
  assert.equal((await on.services.token("breeze")).json.access_token, token);
  const { status: code, json } = await on.services.handIn("breeze", another);
  assert.deepEqual([code, json.verdict, json.class], [422, "refused", "client_misconfigured"]);
  // Right again: the same one counts.
  on.clock.advance(-10 * MINUTE);
  assert.equal((await on.services.handIn("breeze", another)).status, 200);
});
