// Many tabs and one token: at its end, and when the tab that asks for the next one is gone.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { lacks, step, until } from "../lab/step.mjs";

const TABS = 20;
const SHORT_S = 20;

describe(`many tabs in ${engine.name}`, { timeout: 240_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab[]} */ const tabs = [];
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
  });
  after(() => lab?.close());

  step(`${TABS} tabs at one expiry make one refresh grant`, async () => {
    tabs.push(await lab.enter(browser));
    while (tabs.length < TABS) tabs.push(await lab.another(browser));
    assert.equal(lab.authority.grants, 0);
    const [first] = tabs;
    assert.ok(first);
    // However long that took: only now comes the token that ends soon, to all of them.
    lab.authority.liveOnce(SHORT_S);
    await first.asksUntil("a token that ends soon", () => lab.authority.rotation.count("rotated") === 1);
    await browser.until("the first tab to hold it", async () => (await first.generation()) === 2);
    const since = Date.now();
    await until("the token to be refreshed", () => lab.authority.grants === 2, (SHORT_S + 10) * 1000);
    for (const tab of tabs) {
      await tab.show();
      await browser.until(`tab ${tab.name} to hold the new token`, async () => (await tab.generation()) === 3);
      assert.equal(await tab.state(), "active");
    }
    assert.equal(lab.authority.grants, 2);
    assert.equal(lab.authority.rotation.count("rotated"), 2);
    // The lock and the channel save what they can: without them it would be twenty.
    assert.ok(lab.front.count("/auth/token", since) <= TABS, `${lab.front.count("/auth/token", since)} token requests`);
  }, shown);

  step("and none of them was anything but logged in meanwhile", async () => {
    for (const tab of tabs) {
      const moves = (await tab.events()).filter(({ type }) => type === "statechange").map(({ detail }) => detail.to);
      assert.deepEqual(moves.filter((state) => !["active", "refreshing", "resuming"].includes(state)), [], await tab.story());
    }
    for (const tab of tabs.splice(2)) await tab.close();
  }, shown);

  const how = lacks.crash ? "is closed" : "is killed";
  step(`a tab that ${how} while it asks leaves the token to the other one`, async () => {
    const [asker, other] = tabs;
    assert.ok(asker && other);
    const before = lab.authority.grants;
    const release = lab.authority.hold();
    await asker.asksUntil("the refresh to be at the authorization server", () => lab.authority.grants === before + 1);
    await (lacks.crash ? asker.close() : asker.crash());
    await other.kick();
    release();
    await browser.until("the other tab to hold the new token", async () => (await other.generation()) === 4);
    await other.reaches(["active"]);
    assert.equal(lab.authority.grants, before + 1, "one grant");
    assert.equal(await other.call(), 200);
  }, shown);
});
