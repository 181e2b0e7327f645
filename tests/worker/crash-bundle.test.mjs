import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { ask, enterDue, startCrashStack, untilGeneration } from "./support/crash-stack.mjs";
import { STEPS } from "./support/fault-points.mjs";
import { BUILD, BUILD_WITH_FAULTS } from "./support/workerd.mjs";

/** Whether a bundle knows where to tell its steps: the name of the variable. @param {string} build */
async function hasFaultPoints(build) {
  const modules = await Promise.all(["index.js", "index_bg.wasm"].map((name) => readFile(join(build, name), "latin1")));
  assert.ok(modules.every((text) => text.length > 10_000), "there is something to look in");
  return modules.some((text) => text.includes("FAULT_POINTS"));
}

/** The steps that a bundle tells of one rotation. @param {string} build */
async function stepsOf(build) {
  const stack = await startCrashStack({ build });
  try {
    const { browser, session } = await enterDue(stack);
    await untilGeneration(browser, session, 2);
    await ask(browser, session);
    return stack.faults.seen;
  } finally {
    await stack.close();
  }
}

test("what is released has no fault points, and tells nobody of its steps", async () => {
  assert.equal(await hasFaultPoints(BUILD), false);
  assert.deepEqual(await stepsOf(BUILD), []);
});

test("what these tests run has them, each once in a rotation and in this order", async () => {
  assert.equal(await hasFaultPoints(BUILD_WITH_FAULTS), true);
  assert.deepEqual(await stepsOf(BUILD_WITH_FAULTS), [...STEPS]);
});
