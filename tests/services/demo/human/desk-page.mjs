/** One tab with the desk in it, as a person sees it and as its own list of calls tells it. */

import { AuthorizationServerPages } from "../../../e2e/app.mjs";
import { testId } from "../../../e2e/webdriver.mjs";

/** @typedef {{ id: string, what: string, outcome: "pending" | "completed" | "kept" | "cancelled" | "failed", why?: string }} Call */

/** What a function in the page finds in the dialog. Sent as text: it sees nothing of this file. @param {string} css */
const inDialog = (css) => document.querySelector("everlit-reauth")?.shadowRoot?.querySelector(css);

/** What a slow machine may take for a step of the operation. */
const SLOW_MS = 40_000;

export class DeskPage {
  /** @param {import("../../../e2e/webdriver.mjs").Browser} browser @param {import("./world.mjs").World} world @param {string} handle of its window */
  constructor(browser, world, handle) {
    this.browser = browser;
    this.world = world;
    this.handle = handle;
  }

  /** Has the browser show this tab. */
  async front() {
    await this.browser.switchTo(this.handle);
  }

  async open() {
    await this.browser.go(this.world.url);
  }

  /** Signs in to the app, through whatever the authorization server asks. */
  async signIn() {
    await this.browser.click(testId("login"));
    const pages = new AuthorizationServerPages(this.browser);
    await this.browser.until("the desk, signed in", async () => {
      if (!(await this.browser.url()).startsWith(this.world.app)) return (await pages.answer()) && false;
      return this.isIn();
    }, { timeout: SLOW_MS });
  }

  isIn() {
    return this.browser.run(() => document.querySelector("#desk:not([hidden])") !== null && "desk" in globalThis);
  }

  /** Waits until prices are there, and marks the document: a page that was loaded anew has no mark. */
  async ready() {
    await this.browser.until("prices of all shares", () => this.browser.run(() => {
      const last = Array.from(document.querySelectorAll(".last"));
      return last.length === 7 && last.every((each) => each.textContent !== "–");
    }), { timeout: SLOW_MS });
    await this.browser.run(() => void (document.documentElement.dataset.wasHere = "yes"));
  }

  /** Begins an operation. One before it may have come to its end: that the button was pressed says nothing yet of how this one stands. */
  async run() {
    await this.browser.click(testId("run"));
    await this.browser.until("the operation to begin", async () => /^(running|waiting)$/.test((await this.workState()) ?? ""), { timeout: SLOW_MS, seen: async () => `it ${await this.workState()}` });
  }

  /** Waits until a step has begun. @param {string} step */
  async reaches(step) {
    await this.browser.until(`the step ${step}`, () => this.browser.run((name) => !["pending", undefined].includes(document.querySelector(`[data-step="${name}"]`)?.getAttribute("data-state") ?? undefined), step), { timeout: SLOW_MS });
  }

  /** Waits until the operation stands so. @param {string} state */
  async stands(state) {
    await this.browser.until(`the operation ${state}`, async () => (await this.workState()) === state, { timeout: SLOW_MS, seen: async () => `it ${await this.workState()}, and the log "${(await this.log()).slice(-3).join(" / ")}"` });
  }

  workState() {
    return this.browser.run((css) => document.querySelector(css)?.getAttribute("data-state"), testId("work-state"));
  }

  /** @returns {Promise<string[]>} the lines of its log */
  log() {
    return this.browser.run((css) => Array.from(document.querySelectorAll(`${css} li span`), (each) => each.textContent ?? ""), testId("log"));
  }

  /** @returns {Promise<Call[]>} every call that it made, and what became of it */
  calls() {
    return this.browser.run(() => /** @type {any} */ (globalThis).desk.calls.list.map((/** @type {Call} */ { id, what, outcome, why }) => ({ id, what, outcome, why })));
  }

  /** @returns {Promise<Call[]>} */
  async pending() {
    return (await this.calls()).filter(({ outcome }) => outcome === "pending");
  }

