/*
 * Runs in workerd, around the real bundle of the services Worker: a clock that tests move, and a way to the objects.
 *
 * Nothing of the bundle knows of it. `Date.now` is another, alarms ring when that clock says so, and what an object keeps can be lost.
 */

import { DurableObject, env as bindings } from "cloudflare:workers";

import Worker, { ServiceBackup as Backup, ServiceVault as Vault } from "./index.js";

const real = Date.now.bind(Date);
/** How far its clock is ahead of the machine's, in ms: also before anything happens in a process that was started again. */
let ahead = Number(/** @type {any} */ (bindings).AHEAD ?? 0);
Date.now = () => real() + ahead;

/** Every object that was made in this isolate, and where it is found: only it may touch its storage. @type {Map<string, string>} */
const made = new Map();

/** @param {string} binding @param {any} Real */
const around = (binding, Real) =>
  class extends DurableObject {
    #real;
    /** How an alarm is set that nobody has moved. @type {(at: number) => Promise<void>} */
    #arm;
    /** Whether it answers nobody. */
    #isDeaf = false;

    /** @param {any} state @param {any} env */
    constructor(state, env) {
      super(state, env);
      const { storage } = state;
      made.set(state.id.toString(), binding);
      const arm = storage.setAlarm.bind(storage);
      const armed = storage.getAlarm.bind(storage);
      this.#arm = arm;
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
      if (pathname === "/door/deaf") return Response.json((this.#isDeaf = JSON.parse(await request.text())));
      if (pathname === "/door/move") {
        const at = await storage.getAlarm();
        // What it says is by the new clock already: it was to ring so much earlier.
        if (at !== null) await this.#arm(at - Number(await request.text()) - ahead);
        return Response.json(at);
      }
      if (pathname === "/door/lose-alarm") return Response.json((await storage.deleteAlarm()) ?? null);
      if (pathname === "/door/lose") return Response.json((await storage.deleteAll()) ?? null);
      if (pathname === "/door/names") return Response.json(storage.sql.exec("SELECT name FROM kept ORDER BY name").toArray());
      if (pathname === "/door/bytes") return Response.json(storage.sql.exec(await request.text()).toArray());
      if (pathname === "/door/reset") return Response.json(Boolean(setTimeout(() => this.ctx.abort("reset by a test"), 0)));
      return this.#isDeaf ? new Response(null, { status: 503 }) : this.#real.fetch(request);
    }

    alarm() {
      return this.#real.alarm();
    }
  };

export { ForUsers } from "./index.js";
export const ServiceVault = around("VAULT", Vault);
export const ServiceBackup = around("BACKUP", Backup);

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    const { pathname: asked, searchParams } = new URL(request.url);
    // With the edge Worker in front nothing else comes here.
    const pathname = asked.replace(/^\/service(?=\/door\/)/, "");
    if (pathname === "/door/clock") {
      const moved = Number(await request.text()) - ahead;
      ahead += moved;
      for (const [id, binding] of made) {
        await env[binding].get(env[binding].idFromString(id)).fetch("http://object/door/move", { method: "POST", body: String(moved) });
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
