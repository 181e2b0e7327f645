// One browser, spoken to by W3C WebDriver (https://www.w3.org/TR/webdriver2/) over fetch, in the part that
// chromedriver, geckodriver and WebKitWebDriver all understand.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freshProfile } from "./engines.mjs";

/** The key under which WebDriver wraps an element's id (section 11.2 of the specification). */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Where screenshots of failures go. */
export const evidenceFolder = fileURLToPath(new URL("../../target/e2e/", import.meta.url));

const COMMAND_TIMEOUT_MS = 60_000;
const PAGE_LOAD_TIMEOUT_MS = 40_000;
const SCRIPT_TIMEOUT_MS = 30_000;
/** WebKitGTK never answers for a tab that it does not paint: that is no reason to lose what went wrong. */
const SCREENSHOT_TIMEOUT_MS = 5_000;
const POLL_MS = 120;

/** @typedef {{ name: string, value: string, path?: string, domain?: string, secure?: boolean, httpOnly?: boolean, sameSite?: string, expiry?: number }} Cookie */

/** The driver refused a command; `code` is WebDriver's own error code. */
export class WebDriverError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {string} command
   */
  constructor(code, message, command) {
    super(`${command}: ${code}: ${message.split("\n")[0]}`);
    this.name = "WebDriverError";
    this.code = code;
  }
}

/** Something did not come true in time. The message says what, what was seen instead, and where the screenshot is. */
export class WaitError extends Error {
  name = "WaitError";
}

/** A script in the page threw or rejected. */
export class PageError extends Error {
  name = "PageError";
}

/** The page was left before its script was heard. */
export class PageGone extends PageError {
  name = "PageGone";

  constructor() {
    super("the page was left while a script ran in it");
  }
}

/** Keys that have no letter (section 17.4.2 of the specification). */
export const KEYS = { tab: "\uE004", enter: "\uE007", escape: "\uE00C", end: "\uE010" };

/** The selector of one of the page's test ids. @param {string} id */
export const testId = (id) => `[data-testid="${id}"]`;

export class Browser {
  #driver;
  #id;
  #profile;
  #open = true;

  /**
   * @param {string} driver
   * @param {string} id
   * @param {import("./engines.mjs").Engine} engine
   * @param {{ remove(): void }} profile
   */
  constructor(driver, id, engine, profile) {
    this.#driver = driver;
    this.#id = id;
    this.#profile = profile;
    /** Which engine this is. @readonly */
    this.engine = engine;
  }

