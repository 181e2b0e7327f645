import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { askOn, killAt, outcomes, untilGeneration } from "./support/crash-stack.mjs";
import { FaultPoints } from "./support/fault-points.mjs";
import { logIn } from "./support/person.mjs";
import { startRealStack } from "./support/real-stack.mjs";
import { pause } from "./support/until.mjs";
import { BUILD_WITH_FAULTS } from "./support/workerd.mjs";

/** Seconds: due from its half on. */
const ACCESS_TTL = 8;

/** @typedef {import("./support/fault-points.mjs").Step} Step */
/** @typedef {import("./support/real-stack.mjs").Kind} Kind */

/**
 * Kills at this step, and says what came of the session.
 *
 * @param {Kind} kind @param {Step} step
 */
async function killed(kind, step) {
  const faults = await FaultPoints.start();
  const stack = await startRealStack(kind, { accessTtl: ACCESS_TTL, build: BUILD_WITH_FAULTS, change: (given) => ({ ...given, FAULT_POINTS: faults.url }) });
  try {
    const browser = stack.browser();
    await logIn(browser);
    const session = (await browser.call("/auth/session")).json;
    await pause(ACCESS_TTL * 500 + 100);
    await killAt({ ...stack, faults }, step, browser, session);
    const second = await untilGeneration(browser, session, 2, 45_000);
    const counted = await outcomes(stack, browser);
    // It is a token that is good for something, and it has a successor.
    const orders = await browser.call("/api/orders");
    await pause(ACCESS_TTL * 500 + 100);
    const third = await untilGeneration(browser, second, 3);
    const { refresh_grants, refresh_errors, reuse_detected, replays_forgiven } = await stack.counters();
    return { counted, orders: orders.status, third: third.generation, refresh_grants, refresh_errors, reuse_detected, replays_forgiven };
  } catch (error) {
    console.error(stack.workerd.output);
    throw error;
  } finally {
    await stack.close();
    await faults.close();
  }
}

/** Nothing refused, nothing presented twice. */
const WELL = { orders: 200, third: 3, refresh_grants: 2, refresh_errors: 0, reuse_detected: 0, replays_forgiven: 0 };

describe("real authorization servers and SIGKILL", { concurrency: 8 }, () => {
  test("oidc-provider, taken and not sent: presented when nothing can be under way, and it had never arrived", async () => {
    assert.deepEqual(await killed("oidc-provider", "rotator.claimed"), { ...WELL, counted: { resent_never_sent: 1 } });
  });

  test("oidc-provider, answered and kept: recovered", async () => {
    assert.deepEqual(await killed("oidc-provider", "rotator.kept"), { ...WELL, counted: { recovered_from_escrow: 1 } });
  });

  test("django-oauth-toolkit, taken and not sent: presented within the window", async () => {
    assert.deepEqual(await killed("django-oauth-toolkit", "rotator.claimed"), { ...WELL, counted: { replayed_within_grace: 1 } });
  });

  test("django-oauth-toolkit, answered and lost: presented again within the window, and forgiven", async () => {
    assert.deepEqual(await killed("django-oauth-toolkit", "rotator.answered"), { ...WELL, refresh_grants: 3, replays_forgiven: 1, counted: { replayed_within_grace: 1 } });
  });

  test("django-oauth-toolkit, answered and kept: recovered", async () => {
    assert.deepEqual(await killed("django-oauth-toolkit", "rotator.kept"), { ...WELL, counted: { recovered_from_escrow: 1 } });
  });

  for (const kind of /** @type {const} */ (["oidc-provider", "django-oauth-toolkit"])) {
    test(`${kind}: 200 parallel callers at expiry are one refresh grant`, async () => {
      const stack = await startRealStack(kind, { accessTtl: 4, build: BUILD_WITH_FAULTS });
      try {
        const browser = stack.browser();
        await logIn(browser);
        const session = (await browser.call("/auth/session")).json;
        await pause(4_500);
        const answers = await Promise.all(Array.from({ length: 200 }, () => askOn(browser, session)));
        assert.deepEqual([...new Set(answers.map(({ status, json }) => `${status} ${json.generation}`))], ["200 2"]);
        const { refresh_grants, refresh_errors } = await stack.counters();
        assert.deepEqual([refresh_grants, refresh_errors, await outcomes(stack, browser)], [1, 0, { success: 1 }]);
        assert.equal((await browser.call("/api/orders")).status, 200);
      } finally {
        await stack.close();
      }
    });
  }
});
