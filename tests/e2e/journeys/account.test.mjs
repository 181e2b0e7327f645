// What a page does with its account: a login in a popup, calls that the page makes by itself with a token of its own, a further account,
// a logout of all devices that goes on at the server.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { startScriptedServer } from "../../worker/support/scripted-server.mjs";
import { secretText } from "../../worker/support/stack.mjs";
import { Authority } from "../lab/authority.mjs";
import { Lab, engine } from "../lab/lab.mjs";
import { gather, search } from "../lab/search.mjs";
import { step, until } from "../lab/step.mjs";
import { Tab } from "../lab/tab.mjs";
import { testId } from "../webdriver.mjs";

/** @typedef {import("../webdriver.mjs").Browser} Browser */

/** A page of the authorization server that waits for its user. */
const FORM = { status: 200, headers: { "content-type": "text/html" }, body: "<!doctype html><title>Sign in</title><h1 data-testid=form>Sign in</h1>" };

describe(`a login in a popup, in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {Browser} */ let browser;
  /** @type {Tab} */ let tab;
  const shown = { browser: () => browser };
  /** Whether the server shows its form instead of letting its user in. */ let asks = false;

  before(async () => {
    lab = await Lab.start();
    const { as } = lab.authority;
    const { onOther } = as;
    as.onOther = (asked) => (asks && asked.path === "/authorize" ? FORM : onOther(asked));
    browser = await lab.device();
    tab = await Tab.current(browser, lab.front.origin, {});
    await tab.open();
  });
  after(() => lab?.close());

  /** A click begins it; what it comes to is kept in the page. */
  async function begin() {
    await tab.run(() => {
      const { session, recorder } = /** @type {any} */ (globalThis);
      recorder.popup = undefined;
      const code = (/** @type {any} */ error) => (recorder.popup = error.code ?? String(error));
      const press = () => void session.loginPopup().then(() => (recorder.popup = "in"), code);
      document.querySelector("[data-testid=gesture]")?.addEventListener("click", press, { once: true });
    });
    await browser.click(testId("gesture"));
  }
  const outcome = () => tab.run(() => /** @type {any} */ (globalThis).recorder.popup);
  const comesTo = (/** @type {string} */ wanted) => browser.until(`the popup to come to "${wanted}"`, async () => (await outcome()) === wanted, { seen: async () => `${await outcome()}; ${await tab.story()}` });
  const alone = () => browser.until("the popup to be gone", async () => (await browser.windows()).length === 1);

  step("brings the session to the page that stays where it is, and is closed", async () => {
    const document = await tab.run(() => performance.timeOrigin);
    const { pages } = lab.front;
    await begin();
    await comesTo("in");
    await alone();
    assert.deepEqual([await tab.state(), await tab.call(), await tab.run(() => performance.timeOrigin)], ["active", 200, document]);
    assert.equal(lab.front.pages, pages, "the popup loaded nothing of the app");
    await tab.does("logout");
    await tab.reaches(["logged-out"]);
  }, shown);

  step("that its user closes is one that failed, and nobody is logged in", async () => {
    asks = true;
    await begin();
    const popup = await browser.until("the popup", async () => (await browser.windows()).find((each) => each !== tab.handle));
    await browser.switchTo(popup);
    await browser.until("the form", () => browser.exists(testId("form")));
    assert.equal(await outcome(), null);
    await browser.switchTo(popup);
    await browser.closeTab();
    await comesTo("ERR_SESSION_POPUP");
    assert.equal(await tab.state(), "logged-out");
    asks = false;
  }, shown);

  step("that the browser blocks is one that failed", async () => {
    const free = tab;
    tab = await Tab.current(browser, lab.front.origin, { without: "popups" });
    await tab.open();
    await begin();
    await comesTo("ERR_SESSION_POPUP");
    assert.equal(await tab.state(), "logged-out");
    tab = free;
  }, shown);

  step("works where the page's own Cross-Origin-Opener-Policy cuts it off from its popups", async () => {
    lab.front.headers = { "cross-origin-opener-policy": "same-origin" };
    await tab.open();
    await begin();
    await comesTo("in");
    assert.equal(await tab.call(), 200);
    lab.front.headers = {};
  }, shown);
});

describe(`calls that the page makes by itself, in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {Awaited<ReturnType<typeof startScriptedServer>>} */ let bills;
  /** @type {Browser} */ let browser;
  /** @type {Tab} */ let tab;
  const shown = { browser: () => browser };
  /** What the API answers to a call. @type {(authorization: string) => import("../../worker/support/scripted-server.mjs").Given} */ let answer = () => ({ json: [] });
  /** @type {string[]} */ const handed = [];

  before(async () => {
    bills = await startScriptedServer(({ method, headers }) => {
      const cors = { "access-control-allow-origin": headers.origin ?? "", "access-control-allow-headers": "authorization", "access-control-allow-methods": "PUT" };
      const given = method === "OPTIONS" ? { status: 204 } : answer(headers.authorization ?? "");
      return { ...given, headers: { ...cors, ...given.headers } };
    });
    lab = await Lab.start({
      change: (given) => ({
        ...given,
        PROVIDER_DEMO: { ...given.PROVIDER_DEMO, scopes: [...given.PROVIDER_DEMO.scopes, "bills:read"] },
        UPSTREAM_BILLS: { origin: bills.origin, path: "/v1", mode: "mediating", scopes: ["bills:read"] },
      }),
    });
    lab.front.connects = bills.origin;
    browser = await lab.device();
    tab = await lab.enter(browser);
  });
  after(async () => {
    await lab?.close();
    await bills?.close();
  });

  const call = (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) => tab.run(async (url, init) => {
    const { session, recorder } = /** @type {any} */ (globalThis);
    return session.fetch(url, init).then((/** @type {Response} */ { status }) => status, (/** @type {any} */ error) => {
      recorder.note("call failed", error);
      return error.code ?? String(error);
    });
  }, bills.origin + path, init);
  const calls = () => bills.asked.filter(({ method }) => method !== "OPTIONS");

  const blocked = engine.name === "webkit" ? "the page is https here, and a browser calls no http API from it" : undefined;
  step("carry their own token and nothing else of the session; the token stays where it is", async () => {
    assert.equal(await call("/v1/7?open=1"), 200);
    const [{ headers, path } = assert.fail()] = calls();
    assert.deepEqual([path, headers.cookie, Object.keys(headers).filter((name) => name.startsWith("everlit"))], ["/v1/7", undefined, []]);
    const [, token = ""] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
    assert.ok(lab.authority.as.issued.includes(token));
    handed.push(token);
    const given = await tab.run(async () => {
      const { session } = /** @type {any} */ (globalThis);
      return [await session.getAccessToken("bills"), await session.getAccessToken("bills")];
    });
    assert.deepEqual(given, [token, token]);
    assert.equal(lab.authority.grants, 1, "one token for all of it");
    assert.equal(await call("/v2"), "ERR_SESSION_UPSTREAM");
  }, { ...shown, skip: blocked });

  step("are made again once, with a new token and the whole body, when theirs is refused", async () => {
    const [old = ""] = handed;
    answer = (authorization) => (authorization === `Bearer ${old}` ? { status: 401 } : { json: [] });
    // For some seconds the vault gives the same token again, and the refusal is delivered.
    await browser.until("a new token", async () => (await call("/v1/7", { method: "PUT", body: "seven" })) === 200, { every: 1_000 });
    const [before, refused, repeated] = calls().slice(-3);
    assert.deepEqual([refused?.body, repeated?.body], ["seven", "seven"]);
    assert.deepEqual([before?.headers.authorization, refused?.headers.authorization], [`Bearer ${old}`, `Bearer ${old}`]);
    handed.push(`${repeated?.headers.authorization}`.slice(7));
    assert.notEqual(handed[1], old);
  }, { ...shown, skip: blocked });

  step("follow no redirect", async () => {
    answer = () => ({ status: 302, headers: { location: `${lab.resourceOrigin}/elsewhere` } });
    const before = lab.received.length;
    assert.equal(await call("/v1/7"), "ERR_SESSION_REDIRECT");
    assert.equal(lab.received.length, before);
    answer = () => ({ json: [] });
  }, { ...shown, skip: blocked });

  step("leave their tokens in no storage, channel, event, error, console, log or frame", async () => {
    await tab.does("refresh");
    await tab.does("logout");
    assert.equal(await call("/v1"), "ERR_SESSION_LOGGED_OUT");
    const places = (await gather(tab)).filter(({ place, text }) => !(place === "answer" && text.includes("/auth/token")));
    places.push({ place: "the Worker's log", text: lab.workerd.output }, { place: "the event socket", text: lab.front.socketBytes.toString("latin1") });
    for (const { path, headers, text } of lab.front.asked) places.push({ place: `the answer to ${path}`, text: path === "/auth/token" ? headers : headers + text });
    assert.equal(handed.length, 2);
    assert.ok(lab.front.asked.some(({ path, text }) => path === "/auth/token" && text.includes(`${handed[1]}`)), "there was one to look for");
    assert.deepEqual(search(places, new Map(handed.map((token) => [token, "a token for the page"]))), []);
  }, { ...shown, skip: blocked });
});

