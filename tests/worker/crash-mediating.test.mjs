/** A Worker that ends while a token is on its way that a page is to be handed. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn } from "./support/asking.mjs";
import { outcomes, startCrashStack } from "./support/crash-stack.mjs";
import { enter } from "./support/scripted-stack.mjs";

const more = { upstream: "bills" };

/** @param {any} given */
const mediating = (given) => ({
  ...given,
  PROVIDER_DEMO: { ...given.PROVIDER_DEMO, scopes: [...given.PROVIDER_DEMO.scopes, "bills:read"] },
  UPSTREAM_BILLS: { origin: "https://bills.example", mode: "mediating", scopes: ["bills:read"] },
});

describe("a Worker that ends", { concurrency: 2 }, () => {
  for (const [step, outcome] of /** @type {const} */ ([["vault.intent_written", "resent_never_sent"], ["rotator.kept", "recovered_from_escrow"], ["vault.committed", "success"]])) {
    test(`at ${step} hands out the token that was asked for, and the grant's own stays what it was`, async () => {
      const stack = await startCrashStack({ accessTtl: 3600, change: mediating });
      try {
        const { browser, session } = await enter(stack);
        const reached = stack.faults.hold(step);
        const lost = ask(browser, session, "resume", more).catch(() => undefined);
        await reached;
        await stack.workerd.kill();
        await lost;
        await stack.workerd.begin();
        const answer = await askOn(browser, session, "resume", more);
        assert.deepEqual([answer.status, answer.json.scope], [200, "bills:read"], answer.text);
        const forms = stack.as.requests("refresh_token");
        assert.deepEqual(forms.map((form) => form.get("scope")), ["bills:read"], "it was asked for once");
        assert.deepEqual(await outcomes(stack, browser), { [outcome]: 1 });
        await browser.call("/api/orders");
        assert.notEqual(stack.resource.asked.at(-1)?.headers.authorization, `Bearer ${answer.json.access_token}`);
        assert.equal((await ask(browser, session, "resume", more)).json.access_token, answer.json.access_token);
        assert.equal(stack.as.requests("refresh_token").length, 1);
      } finally {
        await stack.close();
      }
    });
  }
});
