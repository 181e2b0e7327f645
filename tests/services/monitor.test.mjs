/** The monitor with no caller and no browser at all: it checks by its alarm, says so in the log, and keeps within the budget. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { until } from "../worker/support/until.mjs";
import { HOUR, MINUTE, ROUTES, india, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

/** Lines of one event. @param {Stack} on @param {string} event */
const lines = (on, event) => on.services.log.filter((line) => line.event === event);

/** Without touching it. @param {Stack} on @returns {Promise<number>} */
const alarm = (on) => on.services.object("VAULT", on.name, "alarm");

/** Lets time pass until its alarm is due, and waits for it to have rung: nobody asks it anything. @param {Stack} on */
async function ring(on) {
  const due = await until("an alarm", () => alarm(on));
  const { length } = on.services.output;
  await on.go(Math.max(due, on.clock.now()));
  await until("it to ring and be armed again", async () => {
    const next = await alarm(on);
    return next !== null && next > due && on.services.output.length >= length;
  });
  return due;
}

test("a trigger makes it begin, and from there on it checks by itself", async (t) => {
  const on = await stack(t, "upstox", { more: { push: false } });
  assert.deepEqual(lines(on, "service_checked"), []);
  await on.services.scheduled();
  await until("the first check", () => lines(on, "service_checked").length === 1);
  const begun = on.clock.now();
  for (let n = 2; n <= 6; n += 1) {
    // It may ring for what was done meanwhile: then it is armed anew.
    while (lines(on, "service_checked").length < n) await ring(on);
  }
  const checks = lines(on, "service_checked");
  assert.ok(Math.abs(on.clock.now() - begun - 5 * 30 * MINUTE) < 30_000);
  for (const { service, status, left_s: left, trace, at } of checks) {
    assert.deepEqual([service, status, left, typeof at], ["upstox", "needs_human", null, "number"]);
    assert.match(trace, /^[\da-f]+$/);
  }
  assert.equal(on.count(ROUTES.upstox.validate), 0, "without a token there is nothing to ask");
});

test("each attempt is in the log: which of how many, what came of it, and the time that is left", async (t) => {
  const on = await stack(t, "upstox");
  await on.accepted();
  const before = lines(on, "service_attempted").length;
  const token = await on.token();
  on.standIn.faults.add({ kind: "html", status: 503, path: "/v2/user/profile", times: 2 });
  const handed = on.services.handIn("upstox", token);
  for (const n of [1, 2]) {
    await until("an attempt", () => lines(on, "service_attempted").length === before + n);
    await on.pass(n * 2_500);
    await on.services.status("upstox");
  }
  await until("the last", () => lines(on, "service_attempted").length === before + 3);
  await handed;
  const attempts = lines(on, "service_attempted").slice(before);
  assert.deepEqual(attempts.map(({ job, number, of, outcome }) => [job, number, of, outcome]), [["prove", 1, 3, "transient"], ["prove", 2, 3, "transient"], ["prove", 3, 3, "ok"]]);
  for (const { left_s: left } of attempts) assert.ok(left > 17 * 3_600 && left <= 18 * 3_600);
  assert.deepEqual(lines(on, "service_judged").at(-1)?.verdict, "accepted");
});

for (const [provider, every, cutoff] of /** @type {const} */ ([["breeze", 5 * MINUTE, india("00:00", 1)], ["upstox", 30 * MINUTE, india("03:30", 1)]])) {
  test(`${provider}: a whole day without anybody: checked by the clock, asked once an hour at most, and quiet at the cutoff`, async (t) => {
    const on = await stack(t, provider, { more: { push: false } });
    await on.accepted();
    const begun = on.clock.now();
    const { validate } = ROUTES[provider];
    const asked = on.count(validate);
    const rung = [];
    while (on.clock.now() < cutoff + 2 * HOUR) rung.push(await ring(on));
    const hours = (cutoff - begun) / HOUR;
    const checks = lines(on, "service_checked");
    const expected = (on.clock.now() - begun) / every;
    assert.ok(checks.length >= expected - 3 && checks.length <= expected + 3, `${checks.length} checks in ${expected} times`);
    const questions = on.count(validate) - asked;
    assert.ok(questions <= hours && questions >= hours - 3, `${questions} questions in ${hours} hours`);
    // One in a hundred of Breeze's 5,000 a day, and of Upstox' 2,000 in half an hour.
    assert.ok(questions <= 50);
    assert.ok(lines(on, "service_attempted").every(({ outcome }) => outcome === "ok"));

    // It rings for the checks, once for a warning and once for the cutoff itself; and for each question, in case it is not answered.
    const near = rung.filter((time) => Math.abs(time - cutoff) < 2 * MINUTE);
    assert.ok(near.length >= 1 && near.length <= 3, `${near.length} times around the cutoff`);
    assert.ok(rung.length <= checks.length + questions + 6, `${rung.length} alarms for ${checks.length} checks`);
    assert.ok(near.some((time) => time >= cutoff && time < cutoff + 1_000), "at the very cutoff");
    const [before, after] = [checks.filter(({ at }) => at > begun && at < cutoff), checks.filter(({ at }) => at >= cutoff)];
    assert.deepEqual([...new Set(before.map(({ status }) => status))], ["active", "expiring"]);
    assert.deepEqual([...new Set(after.map(({ status, left_s: left }) => `${status} ${left}`))], ["needs_human null"]);
    assert.ok((after[0]?.at ?? 0) <= cutoff + every + MINUTE);
    const { status, json } = await on.services.token(provider);
    assert.deepEqual([status, json.reason], [503, "needs_human"]);
  });
}

test("a provider that answers nothing for a day is asked no more often for that", async (t) => {
  const on = await stack(t, "upstox", { more: { push: false } });
  await on.accepted();
  const asked = on.count(ROUTES.upstox.validate);
  on.standIn.faults.add({ kind: "lost", times: 100_000 });
  const begun = on.clock.now();
  while (on.clock.now() < begun + 12 * HOUR) await ring(on);
  const questions = on.count(ROUTES.upstox.validate) - asked;
  assert.ok(questions >= 10 && questions <= 24, `${questions} questions in 12 hours`);
  assert.equal((await on.services.token("upstox")).status, 200);
});
