// A user's Playwright project with two workers, against the real Worker and a real authorization server that takes no refresh token twice.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startServers } from "everlit-tests-servers";
import { Lab } from "../e2e/lab/lab.mjs";

const playwright = join(createRequire(import.meta.url).resolve("@playwright/test/package.json"), "../cli.js");
const folder = fileURLToPath(new URL("playwright", import.meta.url));
/** Seconds that an access token lives: each test waits for a rotation or two. */
const TTL = 8;

/** Runs the project. @param {Lab} lab @param {string} [shared] where one login for all is saved */
async function run(lab, shared) {
  const output = mkdtempSync(join(tmpdir(), "everlit-playwright-"));
  try {
    const child = spawn(process.execPath, [playwright, "test", "--config", folder, "--reporter", "json"], {
      env: { ...process.env, EVERLIT_APP: lab.front.origin, EVERLIT_PLAYWRIGHT_OUTPUT: output, ...(shared && { EVERLIT_PLAYWRIGHT_SHARED: join(output, shared) }) },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 150_000,
      // So asked it ends its workers and browsers, too.
      killSignal: "SIGINT",
    });
    let [said, complained] = ["", ""];
    child.stdout.on("data", (data) => (said += data));
    child.stderr.on("data", (data) => (complained += data));
    await new Promise((done) => child.once("close", done));
    assert.match(said, /^\{/, complained || said);
    const { suites, errors } = JSON.parse(said);
    const all = suites.flatMap((suite) => [suite, ...(suite.suites ?? [])]);
    const specs = all.flatMap((suite) => suite.specs.map(({ title, tests: [{ results: [result], annotations }] }) => ({ file: suite.file, title, ...result, annotations })));
    return { specs, errors, passed: specs.filter(({ status }) => status === "passed").map(nameOf), failed: specs.filter(({ status }) => status !== "passed") };
  } finally {
    rmSync(output, { recursive: true });
  }
}

const nameOf = ({ file, title }) => `${file}: ${title}`;
const why = ({ errors, failed }) => [...errors, ...failed.flatMap((spec) => [nameOf(spec), ...(spec.errors ?? [])])].map((each) => each.message ?? each).join("\n");

describe("Playwright's workers", { timeout: 400_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {Awaited<ReturnType<typeof startServers>>} */ let servers;

  before(async () => {
    lab = await Lab.start({
      // By a form the server takes a logout over https only.
      change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, end_session: "get" } }),
      servers: async ({ clientSecret, front }) => (servers = await startServers({ clientSecret, redirectUris: [`${front.origin}/auth/callback/demo`], accessTtl: TTL })),
    });
  });
  after(() => lab?.close());

  test("have a session each, which lives over rotations and tests, is replaced where a test ended it, and is never another user's", async () => {
    const before = servers.counters();
    const done = await run(lab);
    assert.equal(done.passed.length, 12, why(done));
    assert.deepEqual(done.failed, [], why(done));
    assert.deepEqual([...new Set(done.specs.map(({ workerIndex }) => workerIndex))].sort(), [0, 1], "no worker had to be replaced");
    const epochs = done.specs.flatMap(({ annotations }) => annotations.filter(({ type }) => type === "epoch").map(({ description }) => description));
    assert.equal(epochs.length, 2);
    assert.notEqual(epochs[0], epochs[1], "two logins");
    const now = servers.counters();
    assert.equal(now.code_grants - before.code_grants, 5, "one for each worker, one after each logout, and one of somebody else");
    assert.ok(now.refresh_grants - before.refresh_grants >= 4, "each session was rotated twice");
    assert.deepEqual([now.refresh_errors, now.reuse_detected], [before.refresh_errors, before.reuse_detected]);
  });

  test("that share one saved login live over rotations as well, but not over a logout in one of them", async () => {
    const before = servers.counters();
    const { passed, failed, errors } = await run(lab, "state.json");
    assert.deepEqual(errors, []);
    assert.deepEqual(failed.map(nameOf).sort(), [
      "one.spec.mjs: is logged in again after a test that logged out",
      "two.spec.mjs: is logged in when the other worker has logged out",
    ]);
    for (const { errors: [{ message }] } of failed) assert.match(message, /logged-out/);
    assert.equal(passed.length, 5);
    const now = servers.counters();
    assert.equal(now.code_grants - before.code_grants, 1);
    assert.deepEqual([now.refresh_errors, now.reuse_detected], [before.refresh_errors, before.reuse_detected]);
  });
});
