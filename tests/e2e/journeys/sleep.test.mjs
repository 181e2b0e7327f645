// A page that is frozen, or kept in the back/forward cache, and comes back: it asks where it stands, once, and calls wait for that.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { lacks, step, until } from "../lab/step.mjs";

/** What a tab is while it asks where it stands. */
const ASKING = /^(resuming|refreshing)$/;

/**
 * The page was loaded anew. A browser may do that: Firefox goes by what its processes have told each other of a page's requests,
 * which is a moment old. What it does again and again is the page's fault.
 */
class NotKept extends Error {
  constructor() {
    super("the page was loaded anew, not kept");
  }
}

/** Whether the page has all of the chunk that makes its calls. */
const hasChunk = () => performance.getEntriesByName(`${location.origin}/package/calls.js`).some((entry) => Reflect.get(entry, "responseEnd") > 0);

describe(`pages that sleep in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
    tab = await lab.enter(browser);
  });
  beforeEach(() => {
    lab.front.fault = () => undefined;
  });
  after(() => lab?.close());

  const questions = (/** @type {number} */ since) => lab.front.count("/auth/session", since) + lab.front.count("/auth/token", since);

  /**
   * Wakes the page while the Worker's answers are held, and looks at what the session does until it has one.
   * @param {() => Promise<void>} sleep
   * @param {() => Promise<void>} wake
   */
  async function sleepAndWake(sleep, wake) {
    await sleep();
    const since = Date.now();
    /** @type {() => void} */ let release = () => {};
    const held = new Promise((resolve) => (release = () => resolve(undefined)));
    lab.front.fault = async ({ path }) => (path.startsWith("/auth/") && path !== "/auth/events" ? void (await held) : undefined);
    try {
      await wake();
      await until("the session to be checked again", () => questions(since));
      assert.match((await tab.state()) ?? "", ASKING, await tab.story());
      await tab.beginCall();
      assert.match((await tab.state()) ?? "", ASKING);
      assert.equal(lab.front.count("/api/orders", since), 0, "a call waits until it is known where the session stands");
    } finally {
      release();
    }
    assert.equal(await tab.called(), 200);
    await tab.reaches(["active"]);
    assert.ok(questions(since) <= 2, `${questions(since)} questions`);
    assert.equal(lab.authority.grants, 0, "a token that lives is not replaced");
    return since;
  }

  /** Leaves for another page when nothing is under way any more, not even the chunk that an open session fetches for later. */
  async function leave() {
    await until("the page to be at rest", async () => lab.front.underWay === 0 && lab.front.sockets.size === 1 && (await tab.run(hasChunk)));
    await browser.go(`${lab.front.origin}/lab/elsewhere.html`);
  }

  /** @param {number} origin when the page that was left had been loaded, by its own clock */
  async function comeBack(origin) {
    await browser.back();
    if ((await tab.run(() => performance.timeOrigin)) !== origin) throw new NotKept();
  }

  step("freeze and resume", async () => {
    const freeze = (/** @type {string} */ state) => browser.devtools("Page.setWebLifecycleState", { state });
    /** A page that was frozen is hidden: it asks when somebody looks at it again. */
    const wake = async () => {
      await freeze("active");
      await browser.openTab();
      await browser.closeTab();
      await tab.show();
      await browser.devtools("Page.bringToFront");
    };
    await sleepAndWake(() => freeze("frozen"), wake);
    assert.ok((await tab.run(() => Reflect.get(globalThis, "recorder").resumed)) >= 1, "the page was really frozen");
  }, { ...shown, skip: lacks.freeze });

  step("the page enters the back/forward cache with an open session, and comes back", async () => {
    /** @type {number | undefined} */ let since;
    for (let left = 3; since === undefined; left -= 1) {
      const origin = await tab.run(() => performance.timeOrigin);
      since = await sleepAndWake(leave, () => comeBack(origin)).catch((error) => {
        if (!(error instanceof NotKept) || left === 1) throw error;
        return undefined;
      });
      await tab.reaches(["active"]);
    }
    const began = since;
    assert.equal(await tab.run(() => Reflect.get(globalThis, "recorder").persisted), 1, "pageshow said so");
    assert.equal(lab.front.asked.filter(({ at, path }) => at >= began && path === "/auth/login").length, 0);
  }, shown);

  step("a session that ended while the page was kept is not shown as if it lived", async () => {
    await browser.go(`${lab.front.origin}/lab/elsewhere.html`);
    const status = await browser.run(async () => {
      const headers = { "everlit-version": "1", "content-type": "application/json" };
      return (await fetch("/auth/logout", { method: "POST", headers, body: '{"v":1}' })).status;
    });
    assert.equal(status, 200);
    await browser.back();
    await tab.reaches(["logged-out"]);
  }, shown);
});
