import assert from "node:assert/strict";
import { describe } from "node:test";

import { askUntilHungUp } from "./support/asking.mjs";
import { send } from "./support/browser.mjs";
import { ask, askOn, due, enterDue, outcomes, play, untilGeneration } from "./support/crash-stack.mjs";
import { enter } from "./support/scripted-stack.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

const ROTATE = "/internal/rotate";

/** What rotators said that know of nothing. @param {import("./support/crash-stack.mjs").CrashStack} stack @returns {string[]} */
const unheard = ({ workerd }) => workerd.log.filter(({ event }) => event === "token_unheard").map(({ reason }) => reason);

/** @param {import("./support/crash-stack.mjs").CrashStack} stack */
const captured = ({ workerd }) => send(`http://localhost:${workerd.port}/door/captured`).then(({ json }) => json);

describe("what is delivered twice", { concurrency: 8 }, () => {
  for (const twice of /** @type {const} */ (["first", "second"])) {
    play(`an internal request, answered by the ${twice} delivery: one refresh grant`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      await stack.workerd.befall(ROTATE, { twice });
      stack.rotation.delayMs = 300;
      await untilGeneration(browser, session, 2);
      assert.equal(stack.faults.seen.filter((step) => step === "rotator.received").length, 2, "both were let in");
      assert.equal(stack.faults.seen.filter((step) => step === "rotator.claimed").length, 1, "one was sent");
      assert.equal(stack.rotation.presented.length, 1);
      await until("the loser's word", () => unheard(stack).length > 0);
      assert.deepEqual(unheard(stack), ["claimed before"], "one of them was told that it lost");
      const counted = await outcomes(stack, browser);
      // Whoever lost the claim knows of nothing; the escrow does.
      assert.ok(counted.success === 1 || counted.recovered_from_escrow === 1, JSON.stringify(counted));
      assert.equal(Object.keys(counted).length, 1);
    });
  }

  play("an internal request, again when everything is over, from inside and from outside: nothing is sent", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const second = await untilGeneration(browser, session, 2);
    const { headers, body } = await captured(stack);
    const kept = Object.fromEntries(headers.filter((/** @type {string[]} */ [name]) => !["host", "content-length"].includes(name ?? "")));
    const replay = (/** @type {Record<string, string>} */ given, /** @type {string} */ text) =>
      send(`http://localhost:${stack.workerd.port}${ROTATE}`, { method: "POST", headers: given, body: text });
    const inside = () => send(`http://localhost:${stack.workerd.port}/door/deliver`, { method: "POST", body: JSON.stringify({ headers: kept, body }) }).then(({ json }) => json);
    // What is ours is heard, on both ways, and sent no second time: not while it is in time, nor when that is over.
    for (const again of [inside, () => replay(kept, body), inside]) {
      const { status, text } = await again();
      assert.deepEqual([status, JSON.parse(text).unheard], [200, true]);
    }
    // What is not ours to the last byte is the same as a path that nobody knows.
    const unknown = await send(`http://localhost:${stack.workerd.port}/internal/nothing`, { method: "POST", body: "{}" });
    const [version, request, deadline, mac = ""] = kept["everlit-internal"]?.split(" ") ?? [];
    const signed = (/** @type {unknown[]} */ ...parts) => ({ ...kept, "everlit-internal": parts.join(" ") });
    const forged = [
      await replay({}, body), await replay(kept, `${body} `),
      await replay(signed(version, request, deadline, mac.replace(/^./, (/** @type {string} */ first) => (first === "A" ? "B" : "A"))), body),
      await replay(signed(version, Number(request) + 1, deadline, mac), body), await replay(signed(version, request, Number(deadline) + 1, mac), body),
    ];
    for (const answer of forged) assert.deepEqual([answer.status, answer.text, answer.headers["content-type"]], [404, unknown.text, unknown.headers["content-type"]]);
    await pause(Math.max(0, Number(deadline) - Date.now() + 50));
    for (const again of [inside, () => replay(kept, body)]) {
      const { status, text } = await again();
      assert.deepEqual([status, JSON.parse(text).unsent], [200, true]);
    }
    assert.equal(stack.rotation.presented.length, 1);
    assert.equal((await browser.call("/auth/session")).json.generation, second.generation);
  });

  for (const twice of /** @type {const} */ (["first", "second"])) {
    play(`a claim, answered by the ${twice} delivery: its rotator sends once`, async (stack) => {
      const { browser, session } = await enterDue(stack);
      await stack.workerd.befall("/taken", { twice });
      await untilGeneration(browser, session, 2);
      assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
    });
  }

  play("a claim that somebody else has made: the rotator that is told it lost sends nothing", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const claimed = await stack.workerd.ask("ESCROW", browser.cookie(SESSION_COOKIE), "/taken?request=0&by=7");
    assert.deepEqual(claimed, { won: true });
    await ask(browser, session);
    await until("the word that it lost", () => unheard(stack).length > 0);
    assert.deepEqual([unheard(stack), stack.rotation.presented.length], [["claimed before"], 0]);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    // Nor can it say how the other's request ended.
    const answer = JSON.stringify({ request: 0, by: 8, sealed: "AAAA" });
    assert.deepEqual(await stack.workerd.ask("ESCROW", browser.cookie(SESSION_COOKIE), "/answer", answer), { kept: false });
  });

  play("an answer that is kept, and the word that it was, which is lost: it is told all the same", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/answer", { lose: true });
    await untilGeneration(browser, session, 2);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
  });

  play("a claim whose answer is lost is made again by the same rotator, and won", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/taken", { lose: true, times: 2 });
    assert.equal((await askOn(browser, session)).json.generation, 2, "whoever asked got it");
    assert.equal(stack.faults.seen.filter((step) => step === "rotator.received").length, 1);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
  });

  play("claims whose answers are all lost: nothing is sent, that is said, and nobody waits for it to have been", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/taken", { lose: true });
    const asked = ask(browser, session);
    await until("the rotator to give up", () => stack.workerd.log.some(({ event, reason }) => event === "token_unsent" && reason === "no escrow"));
    await stack.workerd.befall("/taken", {});
    await asked;
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    await untilGeneration(browser, session, 2, 15_000);
    assert.deepEqual([stack.rotation.presented.map(({ came }) => came), (await outcomes(stack, browser)).success], [["rotated"], 1]);
  });

  play("a rotator's answer that is lost on its way to the vault: the escrow has it", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall(ROTATE, { lose: true });
    await untilGeneration(browser, session, 2);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { recovered_from_escrow: 1 }]);
  });

  play("a question, also under its own name, also after it was answered: one refresh grant", async (stack) => {
    const { browser, session } = await enterDue(stack);
    await stack.workerd.befall("/token", { twice: "second" });
    const question = { op_id: "a question of this tab" };
    const answers = await Promise.all([askOn(browser, session, "deadline", question), askOn(browser, session, "deadline", question)]);
    assert.deepEqual(answers.map(({ json }) => json.generation), [2, 2]);
    assert.equal((await ask(browser, session, "deadline", question)).json.generation, 2);
    assert.equal(stack.rotation.presented.length, 1);
  });
});

