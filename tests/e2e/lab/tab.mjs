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

  /** Waits until the vault's minimum interval since the last rotation is over: from now on it does what it is asked. */
  rested() {
    const MINIMUM_INTERVAL_MS = 10_300;
    const probe = () => this.run((least) => {
      const token = Reflect.get(globalThis, "session").token;
      return token !== undefined && token.lifetime - token.expiresIn > least;
    }, MINIMUM_INTERVAL_MS);
    return this.browser.until(`the token of tab ${this.name} to be ${MINIMUM_INTERVAL_MS} ms old`, probe);
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

  /** The page's own time, which no test changes. @returns {Promise<number>} */
  now() {
    return this.run(() => Reflect.get(globalThis, "recorder").now());
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

  /** Waits until it knows that the grant is over, and that nothing can be done about it before its user does something. */
  needsUser() {
    const probe = async () => {
      if ((await this.state()) === "reauth-required") return true;
      // A popup is ready to be opened by the next gesture.
      const last = (await this.events()).filter(({ type }) => type === "statechange").at(-1);
      return last?.detail.to === "refreshing" && last.detail.reason === "silent-login";
    };
    return this.browser.until(`tab ${this.name} to need its user`, probe, { seen: () => this.story() });
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
