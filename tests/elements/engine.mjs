// The stage in one of the three engines, driven as a person would: what Playwright gives in Chromium, in the words that every engine's driver understands.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { startDriver } from "../e2e/driver-process.mjs";
import { Browser } from "../e2e/webdriver.mjs";

/** So long a person would wait for what is to come by itself, and so often it is looked for. */
const [PATIENCE_MS, LOOK_MS] = [8_000, 30];

/** An element within one of ours. Sent to the page as text. */
const part = (name, selector) => document.querySelector(`everlit-${name}`).shadowRoot.querySelector(selector);

/** A browser with the stage in it, and what is seen there. */
export class Seen {
  constructor(driver, browser, address) {
    this.driver = driver;
    this.browser = browser;
    this.address = address;
  }

  /** Starts the engine. @param {string} address of the pages */
  static async start(engine, address) {
    // A browser's time zone is that of its process.
    process.env.TZ = "Europe/London";
    const driver = await startDriver(engine);
    try {
      return new Seen(driver, await Browser.open({ engine, driver: driver.url }), address);
    } catch (error) {
      await driver.stop();
      throw error;
    }
  }

  async stop() {
    await this.browser.quit();
    await this.driver.stop();
  }

  run(work, ...given) {
    return this.browser.run(work, ...given);
  }

  /** The page anew, with a session in it. */
  async open(options = {}) {
    await this.browser.go(this.address);
    // WebKit's driver does not wait for a page's modules.
    await this.browser.until("the stage", () => this.run(() => document.documentElement.dataset.ready === ""), { every: LOOK_MS });
    await this.run((options) => globalThis.stage.open(options), options);
  }

  /** Closes all windows but this one. */
  async only(window) {
    for (const other of await this.browser.windows()) {
      if (other === window) continue;
      await this.browser.switchTo(other);
      await this.browser.closeTab();
    }
    await this.browser.switchTo(window);
  }

  /** Waits until nothing of the dialog moves any more: no driver clicks what moves. */
  still() {
    return this.run(async () => {
      await globalThis.stage.drawn();
      const moving = document.querySelector("everlit-reauth").shadowRoot.getAnimations().filter(({ effect }) => effect.getTiming().iterations === 1);
      await Promise.all(moving.map(({ finished }) => finished));
    });
  }

  /** The dialog is to show this. */
  async show(...asked) {
    await this.run((asked) => globalThis.stage.show(...asked), asked);
    await this.still();
  }

  /** What a Reauth was asked. */
  calls() {
    return this.run(() => globalThis.stage.reauth.calls);
  }

  /** Does this with the kit, and waits until it is drawn. */
  kit(work, given) {
    return this.run(`async (given) => { await (${work})(globalThis.stage.kit, given); await globalThis.stage.drawn(); }`, given);
  }

  /** The Worker says this of the service. */
  status(of) {
    return this.run((of) => globalThis.stage.status("breeze", of), of);
  }

  set(name, attributes) {
    return this.run((name, attributes) => {
      for (const [attribute, value] of Object.entries(attributes)) document.querySelector(`everlit-${name}`).setAttribute(attribute, value);
      return globalThis.stage.drawn();
    }, name, attributes);
  }

  /** What a person reads of it, as one line. Nothing where there is no such thing. */
  async text(name, selector) {
    return this.run((name, selector) => {
      const all = [...document.querySelector(`everlit-${name}`).shadowRoot.querySelectorAll(selector)];
      return all.map((each) => each.innerText).join(" ").replace(/\s+/g, " ").trim();
    }, name, selector);
  }

  /** Waits until it says this. `meanwhile`: done between two looks. */
  async says(name, selector, wanted, meanwhile = async () => {}) {
    for (const end = Date.now() + PATIENCE_MS; ; await pause(LOOK_MS)) {
      const seen = await this.text(name, selector);
      if (wanted instanceof RegExp ? wanted.test(seen) : seen === wanted) return;
      if (Date.now() > end) assert.fail(`${name} ${selector} does not say "${wanted}", but "${seen}"`);
      await meanwhile();
    }
  }

  /** Whether the dialog is there, and is above all else. */
  dialog() {
    return this.run(() => {
      const dialog = document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog");
      return !!dialog?.open && dialog.matches(":modal");
    });
  }

  /** What has the focus, within the dialog as well. */
  focused() {
    return this.run(() => {
      const within = document.querySelector("everlit-reauth").shadowRoot.activeElement;
      return (within ?? document.activeElement).getAttribute("part") ?? document.activeElement.id;
    });
  }

  /** Clicks as a person does. */
  press(name, selector) {
    return this.browser.press(part, name, selector);
  }

  /** What a screen reader says of it. */
  spoken(name, selector) {
    return this.browser.spoken(part, name, selector);
  }

  keys(...keys) {
    return this.browser.keys(...keys);
  }

  /** What the field holds. */
  typed() {
    return this.run(() => document.querySelector("everlit-reauth").shadowRoot.querySelector("input").value);
  }

  /** What the page complained of. */
  wrong() {
    return this.run(() => globalThis.wrong);
  }
}
