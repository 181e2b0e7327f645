// One run of the headless demo: login, tabs, rotations, the count.

import { ALIVE, DemoPage } from "./app.mjs";
import { WaitError } from "./webdriver.mjs";
import { testimony, watch } from "./witness.mjs";

/** Seconds beyond the lifetimes themselves: a start, a retry or two, a slow machine. */
const SLACK_S = 30;
/** No token request that matters takes longer; a rotation is over within it. */
const STEADY_TIMEOUT_MS = 8_000;
/** How often a person at the screen hears something. */
const TELL_EVERY_MS = 10_000;

/** @param {number} n @param {string} noun */
export const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;

export class Run {
  /**
   * @param {import("./stack.mjs").Stack} stack
   * @param {import("./webdriver.mjs").Browser} browser
   * @param {{ tabs: number, rotations: number }} asked
   * @param {(topic: string, words: string) => void} say takes one line of progress
   */
  constructor(stack, browser, asked, say) {
    this.stack = stack;
    this.browser = browser;
    this.asked = asked;
    this.say = say;
    this.page = new DemoPage(browser, stack);
    /** @type {string[]} */
    this.tabs = [];
    this.apiErrors = 0;
    this.rotations = 0;
    this.tokenRequests = 0;
    this.sessionsLost = asked.tabs;
    this.base = { generation: 0, grants: 0 };
  }

  /** The whole of it; stops at the first thing that leaves nothing to go on with. */
  async all() {
    await this.#logIn();
    await this.#openTabs();
    await this.#waitForRotations();
    await this.#lookBack();
    await this.#closeTabs();
  }

  /** What is known so far; a tab that was not looked at counts as lost. */
  result() {
    return {
      tabs: this.tabs.length,
      rotations: this.rotations,
      token_requests: this.tokenRequests,
      sessions_lost: this.sessionsLost,
      api_errors: this.apiErrors,
    };
  }

  /** Whether the demo's limits hold. */
  holds() {
    const { rotations, token_requests, sessions_lost, api_errors, tabs } = this.result();
    const enough = rotations >= this.asked.rotations && tabs === this.asked.tabs;
    return enough && rotations === token_requests && sessions_lost === 0 && api_errors === 0;
  }

  async #logIn() {
    await this.page.open("/");
    await this.page.logIn();
    this.base = await this.#steady(() => true);
    await watch(this.browser);
    this.tabs.push(await this.browser.window());
    this.say("login", `through the authorization server (${this.page.authorizationServer.answered.join(", ")}), generation ${this.base.generation}`);
  }

  async #openTabs() {
    while (this.tabs.length < this.asked.tabs) {
      const tab = await this.browser.openTab();
      await this.page.open("/");
      await this.page.reaches(ALIVE);
      await watch(this.browser);
      this.tabs.push(tab);
    }
    const answered = await this.#callFromEachTab();
    this.say("tabs", `${count(this.tabs.length, "tab")} open, ${answered} of ${this.tabs.length} got the orders`);
  }

  async #waitForRotations() {
    await this.#first();
    const { accessTtl } = this.stack;
    const allowed = accessTtl * this.asked.rotations + SLACK_S;
    const end = performance.now() + allowed * 1000;
    for (let done = 0; done < this.asked.rotations; ) {
      const left = end - performance.now();
      if (left <= 0 || !(await this.#rotationAfter(this.base.generation + done, left))) {
        this.say("rotation", `${done} of ${this.asked.rotations} in the ${allowed} s allowed`);
        return;
      }
      done = (await this.page.generation()) - this.base.generation;
      const answered = await this.#callFromEachTab();
      this.say("rotation", `${done} of ${this.asked.rotations}: generation ${this.base.generation + done}, ${answered} of ${this.tabs.length} tabs got the orders`);
      await this.#first();
    }
  }

  /**
   * Waits until the first tab is beyond this generation, telling the person at the screen how long it may take.
   * @param {number} generation
   * @param {number} timeout milliseconds
   */
  async #rotationAfter(generation, timeout) {
    let told = performance.now();
    const moved = async () => {
      if (performance.now() - told > TELL_EVERY_MS) {
        told = performance.now();
        this.say("", `${await this.page.shown("state")}, next refresh in ${await this.page.shown("countdown")}`);
      }
      return (await this.page.generation()) > generation;
    };
    return this.browser.until("a rotation", moved, { timeout, every: 400 }).catch((error) => {
      if (!(error instanceof WaitError)) throw error;
      this.say("trouble", error.message);
      return false;
    });
  }

  /** Calls /api/orders through the session of every tab, and gives how many were answered with orders. */
  async #callFromEachTab() {
    let answered = 0;
    for (const [i, tab] of this.tabs.entries()) {
      await this.browser.switchTo(tab);
      const trouble = await this.page.orders().then(
        ({ status, count }) => (status === 200 && count > 0 ? undefined : `status ${status} with ${count} orders`),
        (error) => error.message,
      );
      if (trouble === undefined) answered += 1;
      else {
        this.apiErrors += 1;
        this.say("trouble", `tab ${i + 1}: /api/orders: ${trouble}`);
      }
    }
    return answered;
  }

  /** The last look at every tab, then at the two counters, before anything is closed. */
  async #lookBack() {
    let lost = 0;
    for (const [i, tab] of this.tabs.entries()) {
      await this.browser.switchTo(tab);
      const late = await this.page.reaches(ALIVE, 5_000).then(() => undefined, (error) => error.message);
      const { states, lost: past } = await testimony(this.browser);
      if (late ?? past) {
        lost += 1;
        this.say("trouble", `tab ${i + 1}: ${late ?? past}; its last states: ${states.slice(-12).join(" > ")}`);
      }
    }
    this.sessionsLost = lost + (this.asked.tabs - this.tabs.length);
    await this.#first();
    const { generation, grants } = await this.#steady((now) => now.generation - this.base.generation === now.grants - this.base.grants);
    this.rotations = generation - this.base.generation;
    this.tokenRequests = grants - this.base.grants;
    this.say("count", `${count(this.rotations, "rotation")}, ${count(this.tokenRequests, "token request")}, ${count(lost, "session")} lost`);
  }

  async #closeTabs() {
    for (const tab of this.tabs.slice(1)) {
      await this.browser.switchTo(tab);
      await this.browser.closeTab();
    }
    await this.#first();
    this.say("tabs", "closed");
  }

  async #first() {
    const [first] = this.tabs;
    if (first !== undefined) await this.browser.switchTo(first);
  }

  /**
   * The vault's generation and the authorization server's counter, read as one: a rotation that is under way has been
   * counted there but not committed here, so a reading counts when the generation stood still around it and it is
   * `plausible`; after some seconds no rotation can still be under way, and what is read is the truth.
   * @param {(reading: { generation: number, grants: number }) => boolean} plausible
   */
  async #steady(plausible) {
    const end = performance.now() + STEADY_TIMEOUT_MS;
    for (;;) {
      const before = (await this.page.vault()).generation ?? Number.NaN;
      const grants = (await this.stack.counters()).refresh_grants;
      const generation = (await this.page.vault()).generation ?? Number.NaN;
      const reading = { generation, grants };
      if ((before === generation && plausible(reading)) || performance.now() > end) return reading;
    }
  }
}
