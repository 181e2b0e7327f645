// Login, refresh and logout as a person lives them, in one engine, against the running stack (see README.md).
// The tests are one story: each begins where the one before it ended.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ALIVE, DemoPage } from "./app.mjs";
import { secretsWithin } from "./secrets.mjs";
import { Stack } from "./stack.mjs";
import { testId } from "./webdriver.mjs";

const COOKIE = "__Host-Http-everlit";
/** The link of a page that tells of a login that failed. */
const WAY_BACK = 'a[href^="/auth/login"]';
const stack = new Stack();

describe(`a person's journey in ${stack.engine.name}`, { timeout: 300_000 }, () => {
  /** @type {Awaited<ReturnType<Stack["openBrowser"]>>} */
  let opened;
  /** @type {import("./webdriver.mjs").Browser} */
  let browser;
  /** @type {DemoPage} */
  let page;

  before(async () => {
    opened = await stack.openBrowser();
    browser = opened.browser;
    page = new DemoPage(browser, stack);
  });
  after(() => opened?.close());

  /**
   * A test that says, when it fails, where the browser was, and leaves a screenshot.
   * @param {string} name
   * @param {() => Promise<void>} body
   */
  const step = (name, body) =>
    test(name, async (context) => {
      await body().catch(async (error) => {
        context.diagnostic(await browser.describe(name));
        throw error;
      });
    });

  /** What every login that failed ends with: words for a person, the way back, no session. */
  const assertClearPage = async () => {
    const words = await browser.text("body");
    assert.match(words, /sign in again/i);
    assert.doesNotMatch(words, /panicked|at \w+ \(|Error:|access_denied|undefined/, "no inner detail");
    assert.ok(await browser.exists(WAY_BACK), "a link to a new login");
    assert.equal((await browser.cookies()).find(({ name }) => name === COOKIE), undefined);
  };

  step("a stranger is logged out and gets no data", async () => {
    await page.open("/?from=journey#here");
    assert.equal(await page.state(), "logged-out");
    assert.deepEqual(pick(await page.request("/api/orders")), { status: 401, code: "logged_out" });
  });

  step("everything that is served of the app carries its security headers", async () => {
    const served = await browser.run(async () => {
      const parts = [...document.querySelectorAll("script[src], link[href]")].map((part) => part.getAttribute("src") ?? part.getAttribute("href"));
      const paths = ["/", "/a/deep/link", ...parts.filter((path) => path !== null)];
      return Promise.all(
        paths.map(async (path) => {
          const { status, headers } = await fetch(path, { cache: "no-store" });
          const names = ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"];
          return { path, status, headers: names.map((name) => headers.get(name) ?? "") };
        }),
      );
    });
    assert.ok(served.length >= 4, "the page, a deep link, a script and a style sheet at least");
    for (const { path, status, headers } of served) {
      const [policy = "", sniffing, referrer, cache = ""] = headers;
      assert.equal(status, 200, path);
      assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';.*frame-ancestors 'none'$/, path);
      assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/, path);
      assert.deepEqual([sniffing, referrer], ["nosniff", "same-origin"], path);
      assert.doesNotMatch(cache, /no-store/, `${path} may be kept in the back/forward cache`);
    }
  });

  step("login goes through the authorization server and returns to where the person was", async () => {
    const before = await stack.counters();
    await page.logIn();
    assert.deepEqual(page.authorizationServer.answered, ["sign-in", "allow"]);
    assert.equal(await browser.url(), `${stack.app}/?from=journey#here`);
    assert.match((await page.shown("user")) ?? "", /ada/i);
    const now = await stack.counters();
    assert.equal(now.code_grants - before.code_grants, 1, "one authorization code was redeemed");
    assert.equal(now.refresh_grants - before.refresh_grants, 0, "and nothing was refreshed for it");
  });

  step("the session cookie can be read by no script and sent by no other site", async () => {
    const cookie = (await browser.cookies()).find(({ name }) => name === COOKIE);
    assert.ok(cookie, `a cookie named ${COOKIE}`);
    const { httpOnly, secure, sameSite, path, domain = "" } = cookie;
    assert.deepEqual({ httpOnly, secure, sameSite, path }, { httpOnly: true, secure: true, sameSite: "Strict", path: "/" });
    assert.equal(domain.replace(/^https?:\/\//, ""), "localhost", "host-only: a Domain attribute would show as a leading dot");
    // The page of a stranger tries whether cookies are kept, with one that is gone after a second.
    await browser.until("no cookie that a script can read", () => browser.run(() => document.cookie === ""));
  });

  step("no token is anywhere in the page", async () => {
    assert.deepEqual(await secretsWithin(browser), []);
  });

  step("the page gets the orders through the Worker", async () => {
    const { status, count } = await page.orders();
    assert.equal(status, 200);
    assert.ok(count > 0, "at least one order");
    await browser.click(testId("call-orders"));
    await browser.until("orders to be shown", () => page.shown("orders"));
    assert.deepEqual(await secretsWithin(browser), []);
  });

  step("a refresh by hand moves the generation by exactly one, at the price of one token request", async () => {
    await page.quietMoment();
    const before = { generation: await page.generation(), ...(await stack.counters()) };
    await browser.click(testId("refresh"));
    await browser.until("the generation to move", async () => (await page.generation()) !== before.generation);
    await page.reaches(["active"]);
    assert.equal(await page.generation(), before.generation + 1);
    assert.equal((await page.vault()).generation, before.generation + 1);
    const now = await stack.counters();
    assert.equal(now.refresh_grants - before.refresh_grants, 1);
    assert.equal(now.refresh_errors - before.refresh_errors, 0);
    assert.equal((await page.orders()).status, 200, "the new access token works");
  });

  step("a reload keeps the session and refreshes nothing", async () => {
    const before = { generation: await page.generation(), ...(await stack.counters()) };
    await page.reload();
    await page.reaches(ALIVE);
    assert.equal(await page.generation(), before.generation);
    assert.equal((await stack.counters()).refresh_grants, before.refresh_grants);
    assert.equal((await page.orders()).status, 200);
  });

  step("a second tab is logged in too, and a logout in the first reaches it", async () => {
    const first = await browser.window();
    const second = await browser.openTab();
    await page.open("/");
    await page.reaches(ALIVE);
    assert.equal((await page.orders()).status, 200);

    await browser.switchTo(first);
    const before = await stack.counters();
    await page.logOut();
    await browser.until("the refresh token to be revoked", async () => (await stack.counters()).revocations > before.revocations);

    await browser.switchTo(second);
    await page.reaches(["logged-out"]);
    await browser.closeTab();
    await browser.switchTo(first);
  });

  step("after the logout nothing is left: no cookie, no data, no way back by reloading", async () => {
    assert.equal((await browser.cookies()).find(({ name }) => name === COOKIE), undefined);
    assert.deepEqual(pick(await page.request("/api/orders")), { status: 401, code: "logged_out" });
    assert.equal((await page.vault()).state, "logged_out");
    await page.reload();
    assert.equal(await page.state(), "logged-out");
  });

  step("saying no at the authorization server gives a clear page, and no session", async () => {
    await browser.click(testId("login"));
    // It knows nobody any more, after that logout.
    await browser.until("the authorization server to ask whether the app may", async () => {
      if (await browser.exists(testId("deny"))) return true;
      if (await browser.exists(testId("sign-in"))) await page.authorizationServer.answer();
      return false;
    });
    await browser.click(testId("deny"));
    await browser.until("the app's answer", async () => (await browser.url()).startsWith(`${stack.app}/auth/callback/`));
    await assertClearPage();
  });

  step("a callback that nobody asked for gives a clear page with a way back, which works", async () => {
    const forged = `/auth/callback/demo?code=forged&state=unknown&iss=${encodeURIComponent(stack.issuer)}`;
    // Asked from the app's page: the page of a login that failed may not send requests.
    await page.open("/");
    assert.equal((await page.request(forged)).status, 400);
    await browser.go(stack.app + forged);
    await assertClearPage();
    await page.logIn(WAY_BACK);
    assert.equal((await page.orders()).status, 200, "logging in again works");
  });
});

/** @param {{ status: number, code: string | null }} answer */
function pick({ status, code }) {
  return { status, code };
}
