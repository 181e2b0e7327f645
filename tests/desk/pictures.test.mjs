// A picture of the desk in every state, at three widths, light and dark, beside the one that a person has looked at; and axe at the end of each.
//
// EVERLIT_PICTURES=write takes them anew: look at each that has changed. What differs is written to target/desk-pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Pictures } from "./compare.mjs";
import { Desk, startBrowser } from "./stage.mjs";
import { NOW } from "./told.mjs";

const pictures = new Pictures(import.meta.url);
const MINUTE = 60_000;
/** With the height of a screen that is so wide: a dialog is in the middle of it. @type {[number, number][]} */
const WIDTHS = [[320, 640], [768, 900], [1280, 800]];
const SCHEMES = /** @type {const} */ (["light", "dark"]);

/** @type {import("playwright-core").Browser} */ let browser;
before(async () => { browser = await startBrowser(); });
after(() => browser?.close());

/** @type {string[]} what is not as it was in the test that runs */
let found = [];

/**
 * Six pictures of one state.
 *
 * @param {Desk} desk @param {string} name @param {{ screen?: boolean }} [how] `screen`: of what a screen shows, not of the whole page
 */
async function look(desk, name, { screen = false } = {}) {
  for (const [width, height] of WIDTHS) {
    for (const scheme of SCHEMES) found.push(...pictures.differs(`${name}-${width}-${scheme}`, await desk.picture(width, scheme, screen ? height : undefined)));
  }
}

/**
 * A desk for one test, at which nothing may have gone wrong.
 *
 * @param {"breeze" | "upstox"} broker @param {(desk: Desk) => Promise<void>} play @param {Partial<Desk["told"]>} [told]
 */
async function at(broker, play, told) {
  found = [];
  const desk = await Desk.open(browser, broker, told);
  try {
    await play(desk);
    assert.deepEqual(found, []);
    assert.deepEqual(await desk.barriers(), []);
    assert.deepEqual(desk.wrong, []);
  } finally {
    await desk.close();
  }
}

/** Everything up to the end of the day in the middle of an operation. @param {Desk} desk */
async function untilTheDayEnds(desk) {
  await desk.prices();
  desk.told.held = /chain/;
  await desk.run();
  await desk.pending("chain");
  desk.told.held = /^\/api\//;
  await desk.pending("quotes");
}

/** @param {Desk} desk */
async function ask(desk) {
  desk.told.since = desk.told.now;
  desk.told.held = undefined;
  await desk.page.evaluate(() => document.dispatchEvent(new Event("resume")));
  await desk.dialog();
  await desk.says("everlit-badge", /Expired/);
  await desk.says("everlit-banner", /needs/);
  await desk.stands("waiting");
}

test("nobody is signed in", () => at("breeze", async (desk) => {
  await desk.until("the way in", () => document.querySelector('[data-testid="login"]:not([hidden])'));
  await look(desk, "door", { screen: true });
}, { isIn: false }));

test("an operation that waits for a token, and goes on", () => at("breeze", async (desk) => {
  await desk.prices();
  await look(desk, "quotes");
  await untilTheDayEnds(desk);
  await look(desk, "running");
  await ask(desk);
  await look(desk, "asks", { screen: true });
  desk.told.verdict = { status: 422, body: { code: "credential_refused", verdict: "over", detail: "The provider does not take it: it is over, or was never one. Log in again and use the new one." } };
  await desk.submit("0000 not a token");
  await desk.says("everlit-reauth", /never one/);
  await look(desk, "wrong", { screen: true });
  desk.told.verdict = { status: 200, body: { verdict: "accepted" } };
  desk.told.held = /credential/;
  await desk.submit("51234567");
  await desk.says("everlit-reauth", /Updating/);
  await look(desk, "updating", { screen: true });
  desk.told.since = null;
  desk.told.held = undefined;
  await desk.says("everlit-reauth", /Updated/);
  await look(desk, "updated", { screen: true });
  await desk.dialog(false);
  await desk.stands("done");
  await look(desk, "done");
}));

test("from right to left", () => at("breeze", async (desk) => {
  await desk.page.evaluate(() => { document.dir = "rtl"; });
  await desk.prices();
  await desk.run();
  await desk.stands("done");
  for (const width of [320, 1280]) found.push(...pictures.differs(`rtl-${width}-light`, await desk.picture(width, "light")));
}));

test("a person who cancels", () => at("breeze", async (desk) => {
  await untilTheDayEnds(desk);
  await ask(desk);
  await desk.inDialog("[part~=cancel]");
  await desk.dialog(false);
  await desk.stands("cancelled");
  await desk.until("prices that pause", () => document.querySelector('[data-testid="resume"]:not([hidden])'));
  await look(desk, "cancelled");
}));

test("a day that ends soon", () => at("breeze", async (desk) => {
  await desk.prices();
  await desk.says("everlit-banner", /\w/);
  await look(desk, "expiring");
}, { endsAt: NOW + 25 * MINUTE }));

test("a broker that asks on the phone", () => at("upstox", async (desk) => {
  await untilTheDayEnds(desk);
  desk.told.pushUntil = desk.told.now + 9 * MINUTE;
  await ask(desk);
  // However long all of that took.
  await desk.says("everlit-reauth", /8:50/);
  await look(desk, "phone", { screen: true });
}));

test("a broker that fails", () => at("upstox", async (desk) => {
  await desk.prices();
  desk.told.trouble = { status: 503, body: { title: "The broker has no answer just now." } };
  await desk.says("everlit-source", /\w/);
  await desk.run();
  await desk.stands("failed");
  await look(desk, "fallback");
}));

test("a picture that differs is found", async () => {
  if (process.env.EVERLIT_PICTURES === "write") return;
  await at("breeze", async (desk) => {
    await desk.prices();
    const is = async () => pictures.differs("quotes-768-light", await desk.picture(768, "light")).length;
    assert.equal(await is(), 0);
    for (const style of [":root { --up: #0a5fb4 }", "button.primary { background: #0a5fb4 }", ".tiles { gap: 12px }", '[data-way="up"] :is(.change, .share) { color: var(--down) }', "everlit-badge { display: none }"]) {
      const sheet = await desk.page.addStyleTag({ content: style });
      assert.equal(await is(), 1, style);
      await sheet.evaluate((element) => /** @type {Element} */ (element).remove());
    }
    assert.equal(await is(), 0);
  });
});

test("no picture is left of what there is no more", () => {
  assert.deepEqual(pictures.left(), []);
});