describe(`a further account, in ${engine.name}`, { timeout: 90_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {Authority} */ let other;
  /** @type {Browser} */ let browser;
  const shown = { browser: () => browser };

  before(async () => {
    other = await Authority.start();
    lab = await Lab.start({
      change: (given) => ({
        ...given,
        PROVIDER_DEMO: { ...given.PROVIDER_DEMO, login: true },
        PROVIDER_CALENDAR: { ...given.PROVIDER_DEMO, issuer: other.issuer, login: false, grants: "per_login" },
        UPSTREAM_EVENTS: { origin: given.UPSTREAM_ORDERS.origin, path: "/events", methods: ["GET"], mode: "bff", vault: "linked:calendar" },
        SECRET_CALENDAR_CLIENT_SECRET: secretText(),
      }),
    });
    browser = await lab.device();
  });
  after(async () => {
    await lab?.close();
    await other?.close();
  });

  step("is asked for by name, linked by the page, and unlinked", async () => {
    const tab = await lab.enter(browser);
    const events = () => tab.run(async () => {
      const { session } = /** @type {any} */ (globalThis);
      return session.fetch("/api/events/1").then((/** @type {Response} */ { status }) => status, (/** @type {any} */ error) => `${error.code} ${error.message}`);
    });
    const calendar = () => tab.run(() => /** @type {any} */ (globalThis).session?.providers.find((/** @type {any} */ { name }) => name === "calendar")?.state);
    assert.equal(await events(), `ERR_SESSION_LINK link: calendar is not linked; offer link("calendar")`);
    assert.equal(await calendar(), "unavailable");
    await tab.run(() => void /** @type {any} */ (globalThis).session.link("calendar"));
    await browser.until("the account to be linked, and the page back", async () => (await calendar()) === "ready");
    assert.equal(await browser.url(), tab.origin + tab.path);
    assert.equal(await events(), 200);
    await tab.run(() => /** @type {any} */ (globalThis).session.unlink("calendar"));
    assert.equal(await calendar(), "unavailable");
    assert.match(String(await events()), /^ERR_SESSION_LINK/);
    assert.equal(await tab.state(), "active");
  }, shown);
});

describe(`a logout everywhere, in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  after(() => lab?.close());

  step("ends the other device first, then goes on at the server, and comes back", async () => {
    lab = await Lab.start();
    const as = lab.authority.offerEnd();
    const [one, two] = [await lab.enter(await lab.device()), await lab.enter(await lab.device())];
    const listed = await one.run(() => /** @type {any} */ (globalThis).session.sessions.list());
    assert.deepEqual(listed.map((/** @type {any} */ { current, state }) => [current, state]), [[true, "active"], [false, "active"]]);
    await one.run((returnTo) => void /** @type {any} */ (globalThis).session.logout({ everywhere: true, returnTo }), `${one.path}&bye=1`);
    await one.browser.until("the page to be back", async () => (await one.browser.url()) === `${one.origin}${one.path}&bye=1`);
    await one.reaches(["logged-out"]);
    assert.equal(as.heard("/end").length, 1, "the server was told once, by the page");
    await two.reaches(["ended", "logged-out"]);
    await until("its grant to be revoked", () => as.revoked.length > 0);
  }, { browser: () => undefined });
});
