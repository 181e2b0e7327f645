// Every secret of a session is known here by its value, and looked for in everything that a page can see or keep, after a journey
// with all the trouble there is.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { gather, plant, search } from "../lab/search.mjs";
import { step, until } from "../lab/step.mjs";
import { testId } from "../webdriver.mjs";

describe(`secrets in ${engine.name}`, { timeout: 180_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  /** @type {import("../lab/tab.mjs").Tab} */ let listener;
  /** What pages showed which are gone now. @type {import("../lab/search.mjs").Find[]} */ const places = [];
  /** @type {Set<string>} */ const cookies = new Set();
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
    tab = await lab.enter(browser);
    // It stays, hidden, and hears what tabs tell each other.
    listener = await lab.another(browser);
    // A page that its user has touched is never taken away.
    await browser.click(testId("gesture"));
    await look();
  });
  after(() => lab?.close());

  /** Keeps what there is to see, before a navigation takes it away. */
  async function look() {
    places.push(...(await gather(tab)));
    // One without a value, with which the session looks whether the browser keeps any, has nothing to find.
    for (const { value } of await browser.cookies()) if (value) cookies.add(value);
  }

  /** Everything that must be seen nowhere. */
  function secrets() {
    const { authority, clientSecret, sessionKey } = lab;
    /** @type {Map<string, string>} */
    const all = new Map([[clientSecret, "the client secret"], [sessionKey, "the session key"]]);
    for (const token of authority.as.issued) all.set(token, token.startsWith("refresh-") ? "a refresh token" : token.startsWith("access-") ? "an access token" : "an ID Token");
    for (const code of authority.codes) all.set(code, "a code");
    for (const value of cookies) all.set(value, "a cookie");
    return all;
  }

  step("trouble on the way to the token: lost answers, 503, a refused call", async () => {
    const { front, authority } = lab;
    front.fault = ({ path }) => (path === "/auth/token" ? "lost" : undefined);
    assert.notEqual(await tab.does("refresh"), "");
    front.fault = () => undefined;
    await tab.rested();
    const generation = await tab.generation();
    authority.trouble = () => ({ status: 503, body: "upstream is sick" });
    await tab.does("refresh");
    authority.trouble = () => undefined;
    await browser.until("a new token", async () => (await tab.does("refresh")) === "" && (await tab.generation()) > generation);
    const { resource } = lab;
    lab.resource = () => ({ status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
    await tab.call();
    lab.resource = resource;
    front.fault = ({ path }) => (path === "/api/orders" ? "cut" : undefined);
    assert.equal(await tab.call(), "ERR_SESSION_NETWORK");
    front.fault = () => undefined;
    await browser.until("calls to go through again", async () => (await tab.call()) === 200);
    await look();
  }, shown);

  step("a grant that dies, and silent ways back", async () => {
    const { authority } = lab;
    await tab.rested();
    const refreshTokens = authority.as.issued.filter((token) => token.startsWith("refresh-"));
    authority.rotation.kill(refreshTokens.at(-1) ?? "");
    const visits = authority.visits;
    await tab.kick();
    await tab.needsUser();
    await look();
    await browser.reload();
    await until("the server to be asked silently", () => authority.visits > visits);
    await tab.reaches(["active"]);
    await look();
  }, shown);

  step("a login that fails, a logout, and another login", async () => {
    const callback = `/auth/callback/demo?code=forged&state=unknown&iss=${encodeURIComponent(lab.authority.issuer)}`;
    await browser.go(lab.front.origin + callback);
    // What it brought stands in the address no longer, and loading it again brings nothing else.
    for (let loaded = 1; loaded <= 2; loaded += 1) {
      assert.equal(await browser.url(), `${lab.front.origin}/auth/callback/demo`);
      assert.match(await browser.run(() => document.querySelector("h1")?.textContent ?? ""), /no longer valid/);
      await browser.reload();
    }
    // One without a value, with which the session looks whether the browser keeps any, has nothing to find.
    for (const { value } of await browser.cookies()) if (value) cookies.add(value);
    await tab.open();
    assert.equal(await tab.does("logout"), "");
    assert.equal(await tab.call(), "ERR_SESSION_LOGGED_OUT");
    await look();
    await tab.does("login");
    await browser.until("the login", async () => (await tab.state()) === "active" && (await tab.events()).length > 0);
    assert.equal(await tab.call(), 200);
    await look();
  }, shown);

  step("none of it is anywhere in the page, on a channel, in an event, an error, an answer or a log", async () => {
    await look();
    places.push(...(await gather(listener)));
    for (const { path, headers, text } of lab.front.asked) places.push({ place: `the answer to ${path}`, text: headers + text });
    places.push({ place: "the event socket", text: lab.front.socketBytes.toString("latin1") });
    places.push({ place: "the Worker's log", text: lab.workerd.output });
    const all = secrets();
    const kinds = new Set(all.values());
    for (const kind of ["a refresh token", "an access token", "an ID Token", "a code", "a cookie", "the client secret", "the session key"]) assert.ok(kinds.has(kind), `there is ${kind} to look for`);
    for (const place of ["fetch", "answer", "event statechange", "call failed", "refresh failed", "channel", "document", "location", "performance", "session", "the event socket", "the Worker's log"]) {
      assert.ok(places.some((each) => each.place === place && each.text.length > 0), `there is ${place} to look in`);
    }
    assert.ok(places.some(({ place }) => place.startsWith("channel ")), "something was said on the channel");
    assert.deepEqual(search(places, all), []);
  }, shown);

  step("the search finds a secret in each of these places", async () => {
    const token = lab.authority.as.issued.find((each) => each.startsWith("access-")) ?? "";
    const hasCaches = await plant(tab, token);
    const found = search(await gather(tab), secrets());
    const expected = ["localStorage", "sessionStorage", "window.name", "history", "document", "performance", "console.warn", "session", "event planted", "error", "indexedDB"];
    for (const place of hasCaches ? [...expected, "caches"] : expected) assert.ok(found.includes(`an access token in ${place}`), `${place}: ${found.join("; ")}`);
    assert.ok(found.some((each) => each.startsWith("an access token in channel ")), found.join("; "));
    assert.deepEqual(search([{ place: "the Worker's log", text: `{"token":"${token}"}` }], secrets()), ["an access token in the Worker's log"]);
  }, shown);
});
