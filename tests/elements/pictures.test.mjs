// A picture of every state, at three widths, light and dark, and from right to left, beside the one that a person has looked at.
//
// EVERLIT_PICTURES=write takes them anew: look at each that has changed. What differs is written to target/elements-pictures.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { startStage } from "./stage.mjs";
import { DIALOGS, EARLY, EXPIRING, OPERATOR, STATUSES } from "./states.mjs";

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const REFERENCE = folder("reference/");
const DIFFERENT = folder("../../target/elements-pictures/");
/** How much of a picture may be another colour: letters are drawn a little differently by another version of the browser. */
const TOLERANCE = 0.01;
/** Beyond 768 px nothing is wider, so that one picture stands for both. */
const WIDTHS = { 320: "320", 768: "wide", 1280: "wide" };

/** @type {Awaited<ReturnType<typeof startStage>>} */ let stage;
before(async () => (stage = await startStage()));
after(() => stage?.stop());
const taken = new Set();

/** A picture as it was, or none. */
const read = (name) => (existsSync(`${REFERENCE}${name}.png`) ? PNG.sync.read(readFileSync(`${REFERENCE}${name}.png`)) : undefined);

/** Why a picture is not the one that it was. */
async function differs(name, locator) {
  taken.add(`${name}.png`);
  const shot = PNG.sync.read(await locator.screenshot({ animations: "disabled", caret: "hide" }));
  const { width, height } = shot;
  // In sixteen steps of each colour, which is enough to see what is different, a picture takes half of the room.
  shot.data.forEach((value, place) => (shot.data[place] = Math.round(value / 17) * 17));
  const known = read(name);
  if (process.env.EVERLIT_PICTURES === "write") {
    const same = known && known.width === width && known.height === height && !pixelmatch(known.data, shot.data, undefined, width, height);
    if (!same) writeFileSync(`${REFERENCE}${name}.png`, PNG.sync.write(shot, { colorType: 2, deflateLevel: 9, deflateStrategy: 0, filterType: 0 }));
    return [];
  }
  const diff = new PNG({ width, height });
  const why = !known
    ? "there is none to compare it with"
    : known.width !== width || known.height !== height
      ? `it is ${width} × ${height}, and was ${known.width} × ${known.height}`
      : pixelmatch(known.data, shot.data, diff.data, width, height, { threshold: 0.2 }) > TOLERANCE * width * height && "more than a hundredth of it is another colour";
  if (!why) return [];
  mkdirSync(DIFFERENT, { recursive: true });
  writeFileSync(`${DIFFERENT}${name}.png`, PNG.sync.write(shot));
  writeFileSync(`${DIFFERENT}${name}.diff.png`, PNG.sync.write(diff));
  return [`${name}: ${why}`];
}

for (const [width, place] of Object.entries(WIDTHS)) {
  for (const colorScheme of ["light", "dark"]) {
    test(`at ${width} px, ${colorScheme}`, async () => {
      const page = await stage.open({ viewport: { width: Number(width), height: 900 }, colorScheme });
      // The width of a page is the banner's: what is wide is as wide as at 768.
      await page.evaluate(() => (document.querySelector("main").style.maxWidth = "736px"));
      const found = [];
      const take = async (name, selector) => found.push(...(await differs(`${name}-${place}-${colorScheme}`, page.locator(selector))));
      for (const [name, asked] of Object.entries(DIALOGS)) {
        await page.evaluate((given) => globalThis.stage.show(given), asked);
        if (name === "refused") await page.getByLabel("Token").fill("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.c2VlbiBieSBub2JvZHk");
        if (name === "refused") await page.getByRole("button", { name: "Update" }).focus();
        await take(`reauth-${name}`, "everlit-reauth dialog");
        await page.evaluate(() => globalThis.stage.show());
      }
      await page.evaluate(() => {
        for (const name of ["badge", "banner"]) document.querySelector(`everlit-${name}`).setAttribute("vault", "service:breeze");
      });
      for (const [name, status] of Object.entries(STATUSES)) {
        await page.evaluate((status) => globalThis.stage.status("breeze", status), status);
        await take(`badge-${name}`, "everlit-badge");
      }
      for (const [name, status] of Object.entries({ expiring: EXPIRING, early: EARLY, operator: OPERATOR, expired: STATUSES.over, renewed: STATUSES.good })) {
        await page.evaluate((status) => globalThis.stage.status("breeze", status), status);
        await take(`banner-${name}`, "everlit-banner");
      }
      await page.evaluate(async () => {
        await globalThis.stage.kit.advance("20s");
        globalThis.stage.kit.session.dispatchEvent(new CustomEvent("sourcechange", { detail: { upstream: "quotes", source: "fallback", since: Date.parse("2026-11-23T22:01:00Z"), reason: "timeout" } }));
        await globalThis.stage.drawn();
      });
      await take("source", "everlit-source");
      await page.context().setOffline(true);
      await page.evaluate(() => globalThis.stage.kit.advance("3s").then(() => globalThis.stage.drawn()));
      await take("banner-offline", "everlit-banner");
      await page.context().setOffline(false);
      await page.waitForFunction(() => /back/.test(document.querySelector("everlit-banner").shadowRoot.textContent));
      await take("banner-online", "everlit-banner");
      await page.evaluate(async () => {
        const { kit } = globalThis.stage;
        kit.unavailable();
        kit.expireToken();
        await kit.advance("10m");
        await globalThis.stage.drawn();
      });
      await take("banner-unreachable", "everlit-banner");
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

test("no picture is left of what there is no more", () => {
  assert.deepEqual(readdirSync(REFERENCE).filter((name) => !taken.has(name)), []);
});
