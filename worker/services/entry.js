/* The services Worker and its objects, as the runtime calls them. */

import * as wasm from "everlit:wasm";

import { WorkerEntrypoint } from "cloudflare:workers";

import { handler, object, whole } from "../entry/object.js";

export const ServiceVault = object(wasm.ServiceVault);
export const ServiceBackup = object(wasm.ServiceBackup);

/** What is asked in the name of a session. No route leads here: only a Worker that is bound to this class by its name calls it. */
export class ForUsers extends WorkerEntrypoint {
  /** @param {Request} request */
  fetch(request) {
    return whole(() => wasm.forUsers(request, this.env));
  }
}

export default {
  ...handler,
  /** @param {unknown} event @param {unknown} env @param {unknown} context */
  scheduled: (event, env, context) => whole(() => wasm.scheduled(event, env, context)),
};
