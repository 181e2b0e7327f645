// The running demo stack that a test talks to, as `cargo xtask` names it in the environment.

import { startDriver } from "./driver-process.mjs";
import { engineNamed } from "./engines.mjs";
import { Browser } from "./webdriver.mjs";

/**
 * What the authorization server and the resource server counted since they started.
 * @typedef {object} Counters
 * @property {number} code_grants
 * @property {number} refresh_grants
 * @property {number} refresh_errors
 * @property {number} reuse_detected
 * @property {number} revocations
 * @property {number} resource_calls
 * @property {number} resource_401
 */

/** The environment variables, each with what it holds. */
const VARIABLES = {
  EVERLIT_APP: "the app's origin, such as http://localhost:8787",
  EVERLIT_ISSUER: "the authorization server's issuer, such as http://127.0.0.1:9000",
  EVERLIT_CONTROL: "the authorization server's control address, such as http://127.0.0.1:9002",
};

export class Stack {
  /** @param {Record<string, string | undefined>} environment */
  constructor(environment = process.env) {
    const lacking = Object.entries(VARIABLES).filter(([name]) => !environment[name]);
    if (lacking.length > 0) {
      const list = lacking.map(([name, meaning]) => `  ${name}: ${meaning}`).join("\n");
      throw new Error(`no running stack is named; these variables are missing:\n${list}\n(\`cargo xtask test\` sets them; tests/e2e/README.md says how to by hand)`);
    }
    /** The app's origin, without a path. @readonly */
    this.app = new URL(environment.EVERLIT_APP ?? "").origin;
    /** @readonly */
    this.issuer = environment.EVERLIT_ISSUER ?? "";
    this.control = environment.EVERLIT_CONTROL ?? "";
    /** Lifetime of an access token in seconds. @readonly */
    this.accessTtl = Number(environment.EVERLIT_ACCESS_TTL ?? 60);
    this.engine = engineNamed(environment.EVERLIT_ENGINE ?? "chromium");
    this.driver = environment.EVERLIT_WEBDRIVER;
  }

  /** @returns {Promise<Counters>} */
  async counters() {
    const answer = await fetch(new URL("/counters", this.control), { signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`${this.control}/counters answered ${answer.status}`);
    return answer.json();
  }

  /**
   * A fresh browser at the driver that the environment names, or else at one of its own.
   * @returns {Promise<{ browser: Browser, close(): Promise<void> }>}
   */
  async openBrowser() {
    const driver = this.driver ? { url: this.driver, stop: async () => {} } : await startDriver(this.engine);
    try {
      const browser = await Browser.open({ engine: this.engine, driver: driver.url });
      const close = async () => {
        await browser.quit();
        await driver.stop();
      };
      return { browser, close };
    } catch (error) {
      await driver.stop();
      throw error;
    }
  }
}
