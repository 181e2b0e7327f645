import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { PATIENCE_MS } from "./support/asking.mjs";
import { ask, cutAt, due, enterDue, killAt, outcomes, play, untilGeneration, WINDOW } from "./support/crash-stack.mjs";
import { STEPS } from "./support/fault-points.mjs";
import { enter } from "./support/scripted-stack.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/crash-stack.mjs").CrashStack} CrashStack */
/** @typedef {import("./support/fault-points.mjs").Step} Step */

/** How long a request counts as under way that was taken and not answered, on a server that forgives nothing. */
const SETTLED_MS = 32_000;

/**
 * The grant lives: what the session holds now is good for another rotation.
 *
 * @param {CrashStack} stack @param {import("./support/browser.mjs").Browser} browser @param {any} held
 */
async function assertGrantLives(stack, browser, held) {
  const rotated = stack.rotation.count("rotated");
  await due(held);
  const next = await untilGeneration(browser, held, held.generation + 1);
  assert.equal(stack.rotation.count("rotated"), rotated + 1);
  assert.equal((await browser.call("/auth/session")).json.state, "active");
  return next;
}

/** The session asks its user, and is there all the same. @param {CrashStack} stack @param {import("./support/browser.mjs").Browser} browser @param {any} session */
async function assertAsksUser(stack, browser, session) {
  const cookie = browser.cookie(SESSION_COOKIE);
  const answer = await until("the end of the grant", async () => {
    const one = await ask(browser, session);
    return one.json.code === "reauth_required" && one;
  }, PATIENCE_MS);
  assert.deepEqual([answer.status, answer.json.reason], [401, "rotation_lost"]);
  const shown = (await browser.call("/auth/session")).json;
  assert.deepEqual([shown.state, shown.epoch, shown.generation, shown.user.sub], ["reauth_required", session.epoch, 1, "scripted-user"]);
  assert.equal(browser.cookie(SESSION_COOKIE), cookie);
  assert.deepEqual(await outcomes(stack, browser), { ambiguous_relogin: 1 });
  // The same person logs in again: the same session, the same cookie, and the grant of that login.
  stack.as.accessTtl = 3600;
  const { session: renewed } = await enter(stack, browser);
  assert.deepEqual([renewed.state, renewed.epoch, browser.cookie(SESSION_COOKIE)], ["active", session.epoch, cookie]);
}

/**
 * What a session comes back with after the process was killed at this step of its first rotation: the outcome, and what the
 * authorization server saw of that refresh token.
 *
 * @type {Record<Step, { outcome: string, saw: string[] }>}
 */
const NOTHING_LOST = {
  "vault.intent_written": { outcome: "resent_never_sent", saw: ["rotated"] },
  "rotator.received": { outcome: "resent_never_sent", saw: ["rotated"] },
  "rotator.claimed": { outcome: "resent_never_sent", saw: ["rotated"] },
  "rotator.answered": { outcome: "ambiguous_relogin", saw: ["rotated", "refused"] },
  "rotator.kept": { outcome: "recovered_from_escrow", saw: ["rotated"] },
  "vault.told": { outcome: "recovered_from_escrow", saw: ["rotated"] },
  "vault.committed": { outcome: "success", saw: ["rotated"] },
};
/** The same on a server with a window: what is between the claim and the answer is presented again, and forgiven. */
const FORGIVEN = {
  ...NOTHING_LOST,
  "rotator.claimed": { outcome: "replayed_within_grace", saw: ["rotated"] },
  "rotator.answered": { outcome: "replayed_within_grace", saw: ["rotated", "replayed"] },
};

