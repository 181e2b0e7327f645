// Logged out at the authorization server as well: a page of the app is led there and back, by a form of ours or by a URL, and the
// server knows nobody any more. Whoever else leads a browser to that way ends nothing, and spends nothing.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { Neighbour } from "../lab/neighbour.mjs";
import { signIn, startRealLab } from "../lab/real-servers.mjs";
import { step, until } from "../lab/step.mjs";
import { PageGone, testId } from "../webdriver.mjs";

const LEAVE = "/auth/end-session";
const BACK = "/auth/logged-out";
/** As ours are, and nobody's. */
const FOREIGN_STATE = "A".repeat(43);
/** Such a page of somebody else cannot lead the whole window anywhere. */
const QUIET = /** @type {const} */ (["plain", "read", "image", "script", "frame"]);

/**
 * The app's page logs out, and says what it was answered.
 * @param {import("../lab/tab.mjs").Tab} tab
 * @returns {Promise<{ state: string, end_session?: string }>}
 */
const logout = (tab) => tab.run(async (return_to) => {
  const headers = { "everlit-version": "1", "content-type": "application/json" };
  return (await fetch("/auth/logout", { method: "POST", headers, body: JSON.stringify({ v: 1, return_to }) })).json();
}, wanted(tab));

/** Where that page asks to be led back to. @param {import("../lab/tab.mjs").Tab} tab */
const wanted = (tab) => `${tab.path}&open=7#total`;

/** The page that is shown goes somewhere, as by a link. @param {import("../webdriver.mjs").Browser} browser @param {string} href */
const follow = (browser, href) => browser.run((href) => {
  const link = Object.assign(document.createElement("a"), { href });
  document.documentElement.append(link);
  link.click();
}, href).catch((error) => {
  // It may be quick.
  if (!(error instanceof PageGone)) throw error;
});

/** It is back at the app where its user was, who is logged out. @param {import("../lab/tab.mjs").Tab} tab */
async function isBack(tab) {
  await tab.browser.until("the page to be back where its user was", async () => (await tab.browser.url()) === tab.origin + wanted(tab));
  await tab.reaches(["logged-out"]);
  assert.equal(await tab.call(), "ERR_SESSION_LOGGED_OUT");
}

