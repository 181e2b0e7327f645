/* The services Worker and its objects, as the runtime calls them. */

import * as wasm from "everlit:wasm";

import { handler, object, whole } from "../entry/object.js";

export const ServiceVault = object(wasm.ServiceVault);
export const ServiceBackup = object(wasm.ServiceBackup);

export default {
  ...handler,
  /** @param {unknown} event @param {unknown} env @param {unknown} context */
  scheduled: (event, env, context) => whole(() => wasm.scheduled(event, env, context)),
};
