// A grant that is over while the authorization server still knows its user: the session goes on without a form. Where the server
// knows nobody, the session asks for its user, and nobody asks the server again.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { engine } from "../lab/lab.mjs";
import { signIn, startRealLab } from "../lab/real-servers.mjs";
import { step, until } from "../lab/step.mjs";
import { testId } from "../webdriver.mjs";

/** @typedef {Awaited<ReturnType<typeof startRealLab>>} RealLab */

/** @param {() => RealLab} real @param {() => import("../lab/tab.mjs").Tab} tab */
const steps = (real, tab) => {
  const shown = { browser: () => tab()?.browser };

  /** The server refuses the grant from now on, and the vault has heard it. */
  const endGrant = async () => {
    await tab().rested();
    real().forget("RefreshToken");
  };

  /** What a silent way leaves as it was. @param {() => Promise<void>} way */
  const unseen = async (way) => {
    const { forms, authorizations } = real();
    const before = { forms: forms(), authorizations: authorizations(), windows: (await tab().browser.windows()).length };
    await way();
    await tab().reaches(["active"]);
    assert.equal(await tab().call(), 200);
    assert.equal(forms() - before.forms, 0, "no form was shown");
    assert.equal(authorizations() - before.authorizations, 1, "the server was asked once");
    await until("no window to be left", async () => (await tab().browser.windows()).length === before.windows);
  };
  return { shown, endGrant, unseen };
};

describe(`silent re-login at a server of the app's site in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {RealLab} */ let real;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const { shown, endGrant, unseen } = steps(() => real, () => tab);

  before(async () => {
    real = await startRealLab({ hostName: "localhost" });
    tab = await signIn(real.lab, await real.lab.device());
  });
  after(() => real?.lab.close());

  step("a frame brings the token back, in the same page, and what waits goes on", async () => {
    const [generation, origin] = [await tab.generation(), await tab.run(() => performance.timeOrigin)];
    await endGrant();
    await unseen(async () => {
      await tab.kick();
      await tab.beginCall();
      await browserHas(tab, generation + 1);
      assert.equal(await tab.called(), 200);
    });
    assert.equal(await tab.run(() => performance.timeOrigin), origin, "nothing was loaded anew");
    assert.equal(await tab.run(() => document.querySelectorAll("iframe").length), 0, "the frame is gone");
    assert.deepEqual(await asked(tab), ["frame"]);
  }, shown);

  step("a server that knows nobody is asked once in each way, and then the session asks for its user", async () => {
    await endGrant();
    real.forget("Session");
    const before = { forms: real.forms(), authorizations: real.authorizations() };
    await tab.kick();
    await until("the frame to be refused", () => real.authorizations() === before.authorizations + 1);
    await browserQuiet(tab);
    await tab.browser.click(testId("gesture"));
    await until("the popup to be refused", () => real.authorizations() === before.authorizations + 2);
    await until("the popup to be gone", async () => (await tab.browser.windows()).length === 1);
    await tab.reaches(["reauth-required"]);
    for (const _ of [1, 2]) {
      await tab.open();
      assert.equal(await tab.state(), "reauth-required");
      await tab.browser.click(testId("gesture"));
      assert.equal(await tab.call(), "ERR_SESSION_REAUTH");
    }
    assert.deepEqual({ forms: real.forms(), authorizations: real.authorizations() }, { ...before, authorizations: before.authorizations + 2 });
  }, shown);
});

describe(`silent re-login at a server of another site in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {RealLab} */ let real;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const { shown, endGrant, unseen } = steps(() => real, () => tab);

  before(async () => {
    real = await startRealLab();
    tab = await signIn(real.lab, await real.lab.device());
  });
  after(() => real?.lab.close());

  step("a popup at the next gesture brings it back, and closes", async () => {
    const [generation, origin] = [await tab.generation(), await tab.run(() => performance.timeOrigin)];
    // A page that its user has touched is never taken away.
    await tab.show();
    await tab.browser.click(testId("gesture"));
    await endGrant();
    await unseen(async () => {
      await tab.kick();
      await tab.needsUser();
      await tab.browser.click(testId("gesture"));
      await browserHas(tab, generation + 1);
    });
    assert.equal(await tab.run(() => performance.timeOrigin), origin, "nothing was loaded anew");
    assert.deepEqual(await asked(tab), ["popup"]);
  }, shown);

  step("a page that was just loaded is taken there and back", async () => {
    const generation = await tab.generation();
    await endGrant();
    await unseen(async () => {
      await tab.kick();
      await tab.needsUser();
      await tab.browser.go(tab.origin + tab.path);
      await browserHas(tab, generation + 1);
    });
    assert.equal(new URL(await tab.browser.url()).pathname, "/lab/");
  }, shown);

  step("an app that objects keeps its page", async () => {
    // This one stays where it is, also hidden: its user has touched it.
    await tab.show();
    await tab.browser.click(testId("gesture"));
    await endGrant();
    await tab.kick();
    await tab.needsUser();
    const authorizations = real.authorizations();
    const objecting = await real.lab.another(tab.browser, { veto: "" });
    await objecting.reaches(["reauth-required"]);
    await tab.browser.click(testId("gesture"));
    assert.equal(real.authorizations(), authorizations);
    assert.ok((await asked(objecting)).length >= 1, "it was asked");
    await objecting.close();
    await tab.show();
  }, shown);

  step("a redirect that is refused comes back, once", async () => {
    await tab.show();
    if ((await tab.state()) === "active") {
      await endGrant();
      await tab.kick();
      await tab.needsUser();
    }
    real.forget("Session");
    const windows = (await tab.browser.windows()).length;
    const before = { forms: real.forms(), authorizations: real.authorizations() };
    await tab.browser.go(tab.origin + tab.path);
    await until("the server to be asked", () => real.authorizations() === before.authorizations + 1);
    await tab.browser.until("the page to be back", async () => (await tab.state()) === "reauth-required");
    for (const _ of [1, 2]) {
      await tab.open();
      assert.equal(await tab.state(), "reauth-required");
      await tab.browser.click(testId("gesture"));
    }
    assert.equal((await tab.browser.windows()).length, windows, "nor is a popup tried, which would be told the same");
    assert.deepEqual({ forms: real.forms(), authorizations: real.authorizations() }, { ...before, authorizations: before.authorizations + 1 });
  }, shown);
});

/** @param {import("../lab/tab.mjs").Tab} tab @param {number} generation */
const browserHas = (tab, generation) => tab.browser.until(`generation ${generation}`, async () => (await tab.generation()) === generation);

/** The refused frame is gone, so that the next way may be taken. @param {import("../lab/tab.mjs").Tab} tab */
const browserQuiet = (tab) => tab.browser.until("no frame", () => tab.run(() => document.querySelectorAll("iframe").length === 0));

/** Which ways the app was told of since the page was loaded. @param {import("../lab/tab.mjs").Tab} tab */
async function asked(tab) {
  return (await tab.events()).filter(({ type }) => type === "beforerelogin").map(({ detail }) => detail.way);
}
