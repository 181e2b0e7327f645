// The desk in Chromium, in a time that passes when the test says so, with nothing that moves.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { chromium } from "playwright-core";
import { NOW, startTold } from "./told.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** How much of the page's time passes at once, and how much of ours a state may take to come. */
const [STEP_MS, PATIENCE_MS] = [100, 20_000];
/** A question that a page has just asked is on its way for so long. */
const SETTLED_MS = 12;
/** Where nothing else is said, a picture is as high as the page is, and that at least. */
const LEAST = 640;

export async function startBrowser() {
  const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();
  return chromium.launch({
    executablePath,
    // Containers let no browser make a sandbox of its own, and have a tiny /dev/shm. Letters are drawn alike whatever the system's settings.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"],
  });
}

/** A tab with the desk in it, and everything behind that. */
export class Desk {
  /** @param {import("playwright-core").Page} page @param {Awaited<ReturnType<typeof startTold>>} world */
  constructor(page, world) {
    this.page = page;
    this.world = world;
    this.told = world.told;
    /** What the page complained of, but for answers that a broker or the Worker refused. @type {string[]} */
    this.wrong = [];
    page.on("pageerror", (error) => this.wrong.push(`${error}`));
    page.on("console", (message) => message.type() === "error" && !/Failed to load resource|WebSocket/.test(message.text()) && this.wrong.push(message.text()));
  }

  /** @param {import("playwright-core").Browser} browser @param {keyof typeof import("./told.mjs").BROKERS} broker @param {Partial<Desk["told"]>} [told] */
  static async open(browser, broker, told) {
    const world = await startTold(broker);
    Object.assign(world.told, told);
    // Its own policy has no place for the letters of the test.
    const context = await browser.newContext({ viewport: { width: 1280, height: LEAST }, timezoneId: "Europe/London", locale: "en-GB", reducedMotion: "reduce", bypassCSP: true });
    const page = await context.newPage();
    const desk = new Desk(page, world);
    await page.clock.install({ time: NOW });
    await page.goto(world.url);
    await page.addStyleTag({ url: "/fonts/letters.css" });
    await page.evaluate(() => document.fonts.load("16px Stage"));
    // It stands still a minute later, at the Worker as well.
    await page.clock.pauseAt((world.told.now = NOW + 60_000));
    return desk;
  }

  /** Lets time pass until this is so. @param {string} what @param {() => unknown} holds asked in the page */
  async until(what, holds) {
    const end = Date.now() + PATIENCE_MS;
    while (!(await this.page.evaluate(holds))) {
      if (Date.now() > end) throw new Error(`${what} did not come; the page says: ${await this.page.evaluate(() => document.body.innerText.slice(0, 2_000))}`);
      await this.#pass();
    }
    // What is drawn later is drawn now.
    await this.#pass();
  }

  /** A moment of the page's time and of the Worker's, and what is asked in it is answered before the next. */
  async #pass() {
    this.told.now += STEP_MS;
    await this.page.clock.runFor(STEP_MS);
    do await pause(SETTLED_MS);
    while (this.world.isBusy);
  }

  /** Until each share has a price and a line, and the page says for how long its token is good. */
  prices() {
    return this.until("prices", () => {
      const all = Array.from(document.querySelectorAll(".last"));
      const lines = Array.from(document.querySelectorAll(".stroke"));
      return all.length === 7 && all.every((each) => each.textContent !== "–") && lines.every((each) => each.getAttribute("d")) && document.querySelector("everlit-badge")?.shadowRoot?.textContent?.includes("left");
    });
  }

  /** Until a call for this has no answer. @param {string} what */
  pending(what) {
    return this.until(`a call for ${what}`, new Function(`return desk.calls.list.some((call) => call.what === ${JSON.stringify(what)} && call.outcome === "pending")`));
  }

  /** Begins an operation. */
  async run() {
    await this.page.locator('[data-testid="run"]').click();
  }

  /** Types into the dialog, and hands it in. @param {string} text */
  async submit(text) {
    await this.page.locator("everlit-reauth input").fill(text);
    await this.inDialog("[part~=update]");
  }

  /** @param {string} part @returns {Promise<void>} when it was clicked */
  inDialog(part) {
    return this.page.locator(`everlit-reauth ${part}`).click();
  }

  /** Waits until the operation stands so. @param {string} state */
  stands(state) {
    return this.until(`the operation ${state}`, new Function(`return document.querySelector('[data-testid="work-state"]').dataset.state === ${JSON.stringify(state)}`));
  }

  dialog(open = true) {
    return this.until(open ? "the dialog" : "the dialog to go", new Function(`return (document.querySelector("everlit-reauth")?.shadowRoot?.querySelector("dialog")?.open ?? false) === ${open}`));
  }

  /** What an element has in it. @param {string} name @param {RegExp} words */
  says(name, words) {
    return this.until(`a ${name} that says ${words}`, new Function(`return ${words}.test(document.querySelector(${JSON.stringify(name)})?.shadowRoot?.textContent ?? "")`));
  }

  /**
   * A picture at this width: of the whole page, or of so much of it as a screen shows.
   *
   * @param {number} width @param {"light" | "dark"} colorScheme @param {number} [screen] its height
   */
  async picture(width, colorScheme, screen) {
    const { page } = this;
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: screen ?? LEAST });
    const height = screen ?? Math.max(await page.evaluate(() => document.documentElement.scrollHeight), LEAST);
    await page.setViewportSize({ width, height });
    await page.evaluate(() => scrollTo(0, 0));
    const take = () => page.screenshot({ animations: "disabled", caret: "hide" });
    // What has just grown may not be painted yet to its end.
    for (let before = await take(); ; ) {
      const shot = await take();
      if (shot.equals(before)) return shot;
      before = shot;
    }
  }

  /** What is wrong for people who cannot see, or use no mouse, light and dark, but for trifles; time goes on from here. @returns {Promise<string[]>} */
  async barriers() {
    const { page } = this;
    await page.clock.resume();
    await page.evaluate(AXE);
    const found = [];
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document));
      for (const { id, impact, nodes } of violations) {
        if (impact !== "minor") found.push(`${colorScheme}: ${id} at ${nodes.map((/** @type {any} */ { target }) => target.join(" ")).join(", ")}`);
      }
    }
    return found;
  }

  async close() {
    await this.page.context().close();
    await this.world.stop();
  }
}
