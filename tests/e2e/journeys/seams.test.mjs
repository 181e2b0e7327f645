// Pages in which something that others have is missing, says no, or never answers: the session works there too.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

/** Until all tabs are open, and then a while. */
const SHORT_S = 36;
const LONG_S = 3600;

/** What a page goes without. @type {Record<string, Record<string, string>>} */
const PAGES = {
  "no Web Locks": { without: "locks" },
  "Web Locks that say no": { without: "broken-locks" },
  "a lock that another tab never gives back": { without: "endless-locks" },
  "no BroadcastChannel": { without: "channel" },
  "a BroadcastChannel that says no": { without: "broken-channel" },
  "no SharedWorker": { without: "shared" },
  "a SharedWorker that says no": { without: "broken-shared" },
  "no WebSocket": { without: "socket,shared" },
  "storage that says no": { without: "storage" },
  "no crypto": { without: "crypto" },
  "two copies of the package": { twice: "" },
  "none of it": { without: "locks,channel,shared,socket,storage,crypto" },
};

describe(`hostile pages in ${engine.name}`, { timeout: 180_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {Map<string, import("../lab/tab.mjs").Tab>} */ const tabs = new Map();
  let since = 0;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
    lab.authority.live(SHORT_S);
    await lab.enter(browser);
    lab.authority.live(LONG_S);
  });
  after(() => lab?.close());

  for (const [words, query] of Object.entries(PAGES)) {
    step(`${words}: the session opens and calls go through`, async () => {
      const tab = await lab.another(browser, query);
      tabs.set(words, tab);
      assert.equal(await tab.state(), "active");
      assert.equal(await tab.call(), 200);
    }, shown);
  }

  step("all of them have the next token, and the authorization server saw one refresh", async () => {
    assert.equal(lab.authority.grants, 0, "all were open before");
    since = Date.now();
    await until("the refresh", () => lab.authority.grants, (SHORT_S + 10) * 1000);
    for (const [words, tab] of tabs) {
      // A lock that is never given is waited for by its budget, and then done without.
      await browser.until(`the new token with ${words}`, async () => (await tab.generation()) === 2, { timeout: 30_000 });
      assert.equal(await tab.state(), "active", words);
      assert.equal(await tab.call(), 200, words);
    }
    const copy = tabs.get("two copies of the package");
    assert.equal(await copy?.run(() => Reflect.get(globalThis, "session2").token?.generation), 2);
    assert.equal(lab.authority.grants, 1);
  }, shown);

  step("more requests are made there, and no storm", () => {
    const requests = new Map([...tabs].map(([words, tab]) => [words, lab.front.asked.filter((each) => each.at >= since && each.tab === tab.name && each.path.startsWith("/auth/")).length]));
    for (const [words, count] of requests) assert.ok(count <= 6, `${words}: ${count} requests`);
    return Promise.resolve();
  });

  step("a logout ends all of them, at their next call at the latest", async () => {
    const first = tabs.get("no Web Locks");
    assert.equal(await first?.does("logout"), "");
    for (const [words, tab] of tabs) {
      assert.equal(await tab.call(), "ERR_SESSION_LOGGED_OUT", words);
      assert.equal(await tab.state(), "logged-out", words);
    }
    assert.equal(await tabs.get("two copies of the package")?.run(() => Reflect.get(globalThis, "session2").state), "logged-out");
  }, shown);
});
