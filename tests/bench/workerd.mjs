/** A local workerd with a Worker of this folder: no storage but the one of its objects, no variables but the given. */

import { fileURLToPath } from "node:url";
import { basename } from "node:path";

import { WorkerdProcess } from "../worker/support/workerd-process.mjs";

/**
 * @param {object} options
 * @param {(string | URL)[]} options.modules files, the entry first
 * @param {Record<string, unknown>} [options.variables]
 * @param {Record<string, string>} [options.objects] Durable Object bindings and their classes
 */
export async function startPlain({ modules, variables = {}, objects = {} }) {
  const { folder, port } = await WorkerdProcess.prepare(modules);
  const workerd = new WorkerdProcess(folder, port);
  const names = modules.map((module) => basename(module instanceof URL ? fileURLToPath(module) : module));
  await workerd.set({ modules: names, variables, objects });
  await workerd.begin();
  return workerd;
}
