// The debug panel's trouble for a Worker on a sibling host. In real browsers: tests/e2e/journeys/debug.test.mjs.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { openDebugPanel } from "everlit/debug";
import { createTestSession } from "everlit/testing";
import { window } from "./dom.mjs";

globalThis.CSSStyleSheet ??= window.CSSStyleSheet;
// Its element says when it is gone, by an event of Node's that this document does not take: here it is a plain one.
globalThis.customElements ??= { get: () => true };
const WORKER = "https://auth.example";

describe("the debug panel beside a Worker on a sibling host", () => {
  const real = { fetch: globalThis.fetch, entries: performance.getEntriesByType };
  let asked, kit;
  beforeEach(async () => {
    asked = [];
    globalThis.fetch = async (input, init) => (asked.push([`${input}`, init?.credentials]), Response.json({ v: 1 }));
    kit = await createTestSession();
  });
  afterEach(() => {
    kit.close();
    globalThis.fetch = real.fetch;
    performance.getEntriesByType = real.entries;
  });

  /** Presses a button of the panel. */
  const press = (panel, trouble) => panel.element.shadowRoot.querySelector(`[data-trouble=${trouble}]`).click();
  const statuses = (...addresses) => Promise.all(addresses.map(async (address) => (await fetch(address)).status));

  for (const [how, options, asksAt] of [
    ["that its options name", { baseUrl: `${WORKER}/` }, []],
    ["that the page has asked", undefined, ["https://cdn.example/everlit.js", `${WORKER}/auth/session`]],
  ]) {
    test(`plays trouble with the questions to the Worker ${how}, and with no others`, async () => {
      performance.getEntriesByType = () => asksAt.map((name) => ({ name }));
      const panel = openDebugPanel(kit.session, { options });
      press(panel, "unavailable");
      assert.deepEqual(await statuses(`${WORKER}/auth/token`, `${WORKER}/auth/session`, `${WORKER}/api/orders`, "https://app.example/auth/token"), [503, 503, 200, 200]);
      press(panel, "unavailable");
      assert.deepEqual(await statuses(`${WORKER}/auth/token`), [200]);
      asked.length = 0;
      press(panel, "logout");
      assert.deepEqual(asked, [[`${WORKER}/auth/logout`, "include"]]);
      panel.close();
    });
  }

  test("has a place in the page, or says that it has none", () => {
    assert.throws(() => openDebugPanel(kit.session, { parent: "#debug" }), /^TypeError: openDebugPanel: parent is #debug; it takes an element of the page, or nothing for its body/);
  });

  test("plays it with the page's own Worker where nothing says otherwise", async () => {
    performance.getEntriesByType = () => [];
    const panel = openDebugPanel(kit.session);
    press(panel, "throttled");
    assert.deepEqual(await statuses("https://app.example/auth/token", `${WORKER}/auth/token`), [429, 200]);
    panel.close();
  });
});
