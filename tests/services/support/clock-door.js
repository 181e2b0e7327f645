/*
 * Runs in workerd, around the real bundle of the services Worker: a clock that tests move, and a way to the objects.
 *
 * Nothing of the bundle knows of it. `Date.now` is another, alarms ring when that clock says so, and what an object keeps can be lost.
 */

import { DurableObject } from "cloudflare:workers";

import Worker, { ServiceBackup as Backup, ServiceVault as Vault } from "./index.js";

const real = Date.now.bind(Date);
/** How far its clock is ahead of the machine's, in ms. */
let ahead = 0;
Date.now = () => real() + ahead;

/** Every object that was made in this isolate. @type {Set<any>} */
const storages = new Set();
/** How an alarm is set that nobody has moved. @type {WeakMap<object, (at: number) => Promise<void>>} */
const plain = new WeakMap();

/** @param {any} Real */
const around = (Real) =>
  class extends DurableObject {
    #real;

    /** @param {any} state @param {any} env */
    constructor(state, env) {
      super(state, env);
      const { storage } = state;
      storages.add(storage);
      const arm = storage.setAlarm.bind(storage);
      const armed = storage.getAlarm.bind(storage);
      plain.set(storage, (at) => arm(at));
      storage.setAlarm = (/** @type {number | Date} */ at, /** @type {any} */ options) => arm(Number(at) - ahead, options);
      storage.getAlarm = async (/** @type {any} */ options) => {
        const at = await armed(options);
        return at === null ? null : at + ahead;
      };
      this.#real = new Real(state, env);
    }

    /** @param {Request} request */
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const { storage } = this.ctx;
      if (pathname === "/door/alarm") return Response.json(await storage.getAlarm());
      if (pathname === "/door/lose-alarm") return Response.json((await storage.deleteAlarm()) ?? null);
      if (pathname === "/door/lose") return Response.json((await storage.deleteAll()) ?? null);
      if (pathname === "/door/names") return Response.json(storage.sql.exec("SELECT name FROM kept ORDER BY name").toArray());
      if (pathname === "/door/bytes") return Response.json(storage.sql.exec(await request.text()).toArray());
      if (pathname === "/door/reset") return Response.json(Boolean(setTimeout(() => this.ctx.abort("reset by a test"), 0)));
      return this.#real.fetch(request);
    }

    alarm() {
      return this.#real.alarm();
    }
  };

export const ServiceVault = around(Vault);
export const ServiceBackup = around(Backup);

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/door/clock") {
      const moved = Number(await request.text()) - ahead;
      ahead += moved;
      for (const storage of storages) {
        const at = await storage.getAlarm();
        // What it says is by the new clock already: `at` was to ring so much earlier.
        if (at !== null) await plain.get(storage)?.(at - moved - ahead);
      }
      return Response.json({ now: Date.now() });
    }
    if (pathname === "/door/scheduled") {
      await Worker.scheduled({ scheduledTime: Date.now(), cron: "" }, env, context);
      return Response.json({});
    }
    if (pathname === "/door/object") {
      const [binding, name, path] = ["binding", "name", "path"].map((key) => searchParams.get(key) ?? "");
      const stub = env[binding].get(env[binding].idFromName(name));
      return stub.fetch(`http://object/door/${path}`, { method: "POST", body: await request.text() });
    }
    return Worker.fetch(request, env, context);
  },
};
