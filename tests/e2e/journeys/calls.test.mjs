// A call of an upstream's own address reaches the upstream whole: method, headers and body, also when it is sent a second time.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

const BODY = `{"item":"Lampe für ${"drei ".repeat(20_000)}"}`;
const HEADERS = { "content-type": "application/json; charset=utf-8", "x-own": "1" };

describe(`calls in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const shown = { browser: () => browser };
  const upstream = () => `${lab.resourceOrigin}/orders`;

  before(async () => {
    lab = await Lab.start({
      change: (given) => ({ ...given, UPSTREAM_ORDERS: { ...given.UPSTREAM_ORDERS, methods: ["GET", "POST", "PUT", "PATCH", "DELETE"] } }),
    });
    browser = await lab.device();
    tab = await lab.enter(browser);
  });
  after(() => lab?.close());

  /**
   * What the upstream was asked in a step, without what the browser says of itself.
   * @param {number} since how much it had been asked before
   */
  const arrived = (since) => lab.received.slice(since).map(({ method, path, query, headers, body }) => ({
    line: `${method} ${path}?${query}`, type: headers["content-type"], own: headers["x-own"], body,
  }));

  /** @type {[string, string, RequestInit & { asRequest?: boolean }, ReturnType<typeof arrived>[0]][]} */
  const CALLS = [
    ["a POST with a text", "/7?a=1", { method: "POST", headers: HEADERS, body: BODY },
      { line: "POST /orders/7?a=1", type: HEADERS["content-type"], own: "1", body: BODY }],
    ["a Request object with a body", "/7?a=1", { asRequest: true, method: "POST", headers: HEADERS, body: BODY },
      { line: "POST /orders/7?a=1", type: HEADERS["content-type"], own: "1", body: BODY }],
    ["a PATCH whose type the browser says", "", { method: "PATCH", body: "ein Wort" },
      { line: "PATCH /orders?", type: "text/plain;charset=UTF-8", own: undefined, body: "ein Wort" }],
    ["a POST of nothing", "", { method: "POST", headers: HEADERS, body: "" },
      { line: "POST /orders?", type: HEADERS["content-type"], own: "1", body: "" }],
    ["a DELETE without a body", "/7", { method: "DELETE", headers: { "x-own": "1" } },
      { line: "DELETE /orders/7?", type: undefined, own: "1", body: "" }],
    ["a GET", "?a=1", { headers: { "x-own": "1" } },
      { line: "GET /orders?a=1", type: undefined, own: "1", body: "" }],
  ];

  for (const [words, path, init, expected] of CALLS) {
    step(`${words} arrives whole`, async () => {
      const since = lab.received.length;
      assert.equal(await tab.run(callInPage, upstream() + path, init), 200);
      assert.deepEqual(arrived(since), [expected]);
    }, shown);
  }

  for (const asRequest of [false, true]) {
    step(`a PUT ${asRequest ? "as a Request object " : ""}that was refused for its token is sent again, once and whole`, async () => {
      await tab.rested();
      const [since, grants] = [lab.received.length, lab.authority.grants];
      const { authorization } = lab.received.at(-1)?.headers ?? {};
      lab.resource = (given) => (given === authorization ? { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } } : { json: [] });
      assert.equal(await tab.run(callInPage, `${upstream()}/7`, { asRequest, method: "PUT", headers: HEADERS, body: BODY }), 200);
      const one = { line: "PUT /orders/7?", type: HEADERS["content-type"], own: "1", body: BODY };
      assert.deepEqual(arrived(since), [one, one]);
      assert.equal(lab.authority.grants, grants + 1);
    }, shown);
  }

  for (const asRequest of [false, true]) {
    step(`a POST ${asRequest ? "as a Request object " : ""}that is given up ends, here and at the upstream's door`, async () => {
      const since = lab.received.length;
      let release = () => {};
      const held = new Promise((resolve) => (release = () => resolve(undefined)));
      lab.resource = () => held.then(() => ({ json: [] }));
      await tab.run(beginInPage, upstream(), { asRequest, method: "POST", headers: HEADERS, body: BODY });
      await until("the call to arrive", () => lab.received.length > since);
      assert.equal(await tab.run(giveUpInPage), "AbortError");
      release();
      assert.equal(arrived(since)[0]?.body, BODY);
      assert.equal(await tab.run(callInPage, upstream(), {}), 200, "and the session goes on");
    }, shown);
  }
});

/** Sent to the page as text. @param {string} url @param {any} init */
async function callInPage(url, { asRequest, ...init }) {
  const { session } = /** @type {any} */ (globalThis);
  const call = asRequest ? session.fetch(new Request(url, init)) : session.fetch(url, init);
  return call.then((/** @type {Response} */ { status }) => status, (/** @type {any} */ error) => `${error.code ?? error}: ${error.cause ?? ""}`);
}

/** Sent to the page as text. @param {string} url @param {any} init */
function beginInPage(url, { asRequest, ...init }) {
  const { session, recorder } = /** @type {any} */ (globalThis);
  recorder.controller = new AbortController();
  const given = { ...init, signal: recorder.controller.signal };
  recorder.pendingCall = (asRequest ? session.fetch(new Request(url, given)) : session.fetch(url, given)).then(
    (/** @type {Response} */ { status }) => status,
    (/** @type {any} */ error) => error.name,
  );
}

/** Sent to the page as text. */
function giveUpInPage() {
  const { recorder } = /** @type {any} */ (globalThis);
  recorder.controller.abort();
  return recorder.pendingCall;
}