  /** Waits until so many calls wait for a person, and none is only under way. @param {number} [least] @returns {Promise<Call[]>} those */
  async waits(least = 0) {
    const seen = () => this.browser.run(() => {
      const { attended, calls } = /** @type {any} */ (globalThis).desk;
      return { waiting: attended.waiting, pending: calls.list.filter((/** @type {Call} */ { outcome }) => outcome === "pending").map((/** @type {Call} */ { id, what, outcome }) => ({ id, what, outcome })) };
    });
    return this.browser.until(`${least} calls that wait`, async () => {
      const { waiting, pending } = await seen();
      return pending.length === waiting && waiting >= least && pending;
    }, { timeout: SLOW_MS, seen: async () => JSON.stringify(await seen()) });
  }

  /** How many dialogs were opened in this tab. */
  dialogs() {
    return this.browser.run(() => /** @type {number} */ (/** @type {any} */ (globalThis).desk.attended.dialogs));
  }

  /** Whether a dialog is on the screen: what a person sees, not what the page counts. */
  asks() {
    return this.browser.run((found) => {
      const dialog = /** @type {HTMLDialogElement | null | undefined} */ (document.querySelector("everlit-reauth")?.shadowRoot?.querySelector(found));
      return dialog?.open === true && dialog.getBoundingClientRect().height > 0;
    }, "dialog");
  }

  /** @param {boolean} open */
  async dialog(open) {
    await this.browser.until(open ? "the dialog" : "the dialog to go", async () => (await this.asks()) === open, { timeout: SLOW_MS });
  }

  /** Types into the dialog, and hands it in. @param {string} text */
  async submit(text) {
    await this.browser.enter(text, inDialog, "input");
    await this.browser.press(inDialog, "[part~=update]");
  }

  /** What the dialog says is wrong, and what is still in its field. */
  problem() {
    return this.browser.run(() => {
      const root = document.querySelector("everlit-reauth")?.shadowRoot;
      return { says: root?.querySelector("[part~=problem]")?.textContent ?? "", typed: root?.querySelector("input")?.value ?? "" };
    });
  }

  async cancel() {
    await this.browser.press(inDialog, "[part~=cancel]");
  }

  /** Logs in at the broker's own page, in the popup that the dialog opens, which goes by itself. @param {string} login */
  async logInAtBroker(login) {
    const before = await this.browser.windows();
    await this.browser.press(inDialog, "[part~=login]");
    const popup = await this.browser.until("the broker's page in a popup", async () => (await this.browser.windows()).find((one) => !before.includes(one)), { timeout: SLOW_MS });
    await this.browser.switchTo(popup);
    await this.browser.until("the broker's page", async () => (await this.browser.url()).startsWith(this.world.standIn.origin));
    await this.browser.type("input[name=login]", login);
    await this.browser.type("input[name=password]", "any");
    await this.browser.click(testId("sign-in"));
    await this.browser.until("the popup to go", async () => !(await this.browser.windows()).includes(popup), { timeout: SLOW_MS, seen: () => this.browser.run(() => document.body?.innerText.slice(0, 300)) });
    await this.front();
  }

  /** Waits until the page says that a fallback answers, or does not any more. @param {boolean} fallback @returns {Promise<string>} what it says */
  async source(fallback) {
    const says = () => this.browser.run(() => document.querySelector("everlit-source")?.shadowRoot?.textContent?.trim() ?? "");
    await this.browser.until(fallback ? "a word of the fallback" : "the word of the fallback to go", async () => ((await says()) !== "") === fallback, { timeout: 2 * SLOW_MS, seen: says });
    return says();
  }

  /** Whether it is still the document that was marked. */
  isSame() {
    return this.browser.run(() => document.documentElement.dataset.wasHere === "yes");
  }

  /** What a person sees, kept in `target/e2e`. @param {string} name */
  async picture(name) {
    // Evidence, and no step: an engine that does not paint a tab loses nothing by it.
    await this.browser.screenshot(`desk ${this.world.provider} ${name}`).catch(() => undefined);
  }
}
