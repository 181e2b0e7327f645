// The driver's own test: a page served here, in every engine that is installed.

import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { missing, startDriver } from "./driver-process.mjs";
import { engines } from "./engines.mjs";
import { Browser, KEYS, PageError, WaitError, WebDriverError, testId } from "./webdriver.mjs";

/** The demo page forbids inline script and eval by CSP, so this page does too: scripts of the driver must still run. */
const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'",
};

const FORM = `<!doctype html><title>form</title>
  <p data-testid="late" hidden>came late</p><button data-testid="never" hidden>hidden</button>
  <form action="/thanks" method="get"><input name="login" value="old"><button data-testid="send">Send</button></form>
  <script src="/late.js"></script>`;

/** @type {Record<string, { type?: string, headers?: Record<string, string>, body: string }>} */
const PAGES = {
  "/": { headers: { "set-cookie": "kept=secret; HttpOnly; SameSite=Strict; Path=/" }, body: FORM },
  "/late.js": { type: "text/javascript", body: "setTimeout(() => { document.querySelector('p').hidden = false }, 400)" },
  "/thanks": { body: "<!doctype html><title>thanks</title><h1>thanks</h1>" },
};

/** In continuous integration an engine that is missing is a failure. */
const everywhere = process.env.CI === "true";

for (const engine of Object.values(engines)) {
  describe(`webdriver in ${engine.name}`, { skip: !everywhere && missing(engine), timeout: 120_000 }, () => {
    const server = createServer((request, response) => {
      const page = PAGES[new URL(request.url ?? "/", "http://localhost").pathname];
      const headers = { ...HEADERS, ...page?.headers, ...(page?.type && { "content-type": page.type }) };
      response.writeHead(page ? 200 : 404, headers).end(page?.body);
    });
    /** @type {string} */
    let site;
    /** @type {Awaited<ReturnType<typeof startDriver>>} */
    let driver;
    /** @type {Browser} */
    let browser;

    before(async () => {
      await once(server.listen(0, "localhost"), "listening");
      site = `http://localhost:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
      driver = await startDriver(engine);
      browser = await Browser.open({ engine, driver: driver.url });
    });
    after(async () => {
      await browser?.quit();
      await driver?.stop();
      server.close();
      server.closeAllConnections();
    });

    test("waits for an element to be shown and reads its text", async () => {
      await browser.go(`${site}/`);
      const text = await browser.until("the late text", () => browser.text(testId("late")));
      assert.equal(text, "came late");
    });

    test("replaces a field's text and follows a submit", async () => {
      await browser.go(`${site}/`);
      await browser.type("input[name=login]", "Ada");
      await browser.click(testId("send"));
      await browser.until("the next page", async () => (await browser.title()) === "thanks");
      assert.equal(await browser.url(), `${site}/thanks?login=Ada`);
    });

    test("presses keys for what has the focus, and says what a screen reader does", async () => {
      await browser.go(`${site}/`);
      assert.deepEqual(await browser.spoken(() => document.querySelector("form button")), { role: "button", name: "Send" });
      await browser.run(() => document.querySelector("input")?.select());
      await browser.keys("A", "d", "a", KEYS.tab);
      assert.deepEqual(await browser.run(() => [document.querySelector("input")?.value, document.activeElement?.textContent]), ["Ada", "Send"]);
      await browser.keys(KEYS.enter);
      await browser.until("the next page", async () => (await browser.title()) === "thanks");
    });

    test("runs functions in the page, awaits promises and passes errors on", async () => {
      await browser.go(`${site}/`);
      assert.equal(await browser.run((a, b) => a + b, 20, 22), 42);
      assert.equal(await browser.run(async (path) => (await fetch(path)).status, "/nowhere"), 404);
      assert.equal(await browser.run(() => undefined), null);
      await assert.rejects(
        browser.run(() => Promise.reject(new TypeError("no"))),
        (error) => error instanceof PageError && error.message === "TypeError: no",
      );
    });

    test("shows cookies with their attributes, also those that a script cannot read", async () => {
      await browser.go(`${site}/`);
      assert.equal(await browser.run(() => document.cookie), "");
      const cookie = (await browser.cookies()).find(({ name }) => name === "kept");
      assert.deepEqual(
        { value: cookie?.value, httpOnly: cookie?.httpOnly, secure: cookie?.secure, sameSite: cookie?.sameSite, path: cookie?.path },
        { value: "secret", httpOnly: true, secure: false, sameSite: "Strict", path: "/" },
      );
      assert.equal(cookie?.domain?.startsWith("."), false, "a host-only cookie has no leading dot");
    });

    test("opens, switches and closes tabs, which share cookies", async () => {
      await browser.go(`${site}/`);
      const first = await browser.window();
      const second = await browser.openTab();
      assert.notEqual(second, first);
      await browser.go(`${site}/thanks`);
      assert.deepEqual([await browser.title(), (await browser.cookies()).length], ["thanks", 1]);
      assert.deepEqual(await browser.closeTab(), [first]);
      await browser.switchTo(first);
      assert.equal(await browser.title(), "form");
    });

    test("a wait that fails says what it waited for and what it saw, with a screenshot", async () => {
      await browser.go(`${site}/`);
      const failure = await browser.until("a miracle", async () => 0, { timeout: 300, seen: async () => "an ordinary page" }).catch((error) => error);
      assert.ok(failure instanceof WaitError, String(failure));
      assert.match(failure.message, /for a miracle; saw an ordinary page; at http:\/\/localhost:\d+\/ "form"; screenshot: /);
      const file = failure.message.split("screenshot: ")[1];
      assert.ok(existsSync(file), file);
      assert.equal(readFileSync(file).subarray(1, 4).toString(), "PNG");
      rmSync(file);
    });

    test("a browser that is gone ends a wait at once, and quitting twice is harmless", async () => {
      const brief = engine.name === "chromium" ? await Browser.open({ engine, driver: driver.url }) : browser;
      await brief.quit();
      await brief.quit();
      const start = performance.now();
      await assert.rejects(brief.until("anything", () => brief.title()), WebDriverError);
      assert.ok(performance.now() - start < 5_000);
    });
  });
}
