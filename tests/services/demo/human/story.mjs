/**
 * An afternoon at the desk, and the end of the broker's day in the middle of two operations: a wrong token, a cancel, the operation begun
 * again, the right token, and a session that is valid again. What is counted is counted from the calls of both tabs and from what the
 * broker says that it did.
 */

import { startDriver } from "../../../e2e/driver-process.mjs";
import { Browser } from "../../../e2e/webdriver.mjs";
import { DeskPage } from "./desk-page.mjs";
import { OPERATOR, World } from "./world.mjs";

/** @typedef {import("./desk-page.mjs").Call} Call */

/** A sentence for whoever wonders why a run failed. */
class StoryError extends Error {}

/** @param {unknown} holds @param {string} otherwise @returns {asserts holds} */
function must(holds, otherwise) {
  if (!holds) throw new StoryError(otherwise);
}

/** Orders of one operation: a call and a put. */
const ORDERS = 2;

export class Story {
  #began = performance.now();
  /** Those that waited when the right token came. @type {{ tab: DeskPage, id: string }[]} */ #waited = [];
  #cancelled = 0;
  /** Operations that came to their end. */
  #done = 0;
  /** @type {DeskPage[]} */ #tabs = [];

  /** @param {World} world @param {Browser} browser @param {() => Promise<void>} stop the driver */
  constructor(world, browser, stop) {
    this.world = world;
    this.browser = browser;
    this.stop = stop;
  }

  /** @param {string} provider @param {import("../../../e2e/engines.mjs").Engine} engine @param {number | undefined} port */
  static async begin(provider, engine, port) {
    const world = await World.start(provider, { port, tls: engine.name === "webkit" });
    const named = process.env.EVERLIT_WEBDRIVER;
    /** @type {{ url: string, stop: () => Promise<void> } | undefined} */
    let driver;
    try {
      driver = named ? { url: named, stop: async () => {} } : await startDriver(engine);
      return new Story(world, await Browser.open({ engine, driver: driver.url }), driver.stop);
    } catch (error) {
      await driver?.stop();
      await world.close();
      throw error;
    }
  }

