/** What is left when the Wasm module has trapped: the next call finds a fresh one, and every object is made again in it. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { question } from "./support/stack.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => (stack = await startScriptedStack({ door: true })));
after(() => stack.close());

test("a session goes on after a trap, whichever part is called first", async () => {
  const { browser, session } = await enter(stack);
  const ask = () => browser.call("/auth/token", { method: "POST", json: question(session, "deadline") });
  assert.equal((await ask()).status, 200);
  for (let traps = 1; traps <= 3; traps += 1) {
    await stack.workerd.trap();
    const answers = await Promise.all([ask(), ask(), browser.call("/api/orders"), browser.call("/auth/session")]);
    assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 200], stack.workerd.output);
    assert.equal(stack.workerd.log.filter((line) => line.event === "wasm_restarted").length, traps);
  }
  await stack.workerd.trap();
  const row = await stack.workerd.ask("SESSION_VAULT", browser.cookie("__Host-Http-everlit"), "/session");
  assert.ok(row.current, "the object itself is called first");
});
