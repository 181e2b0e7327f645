// What is installed: the package once, with its Worker, and wrangler.

import { existsSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { jsonOf } from "../files.js";
import { dependenciesOf, installed, type Project } from "../project.js";
import { fail, ok, warn, type Check } from "./check.js";

export function installation({ folder, manifest }: Project): Check[] {
  return [everlit(folder, "everlit" in dependenciesOf(manifest)), copies(folder), wrangler(folder)];
}

function everlit(folder: string, named: boolean): Check {
  const found = installed(folder, "everlit");
  if (!found) return fail("package", "everlit is not installed here", named ? "npm install" : "npm install everlit");
  if (!existsSync(join(found, "dist/worker/index_bg.wasm"))) return fail("package", `everlit ${versionIn(found)} has no Worker in it`, "npm install everlit@latest; or, where it was built from source, cargo xtask build");
  if (!named) return warn("package", "everlit is installed, and package.json does not name it", "npm install everlit");
  return ok("package", `everlit ${versionIn(found)}`);
}

function copies(folder: string): Check {
  const found = installed(folder, "everlit");
  const all = [...new Set([...(found ? [found] : []), ...below(join(folder, "node_modules"))].map((each) => realpathSync(each)))];
  if (all.length < 2) return ok("copies", "one copy of the package");
  const list = all.map((each) => `${versionIn(each)} in ${each.startsWith(realpathSync(folder)) ? each.slice(realpathSync(folder).length + 1) : each}`);
  return fail("copies", `${all.length} copies of the package: ${list.join(", ")}; a page that loads two has two sessions`, 'Put "overrides": { "everlit": "$everlit" } into package.json and run npm install.');
}

/** Copies of the package in a node_modules and those in it. */
function below(modules: string): string[] {
  if (!existsSync(modules)) return [];
  const folders = readdirSync(modules, { withFileTypes: true }).flatMap((entry) => {
    // What is linked is a project of its own, and found by its own doctor.
    if (!entry.isDirectory() || entry.name.startsWith(".")) return [];
    if (!entry.name.startsWith("@")) return [entry.name];
    return readdirSync(join(modules, entry.name)).map((name) => join(entry.name, name));
  });
  return folders.flatMap((name) => [...(name === "everlit" ? [join(modules, name)] : []), ...below(join(modules, name, "node_modules"))]);
}

function wrangler(folder: string): Check {
  const found = installed(folder, "wrangler");
  if (!found) return fail("wrangler", "wrangler, which runs and deploys the Worker, is not installed here", "npm install --save-dev wrangler");
  const version = versionIn(found);
  if (Number(version.split(".")[0]) < 4) return fail("wrangler", `wrangler ${version} is too old`, "npm install --save-dev wrangler@4");
  return ok("wrangler", version);
}

const versionIn = (folder: string): string => String(jsonOf(join(folder, "package.json"))?.version ?? "?");
