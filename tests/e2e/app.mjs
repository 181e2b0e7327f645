// What a person sees and does: the demo page, and the authorization server's own pages.

import { testId } from "./webdriver.mjs";

/** @typedef {"logged-out" | "logging-in" | "active" | "refreshing" | "resuming" | "degraded" | "reauth-required" | "ended"} SessionState */

/** States in which the person is logged in and nothing is wrong. */
export const ALIVE = ["active", "refreshing"];

/** What the vault itself says about the session. @typedef {{ state: string, epoch?: number, generation?: number, expires_in?: number, lifetime?: number }} SessionResponse */

export class DemoPage {
  /**
   * @param {import("./webdriver.mjs").Browser} browser
   * @param {import("./stack.mjs").Stack} stack
   */
  constructor(browser, stack) {
    this.browser = browser;
    this.stack = stack;
    this.authorizationServer = new AuthorizationServerPages(browser);
  }

  /** @param {string} path of the app, with query and fragment */
  async open(path = "/") {
    await this.browser.go(this.stack.app + path);
    await this.settled();
  }

  async reload() {
    await this.browser.reload();
    await this.settled();
  }

  /** The session's state as the page shows it. @returns {Promise<string>} */
  state() {
    return this.browser.text(testId("state"));
  }

  /** Waits until the page knows whether there is a session. */
  settled() {
    return this.reaches([...ALIVE, "logged-out", "ended", "reauth-required"]);
  }

  /**
   * Waits until the session is in one of these states.
   * @param {string[]} states
   * @param {number} [timeout] milliseconds
   */
  reaches(states, timeout = 20_000) {
    return this.browser.until(
      `the session to be ${states.join(" or ")}`,
      async () => {
        const state = await this.shown("state");
        return state !== undefined && states.includes(state) && state;
      },
      { timeout, seen: async () => `state "${await this.shown("state")}"` },
    );
  }

  /** What an element of the page holds right now, if it is there. @param {string} id */
  async shown(id) {
    return this.browser.run((css) => document.querySelector(css)?.textContent?.trim(), testId(id));
  }

  /** The generation that this tab holds. */
  async generation() {
    return Number(await this.shown("generation"));
  }

  /** The vault's own view of the session. @returns {Promise<SessionResponse>} */
  async vault() {
    const answer = await this.request("/auth/session");
    return JSON.parse(answer.body);
  }

  /**
   * A request of the page's origin with the header that every one of ours carries, past `session.fetch`.
   * @param {string} path
   */
  request(path) {
    return this.browser.run(async (path) => {
      const response = await fetch(path, { headers: { "everlit-version": "1" }, cache: "no-store" });
      return { status: response.status, code: response.headers.get("everlit-code"), body: await response.text() };
    }, path);
  }

  /** Calls the protected resource as the app does. @returns {Promise<{ status: number, count: number }>} */
  orders() {
    return this.browser.run(async () => {
      const { session } = /** @type {{ session: { fetch: typeof fetch } }} */ (/** @type {unknown} */ (globalThis));
      const response = await session.fetch("/api/orders");
      const body = await response.json();
      const list = Array.isArray(body) ? body : body.orders;
      return { status: response.status, count: Array.isArray(list) ? list.length : 0 };
    });
  }

  /**
   * Logs in from where the page is, through whatever the authorization server asks, until a new document of the app shows an
   * active session.
   * @param {string} [from] selector of what starts the login
   */
  async logIn(from = testId("login")) {
    await this.browser.run(markDocument);
    await this.browser.click(from);
    await this.browser.until(
      "the authorization server to send the person back to the app, logged in",
      async () => {
        if (await this.browser.run(isMarked)) return false;
        const here = await this.browser.run(() => location.origin);
        if (here !== this.stack.app) return (await this.authorizationServer.answer()) && false;
        return ALIVE.includes((await this.shown("state")) ?? "");
      },
      { timeout: 40_000, seen: async () => `"${await this.browser.run(() => document.body?.innerText.slice(0, 200))}"` },
    );
  }

  /** Here, and at the authorization server, which asks. */
  async logOut() {
    await this.browser.click(testId("logout"));
    await this.browser.click(testId("sign-out"));
    await this.browser.until("the app", async () => (await this.browser.url()).startsWith(this.stack.app));
    await this.reaches(["logged-out"]);
  }

  /**
   * Waits for a moment at which a refresh that is asked for happens at once and alone: the vault's minimum interval since
   * the last rotation has passed, and the next one that is due is not near.
   */
  async quietMoment() {
    const MINIMUM_INTERVAL = 10;
    const MARGIN = 2.5;
    await this.browser.until(
      "a moment between two rotations",
      async () => {
        const { expires_in = 0, lifetime = 0 } = await this.vault();
        const lead = Math.min(Math.max(lifetime * 0.2, 5), 300) * 1.1;
        return lifetime - expires_in > MINIMUM_INTERVAL + 0.2 && expires_in > lead + MARGIN;
      },
      { timeout: (this.stack.accessTtl + 20) * 1000, every: 300 },
    );
  }
}

/** The embedded authorization server's sign-in and consent pages. */
export class AuthorizationServerPages {
  /** @param {import("./webdriver.mjs").Browser} browser */
  constructor(browser) {
    this.browser = browser;
    /** What was answered so far, in order. @type {("sign-in" | "allow")[]} */
    this.answered = [];
  }

  /**
   * Answers the page that is shown now, once; one that was answered already and is about to go is left alone.
   * @returns {Promise<boolean>} whether there was something to answer
   */
  async answer() {
    if (await this.browser.run(isMarked)) return false;
    if (await this.browser.exists(testId("sign-in"))) {
      await this.browser.type("input[name=login]", "ada");
      await this.browser.type("input[name=password]", "lovelace");
      return this.#press("sign-in");
    }
    if (await this.browser.exists(testId("allow"))) return this.#press("allow");
    return false;
  }

  /** @param {"sign-in" | "allow"} button */
  async #press(button) {
    await this.browser.run(markDocument);
    await this.browser.click(testId(button));
    this.answered.push(button);
    return true;
  }
}

// A mark lives as long as its document, so a page without one is a page that a navigation brought.
// Both functions are sent to the page as text: they see nothing of this file.

function markDocument() {
  Object.assign(globalThis, { everlitTestWasHere: true });
}

function isMarked() {
  return "everlitTestWasHere" in globalThis;
}
