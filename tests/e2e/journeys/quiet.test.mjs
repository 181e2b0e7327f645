// A tab that nobody looks at, of a user who is not there, asks nothing and hardly wakes.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Lab, engine } from "../lab/lab.mjs";
import { lacks, step } from "../lab/step.mjs";
import { testId } from "../webdriver.mjs";

const LAPSE_MS = 2_000;
/** The token ends within the time that is watched. */
const SHORT_S = 16;
const WATCHED_MS = 22_000;

describe(`quiet tabs in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
  });
  after(() => lab?.close());

  /** How the tab was looked at while it was watched. */
  let visibility = "";

  step("a tab of an idle user, behind another one, makes no request and at most one wake-up, and fetches its token when they return", async () => {
    lab.authority.live(SHORT_S);
    const tab = await lab.enter(browser, { options: JSON.stringify({ idle: { lapse: LAPSE_MS } }) });
    lab.authority.live(3600);
    const other = await browser.openTab();
    await browser.go(`${lab.front.origin}/lab/elsewhere.html`);
    await pause(LAPSE_MS + 1_000);
    // Nothing is what is waited for, so this is a length of time.
    const since = Date.now();
    await pause(WATCHED_MS);
    const asked = lab.front.asked.filter(({ at }) => at >= since).map(({ path }) => path);
    const until = Date.now();
    assert.deepEqual(asked, [], "no request");
    assert.equal(lab.authority.grants, 0, "the token was allowed to lapse");

    const { state, wakes } = await tab.run(
      (since, until) => {
        const { visibility, wakes } = Reflect.get(globalThis, "recorder");
        const before = visibility.filter((/** @type {{ at: number }} */ { at }) => at < since).at(-1);
        return { state: before?.state ?? "", wakes: wakes.filter((/** @type {{ at: number }} */ { at }) => at >= since && at < until) };
      },
      since,
      until,
    );
    visibility = state;
    assert.ok(wakes.length <= 1, JSON.stringify(wakes));

    await tab.show();
    await browser.click(testId("gesture"));
    await tab.reaches(["active"]);
    assert.equal(await tab.call(), 200, "it is fetched on return");
    assert.equal(lab.authority.grants, 1);
    await browser.switchTo(other);
    await browser.closeTab();
  }, shown);

  step("and it was hidden", async () => assert.equal(visibility, "hidden"), { skip: lacks.hide });
});
