/** Where a Worker that was built with fault points tells how far a rotation is, and is held there for as long as a test wants. */

import { createServer } from "node:http";

import { within } from "./until.mjs";

/** In the order of a rotation. */
export const STEPS = /** @type {const} */ ([
  "vault.intent_written", "rotator.received", "rotator.claimed", "rotator.answered", "rotator.kept", "vault.told", "vault.committed",
]);
/** @typedef {typeof STEPS[number]} Step */

const REACHED_MS = 30_000;

export class FaultPoints {
  /** Every step that was told, in order. @type {string[]} */
  seen = [];
  /** @type {Map<string, () => void>} */ #wanted = new Map();
  /** @type {Map<string, import("node:http").ServerResponse>} */ #held = new Map();
  /** @type {import("node:http").Server} */ #server;

  /** @param {import("node:http").Server} server @param {string} url */
  constructor(server, url) {
    this.#server = server;
    this.url = url;
  }

  static async start() {
    /** @type {FaultPoints} */
    let points;
    const server = createServer((req, res) => points.#told((req.url ?? "/").slice(1), res));
    await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", () => resolve(undefined)));
    const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
    points = new FaultPoints(server, `http://127.0.0.1:${port}`);
    return points;
  }

  /** Holds whoever reaches this step next, and nobody after that. Resolves when somebody is held. @param {Step} step */
  hold(step) {
    const reached = new Promise((resolve) => this.#wanted.set(step, () => resolve(undefined)));
    return within(`somebody to reach ${step}`, reached, REACHED_MS);
  }

  /** Lets go of whoever is held. @param {Step} step */
  release(step) {
    this.#held.get(step)?.end();
    this.#held.delete(step);
  }

  close() {
    return new Promise((resolve) => { this.#server.close(resolve); this.#server.closeAllConnections(); });
  }

  /** @param {string} step @param {import("node:http").ServerResponse} res */
  #told(step, res) {
    this.seen.push(step);
    const wanted = this.#wanted.get(step);
    if (!wanted) return void res.end();
    this.#wanted.delete(step);
    this.#held.set(step, res);
    wanted();
  }
}
