// The Worker on a sibling host of the page's: everything that a page does, from there. The page names no referrer to anybody, as apps that
// take the defaults of their framework's security headers do.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { secretText } from "../../worker/support/stack.mjs";
import { Authority } from "../lab/authority.mjs";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";
import { testId } from "../webdriver.mjs";

/** The access token that is over when the page is opened lived so long. */
const SHORT_S = 1;

describe(`a Worker on a sibling host, in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {Authority} */ let other;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const shown = { browser: () => browser };

  before(async () => {
    other = await Authority.start();
    lab = await Lab.start({
      beside: true,
      change: (given) => ({
        ...given,
        PROVIDER_DEMO: { ...given.PROVIDER_DEMO, login: true, silent: ["frame", "popup", "redirect"] },
        PROVIDER_CALENDAR: { ...given.PROVIDER_DEMO, issuer: other.issuer, login: false, grants: "per_login" },
        UPSTREAM_EVENTS: { origin: given.UPSTREAM_ORDERS.origin, path: "/events", methods: ["GET"], mode: "bff", vault: "linked:calendar" },
        SECRET_CALENDAR_CLIENT_SECRET: secretText(),
      }),
    });
    lab.front.headers = { "referrer-policy": "no-referrer" };
    lab.authority.offerEnd();
    browser = await lab.device();
    tab = await lab.tab(browser);
  });
  after(async () => {
    await lab?.close();
    await other?.close();
  });

  const isBack = (path = tab.path) => browser.until("the page to be back where it was", async () => (await browser.url()) === lab.app + path);
  const document = () => tab.run(() => performance.timeOrigin);

  step("logs in by leaving and coming back, calls, and listens", async () => {
    await tab.open();
    assert.equal(await tab.state(), "logged-out");
    await tab.does("login");
    await tab.reaches(["active"]);
    await isBack();
    assert.equal(await tab.call(), 200);
    await until("the event socket to be open", () => lab.front.sockets.size === 1);
    assert.equal((await tab.run(() => Reflect.get(globalThis, "session").sessions.list())).length, 1);
    assert.deepEqual([...lab.front.shown].filter((name) => /^__host-/i.test(name)), [], "the page's own host sees no cookie of the Worker's");
  }, shown);

  step("links an account", async () => {
    const calendar = () => tab.run(() => /** @type {any} */ (globalThis).session?.providers.find((/** @type {any} */ { name }) => name === "calendar")?.state);
    const events = () => tab.run(() => /** @type {any} */ (globalThis).session.fetch("/api/events/1").then((/** @type {Response} */ { status }) => status, (/** @type {any} */ { code }) => code));
    assert.equal(await events(), "ERR_SESSION_LINK");
    await tab.run(() => void Reflect.get(globalThis, "session").link("calendar"));
    await browser.until("the account to be linked", async () => (await calendar()) === "ready");
    await isBack();
    assert.equal(await events(), 200);
  }, shown);

  step("is logged out at the server as well, and led back", async () => {
    const bye = `${tab.path}&bye=1`;
    await tab.run((returnTo) => void Reflect.get(globalThis, "session").logout({ returnTo }), bye);
    await isBack(bye);
    await tab.reaches(["logged-out"]);
    assert.equal(lab.authority.as.heard("/end").length, 1);
    assert.equal(await tab.call(), "ERR_SESSION_LOGGED_OUT");
  }, shown);

  step("logs in in a popup, and stays where it is", async () => {
    const before = await document();
    const { pages } = lab.front;
    await tab.run(() => {
      const { session, recorder } = /** @type {any} */ (globalThis);
      const press = () => void session.loginPopup().then(() => (recorder.popup = "in"), (/** @type {any} */ error) => (recorder.popup = error.code ?? String(error)));
      globalThis.document.querySelector("[data-testid=gesture]")?.addEventListener("click", press, { once: true });
    });
    await browser.click(testId("gesture"));
    await browser.until("somebody to be logged in", async () => (await tab.run(() => /** @type {any} */ (globalThis).recorder.popup)) === "in", { seen: () => tab.story() });
    await browser.until("the popup to be gone", async () => (await browser.windows()).length === 1);
    assert.deepEqual([await tab.call(), await document()], [200, before]);
    // In WebKit a page that is closed while a module of it awaits something takes its opener's process with it.
    assert.equal(lab.front.pages, pages, "the popup was closed before it loaded the app");
  }, shown);

  // The server is of another site than the page here, and its answer comes by a redirect in the frame.
  const apart = {
    chromium: undefined,
    firefox: "Firefox sends no Lax cookie to a frame that another site has redirected: silent = \"frame\" is for a server of the app's site",
    webkit: "the page is https here, and shows no frame of an http server",
  }[engine.name];
  for (const way of /** @type {const} */ (["frame", "popup", "redirect"])) {
    step(`logs in again by itself, by ${way}`, async () => {
      const options = JSON.stringify({ silent: [way] });
      tab = await lab.tab(browser, { options });
      let refused = 0;
      // The grant is over before the first token is, and the server still knows its user.
      lab.authority.trouble = () => (refused++ ? undefined : { status: 400, json: { error: "invalid_grant" } });
      lab.authority.liveOnce(SHORT_S);
      const visits = lab.authority.visits;
      await browser.go(`${lab.edge}/auth/login?${new URLSearchParams({ return_to: `${lab.app}/lab/elsewhere.html` })}`);
      const over = Date.now() + SHORT_S * 1000;
      await until("the first token to be over", () => Date.now() > over);
      // The refusal meets a page that has just loaded, however slow the machine is: another one may not leave by itself.
      await browser.go(lab.app + tab.path);
      await until("the grant to be over", () => refused > 0, 20_000);
      if (way === "popup") {
        await browser.until("a popup to be opened by a click", async () => lab.authority.visits > visits + 1 || (await browser.click(testId("gesture")), false));
      }
      const living = () => browser.run(() => {
        const { state, token } = /** @type {any} */ (globalThis).session ?? {};
        return state === "active" && token.generation;
      });
      await browser.until("a token of a new grant", async () => (await living()) > 1, { seen: () => tab.story() });
      assert.equal(lab.authority.visits, visits + 2, "after the login the server was asked once");
      assert.equal(lab.front.asked.filter(({ path, query }) => path === "/auth/login" && query.get("via") === way).length, 1);
      assert.equal(await tab.call(), 200);
    }, { ...shown, skip: way === "frame" ? apart : undefined });
  }
});
