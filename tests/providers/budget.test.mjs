import assert from "node:assert/strict";
import { test } from "node:test";

import { createBudget, limit } from "../servers/stand-ins/budget.mjs";
import { dayInIndia, stoppedClock } from "../servers/stand-ins/clock.mjs";

test("calls are counted for each caller, within the minute and within the day of India", () => {
  const clock = stoppedClock(Date.parse("2026-10-02T23:58:00+05:30"));
  const budget = createBudget(clock, [limit("minute", 2, 60_000), { name: "day", most: 3, window: dayInIndia }]);
  assert.deepEqual([budget.take("a"), budget.take("a"), budget.take("a")], [undefined, undefined, "minute"]);
  assert.equal(budget.take("b"), undefined);
  clock.advance(60_000);
  assert.equal(budget.take("a"), "day");
  clock.advance(60_000);
  assert.equal(budget.take("a"), undefined, "a new day");
});
