import assert from "node:assert/strict";
import { describe } from "node:test";

import { ask, askOn, due, enterDue, killAt, outcomes, play, untilGeneration, WINDOW } from "./support/crash-stack.mjs";
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

const ROTATE = "/internal/rotate";

/** What the escrow holds. @param {CrashStack} stack @param {import("./support/browser.mjs").Browser} browser */
const escrowRow = async ({ workerd }, browser) => (await workerd.ask("ESCROW", browser.cookie(SESSION_COOKIE), "/sql", "SELECT state, answer IS NULL AS blank FROM escrow"))[0];

/** @typedef {("SESSION_VAULT" | "ESCROW")[]} Objects */

/** Objects go, as with a deployment or a move; the rest of the process stays. @param {CrashStack} stack @param {import("./support/browser.mjs").Browser} browser @param {Objects} [objects] */
async function reset({ workerd }, browser, objects = ["SESSION_VAULT"]) {
  await Promise.all(objects.map((object) => workerd.ask(object, browser.cookie(SESSION_COOKIE), "/reset")));
  await pause(100);
}

/**
 * Asks, and resets the vault when the rotation has come to this step. Whoever asked is not lost: the Worker asks the new object
 * in its name, which has to find out where things stand while the rotator is held still.
 *
 * @param {CrashStack} stack @param {Step} step @param {import("./support/browser.mjs").Browser} browser @param {any} session @param {Objects} [objects]
 * @returns the answer, still awaited
 */
async function resetAt(stack, step, browser, session, objects) {
  const reached = stack.faults.hold(step);
  const asked = ask(browser, session);
  await reached;
  const made = async () => (await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/counts")).instances;
  const before = await made();
  await reset(stack, browser, objects);
  assert.equal(await made(), before + 1, "it was reset");
  return { asked };
}

describe("a vault that is reset in the middle of a rotation", { concurrency: 8 }, () => {
  const both = /** @type {Objects} */ (["SESSION_VAULT", "ESCROW"]);
  for (const [step, objects] of STEPS.flatMap((step) => /** @type {const} */ ([[step, undefined], [step, both]]))) {
    play(`${objects ? "with its escrow, " : ""}at ${step}: ${OUTCOME[step]}, and nobody is logged out`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      const { asked } = await resetAt(stack, step, browser, session, objects);
      await pause(300);
      stack.faults.release(step);
      const answer = await asked;
      assert.ok(answer.status === 200 || answer.json.code === "temporarily_unavailable", answer.text);
      const second = await untilGeneration(browser, session, 2);
      assert.deepEqual(stack.rotation.presented.map(({ came }) => came), ["rotated"]);
      assert.deepEqual(await outcomes(stack, browser), { [OUTCOME[step]]: 1 });

      await due(second);
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

  play("that looks for its answer while somebody waits: its alarm stays where it is", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const armed = async () => (await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/counts")).armedOutside;
    const { asked } = await resetAt(stack, "rotator.claimed", browser, session);
    const before = await armed();
    const looks = async () => (await stack.workerd.ask("ESCROW", browser.cookie(SESSION_COOKIE), "/counts")).requests;
    const first = await looks();
    // A caller who is told to come again is gone for a moment, and the alarm then goes where it is needed without them: a second one, who
    // came later, waits meanwhile.
    let seen = false;
    const second = (async () => { while (!seen) await ask(browser, session); })();
    try {
      await until("three looks", async () => (await looks()) >= first + 3);
      assert.equal(await armed(), before);
    } finally {
      seen = true;
    }
    stack.faults.release("rotator.claimed");
    await Promise.all([asked, second]);
    await untilGeneration(browser, session, 2);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { recovered_from_escrow: 1 }]);
  });
});

describe("an escrow that is reset in the middle of a rotation", { concurrency: 4 }, () => {
  for (const [path, state] of /** @type {const} */ ([["/taken", "claimed"], ["/answer", "answered"]])) {
    play(`before it could say that the request is ${state}: it is told again, and nothing is lost`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      await stack.workerd.befall(path, { delayMs: 2_000, times: 1 });
      const asked = askOn(browser, session);
      await until(`a request that is ${state}`, async () => (await escrowRow(stack, browser))?.state === state);
      await reset(stack, browser, ["ESCROW"]);
      assert.equal((await asked).json.generation, 2);
      assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
      await until("the answer", async () => (await escrowRow(stack, browser))?.state === "answered");
    });
  }
});

