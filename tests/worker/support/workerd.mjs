/** A local workerd that serves the Worker's real bundle, with storage on disk. */

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { send } from "./browser.mjs";
import { WorkerdProcess } from "./workerd-process.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const BUILD = resolve(process.env.EVERLIT_WORKER_BUILD ?? join(ROOT, "worker/build"));
const MODULES = ["index.js", "index_bg.wasm"];
/** The same with fault points in it. */
export const BUILD_WITH_FAULTS = resolve(process.env.EVERLIT_WORKER_BUILD_FAULTS ?? join(ROOT, "target/worker-faults"));
/** Around the bundle, where a test says so. */
const DOOR = ["door.js", "meter.js", "packed.js"];

/** The Durable Object bindings, and their classes. */
export const OBJECTS = /** @type {const} */ ({ SESSION_VAULT: "SessionVault", ESCROW: "Escrow", LOGIN_DESK: "LoginDesk", SESSION_INDEX: "SessionIndex" });

export class Workerd extends WorkerdProcess {
  /** @type {import("./workerd-process.mjs").Setting} */ #setting = { modules: [] };

  /** The log, line by line, as far as it is ours. @returns {Record<string, any>[]} */
  get log() {
    return this.output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /**
   * @param {object} options
   * @param {number} [options.port]
   * @param {Record<string, unknown>} options.variables
   * @param {Record<string, string>} [options.objects] Durable Object bindings and their classes
   * @param {boolean} [options.rotator] whether the Worker is bound to itself
   * @param {boolean} [options.door] whether the objects can be reached, see `door.js`
   * @param {string} [options.build] folder of the bundle
   * @param {string[]} [options.trusted] certificates in PEM
   */
  static async start({ port, variables, objects = OBJECTS, rotator = true, door = false, build = BUILD, trusted = [] }) {
    const around = door ? DOOR : [];
    const files = [...around.map((name) => new URL(name, import.meta.url)), ...MODULES.map((name) => join(build, name))];
    const prepared = await WorkerdProcess.prepare(files, port);
    const workerd = new Workerd(prepared.folder, prepared.port);
    const itself = rotator ? ["ROTATOR"] : [];
    workerd.#setting = { modules: [...around, ...MODULES], objects, classes: Object.values(OBJECTS), itself, trusted };
    await workerd.configure(variables);
    await workerd.begin();
    return workerd;
  }

  /** Changes variables, for the next start. @param {Record<string, unknown>} changes */
  async configure(changes) {
    this.#setting.variables = { ...this.#setting.variables, ...changes };
    await this.set(this.#setting);
  }

  /**
   * Asks a Durable Object, past the Worker. Only through the door.
   *
   * @param {"SESSION_VAULT" | "ESCROW" | "LOGIN_DESK" | "SESSION_INDEX"} binding @param {string | undefined} cookie whose first half is the object's name, or its session's
   * @param {string} path @param {string} [body] @param {string} [host] which says how the object is spoken to
   */
  async ask(binding, cookie, path, body = "", host = "p0") {
    const query = new URLSearchParams({ binding, name: cookie?.split(".")[0] ?? "", path, host });
    const answer = await send(`http://localhost:${this.port}/door/object?${query}`, { method: "POST", body });
    if (answer.status !== 200) throw new Error(`the object answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /**
   * Asks every object of a class that was asked something since the Worker began. Only through the door.
   *
   * @param {keyof typeof OBJECTS} binding @param {string} path @param {string} [body] @returns {Promise<any[]>}
   */
  async each(binding, path, body = "") {
    const query = new URLSearchParams({ binding, class: OBJECTS[binding], path });
    const answer = await send(`http://localhost:${this.port}/door/each?${query}`, { method: "POST", body });
    if (answer.status !== 200) throw new Error(`the objects answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** Says what befalls calls to an object from now on. Only through the door. @param {string} path @param {{ delayMs?: number, lose?: boolean, drop?: boolean, twice?: "first" | "second", times?: number }} accident */
  async befall(path, accident) {
    const url = `http://localhost:${this.port}/door/accident?${new URLSearchParams({ path })}`;
    const answer = await send(url, { method: "POST", body: JSON.stringify(accident) });
    if (answer.status !== 200) throw new Error(`the door answered ${answer.status}: ${answer.text}`);
  }

  /** Makes the Wasm module one that has trapped. Only through the door. */
  async trap() {
    const answer = await send(`http://localhost:${this.port}/door/trap`, { method: "POST" });
    if (answer.status !== 200) throw new Error(`the door answered ${answer.status}: ${answer.text}`);
  }
}
