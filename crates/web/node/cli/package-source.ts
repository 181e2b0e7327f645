// Where this package came from, as a project's package.json names it.

import { existsSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { jsonOf } from "./files.js";
import { versionOf } from "./help.js";
import { PACKAGE } from "./package-folder.js";
import { dependenciesOf } from "./project.js";
import { table, type Table } from "./wrangler-file.js";

const FILE = /^(?:file|link|portal):/;
/** What no registry is asked for. */
const ELSEWHERE = /^(?:file|link|portal|https?|git(?:\+\w+)?|ssh|github|gitlab|bitbucket|gist):|^\.{0,2}[\\/]/;

/**
 * The dependency with which `npm install` in a folder finds what runs here: the file or the address that it was installed from, or else its
 * version at the registry.
 */
export function dependencyFor(folder: string): string {
  for (const root of roots()) {
    const named = dependenciesOf(readable(join(root, "package.json"))).everlit ?? lockedIn(root);
    if (typeof named !== "string") continue;
    if (!ELSEWHERE.test(named)) break;
    if (!FILE.test(named) && !/^\.{0,2}[\\/]/.test(named)) return named;
    const path = resolve(root, named.replace(FILE, ""));
    if (existsSync(path)) return fileFrom(folder, path);
  }
  // A private package is at no registry; nor is one that is a folder of somebody's work.
  const own = readable(join(PACKAGE, "package.json"));
  return own?.private === true || !PACKAGE.includes(`${sep}node_modules${sep}`) ? fileFrom(folder, resolve(PACKAGE)) : `^${versionOf()}`;
}

/** The folders in whose node_modules this package lies: of `npx` one in npm's cache, which says what it was asked for. The nearest first. */
function roots(): string[] {
  const found: string[] = [];
  for (let at = resolve(PACKAGE); dirname(at) !== at; at = dirname(at)) if (dirname(at).endsWith(`${sep}node_modules`)) found.push(dirname(dirname(at)));
  return found;
}

/** What npm took, where no manifest says what was wanted: of an installation for the whole machine. */
function lockedIn(root: string): unknown {
  const packages = table(readable(join(root, "node_modules/.package-lock.json"))?.packages);
  const resolved = table(packages?.["node_modules/everlit"])?.resolved;
  return typeof resolved === "string" && FILE.test(resolved) ? resolved : undefined;
}

/** What is nobody's fault here: a file of npm's own, or of a project around this one. */
function readable(path: string): Table | undefined {
  try {
    return jsonOf(path);
  } catch {
    return undefined;
  }
}

/** As npm writes it: from the project's folder, so that both can be moved together. */
function fileFrom(folder: string, path: string): string {
  const way = relative(realpathSync(folder), realpathSync(path));
  // Another drive of Windows is no way from here.
  return `file:${(isAbsolute(way) ? way : way || ".").split(sep).join("/")}`;
}
