// What a session has to do in every build, the whole of it in one browser.

import assert from "node:assert/strict";
import { until } from "../../worker/support/until.mjs";

/** The access token that is to end soon lives so long: its tab asks for the next one in half of that. */
const SHORT_S = 6;

/**
 * Opens the app, logs in, calls, hears of the Worker's events in a SharedWorker, and is logged in again without a form.
 * @param {import("./stand.mjs").Stand} stand
 * @param {{ origin?: string, worker?: string, path?: string, wasm?: number, shared?: boolean, after?: (browser: import("../../e2e/webdriver.mjs").Browser) => Promise<unknown> }} [expected]
 * `worker`: where it is, if not at the app's origin; `after`: what else is played by who is logged in; `wasm`: how often its file is loaded;
 * `shared`: whether tabs share one event socket
 */
export async function play(stand, expected = {}) {
  const browser = await stand.lab.device();
  try {
    await journey(stand, browser, expected);
  } finally {
    await browser.quit();
  }
}

/** @param {import("./stand.mjs").Stand} stand @param {import("../../e2e/webdriver.mjs").Browser} browser @param {NonNullable<Parameters<typeof play>[1]>} expected */
async function journey(stand, browser, { origin = stand.origin, worker = "", path = "/", wasm = 0, shared = true, after }) {
  const { lab } = stand;
  stand.files = [];
  // Those of a browser that is gone may be half closed.
  lab.front.sockets.clear();
  const session = () => browser.run(() => Reflect.get(globalThis, "session")?.state);
  const reaches = (/** @type {string} */ state) =>
    browser.until(`the session to be ${state}`, async () => (await session()) === state, { seen: async () => JSON.stringify([await session(), await seen(browser)]) });

  await browser.go(`${origin}${path}`);
  await reaches("logged-out");
  // What was loaded until then is what a page loads.
  const loaded = await settled(browser);
  assert.equal(loaded.filter((file) => file.endsWith(".wasm")).length, wasm, `the Wasm file is loaded ${wasm} times: ${loaded}`);
  assert.deepEqual(await seen(browser), []);

  // The grant is over before the first token is, and the server still knows its user: a frame brings the next one.
  let refused = 0;
  lab.authority.trouble = () => (refused++ ? undefined : { status: 400, json: { error: "invalid_grant" } });
  lab.authority.liveOnce(SHORT_S);
  await browser.run(() => void Reflect.get(globalThis, "session").login());
  await reaches("active");
  const { generation, began } = await browser.run(tokenNow);
  assert.ok(generation === 1 || refused > 0, `generation ${generation}, and the grant has not been refused`);
  assert.deepEqual(await browser.run(callOrders), { status: 200, items: 1 });
  await browser.until("a token of a new grant", async () => (await browser.run(tokenNow)).generation > 1 && (await session()) === "active", {
    seen: async () => JSON.stringify([await session(), refused, await seen(browser)]),
  });
  assert.ok(refused > 0, "the grant was refused");
  assert.equal((await browser.run(tokenNow)).began, began, "in the same page");
  assert.deepEqual(await browser.run(ways), ["frame"]);
  assert.deepEqual(await browser.run(callOrders), { status: 200, items: 1 });

  await until("the event socket to be open", () => lab.front.sockets.size === 1);
  assert.equal((await sockets(browser)).length, shared ? 0 : 1, shared ? "the socket is the SharedWorker's, not the page's" : "the page has a socket of its own");
  if (shared) {
    const first = await browser.window();
    await browser.openTab();
    await browser.go(`${origin}${path}`);
    await reaches("active");
    assert.deepEqual(await sockets(browser), [], "nor the second page's");
    assert.deepEqual(await seen(browser), []);
    await browser.closeTab();
    await browser.switchTo(first);
  }

  await after?.(browser);
  // What the Worker says of its own accord is heard: the session is ended from outside of the page.
  await browser.run(async (worker) => void (await fetch(`${worker}/auth/logout`, { method: "POST", credentials: "include", headers: { "everlit-version": "1", "content-type": "application/json" }, body: JSON.stringify({ v: 1 }) })), worker);
  await browser.until("the logout to be heard", async () => ["logged-out", "ended"].includes((await session()) ?? ""), { seen: async () => JSON.stringify([await session(), await seen(browser)]) });

  assert.deepEqual(await seen(browser), [], "no error, no warning, no violation");
  assert.deepEqual(stand.files.filter(({ status }) => status >= 400), [], "nothing is asked for that is not there");
}

/** Paths of the files that the page loaded, when no more come. @param {import("../../e2e/webdriver.mjs").Browser} browser */
async function settled(browser) {
  const names = () => browser.run(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
  let before = await names();
  await browser.until("the page to be loaded", async () => {
    const now = await names();
    const same = now.length === before.length;
    before = now;
    return same;
  });
  return before;
}

/** The event sockets that the page opened itself; a dev server has one of its own. @param {import("../../e2e/webdriver.mjs").Browser} browser */
const sockets = async (browser) => (await seen(browser, ["socket"])).filter((text) => text.includes("/auth/events"));

/** What a developer would not want to see in the page's console. @param {import("../../e2e/webdriver.mjs").Browser} browser @param {string[]} [kinds] */
export const seen = (browser, kinds = ["error", "unhandledrejection", "console.error", "console.warn", "csp"]) =>
  browser.run((wanted) => {
    /** @type {{ kind: string, text: string }[]} */
    const all = Reflect.get(globalThis, "recorder").seen;
    return all.filter(({ kind }) => wanted.includes(kind)).map(({ kind, text }) => `${kind}: ${text}`);
  }, kinds);

async function callOrders() {
  const response = await Reflect.get(globalThis, "session").fetch("/api/orders");
  return { status: response.status, items: (await response.json()).length };
}

function tokenNow() {
  return { generation: Reflect.get(globalThis, "session")?.token?.generation ?? 0, began: performance.timeOrigin };
}

function ways() {
  /** @type {{ type: string, detail: { way: string } }[]} */
  const events = Reflect.get(globalThis, "recorder").events;
  return events.filter(({ type }) => type === "beforerelogin").map(({ detail }) => detail.way);
}
