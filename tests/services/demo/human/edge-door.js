/*
 * Runs in workerd, around the real bundle of the edge Worker: its clock can be moved together with that of the services Worker, which is
 * behind a door of its own (`../../support/clock-door.js`). An alarm rings when this clock says so, as it was when the alarm was set.
 */

import { env as bindings } from "cloudflare:workers";

import Worker, { Escrow as RealEscrow, LoginDesk as Desk, SessionIndex as Index, SessionVault as Vault } from "./index.js";

const real = Date.now.bind(Date);
/** How far its clock is ahead of the machine's, in ms. */
let ahead = Number(/** @type {any} */ (bindings).AHEAD ?? 0);
Date.now = () => real() + ahead;

/** @param {any} Real */
const around = (Real) =>
  class extends Real {
    /** @param {any} state @param {any} env */
    constructor(state, env) {
      const { storage } = state;
      const [arm, armed] = [storage.setAlarm.bind(storage), storage.getAlarm.bind(storage)];
      storage.setAlarm = (/** @type {number | Date} */ at, /** @type {any} */ options) => arm(Number(at) - ahead, options);
      storage.getAlarm = async (/** @type {any} */ options) => {
        const at = await armed(options);
        return at === null ? null : at + ahead;
      };
      super(state, env);
    }
  };

export const SessionVault = around(Vault);
export const Escrow = around(RealEscrow);
export const LoginDesk = around(Desk);
export const SessionIndex = around(Index);

export default {
  /** @param {Request} request @param {any} env @param {any} context */
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/door/")) return Worker.fetch(request, env, context);
    const said = await request.text();
    if (pathname === "/door/clock") ahead = Number(said);
    return env.SERVICES.fetch(new Request(request.url, { method: "POST", body: said }));
  },
};
