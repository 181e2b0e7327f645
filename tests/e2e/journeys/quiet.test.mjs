// A tab that nobody looks at, of a user who is not there, asks nothing and hardly wakes.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Lab, engine } from "../lab/lab.mjs";
import { lacks, step, until } from "../lab/step.mjs";
import { testId } from "../webdriver.mjs";

const LAPSE_MS = 2_000;
/** The token ends within the time that is watched. */
const SHORT_S = 16;
/** At most one wake-up a minute is promised: it is counted by the minute in one engine, which is the slow part of this journey. */
const BY_THE_MINUTE = engine.name === "chromium";
const WATCHED_MS = BY_THE_MINUTE ? 61_000 : 22_000;
/** When a tab has been hidden for a minute, it lets go of the event socket. That is a wake-up of its own, once. */
const LISTENS_MS = 60_000;

describe(`quiet tabs in ${engine.name}`, { timeout: 240_000 }, () => {
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
    const tab = await lab.enter(browser, { options: JSON.stringify({ idle: { lapse: LAPSE_MS } }) });
    // However long that took: only now comes the token that ends soon, and by then nobody has done anything for longer than the lapse.
    lab.authority.liveOnce(SHORT_S);
    await tab.asksUntil("a token that ends soon", () => lab.authority.grants === 1);
    await browser.until("it to be there", async () => (await tab.generation()) === 2);
    const other = await browser.openTab();
    await browser.go(`${lab.front.origin}/lab/elsewhere.html`);
    await pause(LAPSE_MS + 1_000);
    // Nothing is what is waited for, so this is a length of time.
    const began = Date.now();
    if (BY_THE_MINUTE) await until("the event socket to be let go of", () => lab.front.sockets.size === 0, LISTENS_MS + 10_000);
    const since = Date.now();
    await pause(WATCHED_MS);
    const asked = lab.front.asked.filter(({ at }) => at >= began).map(({ path }) => path);
    const ended = Date.now();
    assert.deepEqual(asked, [], "no request");
    assert.equal(lab.authority.grants, 1, "the token was allowed to lapse");

    const { state, wakes } = await tab.run(
      (since, ended) => {
        const { visibility, wakes } = Reflect.get(globalThis, "recorder");
        const before = visibility.filter((/** @type {{ at: number }} */ { at }) => at < since).at(-1);
        return { state: before?.state ?? "", wakes: wakes.filter((/** @type {{ at: number }} */ { at }) => at >= since && at < ended) };
      },
      since,
      ended,
    );
    visibility = state;
    assert.ok(wakes.length <= 1, JSON.stringify(wakes));

    await tab.show();
    await browser.click(testId("gesture"));
    await tab.reaches(["active"]);
    assert.equal(await tab.call(), 200, "it is fetched on return");
    assert.equal(lab.authority.grants, 2);
    await browser.switchTo(other);
    await browser.closeTab();
  }, shown);

  step("and it was hidden", async () => assert.equal(visibility, "hidden"), { skip: lacks.hide });
});
