import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { askOn, enterExpired } from "./support/asking.mjs";
import { send } from "./support/browser.mjs";
import { startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";

const HEADER = "everlit-internal";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack({ door: true }); });
after(() => stack?.close());

/** What an answer shows. @param {import("./support/browser.mjs").Answer} answer */
const shown = ({ status, headers: { date: _, ...headers }, text }) => ({ status, headers, text });

/** @param {string} path @param {Parameters<typeof send>[1]} [options] */
const ask = async (path, options) => shown(await send(`${stack.app}${path}`, options));

describe("the rotator, from outside", () => {
  test("is an unknown path for whoever cannot prove to be a vault of ours", async () => {
    const body = JSON.stringify({ vault: "0".repeat(64), provider: "demo", refresh_token: "guessed", abort_after: 1000 });
    const deadline = Date.now() + 10_000;
    const proofs = [undefined, "", "v1", `v1 0 ${deadline} ${"A".repeat(43)}`, `v2 0 ${deadline} ${"A".repeat(43)}`, `v1 0 ${deadline} ${"A".repeat(42)}`, "x".repeat(4000)];
    for (const method of ["GET", "POST", "PUT"]) {
      const unknown = await ask("/internal/nothing", { method });
      assert.equal(unknown.status, 404);
      for (const proof of proofs) {
        const headers = /** @type {Record<string, string>} */ (proof === undefined ? {} : { [HEADER]: proof });
        assert.deepEqual(await ask("/internal/rotate", { method, headers, ...(method !== "GET" && { body }) }), unknown, `${method} ${proof?.slice(0, 20)}`);
      }
    }
    assert.equal((await ask("/internal/rotate", { method: "POST", headers: { [HEADER]: "v1" }, body: "x".repeat(100_000) })).status, 404);
    assert.equal(stack.as.requests("refresh_token").length, 0);
  });

  test("takes a proof for nothing but the order that it was made for, and no order twice", async () => {
    const { browser, session } = await enterExpired(stack);
    assert.equal((await askOn(browser, session)).json.generation, 2);
    const { headers, body } = (await send(`${stack.app}/door/captured`)).json;
    const proof = Object.fromEntries(headers)[HEADER];
    assert.match(proof, /^v1 0 \d+ [\w-]{43}$/);
    const unknown = await ask("/internal/nothing", { method: "POST" });
    const [, , deadline, mac] = proof.split(" ");
    for (const [forged, text] of [[proof, body.replace("refresh-", "refresh_")], [`v1 1 ${deadline} ${mac}`, body], [`v1 0 ${Number(deadline) + 1} ${mac}`, body]]) {
      assert.deepEqual(await ask("/internal/rotate", { method: "POST", headers: { [HEADER]: forged }, body: text }), unknown);
    }
    // The very same again, as the platform may deliver it: heard, and sent no second time.
    const again = await ask("/internal/rotate", { method: "POST", headers: { [HEADER]: proof }, body });
    assert.deepEqual([again.status, JSON.parse(again.text).unheard], [200, true]);
    assert.equal(stack.as.requests("refresh_token").length, 1);
  });

  test("logs no secret", () => {
    assertNothingLeaked(stack, stack.as.issued);
    assert.ok(stack.workerd.log.some((line) => line.event === "internal_refused" && line.reason === "forged"));
  });
});
