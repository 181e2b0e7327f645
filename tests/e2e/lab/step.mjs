// Tests that say, when they fail, where the browser was; and what an engine cannot do, by name.

import { test } from "node:test";
import { engine } from "./lab.mjs";

/**
 * @param {string} name
 * @param {() => Promise<void>} body
 * @param {{ browser?: () => import("../webdriver.mjs").Browser | undefined, skip?: string | undefined }} [options]
 */
export function step(name, body, { browser, skip } = {}) {
  test(name, { skip: skip ?? false }, async (context) => {
    await body().catch(async (error) => {
      const shown = browser?.();
      if (shown) context.diagnostic(await shown.describe(name));
      throw error;
    });
  });
}

/** Why a journey cannot be made in this engine; nothing if it can. */
export const lacks = {
  /** Freezing and resuming a page. */
  freeze: engine.name === "chromium" ? undefined : `only the DevTools protocol can freeze a page, which ${engine.name} does not speak`,
  /** Killing the process of one tab's page. */
  crash: engine.name === "chromium" ? undefined : `only the DevTools protocol can kill a tab, which ${engine.name} does not speak`,
  /** Hiding a tab behind another one. */
  hide: engine.name === "webkit" ? "WebKitGTK's MiniBrowser does not hide a tab when WebDriver opens another one" : undefined,
  /** Taking one tab's network away. */
  offline: engine.name === "chromium" ? undefined : `only the DevTools protocol can take a tab's network away, which ${engine.name} does not speak`,
};

export { until } from "../../worker/support/until.mjs";
