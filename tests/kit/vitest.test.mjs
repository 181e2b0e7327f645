import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");

for (const environment of ["node", "happy-dom"]) {
  test(`a user's Vitest project runs a session under test (${environment})`, () => {
    const root = fileURLToPath(new URL("vitest", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--root", root, "--environment", environment, "--reporter", "json"], { encoding: "utf8", timeout: 60_000 });
    assert.match(stdout, /^\{/m, stderr);
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(stdout.slice(stdout.indexOf("{")));
    assert.deepEqual([numPassedTests, numFailedTests], [1, 0], JSON.stringify(testResults));
  });
}