describe("what comes late", { concurrency: 2 }, () => {
  play("a refusal of the grant that the user has replaced meanwhile ends nothing", async (stack) => {
    const { browser, session } = await enterDue(stack);
    const usual = stack.as.onToken;
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : usual(form));
    const reached = stack.faults.hold("rotator.answered");
    const asked = ask(browser, session);
    await reached;
    stack.as.onToken = usual;
    const { session: renewed } = await enter(stack, browser);
    assert.deepEqual([renewed.state, renewed.epoch, renewed.generation], ["active", session.epoch, 2]);
    stack.faults.release("rotator.answered");
    await asked;
    await pause(500);
    const shown = (await browser.call("/auth/session")).json;
    assert.deepEqual([shown.state, shown.generation], ["active", 2]);
    await due(shown);
    await untilGeneration(browser, shown, 3);
    assert.deepEqual([stack.rotation.presented.map(({ came }) => came), await outcomes(stack, browser)], [["rotated"], { success: 1 }]);
  });
});

describe("many at once", { concurrency: 3 }, () => {
  play("200 parallel callers at expiry: one refresh grant, and the same generation for all", async (stack) => {
    const { browser, session, deadAt } = await enterDue(stack);
    await pause(deadAt + 500 - Date.now());
    stack.rotation.delayMs = 300;
    const answers = await Promise.all(Array.from({ length: 200 }, () => askOn(browser, session)));
    assert.deepEqual([...new Set(answers.map(({ status, json }) => `${status} ${json.epoch} ${json.generation}`))], [`200 ${session.epoch} 2`]);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
    assert.equal(stack.faults.seen.filter((step) => step === "vault.intent_written").length, 1);
  });

  play("callers that hang up, at every step of the rotation, change nothing for the others", async (stack) => {
    const { browser, session } = await enterDue(stack);
    stack.rotation.delayMs = 1_000;
    const gone = Array.from({ length: 20 }, (_, index) =>
      browser.call("/auth/token", { method: "POST", json: { v: 1, reason: "deadline", epoch: session.epoch, generation: session.generation }, limitMs: 50 + 50 * index }).then(() => "answered", () => "gone"));
    const staying = askOn(browser, session);
    await until("the rotation", () => stack.rotation.presented.length === 1);
    const stays = await staying;
    assert.deepEqual([stays.status, stays.json.generation], [200, 2]);
    assert.ok((await Promise.all(gone)).filter((one) => one === "gone").length >= 10);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
  });

  play("all of them hang up, and the rotation is committed", async (stack) => {
    const { browser, session } = await enterDue(stack);
    stack.rotation.delayMs = 800;
    const caller = new AbortController();
    const reached = stack.faults.hold("rotator.received").then(() => caller.abort());
    await assert.rejects(askUntilHungUp(browser, session, caller.signal), { name: "AbortError" });
    await reached;
    stack.faults.release("rotator.received");
    await until("the new token", async () => (await browser.call("/auth/session")).json.generation === 2);
    assert.deepEqual([stack.rotation.presented.length, await outcomes(stack, browser)], [1, { success: 1 }]);
    assert.ok(browser.cookie(SESSION_COOKIE));
  });
});