  /** @param {string} words */
  say(words) {
    const seconds = ((performance.now() - this.#began) / 1_000).toFixed(1).padStart(7);
    // Two of them may be played side by side.
    process.stderr.write(`${this.world.provider} in ${this.browser.engine.name} ${seconds} s  ${words}\n`);
  }

  async all() {
    const { browser, world } = this;
    const first = (this.#tabs[0] = new DeskPage(browser, world, await browser.window()));
    await first.open();
    await first.signIn();
    await first.ready();
    await first.picture("prices");
    const second = (this.#tabs[1] = new DeskPage(browser, world, await browser.openTab(browser.engine.name === "webkit" ? "window" : "tab")));
    await second.open();
    await second.ready();
    await this.#expiry(first, second);
    await this.#wrong(first);
    await this.#cancel(first);
    await this.#again(first, second);
    await this.#right(first, second);
    await first.front();
    await this.#undisturbed(first);
    await this.#otherWay(first);
    const orders = (await world.effects()).filter(({ order }) => order !== null);
    must(orders.length === ORDERS * this.#done, `${this.#done} operations came to their end, and the broker has ${orders.length} orders`);
    this.say(`the broker has ${orders.length} orders of ${this.#done} operations`);
    await this.#trouble(first);
  }

  /** The broker answers with errors for a while: what it said last is shown, and said to be old, until it answers again. @param {DeskPage} tab */
  async #trouble(tab) {
    await this.browser.click('[data-testid="trouble"]');
    const says = await tab.source(true);
    must((await tab.calls()).some(({ what, outcome }) => what === "quotes" && outcome === "kept"), "no prices were shown that were kept");
    await tab.picture("fallback");
    this.world.standIn.faults.clear();
    await tab.source(false);
    must(!(await tab.asks()), "a dialog came although nobody could help");
    this.say(`the broker fails for a while: "${says}", until it answers again`);
  }

  /** A valid session: an operation from its beginning to its end, and nobody is asked for anything. @param {DeskPage} tab */
  async #undisturbed(tab) {
    const before = await tab.dialogs();
    await tab.run();
    await tab.stands("done");
    this.#done += 1;
    must((await tab.dialogs()) === before && !(await tab.asks()), "a dialog came although the session was valid");
    // Somebody has logged in. How soon it goes, `tests/node/fallback.test.mjs` says: here the machine may be slow.
    await tab.source(false);
    this.say("an operation runs from its beginning to its end, and no dialog comes");
    await tab.picture("done");
  }

  /** The day ends while both tabs are in the middle of an operation. @param {DeskPage} first @param {DeskPage} second */
  async #expiry(first, second) {
    this.world.holdOrders();
    await second.run();
    await second.reaches("volatility");
    await first.front();
    await first.run();
    await first.reaches("volatility");
    await this.browser.click('[data-testid="end-day"]');
    await first.dialog(true);
    this.say(`the broker's day has ended: it is ${this.world.day.india} there`);
    await first.stands("waiting");
    const waiting = await first.waits(1);
    this.say(`the dialog comes in the middle of the operation, and waits with ${waiting.length} calls: ${waiting.map(({ what }) => what).join(", ")}`);
    await first.picture("asks");
  }

  /** @param {DeskPage} tab */
  async #wrong(tab) {
    const wrong = "0000 not a token";
    const waiting = (await tab.waits()).map(({ id }) => id);
    await tab.submit(wrong);
    const { says, typed } = await this.browser.until("what is wrong with it", async () => {
      const problem = await tab.problem();
      return problem.says && problem;
    });
    must(typed === wrong, `what was typed is not there any more: "${typed}"`);
    const still = (await tab.pending()).map(({ id }) => id);
    must(waiting.length > 0 && waiting.every((id) => still.includes(id)), "a wrong token has changed what waits");
    this.say(`a wrong token is refused: "${says}"`);
    await tab.picture("wrong");
  }

  /** @param {DeskPage} tab */
  async #cancel(tab) {
    const ids = (await tab.waits()).map(({ id }) => id);
    await tab.cancel();
    await tab.dialog(false);
    await tab.stands("cancelled");
    const calls = await tab.calls();
    const cancelled = calls.filter(({ id, outcome }) => ids.includes(id) && outcome === "cancelled");
    must(cancelled.length === ids.length, `${cancelled.length} of ${ids.length} waiting calls were cancelled`);
    const done = (await this.world.effects()).filter(({ request }) => ids.includes(request ?? ""));
    must(done.length === 0, `the broker did what was cancelled: ${JSON.stringify(done)}`);
    this.#cancelled += cancelled.length;
    this.say(`a cancel rejects the ${cancelled.length} calls of this tab that waited`);
    await tab.picture("cancelled");
  }

