/*
 * Runs in workerd, around the real bundle: a way for tests to the Durable Objects, which have none from outside, and accidents
 * that the platform has on its own account (a call that is slow, an answer that is lost).
 */

import { DurableObject } from "cloudflare:workers";

import Worker, { Escrow as RealEscrow, LoginDesk as Desk, SessionVault as Vault } from "./index.js";

/** What befalls calls to an object, by path. @type {Map<string, { delayMs?: number, lose?: boolean }>} */
const accidents = new Map();

const around = (/** @type {any} */ Real) =>
  class extends DurableObject {
    #real;

    /** @param {any} state @param {any} env */
    constructor(state, env) {
      super(state, env);
      this.#real = new Real(state, env);
    }

    /** @param {Request} request */
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const { storage } = this.ctx;
      if (pathname === "/sql") return Response.json(storage.sql.exec(await request.text()).toArray());
      if (pathname === "/alarm") return Response.json(await storage.getAlarm());
      if (pathname === "/lose-alarm") return Response.json((await storage.deleteAlarm()) ?? null);
      const { delayMs = 0, lose = false } = accidents.get(pathname) ?? {};
      const answer = await this.#real.fetch(request);
      if (delayMs) await new Promise((resolve) => setTimeout(resolve, delayMs));
      return lose ? new Response(null, { status: 503 }) : answer;
    }

    alarm() {
      return this.#real.alarm();
    }
  };

export const Escrow = around(RealEscrow);
export const LoginDesk = around(Desk);
export const SessionVault = around(Vault);

export default class extends /** @type {any} */ (Worker) {
  /** @param {Request} request */
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (!pathname.startsWith("/door/")) return super.fetch(request);
    const path = searchParams.get("path") ?? "";
    if (pathname === "/door/accident") return Response.json(accidents.set(path, await request.json()).size);
    const binding = searchParams.get("binding") ?? "";
    const namespace = this.env[binding];
    // An escrow is named by the id of its vault's object, which knows no other name of its own.
    const session = () => this.env.SESSION_VAULT.idFromName(searchParams.get("name")).toString();
    const object = namespace.getByName(binding === "ESCROW" ? session() : searchParams.get("name"));
    return object.fetch(new Request(`http://object${path}`, { method: "POST", body: await request.text() }));
  }
}
