// A login whose response the browser is made to post: a form of another site, whose cookies every engine holds back in its own way.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { engine } from "../lab/lab.mjs";
import { signIn, startRealLab } from "../lab/real-servers.mjs";
import { step } from "../lab/step.mjs";

describe(`a response that is posted in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Awaited<ReturnType<typeof startRealLab>>} */ let real;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    real = await startRealLab({ responseMode: "form_post" });
    browser = await real.lab.device();
  });
  after(() => real?.lab.close());

  step("a form of another site ends the login, by 303 and a request that brings the cookies", async () => {
    const tab = await signIn(real.lab, browser);
    assert.equal(await tab.call(), 200);
    const [posted, ended] = real.lab.front.asked.filter(({ path }) => path === "/auth/callback/demo");
    assert.deepEqual([posted?.method, posted?.status, posted?.cookies], ["POST", 303, []], "a form of another site brings nothing");
    assert.deepEqual([ended?.method, ended?.status], ["GET", 200]);
    assert.deepEqual(ended?.cookies.toSorted(), ["__Host-Http-everlit-binding", "__Host-Http-everlit-response"]);
    assert.equal(ended?.query.size, 0, "nothing is in the URL");
  }, shown);

  step("and another one, of a user who is known there, goes on in the same session", async () => {
    const before = real.lab.front.count("/auth/callback/demo");
    const tab = await signIn(real.lab, browser);
    assert.equal(await tab.call(), 200);
    assert.equal(real.lab.front.count("/auth/callback/demo"), before + 2);
  }, shown);
});
