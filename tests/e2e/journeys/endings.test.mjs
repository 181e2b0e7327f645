// A logout reaches every tab of its browser at once, and no other device.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";
import { testId } from "../webdriver.mjs";

const TABS = 4;
const WITHIN_MS = 1_000;

describe(`endings in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
  });
  after(() => lab?.close());

  /** @param {Record<string, string>} query */
  async function endAll(query) {
    const tabs = [await lab.enter(browser, query)];
    while (tabs.length < TABS) tabs.push(await lab.another(browser, query));
    const [first, ...others] = tabs;
    assert.ok(first);
    await eachListens(query, tabs);
    const began = await first.run(async () => {
      const { session, recorder } = /** @type {any} */ (globalThis);
      const at = recorder.now();
      await session.logout();
      return at;
    });
    for (const tab of others) {
      await tab.reaches(["logged-out"], 5_000);
      const heard = (await tab.events()).find(({ type, detail }) => type === "statechange" && detail.to === "logged-out");
      const late = (heard?.at ?? Infinity) - began;
      assert.ok(late < WITHIN_MS, `tab ${tab.name} heard of it ${Math.round(late)} ms after it was asked for`);
      assert.equal(await tab.call(), "ERR_SESSION_LOGGED_OUT");
    }
    for (const tab of others) await tab.close();
    await first.show();
  }

  /** Without a channel a tab hears by the event socket: it must be open. @param {Record<string, string>} query @param {unknown[]} tabs */
  async function eachListens({ without = "" }, tabs) {
    if (!without.includes("channel")) return;
    const wanted = without.includes("shared") ? tabs.length : 1;
    await until("the event socket to be open", () => lab.front.sockets.size >= wanted);
  }

  step(`a logout ends the other ${TABS - 1} tabs within a second`, () => endAll({}), shown);

  step("also without BroadcastChannel, storage and Web Locks: by the event socket", () => endAll({ without: "channel,locks,storage" }), shown);

  step("also without SharedWorker: each tab that is looked at, or comes back, hears by itself", async () => {
    const query = { without: "channel,locks,storage,shared" };
    const first = await lab.enter(browser, query);
    const second = await lab.another(browser, query);
    assert.equal(await first.does("logout"), "");
    await second.show();
    // Its own socket, or the next call, whichever is first.
    const answer = await second.call();
    assert.ok(answer === "ERR_SESSION_LOGGED_OUT", String(answer));
    await second.reaches(["logged-out"]);
    await second.close();
    await first.show();
  }, shown);

  step("two devices of one person: each has a session of its own, and a logout ends one", async () => {
    const other = await lab.device();
    const [here, there] = [await lab.enter(browser), await lab.enter(other)];
    const epochs = [await here.run(epochInPage), await there.run(epochInPage)];
    assert.notEqual(epochs[0], epochs[1], "two logins");
    assert.deepEqual([await here.call(), await there.call()], [200, 200]);
    assert.equal(await here.does("logout"), "");
    await here.reaches(["logged-out"]);
    assert.equal(await there.call(), 200);
    assert.equal(await there.state(), "active");

    // A grant that dies at the server ends no session, and not the other device's grant.
    await lab.enter(browser);
    // A page that its user has touched is never taken away to be logged in again, as one is that has only just opened.
    await browser.click(testId("gesture"));
    const refreshToken = newestRefreshToken(lab);
    const generation = await there.generation();
    await here.rested();
    lab.authority.rotation.kill(refreshToken);
    await here.kick();
    await here.needsUser();
    assert.equal(await there.does("refresh"), "");
    assert.equal(await there.generation(), generation + 1, "its grant lives");
    assert.equal(await there.state(), "active");
    await other.quit();
  }, shown);

  step("a device that is revoked on another one hears it within a second, and keeps nothing", async () => {
    const other = await lab.device();
    const [here, there] = [await lab.enter(browser), await lab.enter(other)];
    await eachListens({ without: "channel" }, [here, there]);
    const listed = await here.run(sessionsInPage, "GET", "");
    const label = { chromium: /^Chrom\w+ on /, firefox: /^Firefox on /, webkit: / on / }[engine.name] ?? / on /;
    for (const { device } of listed) assert.match(device, label);
    const own = listed.filter((/** @type {any} */ { current }) => current);
    assert.equal(own.length, 1);
    const known = await there.run(sessionsInPage, "GET", "");
    const meant = known.find((/** @type {any} */ { current }) => current);
    const began = Date.now();
    assert.equal(await here.run(sessionsInPage, "DELETE", `/${meant.id}`), 204);
    await there.reaches(["ended", "logged-out"], 5_000);
    const late = Date.now() - began;
    assert.ok(late < WITHIN_MS, `it was over after ${late} ms`);
    assert.equal(await here.call(), 200);
    assert.notEqual(await there.call(), 200);
    assert.equal((await here.run(sessionsInPage, "GET", "")).some((/** @type {any} */ { id }) => id === meant.id), false);
    await other.quit();
  }, shown);
});

/** Sent to the page as text. @param {string} method @param {string} path */
async function sessionsInPage(method, path) {
  const answer = await fetch(`/auth/sessions${path}`, { method, headers: { "everlit-version": "1" } });
  return answer.status === 200 ? (await answer.json()).sessions : answer.status;
}

/** Sent to the page as text. */
function epochInPage() {
  return Reflect.get(globalThis, "session").token?.epoch;
}

/** @param {Lab} lab */
function newestRefreshToken(lab) {
  return lab.authority.as.issued.filter((token) => token.startsWith("refresh-")).at(-1) ?? "";
}
