// An app of people in Chromium: both Workers in workerd, an authorization server, a broker's stand-in, and the elements with all that they have in an app.
//
// The pages are the test's, at the Workers' own address; the broker's clock and the Workers' are the machine's.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { desk } from "../services/support/people.mjs";
import { SESSION_COOKIE } from "../worker/support/stack.mjs";
import { until } from "../worker/support/until.mjs";
import { fileOf } from "./stage.mjs";

const OF_WORKER = /^\/(auth|api|service)(\/|$)/;
/** What is called, and what the broker counts then. */
export const HOLDINGS = ["/api/breeze/breezeapi/api/v1/dematholdings", {}, "GET /breezeapi/api/v1/dematholdings"];
export const ORDER = ["/api/breeze/breezeapi/api/v1/funds", { method: "POST", json: { transaction_type: "debit", amount: "200", segment: "FNO" } }, "POST /breezeapi/api/v1/funds"];

/** So long a person would wait for a word, and so often it is looked for. */
const PATIENCE_MS = 12_000;
const LOOK_MS = 40;
const DAY = 86_400_000;

/**
 * An app whose broker's day has ended: it has the token of yesterday, and only a person brings that of today.
 *
 * @param browser of {@link startBrowser}
 */
export async function startApp(t, browser, provider, how) {
  const on = await desk(t, provider, how);
  await on.go(Date.now() - DAY);
  const yesterdays = await on.accepted();
  await on.go(Date.now());
  await on.until("a service that needs a person", ({ valid, need }) => !valid && need);
  return {
    ...on,
    yesterdays,
    /** A browser of somebody's who is logged in to the app. */
    async person(login, options = {}) {
      const value = (await on.person(login)).cookie(SESSION_COOKIE);
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: "Europe/London", locale: "en-GB", ...options });
      t.after(() => context.close());
      await context.addCookies([{ name: SESSION_COOKIE, value, domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Strict" }]);
      await context.route((url) => url.origin === on.app && !OF_WORKER.test(url.pathname), (route) => route.fulfill(fileOf(new URL(route.request().url()).pathname)));
      return {
        context,
        /** A tab with the app in it. `clock`: its time can be moved. */
        async tab({ clock = false } = {}) {
          const page = await context.newPage();
          if (clock) await page.clock.install();
          page.wrong = [];
          page.on("pageerror", (error) => page.wrong.push(`${error}`));
          await page.goto(`${on.app}/page/app.html`);
          await page.waitForSelector("[data-ready=active]");
          return new Tab(page, on);
        },
      };
    },
  };
}

/** A tab as its user has it. */
class Tab {
  constructor(page, on) {
    this.page = page;
    this.on = on;
    this.dialog = page.getByRole("dialog");
    this.field = page.getByLabel("Token, code or address");
    this.alert = page.getByRole("alert");
    this.login = this.dialog.getByRole("button", { name: /^Log in to/ });
  }

  /** Begins calls as a click does, and waits until the dialog says how many wait. */
  async begin(...calls) {
    await this.page.locator("#work").focus();
    for (const [path, init] of calls) await this.page.evaluate(([path, init]) => globalThis.app.call(path, init), [path, init]);
    await this.says("[part=waiting]", `Requests waiting: ${calls.length}. Cancel stops all.`);
    return calls;
  }

  /** What became of its calls. */
  ends() {
    return this.page.evaluate(() => globalThis.app.ends);
  }

  /** Waits until the dialog, or what is said beside it, says this and nothing else. */
  async says(selector, wanted, patience = PATIENCE_MS) {
    const place = this.page.locator(`everlit-reauth ${selector}`);
    let seen;
    for (const end = Date.now() + patience; ; await pause(LOOK_MS)) {
      seen = (await place.allInnerTexts()).join("\n").replace(/\s+/g, " ").trim();
      if (wanted instanceof RegExp ? wanted.test(seen) : seen === wanted) return seen;
      if (Date.now() > end) throw new Error(`${selector} does not say "${wanted}", but "${seen}"; the dialog: "${await this.dialog.allInnerTexts()}"`);
    }
  }

  /** Hands something in as a person does who has copied it. */
  async paste(text) {
    await this.field.fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** What has the focus, within the dialog as well. */
  focused() {
    return this.page.evaluate(() => {
      const within = document.querySelector("everlit-reauth").shadowRoot.activeElement;
      return (within ?? document.activeElement).getAttribute("part") ?? document.activeElement.id;
    });
  }

  /** What is wrong is said in these words, what was typed is still there, the focus is where it can be typed anew, and calls wait. */
  async isWrong(sentence, typed) {
    await this.says("[role=alert]", sentence);
    assert.deepEqual([await this.field.inputValue(), await this.focused()], [typed, "field"]);
    await this.page.keyboard.press("End");
    assert.equal(await this.field.evaluate((field) => field.selectionStart === field.value.length), true, "it can be typed on");
    assert.deepEqual(new Set(await this.ends()), new Set([null]));
  }

  /** The window that a click on the login opens. */
  async popup() {
    const [popup] = await Promise.all([this.page.waitForEvent("popup"), this.login.click()]);
    return popup;
  }

  /** The dialog says that it is done and goes, each of the calls was made once, and the focus is where it was. */
  async goesOn(calls, before) {
    await this.says("[part~=done]", "Updated. Carrying on.");
    await this.dialog.waitFor({ state: "hidden" });
    await until("the calls", async () => !(await this.ends()).includes(null));
    assert.deepEqual([await this.ends(), await this.focused()], [calls.map(() => 200), "work"]);
    assert.deepEqual(this.made(calls), before.map((count) => count + 1), "each of them once");
    assert.deepEqual(this.page.wrong, []);
  }

  /** How often the broker has done each. */
  made(calls) {
    return calls.map(([, , route]) => this.on.count(route));
  }
}

/** Signs in at the broker's own page. */
export async function logIn(page, login) {
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill("any");
  await page.locator('[data-testid="sign-in"]').click();
}
