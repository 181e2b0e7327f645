import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { askOn, enterExpired } from "./support/asking.mjs";
import { startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */
/** @typedef {import("./support/browser.mjs").Browser} Browser */

/** @param {string} name @param {(stack: ScriptedStack) => Promise<void>} body */
const play = (name, body) => test(name, async () => {
  const stack = await startScriptedStack({ door: true });
  try {
    await body(stack);
    assertNothingLeaked(stack, stack.as.issued);
  } finally {
    await stack.close();
  }
});

/** A session that has refreshed once, and an escrow that holds what came of it. @param {ScriptedStack} stack */
async function enterRefreshed(stack) {
  const { browser, session } = await enterExpired(stack);
  const refreshed = (await askOn(browser, session)).json;
  assert.equal(refreshed.generation, 2);
  const cookie = browser.cookie(SESSION_COOKIE);
  const sql = (/** @type {string} */ text) => stack.workerd.ask("ESCROW", cookie, "/sql", text);
  const row = async () => (await sql("SELECT request, state, claimed_by IS NULL AS nobody, answer IS NULL AS blank FROM escrow"))[0];
  // The vault may have been told before.
  await until("the answer to be kept", async () => (await row()).state === "answered");
  assert.deepEqual(await row(), { request: 0, state: "answered", nobody: 1, blank: 0 });
  return { browser, cookie, refreshed, row, sql };
}

describe("what an escrow keeps", { concurrency: 3 }, () => {
  play("is gone with the session: a request that was never made takes its place", async (stack) => {
    const { browser, cookie, row } = await enterRefreshed(stack);
    const counts = async () => (await stack.workerd.ask("SESSION_VAULT", cookie, "/counts")).rowsWritten;
    const before = await counts();
    await browser.call("/auth/logout", { method: "POST" });
    const cleared = await until("nothing to be left", async () => ((await row())?.blank ? row() : undefined));
    assert.deepEqual(cleared, { request: 1, state: "void", nobody: 1, blank: 1 });
    // The end, that the escrow is empty, and that the token is revoked.
    await until("three rows", async () => (await counts()) - before === 3);
  });

  play("is gone with the grant, and the next one begins behind it", async (stack) => {
    const { browser, cookie, refreshed, row } = await enterRefreshed(stack);
    await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", `UPDATE session SET access_expires_at = ${Date.now()}`);
    await stack.workerd.ask("SESSION_VAULT", cookie, "/reset");
    await pause(100);
    stack.as.onToken = () => ({ status: 400, json: { error: "invalid_grant" } });
    const refused = await askOn(browser, refreshed);
    assert.equal(refused.json.code, "reauth_required");
    assert.deepEqual(await until("nothing to be left", async () => ((await row())?.blank ? row() : undefined)), { request: 2, state: "void", nobody: 1, blank: 1 });
    stack.as.onToken = () => undefined;
    const { session: renewed } = await enterExpired(stack, browser);
    assert.equal(browser.cookie(SESSION_COOKIE), cookie);
    const next = (await askOn(browser, renewed)).json;
    assert.equal(next.generation, renewed.generation + 1);
    await until("the answer to be kept", async () => (await row()).state === "answered");
    assert.deepEqual(await row(), { request: 3, state: "answered", nobody: 1, blank: 0 });
  });

  play("comes to nothing when it comes after everything was erased", async (stack) => {
    const { cookie, sql } = await enterRefreshed(stack);
    await stack.workerd.ask("ESCROW", cookie, "/erase");
    const answer = JSON.stringify({ request: 0, by: 1, sealed: "AAAA" });
    assert.deepEqual(await stack.workerd.ask("ESCROW", cookie, "/answer", answer), { kept: false });
    assert.deepEqual(await sql("SELECT name FROM sqlite_master WHERE name = 'escrow'"), []);
    // A session from before there were escrows has none either, and claims.
    assert.deepEqual(await stack.workerd.ask("ESCROW", cookie, "/taken?request=9&by=1"), { won: true });
    assert.deepEqual(await sql("SELECT request, state, claimed_by FROM escrow"), [{ request: 9, state: "claimed", claimed_by: 1 }]);
  });
});
