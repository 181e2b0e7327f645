// The machine behind `fallback`: every event in every state that there is within six steps, the laws after each, and the stories by name.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inside } from "./inside.mjs";

const { step: stepOf, Effect, FIRST_MS, LAST_MS } = inside.fallbackMachine;

/** Effects by their names. */
function step(...given) {
  const [state, ...effects] = stepOf(...given);
  return [state, ...effects.map((effect) => Effect[effect].toLowerCase())];
}

const EVENTS = {
  called: ({ now }) => ({ kind: "called", now }),
  "called later": ({ now }) => ({ kind: "called", now: now + LAST_MS }),
  failed: ({ now }) => ({ kind: "failed", now, began: now, date: now, reason: "network", pause: 0, spread: 0.5 }),
  "failed for another reason": ({ now }) => ({ kind: "failed", now, began: now, date: now, reason: "reauth", pause: 0, spread: 0 }),
  "failed, and asks for an hour": ({ now }) => ({ kind: "failed", now, began: now, date: now, reason: "throttled", pause: 3_600_000, spread: 0 }),
  "failed, as known": ({ now }) => ({ kind: "failed", now, began: -1, date: now, reason: "timeout", pause: 0, spread: 0.9 }),
  answered: () => ({ kind: "answered" }),
  "served by the first": () => ({ kind: "served", index: 0 }),
  "served by the second": () => ({ kind: "served", index: 1 }),
  left: ({ now }) => ({ kind: "left", now, began: now, pause: 0 }),
  "left alone": ({ now }) => ({ kind: "left", now, began: now, pause: LAST_MS }),
  mended: ({ now }) => ({ kind: "mended", now }),
  "left, as known": ({ now }) => ({ kind: "left", now, began: -1, pause: LAST_MS }),
  due: ({ now }) => ({ kind: "due", now: now + LAST_MS, seen: true }),
  "due too early": ({ now }) => ({ kind: "due", now, seen: true }),
  "due, hidden": ({ now }) => ({ kind: "due", now: now + LAST_MS, seen: false }),
};

function play({ state, now, told }, name) {
  const event = EVENTS[name]({ now });
  const [next, ...effects] = step(state, event);
  assert.deepEqual(step(state, event), [next, ...effects]);
  const source = (each) => (each?.index === undefined ? "primary" : "fallback");
  const changed = source(state) !== source(next) || (source(next) === "fallback" && state.reason !== next.reason);
  assert.equal(effects.includes("changed"), changed, `the app hears of each change, and of nothing else: ${name}`);
  if (effects.includes("report")) assert.equal(told, false, "the Worker hears of it once while it lasts");
  if (event.kind === "called" && !state) assert.deepEqual(effects, ["primary"]);
  if (event.kind === "called" && state) assert.equal(effects.includes("primary"), !state.trying && event.now > state.retryAt - 1);
  if (state?.trying) assert.ok(!effects.includes("primary") && !effects.includes("probe"), "one at a time");
  if (event.kind === "left" && state && event.began >= state.failedAt) assert.ok(next.retryAt >= event.now + event.pause && next.retryAt >= state.retryAt, "no sooner than was said");
  if (event.kind === "answered") assert.equal(next, undefined);
  if (next && state && event.kind === "failed") assert.equal(next.since, state.since);
  if (next && event.kind === "failed" && event.began >= (state?.failedAt ?? -1)) {
    assert.ok(next.retryAt >= event.now + FIRST_MS && next.retryAt <= event.now + Math.max(LAST_MS, event.pause), "0.5 to 30 s, or as asked");
    assert.ok(next.retryAt > (state?.retryAt ?? -1) || event.now + FIRST_MS <= next.retryAt, "never at once");
  }
  return { state: next, now: event.now ?? now, told: next !== undefined && (told || effects.includes("report")), effects };
}

test("every event in every state that six events lead to keeps the laws", () => {
  const keyOf = ({ state, told }) => JSON.stringify([told, state && { ...state, since: 0, failedAt: 0, retryAt: 0 }]);
  let front = [{ state: undefined, now: 0, told: false }];
  const known = new Set(front.map(keyOf));
  for (let depth = 0; depth < 6; depth += 1) {
    const next = [];
    for (const before of front) {
      for (const name of Object.keys(EVENTS)) {
        const after = play(before, name);
        if (known.has(keyOf(after))) continue;
        known.add(keyOf(after));
        next.push(after);
      }
    }
    front = next;
  }
  assert.ok(known.size > 50, `${known.size}`);
});

describe("the primary source", () => {
  const failed = (state, now, more = {}) => step(state, { kind: "failed", now, began: now, date: 7, reason: "network", pause: 0, spread: 1 - 2 ** -32, ...more })[0];

  test("is tried again after half a second to half a minute, at random", () => {
    let state;
    const ceilings = [];
    for (let now = 0; ceilings.length < 8; now = Math.ceil(state.retryAt)) {
      state = failed(state, now);
      ceilings.push(Math.round(state.retryAt - now));
      assert.equal(Math.round(failed(undefined, now, { spread: 0 }).retryAt - now), FIRST_MS);
    }
    assert.deepEqual(ceilings, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("of which many calls at once find out is one failure", () => {
    let state = failed(undefined, 100);
    for (let more = 0; more < 9; more += 1) state = failed(state, 200, { began: 50 });
    assert.equal(state.failures, 1);
  });

  test("is tried at once where a person has mended it", () => {
    const mended = { kind: "mended", now: 120 };
    const [state] = step(failed(undefined, 100, { reason: "reauth" }), mended);
    const [tried, ...effects] = step(state, { kind: "called", now: 120 });
    assert.deepEqual(effects, ["primary"]);
    assert.deepEqual(step(tried, { kind: "left", now: 130, began: 90, pause: LAST_MS }), [tried], "a call of before does not end it");
    assert.deepEqual(step(tried, mended), [{ ...tried, failures: 0 }], "one at a time");
    let [longer] = [tried];
    for (let now = 200; now < 209; now += 1) longer = failed(longer, now, { reason: "reauth" });
    const [waited] = step({ ...longer, trying: true }, { kind: "mended", now: 300 });
    const late = failed(waited, 310, { reason: "reauth", began: 250 });
    assert.ok(late.retryAt > 310 && late.retryAt <= 1_310, "one that was under way is followed soon by the next");
    assert.equal(step(waited, { kind: "answered" })[0], undefined);
    const throttled = failed(undefined, 100, { reason: "throttled", pause: 60_000 });
    assert.deepEqual(step(throttled, mended), [throttled], "nothing else is mended by a login");
  });

  test("is tried by the first call of a page that is looked at again", () => {
    const state = failed(undefined, 100);
    const [hidden, ...effects] = step(state, { kind: "due", now: 90_000, seen: false });
    assert.deepEqual(effects, ["later"]);
    assert.deepEqual(step(hidden, { kind: "called", now: 90_001 }).slice(1), ["primary"]);
  });
});