describe("SIGKILL in the middle of a rotation", { concurrency: 12 }, () => {
  for (const step of STEPS) {
    const { outcome, saw } = NOTHING_LOST[step];
    play(`on a strict server, at ${step}: ${outcome}`, async (stack) => {
      const { browser, session, deadAt } = await enterDue(stack);
      const at = await killAt(stack, step, browser, session);
      const waits = outcome === "ambiguous_relogin" || step === "rotator.claimed";
      if (waits) {
        // The old request might be under way still: nobody may present the token beside it.
        await pause(Math.max(5_000, deadAt + 500 - Date.now()));
        const waiting = await ask(browser, session);
        assert.deepEqual([waiting.status, waiting.json.code], [503, "temporarily_unavailable"], waiting.text);
        assert.equal((await browser.call("/auth/session")).json.state, "active");
      }
      if (outcome === "ambiguous_relogin") {
        await until("the second presentation", async () => (await ask(browser, session)) && stack.rotation.presented.length === 2, SETTLED_MS + 15_000);
        assert.ok((stack.rotation.presented[1]?.at ?? 0) - at >= SETTLED_MS - 1_000);
        await assertAsksUser(stack, browser, session);
      } else {
        const second = await untilGeneration(browser, session, 2, SETTLED_MS + 15_000);
        if (waits) assert.ok((stack.rotation.presented[0]?.at ?? 0) - at >= SETTLED_MS - 1_000);
        assert.deepEqual(await outcomes(stack, browser), { [outcome]: 1 });
        await assertGrantLives(stack, browser, second);
      }
      assert.deepEqual(stack.rotation.presented.slice(0, saw.length).map(({ came }) => came), saw);
      const first = stack.rotation.presented[0]?.token;
      assert.equal(stack.rotation.presented.filter(({ token }) => token === first).length, saw.length);
    });
  }

  for (const step of STEPS) {
    const { outcome, saw } = FORGIVEN[step];
    play(`on a server with a window, at ${step}: ${outcome}`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      const at = await killAt(stack, step, browser, session);
      const second = await untilGeneration(browser, session, 2, WINDOW * 1000);
      assert.ok(Date.now() - at < WINDOW * 1000, "within the window");
      assert.deepEqual(await outcomes(stack, browser), { [outcome]: 1 });
      assert.deepEqual(stack.rotation.presented.map(({ came }) => came), saw);
      await assertGrantLives(stack, browser, second);
      assert.equal(stack.rotation.count("refused"), 0);
    }, { grace: true });
  }

  play("an ambiguous token is left alone while the access token lives, and presented once when that is dead: it had never arrived", async (stack) => {
    const { browser, session, deadAt } = await enterAmbiguous(stack, "rotator.claimed");
    assert.equal(stack.rotation.presented.length, 0);
    await untilGeneration(browser, session, 2, deadAt - Date.now() + 10_000);
    assert.ok((stack.rotation.presented[0]?.at ?? 0) >= deadAt - 1_000);
    assert.deepEqual([stack.rotation.presented.map(({ came }) => came), await outcomes(stack, browser)], [["rotated"], { resent_never_sent: 1 }]);
  }, { accessTtl: 56 });

  play("an ambiguous token is left alone while the access token lives, and presented once when that is dead: it was spent", async (stack) => {
    const { browser, session, deadAt } = await enterAmbiguous(stack, "rotator.answered");
    assert.equal(stack.rotation.presented.length, 1);
    await pause(deadAt - Date.now() + 200);
    await assertAsksUser(stack, browser, session);
    assert.ok((stack.rotation.presented[1]?.at ?? 0) >= deadAt - 1_000);
    assert.deepEqual(stack.rotation.presented.map(({ came }) => came), ["rotated", "refused"]);
  }, { accessTtl: 56 });

  play("who comes back after the window has closed is as careful as on a strict server", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await cutAt(stack, "rotator.answered", browser, session);
    await pause(WINDOW * 1000 + 500);
    await stack.workerd.begin();
    await assertAsksUser(stack, browser, session);
    assert.deepEqual(stack.rotation.presented.map(({ came }) => came), ["rotated", "refused"]);
  }, { grace: true });

  play("nobody has to ask: the alarm finds the answer that was kept", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await killAt(stack, "rotator.kept", browser, session);
    const line = await until("the alarm", () => stack.workerd.log.find(({ event }) => event === "outcome"), 40_000);
    assert.equal(line.outcome, "recovered_from_escrow");
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { recovered_from_escrow: 1 }]);
    assert.equal((await browser.call("/auth/session")).json.generation, 2);
  });

  play("a logout in between is final, and the token that was kept is revoked", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    await killAt(stack, "rotator.kept", browser, session);
    const successor = stack.as.issued.findLast((token) => token.startsWith("refresh-")) ?? "";
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
    await until("the revocation of the successor", () => stack.as.revoked.includes(successor), 40_000);
    browser.setCookie(SESSION_COOKIE, cookie);
    assert.equal((await ask(browser, session)).json.code, "session_ended");
    assert.equal(stack.rotation.presented.length, 1);
  });

  play("two kills in one rotation are no worse than one", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await killAt(stack, "rotator.received", browser, session);
    await killAt(stack, "rotator.kept", browser, session);
    const second = await untilGeneration(browser, session, 2);
    assert.deepEqual(await outcomes(stack, browser), { recovered_from_escrow: 1 });
    await assertGrantLives(stack, browser, second);
    assert.equal(stack.rotation.count("refused"), 0);
  });
});

test("the steps are all there are", () => assert.deepEqual(Object.keys(NOTHING_LOST), [...STEPS]));

/**
 * A session whose access token lives, and whose refresh token was presented with no word of what came of it.
 *
 * @param {CrashStack} stack @param {Step} step where the process is killed
 */
async function enterAmbiguous(stack, step) {
  const { browser, session } = await enter(stack);
  const deadAt = Date.now() + stack.as.accessTtl * 1000;
  // As young as a token may be that somebody wants a new one for.
  await pause(10_200);
  const at = await killAt(stack, step, browser, session, "forced");
  const before = stack.rotation.presented.length;
  await pause(1_000);
  for (const wanted of ["deadline", "forced"]) assert.equal((await ask(browser, session, wanted)).json.generation, 1);
  await pause(at + SETTLED_MS + 1_500 - Date.now());
  assert.ok(deadAt - Date.now() > 1_500, "the access token lives");
  for (const wanted of ["deadline", "forced"]) {
    const answer = await ask(browser, session, wanted);
    assert.deepEqual([answer.status, answer.json.generation], [200, 1], answer.text);
  }
  assert.equal((await browser.call("/api/orders")).status, 200);
  assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [before, {}]);
  return { browser, session, deadAt };
}
