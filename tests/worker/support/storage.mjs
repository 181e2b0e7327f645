/** The files of a Worker's objects, while it does not run: to keep them, to put them back, to load what another release wrote. */

import { copyFile, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** @typedef {import("./workerd.mjs").Workerd} Workerd */

/** @param {Workerd} workerd */
const vaults = (workerd) => join(workerd.folder, "disk", "SessionVault");

/** An object's database is its file, and what was written since its last checkpoint beside it. @param {string} name */
const isSession = (name) => /^[0-9a-f]{64}\.sqlite/.test(name);

/** Copies the vaults' files. The Worker is to be killed before. @param {Workerd} workerd */
export async function keepVaults(workerd) {
  const kept = join(workerd.folder, "kept");
  await mkdir(kept);
  for (const name of (await readdir(vaults(workerd))).filter(isSession)) await copyFile(join(vaults(workerd), name), join(kept, name));
}

/** Puts them back, over what was written since. @param {Workerd} workerd */
export async function putVaultsBack(workerd) {
  const kept = join(workerd.folder, "kept");
  for (const name of (await readdir(vaults(workerd))).filter(isSession)) await rm(join(vaults(workerd), name));
  for (const name of await readdir(kept)) await copyFile(join(kept, name), join(vaults(workerd), name));
}

/** Puts a vault's file where the Worker will find it. @param {Workerd} workerd @param {string} folder @param {string} name */
export async function placeVault(workerd, folder, name) {
  await mkdir(vaults(workerd), { recursive: true });
  await copyFile(join(folder, name), join(vaults(workerd), name));
}
