import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { STEPS } from "./support/fault-points.mjs";
import { BUILD, BUILD_WITH_FAULTS } from "./support/workerd.mjs";

const WORDS = ["FAULT_POINTS", ...STEPS];

/** Which of the words are in a bundle. @param {string} build */
async function wordsIn(build) {
  const modules = await Promise.all(["index.js", "index_bg.wasm"].map((name) => readFile(join(build, name), "latin1")));
  assert.ok(modules.every((text) => text.length > 10_000), "there is something to look in");
  return WORDS.filter((word) => modules.some((text) => text.includes(word)));
}

test("what is released has no fault points", async () => assert.deepEqual(await wordsIn(BUILD), []));

// The words of a step may lie in pieces: the name of the variable does not.
test("what these tests run has them, so that it would be seen", async () => assert.ok((await wordsIn(BUILD_WITH_FAULTS)).includes("FAULT_POINTS")));
