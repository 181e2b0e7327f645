// The parts of `cargo xtask bench client`: that each page measures what it says, however long it takes here.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withStand } from "./stand.mjs";

/** What a script of this folder says in its last line. @param {string} script @param {string[]} words */
async function said(script, ...words) {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL(script, import.meta.url)), ...words]);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

test("one round gives each figure once: the Worker is asked once, and the page loads its script and nothing else", { timeout: 180_000 }, async () => {
  const { start, load, call, fetch_overhead_us, requests_at_start, files_at_start } = await said("measure.mjs", "1", "2");
  for (const rounds of [...Object.values(start), ...Object.values(load), ...Object.values(call)]) {
    assert.equal(rounds.length, 1);
    assert.ok(rounds[0] > 0, JSON.stringify({ start, load, call }));
  }
  assert.deepEqual([Object.keys(start), Object.keys(load)], [["everlit", "auth0", "oidc"], ["everlit", "pair"]]);
  assert.equal(fetch_overhead_us.length, 2);
  assert.deepEqual(requests_at_start, [1]);
  assert.deepEqual(files_at_start, [1]);
});

test("a start is one of somebody who is logged in: for a stranger no page says how long it took", { timeout: 180_000 }, () =>
  withStand(async (stand) => {
    await assert.rejects(stand.visit("start-everlit", { stranger: true }), /the session is logged-out/);
    await assert.rejects(stand.visit("start-auth0", { stranger: true }), /nobody is logged in/);
    await assert.rejects(stand.visit("start-oidc", { stranger: true }), /login_required|End-User/i);
  }, { batches: 1 }));

test("the sizes are those of whole libraries", { timeout: 60_000 }, async () => {
  const sizes = await said("sizes.mjs");
  for (const [name, size] of Object.entries(sizes)) assert.ok(size > 10_000, `${name}: ${size}`);
  assert.ok(sizes.oidc_client_ts_react_idle_timer_brotli > sizes.oidc_client_ts_brotli);
  assert.ok(sizes.oidc_client_ts_query_core_brotli > sizes.oidc_client_ts_brotli);
});