for (const way of /** @type {const} */ (["post", "get"])) {
  describe(`a logout at the server as well, asked by ${way.toUpperCase()}, in ${engine.name}`, { timeout: 180_000 }, () => {
    /** @type {Awaited<ReturnType<typeof startRealLab>>} */ let real;
    /** @type {import("../webdriver.mjs").Browser} */ let browser;
    /** @type {import("../lab/tab.mjs").Tab} */ let tab;
    const shown = { browser: () => browser };

    before(async () => {
      real = await startRealLab({ endSession: way });
      browser = await real.lab.device();
      tab = await signIn(real.lab, browser);
    });
    after(() => real?.lab.close());

    /** What the browser was answered for a path, newest last. @param {string} path @param {number} [from] */
    const answers = (path, from = 0) => real.lab.front.asked.slice(from).filter((each) => each.path === path && each.status > 0);
    const title = () => browser.run(() => document.querySelector("h1")?.textContent ?? "");
    const isAt = (/** @type {string} */ start) => async () => (await browser.url()).startsWith(start);

    /** The app's page goes on at the server, without anybody doing anything, until the person is asked there. @param {string} end_session */
    async function leaves(end_session) {
      await tab.show();
      await follow(browser, end_session);
      await browser.until("the server to ask its user", () => browser.exists(testId("sign-out")));
      assert.match(await browser.run(() => document.body.innerText), /ada@example\.com/, "it knows who asks");
    }

    /** The person answers, and is back at the app. @param {"sign-out" | "stay"} answer */
    async function comesBack(answer) {
      await browser.click(testId(answer));
      await isBack(tab);
    }

    /** A login, until a person is asked something or is in: what they are asked. */
    async function asksFor() {
      await browser.go(`${real.lab.front.origin}/auth/login?${new URLSearchParams({ return_to: tab.path })}`);
      return browser.until("a form, or the app", async () => {
        for (const id of ["sign-in", "allow"]) if (await browser.exists(testId(id))) return id;
        return (await tab.state()) === "active" && "nothing";
      });
    }

    step("nobody who has not logged out is led there, nor comes back", async () => {
      const { front } = real.lab;
      // Typed, or by a link in a mail.
      for (const [path, query, expected] of /** @type {const} */ ([[LEAVE, "", 403], [BACK, "", 400], [BACK, `?state=${FOREIGN_STATE}`, 400]])) {
        await browser.go(front.origin + path + query);
        assert.equal(answers(path).at(-1)?.status, expected, path + query);
      }
      await tab.open();
      const from = front.asked.length;
      await follow(browser, LEAVE);
      await until("the app's own page to be answered", () => answers(LEAVE, from).length > 0);
      assert.equal(answers(LEAVE, from)[0]?.status, 400);
      await browser.until("it to be shown", async () => (await title()) === "No sign-out is under way");
      await tab.open();
      assert.deepEqual([await tab.state(), await tab.call(), real.logouts()], ["active", 200, 0]);
    }, shown);

    step("whoever is not logged out there is logged out here all the same", async () => {
      const { state, end_session = "" } = await logout(tab);
      assert.deepEqual([state, end_session], ["logged_out", LEAVE]);
      await leaves(end_session);
      assert.equal(answers(LEAVE).at(-1)?.status, way === "post" ? 200 : 302);
      const { pathname, searchParams } = new URL(await browser.url());
      assert.equal(pathname, "/session/end");
      assert.deepEqual([...searchParams.keys()], way === "post" ? [] : ["client_id", "post_logout_redirect_uri", "state"], "no ID Token in a URL");
      await comesBack("stay");
      assert.notEqual(await asksFor(), "sign-in", "the server still knows its user");
      tab = await signIn(real.lab, browser);
    }, shown);

    for (const [what, host] of /** @type {const} */ ([["another site", "127.0.0.2"], ["another port of the app's host", "localhost"]])) {
      step(`pages of ${what} neither spend the way there nor go it, and the app's page logs its user out here and there`, async () => {
        const { front } = real.lab;
        const { end_session = "" } = await logout(tab);
        const [from, asked] = [front.asked.length, real.logouts()];
        const neighbour = await new Neighbour({ host, tls: front.tls }).open();
        try {
          await browser.openTab();
          await browser.go(`${neighbour.origin}/`);
          const tries = (/** @type {string} */ attack, /** @type {string} */ url) =>
            browser.run((attack, url) => Reflect.get(globalThis, "attacks")[attack](url, "GET"), attack, url);
          for (const path of [LEAVE, `${BACK}?state=${FOREIGN_STATE}`]) {
            for (const attack of QUIET) assert.equal(await tries(attack, front.origin + path), "", `${attack} of ${path}: nothing can be read`);
          }
          for (const path of [LEAVE, `${BACK}?state=${FOREIGN_STATE}`]) {
            await browser.go(`${neighbour.origin}/`);
            await follow(browser, front.origin + path);
            const seen = async () => `${JSON.stringify(front.asked.slice(from).map(({ path, status }) => [path, status]))}; ${await browser.url()}`;
            await browser.until(`${path} to be shown`, isAt(front.origin + path), { seen });
          }
          assert.deepEqual([...new Set(answers(LEAVE, from).map(({ status }) => status))], [403]);
          assert.deepEqual([...new Set(answers(BACK, from).map(({ status }) => status))], [400]);
          assert.equal(real.logouts(), asked, "the server was not asked");
          await browser.closeTab();
        } finally {
          await neighbour.close();
        }
        await leaves(end_session);
        await comesBack("sign-out");
        assert.equal(real.logouts(), asked + 1, "it was asked once");
        assert.equal(await asksFor(), "sign-in", "and knows nobody any more");
        tab = await signIn(real.lab, browser);
      }, shown);
    }

    step("the way there and the way back are gone once, also by the browser's own buttons", async () => {
      const { end_session = "" } = await logout(tab);
      await leaves(end_session);
      const asked = real.logouts();
      await browser.back();
      // At rest: who leads a page away that is still on its way may end on neither.
      const isAtRest = () => browser.run(() => document.readyState === "complete").catch(() => false);
      await browser.until("a page of ours", async () => (await isAt(real.lab.front.origin)()) && (await isAtRest()));
      await tab.open();
      assert.equal(await tab.state(), "logged-out");
      await follow(browser, LEAVE);
      await browser.until("it to be refused", async () => (await title()) === "No sign-out is under way");
      assert.equal(real.logouts(), asked, "the server was not asked again");
    }, shown);
  });
}

describe(`a server that asks nobody, in ${engine.name}`, { timeout: 60_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;

  before(async () => {
    lab = await Lab.start();
    lab.authority.offerEnd();
    tab = await lab.enter(await lab.device());
  });
  after(() => lab?.close());

  step("the form that goes there comes back by a redirect, and told nobody but the server whose session it is", async () => {
    const { as } = lab.authority;
    const { end_session = "" } = await logout(tab);
    await follow(tab.browser, end_session);
    await isBack(tab);
    const [asked, ...more] = as.heard("/end");
    assert.deepEqual([asked?.method, [...(asked?.query.keys() ?? [])], asked?.headers.referer, more], ["POST", [], undefined, []]);
    const idTokens = as.issued.filter((token) => token.split(".").length === 3);
    const { state: _, ...rest } = Object.fromEntries(new URLSearchParams(asked?.body));
    assert.deepEqual(rest, { id_token_hint: idTokens.at(-1), client_id: as.clientId, post_logout_redirect_uri: tab.origin + BACK });
    for (const { path, query } of lab.front.asked) assert.ok(!`${query}`.includes(`${idTokens.at(-1)}`), `the ID Token in the address of ${path}`);
  }, { browser: () => tab?.browser });
});
