/** What the pages of all three find: the real Worker behind one origin, the authorization server, and a browser that is logged in at both. */

import { execFileSync } from "node:child_process";
import { chromium } from "playwright-core";

import { Lab } from "../../e2e/lab/lab.mjs";
import { startAuthority } from "./authority.mjs";
import { pages } from "./bundles.mjs";
import { startUpstream } from "../upstream.mjs";

/** Nothing here takes as long. */
const STUCK_MS = 30_000;
/** After a page came Chromium starts a process ahead for the next one, which is no part of what is measured. */
const REST_MS = 700;

/** Runs `work` with it, and stops everything. @template T @param {(stand: Stand) => Promise<T>} work @param {{ batches: number }} settings */
export async function withStand(work, settings) {
  const stand = new Stand();
  try {
    await stand.open(settings);
    return await work(stand);
  } finally {
    await stand.close();
  }
}

class Stand {
  /** @type {(() => unknown)[]} */ #stops = [];
  /** @type {Awaited<ReturnType<import("playwright-core").BrowserContext["storageState"]>> | undefined} */ #cookies;

  /** @param {{ batches: number }} settings */
  async open(settings) {
    const upstream = await startUpstream();
    this.#stops.push(upstream.close);
    const lab = await Lab.start({
      servers: async ({ front, clientSecret }) => ({ ...(await startAuthority({ app: front.origin, clientSecret })), resource: upstream.origin }),
    });
    this.#stops.push(() => lab.close());
    const { front, issuer } = lab;
    this.front = front;
    // Handed to oidc-client-ts, which then need not ask for it.
    const metadata = await (await fetch(`${issuer}.well-known/openid-configuration`)).json();
    front.app = await pages({ issuer, metadata, ...settings });

    const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
    this.#stops.push(() => browser.close());
    this.browser = browser;
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${front.origin}/auth/login?return_to=/before.html`);
    await page.waitForURL(`${front.origin}/before.html`, { timeout: STUCK_MS });
    // What auth0-spa-js has written down at a login: without it, it does not even ask.
    await context.addCookies([{ name: "auth0.auth0.is.authenticated", value: "true", url: front.origin }]);
    this.#cookies = await context.storageState();
    await context.close();
  }

  /**
   * Opens a page in a context of its own: nothing is in its HTTP cache, its code cache or its memory. It has the cookies of the login.
   * @param {string} name
   * @param {{ stranger?: boolean }} [who] `stranger`: it has none of them
   * @returns {Promise<Record<string, any>>} what the page measured, with what the Worker was asked meanwhile
   */
  async visit(name, { stranger = false } = {}) {
    const { front, browser } = this;
    if (!front || !browser) throw new Error("not open");
    const context = await browser.newContext(stranger ? {} : { storageState: this.#cookies });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(STUCK_MS);
      await page.goto(`${front.origin}/before.html`);
      await page.evaluate(() => Reflect.get(globalThis, "ready"));
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
      const before = front.asked.length;
      await page.goto(`${front.origin}/${name}.html`);
      const said = await page.evaluate(() => Reflect.get(globalThis, "bench").ended);
      return { ...said, asked: front.asked.slice(before).map(({ method, path }) => `${method} ${path}`) };
    } catch (cause) {
      throw new Error(`${name} measured nothing: ${cause instanceof Error ? cause.message : cause}`, { cause });
    } finally {
      await context.close();
    }
  }

  async close() {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
