// One tab on the lab's page. What a script is to leave in the page it puts on `recorder`: in Firefox a script's own global is not
// the page's.

import { ALIVE } from "../app.mjs";

let last = 0;

/** @typedef {{ at: number, type: string, detail: any }} Heard */

export class Tab {
  /**
   * @param {import("../webdriver.mjs").Browser} browser
   * @param {string} handle
   * @param {string} origin
   * @param {Record<string, string>} query
   */
  constructor(browser, handle, origin, query) {
    this.browser = browser;
    this.handle = handle;
    this.origin = origin;
    /** What the front knows it by. */
    this.name = String((last += 1));
    this.path = `/lab/?${new URLSearchParams({ tab: this.name, ...query })}`;
  }

  /**
   * The tab that the browser shows now.
   * @param {import("../webdriver.mjs").Browser} browser
   * @param {string} origin
   * @param {Record<string, string>} query
   */
  static async current(browser, origin, query) {
    return new Tab(browser, await browser.window(), origin, query);
  }

  /** Loads the page, and waits until it knows where its session stands. */
  async open() {
    await this.show();
    await this.browser.go(this.origin + this.path);
    await this.reaches([...ALIVE, "logged-out", "ended", "reauth-required", "degraded"]);
  }

  /** Makes it the one that commands go to. */
  async show() {
    await this.browser.switchTo(this.handle);
    return this;
  }

  /**
   * Runs a function in its page.
   * @template {unknown[]} A
   * @template R
   * @param {((...given: A) => R | Promise<R>) | string} script
   * @param {A} given
   */
  async run(script, ...given) {
    await this.show();
    return this.browser.run(script, ...given);
  }

  /** @returns {Promise<string | undefined>} */
  state() {
    return this.run(() => Reflect.get(globalThis, "session")?.state);
  }

  /**
   * Waits until the session is in one of these states.
   * @param {string[]} states
   * @param {number} [timeout] milliseconds
   */
  async reaches(states, timeout = 20_000) {
    const probe = async () => {
      const state = await this.state();
      return state && states.includes(state) && state;
    };
    return this.browser.until(`tab ${this.name} to be ${states.join(" or ")}`, probe, { timeout, seen: async () => `${await this.state()}; ${await this.story()}` });
  }

  /** The generation of the token that it knows of; 0 without one. */
  generation() {
    return this.run(() => Number(Reflect.get(globalThis, "session")?.token?.generation ?? 0));
  }

  /**
   * Waits until the vault's minimum interval since the last rotation is over: from now on it does what it is asked. The vault says
   * so itself: to a tab a token is older than that, by the time that its question took.
   */
  rested() {
    const MINIMUM_INTERVAL_S = 10;
    const probe = () => this.run(async (least) => {
      const response = await fetch("/auth/session", { headers: { "everlit-version": "1" }, cache: "no-store" });
      const { lifetime, expires_in } = await response.json();
      return lifetime - expires_in >= least;
    }, MINIMUM_INTERVAL_S);
    return this.browser.until(`the vault's token to be ${MINIMUM_INTERVAL_S} s old`, probe, { every: 500 });
  }

  /** What the session told its app since the page was loaded. @returns {Promise<Heard[]>} */
  events() {
    return this.run(() => Reflect.get(globalThis, "recorder").events);
  }

  /** Its states in a row, for an error message. */
  async story() {
    const moves = (await this.events()).filter(({ type }) => type === "statechange");
    return moves.slice(-12).map(({ detail }) => `${detail.to} (${detail.reason})`).join(" > ");
  }

  /**
   * Calls the resource server through the session, and gives the status, or the code of the error.
   * @returns {Promise<number | string>}
   */
  call() {
    return this.run(callOrders);
  }

  /** Begins a call, whose outcome `called` waits for. */
  beginCall() {
    return this.run(`() => { recorder.pendingCall = (${callOrders})(); }`);
  }

  /** @returns {Promise<number | string>} */
  called() {
    return this.run(() => Reflect.get(globalThis, "recorder").pendingCall);
  }

  /** Calls a method of the session and gives the code of the error, if it failed. @param {"refresh" | "logout" | "login"} method */
  does(method) {
    return this.run(async (method) => {
      const { session, recorder } = /** @type {any} */ (globalThis);
      return session[method]().then(
        () => "",
        (/** @type {any} */ error) => {
          recorder.note(`${method} failed`, error);
          return error.code ?? String(error);
        },
      );
    }, method);
  }

  /** Asks for a new token, and does not wait for it. */
  kick() {
    return this.run(() => void Reflect.get(globalThis, "session").refresh().catch(() => {}));
  }

  /**
   * Asks for a new token, again and again until this is so: for some seconds after a rotation the vault gives the current one again.
   * While a question is under way there is no second one.
   * @param {string} what completes the sentence "waited for …"
   * @param {() => boolean} isSo
   */
  asksUntil(what, isSo) {
    const probe = async () => isSo() || (await this.kick(), isSo());
    return this.browser.until(what, probe, { timeout: 30_000, every: 1_000, seen: () => this.story() });
  }

  /** Waits until it knows that the grant is over, and that nothing can be done about it before its user does something. */
  needsUser() {
    return this.reaches(["reauth-required"]);
  }

  /** Its process ends at once, without a word to anybody. Chromium only. */
  async crash() {
    await this.show();
    // The answer is that nobody answers any more.
    await this.browser.devtools("Page.crash").catch(() => {});
    const isDead = () => this.run(() => true).then(() => false, (error) => /tab crashed/.test(error.message));
    await this.browser.until(`tab ${this.name} to be dead`, isDead);
  }

  async close() {
    await this.show();
    await this.browser.closeTab();
  }
}

/** Sent to the page as text. */
async function callOrders() {
  const { session, recorder } = /** @type {any} */ (globalThis);
  try {
    return (await session.fetch("/api/orders")).status;
  } catch (error) {
    recorder.note("call failed", error);
    return /** @type {any} */ (error).code ?? String(error);
  }
}
