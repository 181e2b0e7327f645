import assert from "node:assert/strict";
import { test } from "node:test";

import { createClock, dayInIndia, minuteInIndia, nextInIndia, shownInIndia, stoppedClock } from "../servers/stand-ins/clock.mjs";

const at = (/** @type {string} */ text) => Date.parse(text);

for (const [issued, hour, minute, next] of /** @type {[string, number, number, string][]} */ ([
  ["2026-10-02T20:00:00+05:30", 6, 0, "2026-10-03T06:00:00+05:30"],
  ["2026-10-02T05:59:59.999+05:30", 6, 0, "2026-10-02T06:00:00+05:30"],
  ["2026-10-02T06:00:00+05:30", 6, 0, "2026-10-03T06:00:00+05:30"],
  // Midnight in India is half past six in the evening before, for the clocks of the world.
  ["2026-10-02T18:29:59.999Z", 0, 0, "2026-10-02T18:30:00Z"],
  ["2026-10-02T18:30:00Z", 0, 0, "2026-10-03T18:30:00Z"],
  ["2026-12-31T20:00:00+05:30", 3, 30, "2027-01-01T03:30:00+05:30"],
])) {
  test(`after ${issued} it is ${hour}:${String(minute).padStart(2, "0")} in India at ${next}`, () => {
    assert.equal(new Date(nextInIndia(at(issued), hour, minute)).toISOString(), new Date(next).toISOString());
  });
}

test("days and minutes are those of India", () => {
  assert.equal(dayInIndia(at("2026-10-02T18:30:00Z")) - dayInIndia(at("2026-10-02T18:29:59Z")), 1);
  assert.equal(minuteInIndia(at("2026-10-02T05:30:00+05:30")), 330);
  assert.equal(shownInIndia(at("2026-10-02T20:00:00+05:30")), "2026-10-02 20:00:00");
});

test("a clock is set, moved, and goes on by its source", () => {
  let source = 1_000;
  const clock = createClock(() => source);
  assert.equal(clock.now(), 1_000);
  clock.set(50_000);
  source += 10;
  assert.equal(clock.now(), 50_010);
  clock.advance(-10);
  assert.equal(clock.now(), 50_000);
  const stopped = stoppedClock(7);
  stopped.advance(3);
  assert.equal(stopped.now(), 10);
});
