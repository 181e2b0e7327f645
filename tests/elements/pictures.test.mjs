// A picture of every state, at three widths, light and dark, and from right to left, beside the one that a person has looked at.
//
// EVERLIT_PICTURES=write takes them anew: look at each that has changed. What differs is written to target/elements-pictures.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Pictures } from "../desk/compare.mjs";
import { startStage } from "./stage.mjs";
import { DIALOGS, STATUSES } from "./states.mjs";
import { SESSION, tour } from "./tour.mjs";

const pictures = new Pictures(import.meta.url);
/** Only a banner is as wide as its page. Beyond 768 px nothing else is wider, so that one picture stands for both. */
const WIDTHS = { 320: "320", 768: "wide", 1280: "wide" };
const placeOf = (name, width) => (name.startsWith("banner") ? width : WIDTHS[width]);

/** @type {Awaited<ReturnType<typeof startStage>>} */ let stage;
before(async () => (stage = await startStage()));
after(() => stage?.stop());

/** Why a picture is not the one that it was. */
const differs = async (name, locator) => pictures.differs(name, await locator.screenshot({ animations: "disabled", caret: "hide" }));

for (const width of Object.keys(WIDTHS)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`at ${width} px, ${colorScheme}`, async () => {
      const page = await stage.open({ session: SESSION, viewport: { width: Number(width), height: 900 }, colorScheme });
      await page.evaluate(() => (document.querySelector("main").style.maxWidth = "none"));
      const found = [];
      for await (const { name, selector } of tour(page)) found.push(...(await differs(`${name}-${placeOf(name, width)}-${colorScheme}`, page.locator(selector))));
      await page.context().close();
      assert.deepEqual(found, []);
    });
  }
}

test("from right to left", async () => {
  const found = [];
  for (const width of [320, 768]) {
    const page = await stage.open({ viewport: { width, height: 900 } });
    await page.evaluate(() => (document.dir = "rtl"));
    await page.evaluate(() => (document.querySelector("everlit-reauth").texts = globalThis.stage.hebrew));
    for (const name of ["asking", "approval"]) {
      await page.evaluate((given) => globalThis.stage.show(given), DIALOGS[name]);
      found.push(...(await differs(`rtl-${name}-${width}`, page.locator("everlit-reauth dialog"))));
      await page.evaluate(() => globalThis.stage.show());
    }
    await page.context().close();
  }
  assert.deepEqual(found, []);
});

test("a picture that differs is found", async () => {
  if (process.env.EVERLIT_PICTURES === "write") return;
  const page = await stage.open({ colorScheme: "light" });
  await page.evaluate((given) => globalThis.stage.show(given), DIALOGS.asking);
  const dialog = page.locator("everlit-reauth dialog");
  assert.deepEqual(await differs("reauth-asking-wide-light", dialog), []);
  assert.equal((await differs("reauth-asking-wide-dark", dialog)).length, 1);
  assert.equal((await differs("reauth-popup-wide-light", dialog)).length, 1);
  await page.context().close();
});

test("a colour of another hue, as dark as it was, is found", async () => {
  if (process.env.EVERLIT_PICTURES === "write") return;
  const page = await stage.open({ colorScheme: "light" });
  await page.evaluate(() => (document.querySelector("main").style.maxWidth = "736px"));
  await page.evaluate(() => document.querySelector("everlit-badge").setAttribute("vault", "service:breeze"));
  await page.evaluate((status) => globalThis.stage.status("breeze", status), STATUSES.good);
  await page.evaluate((given) => globalThis.stage.show(given), DIALOGS.blocked);
  const [badge, dialog] = [page.locator("everlit-badge"), page.locator("everlit-reauth dialog")];
  const found = async () => [(await differs("reauth-blocked-wide-light", dialog)).length, (await page.evaluate(() => globalThis.stage.show()), await differs("badge-good-wide-light", badge)).length];
  assert.deepEqual(await found(), [0, 0]);
  // A green that becomes a blue, and a red that becomes a violet.
  await page.evaluate(() => {
    for (const [name, colour] of [["good", "#1469b9"], ["bad", "#8a3fb0"]]) document.documentElement.style.setProperty(`--everlit-${name}`, colour);
  });
  await page.evaluate((given) => globalThis.stage.show(given), DIALOGS.blocked);
  assert.deepEqual(await found(), [1, 1]);
  await page.context().close();
});

test("no picture is left of what there is no more", () => {
  assert.deepEqual(pictures.left(), []);
});