describe("an answer that the escrow does not take", { concurrency: 6 }, () => {
  play("at once, for a vault that is gone: it is tried again until it does, and the vault recovers it", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/answer", { drop: true, times: 4 });
    const { asked } = await resetAt(stack, "rotator.answered", browser, session);
    stack.faults.release("rotator.answered");
    await asked;
    await untilGeneration(browser, session, 2, 20_000);
    assert.deepEqual([stack.rotation.presented.map(({ came }) => came), await outcomes(stack, browser)], [["rotated"], { recovered_from_escrow: 1 }]);
  });

  play("for a while: the vault is told after a second, and it is kept all the same", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/answer", { drop: true });
    const reached = stack.faults.hold("rotator.answered");
    const askedAt = Date.now();
    const asked = askOn(browser, session);
    await reached;
    const began = Date.now();
    // What this machine takes for the other half of a rotation.
    const halfMs = began - askedAt;
    stack.faults.release("rotator.answered");
    assert.equal((await asked).json.generation, 2);
    const took = Date.now() - began;
    assert.ok(took >= 900 && took < 3_500 + halfMs, `${took} ms`);
    assert.equal((await escrowRow(stack, browser))?.state, "claimed");
    await stack.workerd.befall("/answer", {});
    await until("the answer", async () => (await escrowRow(stack, browser))?.state === "answered", 20_000);
    assert.deepEqual(await outcomes(stack, browser), { success: 1 });
  });

  play("nor refuses: a try has its time, and another follows", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/answer", { drop: true, delayMs: 25_000, times: 1 });
    assert.equal((await askOn(browser, session)).json.generation, 2);
    await until("the answer", async () => (await escrowRow(stack, browser))?.state === "answered", 10_000);
  });

  play("because nobody waits for it any more: that is logged", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const reached = stack.faults.hold("rotator.answered");
    const asked = askOn(browser, session);
    await reached;
    await stack.workerd.ask("ESCROW", browser.cookie(SESSION_COOKIE), "/sql", "UPDATE escrow SET state = 'void'");
    stack.faults.release("rotator.answered");
    assert.equal((await asked).json.generation, 2, "the vault is told all the same");
    const line = await until("the line", () => stack.workerd.log.find(({ event }) => event === "answer_not_kept"));
    assert.equal(line.reason, "nobody waits for it");
  });

  play("and a newer deployment has sealed: it is asked for until it can be read, and nothing is presented meanwhile", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const at = await killAt(stack, "rotator.kept", browser, session);
    const seal = (/** @type {string} */ version) =>
      stack.workerd.ask("ESCROW", browser.cookie(SESSION_COOKIE), "/sql", `UPDATE escrow SET answer = CAST(x'${version}' || substr(answer, 2) AS BLOB)`);
    await seal("02");
    const ahead = () => stack.workerd.log.filter(({ event }) => event === "kept_answer_ahead").length;
    // Longer than a claim counts as under way here.
    await until("several looks at it", async () => (await ask(browser, session)) && ahead() >= 2 && Date.now() - at > WINDOW * 500, 20_000);
    assert.deepEqual([(await browser.call("/auth/session")).json.state, stack.rotation.presented.length], ["active", 1]);
    await seal("01");
    await untilGeneration(browser, session, 2, 30_000);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { recovered_from_escrow: 1 }]);
  }, { grace: true });
});

describe("a rotator that is late", { concurrency: 3 }, () => {
  play("with its word, which the vault has from the escrow by then: once is enough", async (stack) => {
    const { browser, session } = await enterDue(stack);
    // Until after the vault has lost its patience with it.
    await stack.workerd.befall(ROTATE, { delayMs: 7_500, times: 1 });
    const asked = ask(browser, session);
    const second = await untilGeneration(browser, session, 2);
    assert.deepEqual(await outcomes(stack, browser), { recovered_from_escrow: 1 });
    assert.ok(!stack.faults.seen.includes("vault.told"), "it has not said a word");
    await asked;
    await until("its word", () => stack.faults.seen.includes("vault.committed"), 15_000);
    assert.equal((await browser.call("/auth/session")).json.generation, second.generation);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { recovered_from_escrow: 1 }]);
  }, { grace: true, accessTtl: 20 });

  for (const isReset of [false, true]) {
    play(`with what it claimed${isReset ? ", for a vault that is gone" : ""}: it does not send it any more, and says so`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      const reached = stack.faults.hold("rotator.claimed");
      const asked = ask(browser, session);
      await reached;
      if (isReset) await reset(stack, browser);
      // More than half of the third of the window that a request has.
      await pause(WINDOW * 1000 / 6 + 200);
      stack.faults.release("rotator.claimed");
      await asked;
      assert.ok(stack.workerd.log.some(({ event, reason }) => event === "token_unsent" && reason === "too late, and claimed"));
      await untilGeneration(browser, session, 2);
      assert.equal(stack.faults.seen.filter((step) => step === "rotator.claimed").length, 2);
      assert.deepEqual(stack.rotation.presented.map(({ came }) => came), ["rotated"]);
      assert.deepEqual(await outcomes(stack, browser), isReset ? { resent_never_sent: 1 } : { transient: 1, success: 1 });
    }, { grace: true, accessTtl: 12 });
  }
});
