import assert from "node:assert/strict";
import { describe } from "node:test";

import { ask, enterDue, outcomes, play, untilGeneration } from "./support/crash-stack.mjs";
import { STEPS } from "./support/fault-points.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/crash-stack.mjs").CrashStack} CrashStack */
/** @typedef {import("./support/fault-points.mjs").Step} Step */

/**
 * What a session comes back with after its vault was reset at this step, with the rotator alive and the strictest server there
 * is. Nobody is logged out by any of them.
 *
 * @type {Record<Step, string>}
 */
const OUTCOME = {
  "vault.intent_written": "resent_never_sent",
  "rotator.received": "resent_never_sent",
  "rotator.claimed": "recovered_from_escrow",
  "rotator.answered": "recovered_from_escrow",
  "rotator.kept": "recovered_from_escrow",
  "vault.told": "recovered_from_escrow",
  "vault.committed": "success",
};

/** The vault's object goes, as with a deployment or a move; the rest of the process stays. @param {CrashStack} stack @param {import("./support/browser.mjs").Browser} browser */
async function reset({ workerd }, browser) {
  await workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/reset");
  await pause(100);
}

/**
 * Asks, and resets the vault when the rotation has come to this step. Whoever asked is not lost: the Worker asks the new object
 * in its name, which has to find out where things stand while the rotator is held still.
 *
 * @param {CrashStack} stack @param {Step} step @param {import("./support/browser.mjs").Browser} browser @param {any} session
 * @returns the answer, still awaited
 */
async function resetAt(stack, step, browser, session) {
  const reached = stack.faults.hold(step);
  const asked = ask(browser, session);
  await reached;
  const made = async () => (await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/counts")).instances;
  const before = await made();
  await reset(stack, browser);
  assert.equal(await made(), before + 1, "it was reset");
  return { asked };
}

describe("a vault that is reset in the middle of a rotation", { concurrency: 8 }, () => {
  for (const step of STEPS) {
    play(`at ${step}: ${OUTCOME[step]}, and nobody is logged out`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      const { asked } = await resetAt(stack, step, browser, session);
      await pause(300);
      stack.faults.release(step);
      const answer = await asked;
      assert.ok(answer.status === 200 || answer.json.code === "temporarily_unavailable", answer.text);
      const second = await untilGeneration(browser, session, 2);
      assert.deepEqual(stack.rotation.presented.map(({ came }) => came), ["rotated"]);
      assert.deepEqual(await outcomes(stack, browser), { [OUTCOME[step]]: 1 });

      await pause(stack.as.accessTtl * 500 + 100);
      const third = await untilGeneration(browser, second, 3);
      assert.deepEqual([third.epoch, stack.rotation.presented.length, stack.rotation.count("refused")], [session.epoch, 2, 0]);
    });
  }

  play("again and again: the answer is found as long as it is there", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const { asked: first } = await resetAt(stack, "rotator.claimed", browser, session);
    for (let times = 0; times < 5; times += 1) {
      await pause(200);
      await reset(stack, browser);
    }
    stack.faults.release("rotator.claimed");
    await first;
    await untilGeneration(browser, session, 2);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { recovered_from_escrow: 1 }]);
  });

  play("that nobody asks after: its alarm finds the answer", async (stack) => {
    const { browser } = await enterDue(stack);
    const reached = stack.faults.hold("rotator.kept");
    // The proxy begins a rotation, and waits for none.
    assert.equal((await browser.call("/api/orders")).status, 200);
    await reached;
    await reset(stack, browser);
    stack.faults.release("rotator.kept");
    await pause(1_000);
    assert.deepEqual(await outcomes(stack, browser), {}, "nobody has touched it");
    const line = await until("the alarm", () => stack.workerd.log.find(({ event }) => event === "outcome"), 40_000);
    assert.equal(line.outcome, "recovered_from_escrow");
    assert.deepEqual([(await browser.call("/auth/session")).json.generation, stack.rotation.presented.length], [2, 1]);
  });

  play("while it is being told, by a rotator whose answer it has from the escrow by then: once is enough", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const { asked } = await resetAt(stack, "vault.told", browser, session);
    stack.faults.release("vault.told");
    await asked;
    const second = await untilGeneration(browser, session, 2);
    assert.equal(second.generation, 2);
    assert.deepEqual(await outcomes(stack, browser), { recovered_from_escrow: 1 });
    await pause(500);
    assert.equal((await browser.call("/auth/session")).json.generation, 2);
  });
});
