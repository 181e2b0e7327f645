// The dialog in Chromium with the scrollbars of a desktop, which take room: none is there where the dialog fits.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStage } from "./stage.mjs";
import { DIALOGS } from "./states.mjs";

/** @type {Awaited<ReturnType<typeof startStage>>} */ let stage;
before(async () => (stage = await startStage({ scrollbars: true })));
after(() => stage?.stop());

for (const width of [320, 1280]) {
  test(`no state scrolls at ${width} px, nor while it becomes another`, async () => {
    const page = await stage.open({ viewport: { width, height: 900 }, reducedMotion: "no-preference" });
    // A page that scrolls has a scrollbar of its own.
    const bar = await page.evaluate(() => {
      document.body.style.height = "3000px";
      return innerWidth - document.documentElement.clientWidth;
    });
    assert.ok(bar > 10, "the scrollbars are those that take room");
    const found = await page.evaluate(async (states) => {
      const { stage } = globalThis;
      const wrong = [];
      const look = (what) => {
        const dialog = document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog");
        const { scrollHeight, clientHeight, scrollWidth, clientWidth, clientLeft, offsetWidth } = dialog;
        if (scrollHeight > clientHeight || scrollWidth > clientWidth || offsetWidth > clientWidth + 2 * clientLeft) wrong.push({ what, scrollHeight, clientHeight, scrollWidth, clientWidth, offsetWidth });
      };
      const names = Object.keys(states);
      // Each from nothing, and each from the one before it.
      for (const anew of [true, false]) {
        for (const name of names) {
          if (anew) await stage.show();
          stage.reauth.show(states[name]);
          for (let frame = 0; frame < 3; frame++) {
            await new Promise(requestAnimationFrame);
            look(`${name}, frame ${frame}`);
          }
          const dialog = document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog");
          await Promise.all(dialog.getAnimations().map(({ finished }) => finished));
          look(name);
        }
      }
      return wrong;
    }, DIALOGS);
    assert.deepEqual(found, []);
    await page.context().close();
  });
}

test("a scrollbar is there where the dialog does not fit", async () => {
  const page = await stage.open({ viewport: { width: 320, height: 256 } });
  await page.evaluate((asked) => globalThis.stage.show(asked), DIALOGS.asking);
  const [scrolls, bar] = await page.locator("everlit-reauth dialog").evaluate(({ scrollHeight, clientHeight, offsetWidth, clientWidth, clientLeft }) => [scrollHeight > clientHeight, offsetWidth - clientWidth - 2 * clientLeft]);
  assert.ok(scrolls && bar > 10, `${bar}`);
  await page.context().close();
});
