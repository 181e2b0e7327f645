// A stack of a test's own: an authorization server that does what it is told, the real Worker in workerd, a network that fails
// on demand, and browsers in front of it.

import { freePort } from "../../worker/support/ports.mjs";
import { startScriptedServer } from "../../worker/support/scripted-server.mjs";
import { secretText, variables } from "../../worker/support/stack.mjs";
import { Workerd } from "../../worker/support/workerd.mjs";
import { startDriver } from "../driver-process.mjs";
import { engineNamed } from "../engines.mjs";
import { Browser } from "../webdriver.mjs";
import { Authority } from "./authority.mjs";
import { Front } from "./front.mjs";
import { Tab } from "./tab.mjs";

export const engine = engineNamed(process.env.EVERLIT_ENGINE ?? "chromium");

/** @typedef {ReturnType<typeof variables>} Variables */

/**
 * Starts what stands behind the Worker; `trusted` is the authorization server's certificate, where it signs itself.
 * @typedef {(lab: Lab) => Promise<{ issuer: string, resource: string, trusted?: string, close: () => Promise<unknown> }>} StartServers
 */

/** An authorization server that does what it is told, and a resource server. @type {StartServers} */
async function scripted(lab) {
  const authority = await Authority.start();
  const resource = await startScriptedServer(({ headers }) => lab.resource(headers.authorization ?? ""));
  lab.authority = authority;
  lab.received = resource.asked;
  return { issuer: authority.issuer, resource: resource.origin, close: () => Promise.all([authority.close(), resource.close()]) };
}

export class Lab {
  /** @type {(() => Promise<unknown>)[]} */ #stops = [];
  // Nobody has a lab before these are there.
  /** @type {Front} */ front;
  /** @type {Workerd} */ workerd;
  clientSecret = `s: ${secretText()}/+%`;
  /** Whether the environment's driver has a session of ours: not every driver has two. */
  #driverTaken = false;

  /** @param {{ change?: (given: Variables) => Record<string, unknown>, servers?: StartServers, beside?: boolean }} [options] `beside`: the Worker is on a sibling host of the page's */
  static async start({ change = (given) => given, servers = scripted, beside = false } = {}) {
    const lab = new Lab();
    try {
      await lab.#start(change, servers, beside);
      return lab;
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** @param {(given: Variables) => Record<string, unknown>} change @param {StartServers} servers @param {boolean} beside */
  async #start(change, servers, beside) {
    const [worker, port] = [await freePort(), await freePort()];
    // WebKitGTK keeps Secure cookies over https only.
    this.front = new Front({ worker, tls: engine.name === "webkit" });
    await this.front.open(port);
    this.#stops.push(() => this.front.close());
    const { issuer, resource, trusted, close } = await servers(this);
    this.#stops.push(close);
    this.issuer = issuer;
    this.resourceOrigin = resource;
    this.front.frames = issuer;
    if (beside) this.#part();
    const given = variables({ app: this.edge, issuer, resource, clientSecret: this.clientSecret });
    this.sessionKey = given.SECRET_SESSION_KEY;
    const all = change(beside ? Object.assign(given, { APP_ORIGINS: [this.app] }) : given);
    this.workerd = await Workerd.start({ port: worker, variables: all, ...(trusted && { trusted: [trusted] }) });
    this.#stops.push(() => this.workerd.close());
  }

  /** Where the page is. */
  get app() {
    return this.#app || this.front.origin;
  }

  /** Where the Worker is. */
  get edge() {
    return this.front.edge || this.front.origin;
  }

  #app = "";

  /** Page and Worker each get a host. No browser takes `localhost` itself for a site: what is below `everlit.localhost` is one. */
  #part() {
    const at = (/** @type {string} */ host) => this.front.origin.replace("localhost", `${host}.everlit.localhost`);
    this.#app = at("app");
    const edge = at("auth");
    this.front.edge = edge;
    this.front.connects = `${edge} ${edge.replace("http", "ws")}`;
    this.front.frames += ` ${edge}`;
  }

  /** The scripted authorization server. @type {Authority | undefined} */ #authority;
  get authority() {
    if (!this.#authority) throw new Error("this lab has a real authorization server");
    return this.#authority;
  }

  set authority(authority) {
    this.#authority = authority;
  }

  /** What the resource server was asked. @type {import("../../worker/support/scripted-server.mjs").Asked[]} */
  received = [];

  /**
   * What the resource server answers.
   * @type {(authorization: string) => import("../../worker/support/scripted-server.mjs").Given | Promise<import("../../worker/support/scripted-server.mjs").Given>}
   */
  resource = () => ({ json: [{ id: 1, item: "Lamp" }] });

  /** A browser with a profile of its own: one device of one person. */
  async device() {
    const named = process.env.EVERLIT_WEBDRIVER;
    const shared = named !== undefined && !this.#driverTaken;
    const driver = shared ? { url: named, stop: async () => {} } : await startDriver(engine);
    this.#driverTaken ||= shared;
    const browser = await Browser.open({ engine, driver: driver.url }).catch(async (error) => {
      await driver.stop();
      throw error;
    });
    const close = async () => {
      await browser.quit();
      await driver.stop();
    };
    this.#stops.push(close);
    return browser;
  }

  /**
   * The tab that a browser shows, on the lab's page, logged in.
   * @param {Browser} browser
   * @param {Record<string, string>} [query] of the page, see `page/seams.js` and `page/app.js`
   */
  async enter(browser, query = {}) {
    const tab = await this.tab(browser, query);
    await browser.go(`${this.edge}/auth/login?${new URLSearchParams({ return_to: this.back(tab) })}`);
    await tab.reaches(["active"]);
    return tab;
  }

  /**
   * The tab that a browser shows, before it has loaded anything.
   * @param {Browser} browser
   * @param {Record<string, string>} [query]
   */
  tab(browser, query = {}) {
    const options = this.#app && { options: JSON.stringify({ baseUrl: this.edge, ...JSON.parse(query.options ?? "{}") }) };
    return Tab.current(browser, this.app, { ...query, ...options });
  }

  /** What a login is told of where it leads back to. @param {Tab} tab */
  back(tab) {
    return this.#app + tab.path;
  }

  /**
   * One more tab of a browser, on the lab's page.
   * @param {Browser} browser
   * @param {Record<string, string>} [query]
   */
  async another(browser, query = {}) {
    await browser.openTab();
    const tab = await this.tab(browser, query);
    await tab.open();
    return tab;
  }

  async close() {
    for (const stop of this.#stops.splice(0).reverse()) await stop();
  }
}
