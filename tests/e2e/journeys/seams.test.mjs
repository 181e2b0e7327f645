// Pages in which something that others have is missing, says no, or never answers: the session works there too.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

const SHORT_S = 20;
/** How long a tab waits for the lock that tabs share. */
const LOCK_BUDGET_MS = 8_000;

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

describe(`hostile pages in ${engine.name}`, { timeout: 240_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let whole;
  /** @type {Map<string, import("../lab/tab.mjs").Tab>} */ const tabs = new Map();
  let since = 0;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
    whole = await lab.enter(browser);
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
    assert.equal(lab.authority.grants, 0);
    since = Date.now();
    // However long it took to open them: only now comes the token that ends soon. Some hear of it, the others ask.
    lab.authority.liveOnce(SHORT_S);
    await whole.asksUntil("a token that ends soon", () => lab.authority.grants === 1);
    await browser.until("it to be there", async () => (await whole.generation()) >= 2);
    for (const tab of tabs.values()) await tab.run(askIfBehind);
    await until("the refresh", () => lab.authority.grants === 2, (SHORT_S + 10) * 1000);
    for (const [words, tab] of tabs) {
      // A lock that is never given is waited for by its budget, and then done without.
      await browser.until(`the new token with ${words}`, async () => (await tab.generation()) === 3, { timeout: 30_000, seen: () => tab.story() });
      assert.equal(await tab.state(), "active", words);
      assert.equal(await tab.call(), 200, words);
    }
    const copy = tabs.get("two copies of the package");
    assert.equal(await copy?.run(() => Reflect.get(globalThis, "session2").token?.generation), 3);
    assert.equal(lab.authority.grants, 2);
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

describe(`hostile pages with nobody to tell them in ${engine.name}`, { timeout: 150_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
  });
  after(() => lab?.close());

  for (const words of ["no crypto", "none of it"]) {
    step(`${words}: the only tab of its browser gets a token by itself`, async () => {
      const tab = await lab.enter(browser, PAGES[words]);
      const [generation, grants] = [await tab.generation(), lab.authority.grants];
      await tab.rested();
      assert.equal(await tab.does("refresh"), "", await tab.story());
      assert.deepEqual([await tab.state(), await tab.generation(), lab.authority.grants], ["active", generation + 1, grants + 1]);
      assert.equal(await tab.call(), 200);
      assert.deepEqual(await tab.run(uncaughtInPage), []);
    }, shown);
  }

  step("a tab really holds the lock and does not give it back: another one waits by its budget, and then does without", async () => {
    const tab = await lab.enter(browser);
    const holder = await lab.another(browser);
    await holder.run(() => new Promise((held) => void navigator.locks.request("everlit", () => new Promise(() => held(undefined)))));
    const [generation, grants] = [await tab.generation(), lab.authority.grants];
    await tab.rested();
    const took = await tab.run(async () => {
      const began = performance.now();
      await Reflect.get(globalThis, "session").refresh();
      return performance.now() - began;
    });
    assert.ok(took >= LOCK_BUDGET_MS - 500, `it waited for that very lock, and not only ${took} ms`);
    assert.ok(took < 2 * LOCK_BUDGET_MS, `${took} ms`);
    assert.deepEqual([await tab.generation(), lab.authority.grants], [generation + 1, grants + 1]);
    const held = await tab.run(async () => (await navigator.locks.query()).held?.map(({ name }) => name));
    assert.ok(held?.includes("everlit"), "and it is held still");
    assert.equal(await tab.call(), 200);
  }, shown);
});

/** Sent to the page as text. What a tab asks that holds an older token than the vault costs no refresh. */
function askIfBehind() {
  const { session } = /** @type {any} */ (globalThis);
  if (session.token.generation < 2) session.refresh().catch(() => {});
}

/** Sent to the page as text. */
function uncaughtInPage() {
  const { seen } = Reflect.get(globalThis, "recorder");
  return seen.filter((/** @type {{ kind: string }} */ { kind }) => /^(error|unhandledrejection)$/.test(kind)).map((/** @type {{ text: string }} */ { text }) => text);
}
