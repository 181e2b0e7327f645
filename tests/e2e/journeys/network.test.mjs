// A network that is off for a while is no logout: the session waits, asks now and then, and goes on when the network is back.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { lacks, step } from "../lab/step.mjs";

/** The next token is due some 10 s after this one, and the vault's minimum interval is over by then. */
const SHORT_S = 16;
/** How many questions backoff allows from the deadline to some seconds after the token's end: 0.5 s and then doubling, with jitter. */
const QUESTIONS = 14;
const RECOVERY_MS = 5_000;

describe(`networks that fail in ${engine.name}`, { timeout: 150_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
  });
  after(() => lab?.close());

  /**
   * Goes offline with a token that will end soon, and comes back.
   * @param {(tab: import("../lab/tab.mjs").Tab) => Promise<void>} off
   * @param {(tab: import("../lab/tab.mjs").Tab) => Promise<void>} on
   */
  async function offAndOn(off, on) {
    const tab = await lab.enter(browser);
    // However long that took: only now comes the token that ends soon, and right after it the network goes.
    lab.authority.liveOnce(SHORT_S);
    const before = await tab.generation();
    await tab.asksUntil("a token that ends soon", () => lab.authority.as.accessTtl !== SHORT_S);
    await browser.until("it to be there", async () => (await tab.generation()) > before);
    const generation = await tab.generation();
    const { grants } = lab.authority;
    await off(tab);
    const asked = await tab.run(questionsInPage);
    await tab.reaches(["degraded"]);
    await browser.until("the token to end", () => tab.run(() => !Reflect.get(globalThis, "session").token?.expiresIn));
    assert.equal(await tab.state(), "degraded", "offline is no logout");
    await tab.beginCall();
    const questionsOff = (await tab.run(questionsInPage)) - asked;
    assert.ok(questionsOff <= QUESTIONS, `${questionsOff} questions while there was no network`);

    const since = Date.now();
    await on(tab);
    await tab.reaches(["active"], RECOVERY_MS);
    assert.equal(await tab.generation(), generation + 1);
    assert.equal(await tab.called(), 200, "what waited goes on by itself");
    assert.equal(lab.authority.grants, grants + 1, "one refresh");
    const questions = lab.front.count("/auth/token", since) + lab.front.count("/auth/session", since);
    assert.ok(questions <= 4, `${questions} questions when it was back`);
    const moves = (await tab.events()).filter(({ type }) => type === "statechange" || type === "loggedout");
    assert.ok(moves.every(({ type, detail }) => type !== "loggedout" && !["logged-out", "ended", "reauth-required"].includes(detail.to)), await tab.story());
  }

  step("the server cannot be reached, and then it can", () => offAndOn(
    () => lab.front.cut(),
    async (tab) => {
      await lab.front.mend();
      // What a browser says when its own network is back. That it is the server's that was away is not the page's to know.
      await tab.run(() => void window.dispatchEvent(new Event("online")));
    },
  ), shown);

  step("the browser itself is offline, and says when it is back", () => {
    const network = (/** @type {boolean} */ offline) =>
      browser.devtools("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
    return offAndOn(
      async () => {
        await browser.devtools("Network.enable");
        await network(true);
      },
      async () => void (await network(false)),
    );
  }, { ...shown, skip: lacks.offline });
});

/** Sent to the page as text: how often it asked for a token or its session. */
function questionsInPage() {
  const { seen } = Reflect.get(globalThis, "recorder");
  return seen.filter((/** @type {{ kind: string, text: string }} */ { kind, text }) => kind === "fetch" && text.startsWith("/auth/")).length;
}
