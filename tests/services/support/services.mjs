/** The services Worker's real bundle in a local workerd, with a clock that tests move together with the stand-in's. */

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { personOf } from "../../servers/stand-ins/people.mjs";
import { send } from "../../worker/support/browser.mjs";
import { WorkerdProcess } from "../../worker/support/workerd-process.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const BUILD = resolve(process.env.EVERLIT_SERVICES_BUILD ?? join(ROOT, "worker/services/build"));
const OBJECTS = { VAULT: "ServiceVault", BACKUP: "ServiceBackup" };
/** For tests only: it seals what is gone with the test. */
const SESSION_KEY = Buffer.alloc(32, 7).toString("base64url");
export const KEY = "reports-key-0123456789abcdefghijklmnopqrstuvwxyz";
export const OPERATOR_KEY = "operator-key-0123456789abcdefghijklmnopqrstuvwxyz";
/** The app's secret at every stand-in. */
export const SECRET = "s3cr3t";

export class Services extends WorkerdProcess {
  /** @type {import("../../worker/support/workerd-process.mjs").Setting} */ #setting = { modules: [] };
  ahead = 0;

  /** The log, line by line, as far as it is ours. @returns {Record<string, any>[]} */
  get log() {
    return this.output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /** As they are set. @returns {Record<string, unknown>} */
  get variables() {
    return this.#setting.variables ?? {};
  }

  get origin() {
    return `http://localhost:${this.port}`;
  }

  /**
   * @param {Record<string, unknown>} variables beside those that every test has
   * @param {{ after?: (end: () => Promise<void>) => void }} [t]
   * @param {number} [wanted] port
   */
  static async start(variables, t, wanted) {
    const files = [new URL("clock-door.js", import.meta.url), join(BUILD, "index.js"), join(BUILD, "index_bg.wasm")];
    const { folder, port } = await WorkerdProcess.prepare(files, wanted);
    const services = new Services(folder, port);
    t?.after?.(() => services.close());
    services.#setting = {
      modules: ["clock-door.js", "index.js", "index_bg.wasm"],
      objects: OBJECTS,
      variables: {
        ORIGINS: [services.origin],
        SECRET_SESSION_KEY: SESSION_KEY,
        SECRET_CALLER_REPORTS_KEY: KEY,
        SECRET_CALLER_OPERATOR_KEY: OPERATOR_KEY,
        ...variables,
      },
    };
    await services.set(services.#setting);
    await services.begin();
    return services;
  }

  /** Changes variables, for the next start. @param {Record<string, unknown>} changes */
  async configure(changes) {
    this.#setting.variables = { ...this.#setting.variables, ...changes };
    await this.set(this.#setting);
  }

  /** Kills it and starts it on what is on its disk; its clock stays where it was. */
  async restart() {
    await this.kill();
    await this.configure({ AHEAD: this.ahead });
    await this.begin();
  }

  /** Its clock is so far ahead of the machine's from now on. @param {number} ms */
  async clockAhead(ms) {
    this.ahead = ms;
    await this.#door("clock", String(ms));
  }

  /** What a cron trigger does. */
  async scheduled() {
    await this.#door("scheduled");
  }

  /** @param {keyof typeof OBJECTS} binding @param {string} name @param {string} path @param {string} [body] */
  async object(binding, name, path, body = "") {
    return this.#door(`object?${new URLSearchParams({ binding, name, path })}`, body);
  }

  /** @param {string} path @param {string} [body] */
  async #door(path, body = "") {
    const answer = await send(`${this.origin}/door/${path}`, { method: "POST", body });
    if (answer.status !== 200) throw new Error(`the door answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /**
   * One question, as another program asks it.
   *
   * @param {string} method @param {string} path under `/service/` @param {object | string} [body] @param {string | null} [key]
   */
  async ask(method, path, body, key = KEY) {
    /** @type {Record<string, string>} */
    const headers = { ...(key ? { authorization: `Bearer ${key}` } : {}), ...(body ? { "content-type": "application/json" } : {}) };
    const text = typeof body === "object" ? JSON.stringify(body) : body;
    const answer = await send(`${this.origin}/service/${path}`, { method, headers, body: text });
    let json = /** @type {any} */ (answer.json);
    if (json === undefined && /json/.test(answer.headers["content-type"] ?? "")) json = JSON.parse(answer.text);
    return { status: answer.status, headers: answer.headers, json, text: answer.text };
  }

  /** @param {string} name @param {object} [body] */
  token(name, body = {}) {
    return this.ask("POST", `${name}/token`, body);
  }

  /** @param {string} name */
  async status(name) {
    const { status, json } = await this.ask("GET", `${name}/status`);
    if (status !== 200) throw new Error(`the status is answered ${status}: ${JSON.stringify(json)}`);
    return json;
  }

  /** An operator hands something in. @param {string} name @param {string} credential @param {object} [more] */
  handIn(name, credential, more = {}) {
    return this.ask("PUT", `${name}/credential`, { credential, ...more }, OPERATOR_KEY);
  }
}

/** Whose account it is, where that must be said: of whoever signs in at a stand-in as `ada`. @param {string} provider */
export const accountOf = (provider) => (provider === "upstox" ? {} : { account: personOf("ada").id });

/** The variables of one service at a stand-in. @param {string} provider @param {{ origin: string }} standIn @param {object} [more] */
export function service(provider, standIn, more = {}) {
  const name = provider.toUpperCase();
  const login = { upstox: "/v2/login/authorization/dialog", breeze: "/apiuser/login", kite: "/connect/login" }[provider];
  return {
    [`SERVICE_${name}`]: { provider, client_id: "everlit-demo", origin: standIn.origin, login_url: `${standIn.origin}${login}`, ...accountOf(provider), ...more },
    [`SECRET_${name}_CLIENT_SECRET`]: SECRET,
    CALLER_REPORTS: { services: [provider] },
    CALLER_OPERATOR: { services: [provider], operator: true },
  };
}
