// A computer whose clock is wrong, by an hour and by a day, in both directions.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

const HOUR_MS = 3_600_000;
const SHORT_S = 16;

describe(`wrong clocks in ${engine.name}`, { timeout: 150_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
  });
  after(() => lab?.close());

  for (const [words, wrong] of /** @type {const} */ ([
    ["an hour fast", HOUR_MS],
    ["an hour slow", -HOUR_MS],
    ["a day fast", 24 * HOUR_MS],
    ["a day slow", -24 * HOUR_MS],
  ])) {
    step(`${words}: the session works, without a storm`, async () => {
      const { authority, front } = lab;
      const [grants, since] = [authority.grants, Date.now()];
      authority.liveOnce(SHORT_S);
      const tab = await lab.enter(browser, { clock: String(wrong) });
      const off = (await tab.run(() => Reflect.get(window, "Date").now())) - Date.now();
      assert.ok(Math.abs(off - wrong) < 60_000, "the page's clock is really wrong");
      assert.equal(await tab.call(), 200);
      await until("the refresh at the token's end", () => authority.grants > grants, 20_000);
      await browser.until("the new token", () => tab.run((short) => Reflect.get(globalThis, "session").token?.lifetime > short, SHORT_S * 1000));
      await tab.reaches(["active"]);
      assert.equal(await tab.call(), 200);
      assert.equal(authority.grants - grants, 1, "one refresh, when it was due");
      assert.ok(front.count("/auth/token", since) <= 2, `${front.count("/auth/token", since)} token requests`);
      assert.ok(front.count("/auth/session", since) <= 2, `${front.count("/auth/session", since)} session requests`);
      const { left, lifetime, next } = await tab.run(() => {
        const { token, refreshIn } = Reflect.get(globalThis, "session");
        return { left: token.expiresIn, lifetime: token.lifetime, next: refreshIn };
      });
      assert.ok(left > 0.95 * lifetime && left <= lifetime, "what the app is shown is right");
      assert.ok(next > 600_000, `and so is when it asks again: in ${next} ms`);
      assert.deepEqual(await tab.run(skewOf), { known: true, skewed: true }, "its health says so");
    }, shown);
  }
});

/** Sent to the page as text. */
function skewOf() {
  const { health } = Reflect.get(globalThis, "session");
  return { known: health !== undefined, skewed: JSON.stringify(health ?? "").includes("skewed") };
}