  /**
   * Starts a browser with a profile that nobody used before.
   * @param {{ engine: import("./engines.mjs").Engine, driver: string }} options `driver` is the URL of a running WebDriver
   */
  static async open({ engine, driver }) {
    const profile = freshProfile();
    try {
      const alwaysMatch = engine.capabilities(profile.folder);
      const answer = await send(driver, "POST", "/session", { capabilities: { alwaysMatch } });
      const browser = new Browser(driver, answer.sessionId, engine, profile);
      try {
        await browser.#command("POST", "/timeouts", {
          implicit: 0,
          pageLoad: PAGE_LOAD_TIMEOUT_MS,
          script: SCRIPT_TIMEOUT_MS,
        });
      } catch (error) {
        await browser.quit();
        throw error;
      }
      return browser;
    } catch (error) {
      profile.remove();
      throw error;
    }
  }

  /** Ends browser and profile; more than once is harmless, and it never throws, so it can stand in a `finally`. */
  async quit() {
    if (!this.#open) return;
    this.#open = false;
    try {
      await send(this.#driver, "DELETE", `/session/${this.#id}`);
    } catch {
      // A browser that is gone already is what was wanted.
    }
    try {
      this.#profile.remove();
    } catch {
      // A leftover folder under the temporary directory is no reason to fail.
    }
  }

  /** @param {string} url */
  async go(url) {
    await this.#command("POST", "/url", { url });
  }

  async reload() {
    await this.#command("POST", "/refresh", {});
  }

  /** One step back in the tab's history; the page may come out of the back/forward cache. */
  async back() {
    await this.#command("POST", "/back", {});
  }

  /**
   * A command of the DevTools protocol to the current tab. Chromium only.
   * @param {string} cmd
   * @param {Record<string, unknown>} [params]
   */
  devtools(cmd, params = {}) {
    return this.#command("POST", "/goog/cdp/execute", { cmd, params });
  }

  /** @returns {Promise<string>} */
  url() {
    return this.#command("GET", "/url");
  }

  /** @returns {Promise<string>} */
  title() {
    return this.#command("GET", "/title");
  }

  /**
   * The ids of all elements that match, none included.
   * @param {string} css
   * @returns {Promise<string[]>}
   */
  async find(css) {
    const found = await this.#command("POST", "/elements", { using: "css selector", value: css });
    return found.map((/** @type {Record<string, string>} */ element) => element[ELEMENT]);
  }

  /** @param {string} css */
  async exists(css) {
    return (await this.find(css)).length > 0;
  }

  /** Waits for the element, then clicks it once. @param {string} css */
  async click(css) {
    const element = await this.#await(css);
    try {
      await this.#command("POST", `/element/${element}/click`, {});
    } catch (error) {
      // A click that navigates can take its own element, or its window's document, away before the driver answers.
      if (!(error instanceof WebDriverError && CLICK_TOOK_EFFECT.has(error.code))) throw error;
    }
  }

  /**
   * Waits for the field, then replaces what it holds.
   * @param {string} css
   * @param {string} text
   */
  async type(css, text) {
    const element = await this.#await(css);
    await this.#command("POST", `/element/${element}/clear`, {});
    await this.#command("POST", `/element/${element}/value`, { text });
  }

  /**
   * The same for an element that a function in the page finds, such as one in a shadow tree, which no selector reaches: a click as a person's.
   * @template {unknown[]} A
   * @param {(...given: A) => Element | null | undefined} find
   * @param {A} given
   */
  async press(find, ...given) {
    await this.#command("POST", `/element/${await this.#found(find, given)}/click`, {});
  }

  /**
   * Replaces what such a field holds.
   * @template {unknown[]} A
   * @param {string} text
   * @param {(...given: A) => Element | null | undefined} find
   * @param {A} given
   */
  async enter(text, find, ...given) {
    const element = await this.#found(find, given);
    await this.#command("POST", `/element/${element}/clear`, {});
    await this.#command("POST", `/element/${element}/value`, { text });
  }

  /** What a screen reader calls such an element, and what it says it is. @template {unknown[]} A @param {(...given: A) => Element | null | undefined} find @param {A} given */
  async spoken(find, ...given) {
    const element = await this.#found(find, given);
    return { role: await this.#command("GET", `/element/${element}/computedrole`), name: await this.#command("GET", `/element/${element}/computedlabel`) };
  }

  /** Presses and lets go of keys, one after the other, for whatever has the focus: letters, or what `KEYS` names. @param {...string} keys */
  async keys(...keys) {
    const actions = keys.flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
    await this.#command("POST", "/actions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  /** @template {unknown[]} A @param {(...given: A) => Element | null | undefined} find @param {A} given @returns {Promise<string>} */
  async #found(find, given) {
    return this.until("an element in the page", async () => {
      const found = /** @type {Record<string, string> | null} */ (/** @type {unknown} */ (await this.run(find, ...given)));
      return found?.[ELEMENT];
    });
  }

  /** Waits for the element and gives the text that a person sees. @param {string} css */
  async text(css) {
    return this.until(`text of ${css}`, async () => {
      const [element] = await this.find(css);
      return element === undefined ? undefined : { text: await this.#command("GET", `/element/${element}/text`) };
    }).then(({ text }) => String(text).trim());
  }

  /**
   * Runs a function in the page, waits for its promise if it returns one, and gives its JSON value. The function is sent
   * as text: it sees only its arguments and the page. One that leads its page away may end with a {@link PageGone}.
   * @template {unknown[]} A
   * @template R
   * @param {((...given: A) => R | Promise<R>) | string} script
   * @param {A} given
   * @returns {Promise<R>}
   */
  async run(script, ...given) {
    // One road for plain and asynchronous functions: engines differ in whether `execute/sync` waits for promises.
    const text = `
      const given = Array.prototype.slice.call(arguments, 0, -1);
      const done = arguments[arguments.length - 1];
      new Promise((resolve) => resolve((${script}).apply(null, given)))
        .then((value) => done({ value: value === undefined ? null : value }))
        .catch((error) => done({ error: String(error && error.name ? error.name + ": " + error.message : error), code: error && error.code }));`;
    const answer = await this.#command("POST", "/execute/async", { script: text, args: given });
    // Firefox has nothing to say of a script whose page has left before it was heard.
    if (answer === null) throw new PageGone();
    if (answer.error !== undefined) throw new PageError(answer.code ? `${answer.error} (${answer.code})` : answer.error);
    return answer.value;
  }

  /** @returns {Promise<string>} the handle of the window that commands go to */
  window() {
    return this.#command("GET", "/window");
  }

  /** @returns {Promise<string[]>} */
  windows() {
    return this.#command("GET", "/window/handles");
  }

  /**
   * Opens a tab, makes it the one that commands go to, and gives its handle.
   * @param {"tab" | "window"} [type] a window of its own is seen, and painted, beside another one
   */
  async openTab(type = "tab") {
    const { handle } = await this.#command("POST", "/window/new", { type });
    await this.switchTo(handle);
    return handle;
  }

  /** @param {string} handle */
  async switchTo(handle) {
    await this.#command("POST", "/window", { handle });
  }

  /** Closes the tab that commands go to, and gives what is left; the caller switches. @returns {Promise<string[]>} */
  closeTab() {
    return this.#command("DELETE", "/window");
  }

  /** Cookies of the current page, HttpOnly ones included. @returns {Promise<Cookie[]>} */
  cookies() {
    return this.#command("GET", "/cookie");
  }

  /**
   * Saves what the current tab shows.
   * @param {string} name
   * @returns {Promise<string>} the file
   */
  async screenshot(name) {
    const image = await this.#command("GET", "/screenshot", undefined, SCREENSHOT_TIMEOUT_MS);
    mkdirSync(evidenceFolder, { recursive: true });
    const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60);
    const file = join(evidenceFolder, `${this.engine.name}-${slug}.png`);
    writeFileSync(file, Buffer.from(image, "base64"));
    return file;
  }

  /**
   * Asks until the answer is truthy and gives it. Errors while a page is on its way are part of waiting; a browser that
   * is gone is not.
   * @template T
   * @param {string} what completes the sentence "waited for …"
   * @param {() => Promise<T | undefined | null | false | "" | 0>} probe
   * @param {{ timeout?: number, every?: number, seen?: () => Promise<string> }} [options] milliseconds; `seen` describes
   * what there was instead
   * @returns {Promise<T>}
   */
  async until(what, probe, { timeout = 20_000, every = POLL_MS, seen } = {}) {
    const start = performance.now();
    let last = "nothing yet";
    for (;;) {
      try {
        const answer = await probe();
        if (answer) return answer;
        last = `the answer ${JSON.stringify(answer)}`;
      } catch (error) {
        if (isGone(error)) throw error;
        last = error instanceof Error ? error.message : String(error);
      }
      if (performance.now() - start >= timeout) break;
      await pause(every);
    }
    if (seen) last = await seen().catch((error) => `${last}; then ${error.message}`);
    const place = await this.describe(what);
    throw new WaitError(`waited ${Math.round(timeout / 1000)} s for ${what}; saw ${last}; ${place}`);
  }

  /**
   * Where the browser is, with a screenshot, as half a sentence for an error message. Never throws.
   * @param {string} name
   */
  async describe(name) {
    const url = await this.url().then(withoutSecrets, () => "an unknown address");
    const title = await this.title().catch(() => "");
    const shot = await this.screenshot(name).catch((error) => `none (${error.message})`);
    return `at ${url} "${title}"; screenshot: ${shot}`;
  }

  /** @param {string} css */
  async #await(css) {
    return this.until(`a visible ${css}`, async () => {
      for (const element of await this.find(css)) {
        if (await this.#command("GET", `/element/${element}/displayed`)) return element;
      }
      return undefined;
    });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {number} [timeout] milliseconds
   * @returns {Promise<any>}
   */
  #command(method, path, body, timeout) {
    return send(this.#driver, method, `/session/${this.#id}${path}`, body, timeout);
  }
}

const CLICK_TOOK_EFFECT = new Set(["stale element reference", "no such element", "no such frame"]);
const GONE = new Set(["invalid session id", "session not created", "driver unreachable"]);

/** @param {unknown} error */
function isGone(error) {
  return error instanceof WebDriverError && GONE.has(error.code);
}

/** An authorization response carries a code in its query: an error message shows the place, not the values. @param {string} url */
function withoutSecrets(url) {
  return url.replace(/([?&](?:code|state|code_challenge|nonce)=)[^&#]*/g, "$1…");
}

/**
 * @param {string} driver
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {number} [timeout] milliseconds
 * @returns {Promise<any>}
 */
async function send(driver, method, path, body, timeout = COMMAND_TIMEOUT_MS) {
  const command = `${method} ${path.replace(/^\/session\/[^/]+/, "")}`;
  let response;
  let answer;
  try {
    response = await fetch(driver.replace(/\/$/, "") + path, {
      method,
      // Drivers close idle connections without a word; a connection per command cannot meet that race.
      headers: { "content-type": "application/json; charset=utf-8", connection: "close" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
    });
    answer = await response.json();
  } catch (error) {
    const reason = error instanceof Error ? [error.message, causeOf(error)].filter(Boolean).join(": ") : String(error);
    throw new WebDriverError("driver unreachable", `${reason} (is a driver running at ${driver}?)`, command);
  }
  if (!response.ok) throw new WebDriverError(answer.value?.error ?? `HTTP ${response.status}`, answer.value?.message ?? "", command);
  return answer.value;
}

/** @param {Error} error */
function causeOf(error) {
  return error.cause instanceof Error ? error.cause.message : "";
}
