// A project's folder, as far as this package cares.

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { jsonOf } from "./files.js";
import { readDevVars } from "./dev-vars.js";
import { inEnvironment, readWranglerFile, table, type Table, type WranglerFile } from "./wrangler-file.js";

export interface Project {
  readonly folder: string;
  readonly manifest: Table | undefined;
  readonly wrangler: WranglerFile | undefined;
  readonly vars: Table;
  readonly devVars: Map<string, string> | undefined;
}

/** @param env the environment of the wrangler file; without it, what is at its top */
export function readProject(folder = process.cwd(), env?: string): Project {
  const file = readWranglerFile(folder);
  const wrangler = file && env !== undefined ? { ...file, config: inEnvironment(file, env) } : file;
  return {
    folder: resolve(folder),
    manifest: jsonOf(join(folder, "package.json")),
    wrangler,
    vars: table(wrangler?.config.vars) ?? {},
    devVars: readDevVars(folder, env),
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