  /** The operation is started again, and the other tab asks as soon as somebody looks at it. @param {DeskPage} first @param {DeskPage} second */
  async #again(first, second) {
    await first.run();
    await first.dialog(true);
    this.#wait(first, await first.waits(1));
    await second.front();
    await second.dialog(true);
    await second.stands("waiting");
    this.#wait(second, await second.waits(1));
    this.say(`the operation is started again, and the dialog comes again; the other tab asks when it is looked at: ${this.#waited.length} calls wait in both`);
    await second.picture("other tab");
    await first.front();
  }

  /** @param {DeskPage} tab @param {Call[]} calls */
  #wait(tab, calls) {
    for (const { id } of calls) this.#waited.push({ tab, id });
  }

  /** @param {DeskPage} first @param {DeskPage} second */
  async #right(first, second) {
    // What began to wait in the meantime does so as well.
    const waiting = await first.waits(1);
    this.#waited = this.#waited.filter(({ tab }) => tab !== first);
    this.#wait(first, waiting);
    await first.logInAtBroker(OPERATOR);
    await first.picture("logged in");
    for (const tab of [first, second]) {
      await tab.front();
      await tab.dialog(false);
      await tab.stands("done");
      this.#done += 1;
      const log = await tab.log();
      must(await tab.isSame(), "the page was loaded anew");
      must(log[0]?.startsWith("Started with") && log.some((line) => line.startsWith("Logged in again")) && log.at(-1)?.startsWith("Done in"), `the log is not whole: ${log.join(" / ")}`);
      const failed = (await tab.calls()).find(({ outcome }) => outcome === "failed");
      must(!failed, `a call failed (${failed?.what}): ${failed?.why}`);
    }
    this.say("a login at the broker's own page, and both operations go on to their end, each with its log; the other tab's dialog went by itself");
    await first.front();
  }

  /** The next day ends, and the next token comes in the other way that this broker has: a pasted address, or a word on the telephone. @param {DeskPage} tab */
  async #otherWay(tab) {
    this.world.holdOrders();
    await tab.run();
    await tab.reaches("volatility");
    const { provider } = this.world;
    await this.browser.click('[data-testid="end-day"]');
    await tab.dialog(true);
    this.#wait(tab, await tab.waits(1));
    // The phone is asked only now: one that says yes earlier may leave nothing to wait for where the steps are slow.
    if (provider === "upstox") await this.world.sayYes();
    else await tab.submit(await this.world.addressAfter(OPERATOR));
    await tab.dialog(false);
    await tab.stands("done");
    this.#done += 1;
    this.say(`the next day ends, and the operation goes on after ${provider === "upstox" ? "somebody said yes on the phone" : "the address that a login ended at was pasted"}`);
  }

  /** What happened, counted where it happened. */
  async result() {
    const effects = await this.world.effects();
    /** @type {Call[]} */
    const calls = [];
    let dialogs = 0;
    for (const tab of this.#tabs) {
      await tab.front().catch(() => {});
      calls.push(...(await tab.calls().catch(() => [])));
      dialogs += await tab.dialogs().catch(() => 0);
    }
    const outcomes = new Map(calls.map(({ id, outcome }) => [id, outcome]));
    const done = times(effects.map(({ request }) => request));
    const waited = this.#waited.map(({ id }) => id);
    const completed = waited.filter((id) => outcomes.get(id) === "completed");
    const neither = waited.filter((id) => !["completed", "cancelled"].includes(outcomes.get(id) ?? ""));
    const unknown = calls.filter(({ id, outcome }) => outcome === "completed" && !done.has(id));
    for (const { what, id } of [...unknown, ...calls.filter(({ id }) => neither.includes(id))]) this.say(`! a call was lost: ${what} (${id}, ${outcomes.get(id)})`);
    const twice = [...done.values(), ...times(effects.map(({ order }) => order)).values()].filter((count) => count > 1);
    const again = effects.filter(({ request, order }) => (done.get(request ?? "") ?? 0) > 1 || order !== null && effects.filter((other) => other.order === order).length > 1);
    for (const effect of again) this.say(`! carried out more than once: ${JSON.stringify(effect)}, ${calls.find(({ id }) => id === effect.request)?.what}`);
    if (twice.length > 0) this.say(`! ${twice.length} calls or orders were carried out more than once`);
    return {
      provider: this.world.provider,
      engines: [this.browser.engine.name],
      requests_waiting: waited.length,
      requests_completed: completed.length,
      requests_cancelled: this.#cancelled,
      duplicated: twice.length,
      lost: neither.length + unknown.length,
      dialogs,
    };
  }

  async close() {
    await this.browser.quit();
    await this.stop();
    await this.world.close();
  }
}

/** How often each comes. @param {(string | null)[]} names @returns {Map<string, number>} */
function times(names) {
  const found = new Map();
  for (const name of names) if (name !== null) found.set(name, (found.get(name) ?? 0) + 1);
  return found;
}
