// A project's folder, as far as this package cares.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { jsonOf } from "./files.js";
import { readDevVars } from "./dev-vars.js";
import { readWranglerFile, table, type Table, type WranglerFile } from "./wrangler-file.js";

export interface Project {
  readonly folder: string;
  readonly manifest: Table | undefined;
  readonly wrangler: WranglerFile | undefined;
  readonly vars: Table;
  readonly devVars: Map<string, string> | undefined;
}

export function readProject(folder = process.cwd()): Project {
  const wrangler = readWranglerFile(folder);
  return {
    folder: resolve(folder),
    manifest: jsonOf(join(folder, "package.json")),
    wrangler,
    vars: table(wrangler?.config.vars) ?? {},
    devVars: readDevVars(folder),
  };
}

/** Everything that a package.json depends on, with its range. */
export function dependenciesOf(manifest: Table | undefined): Table {
  return { ...table(manifest?.devDependencies), ...table(manifest?.dependencies) };
}

/** The folder of a package that Node would find from here. */
export function installed(folder: string, name: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const found = join(at, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return found;
    if (dirname(at) === at) return undefined;
  }
}
