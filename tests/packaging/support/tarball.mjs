// The package as npm would publish it, and projects that have it installed.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../../crates/web/", import.meta.url));
// Below the repository: bundlers and compilers that are installed at its top are found from here, as from any project.
const TARGET = fileURLToPath(new URL("../../../target/packaging/", import.meta.url));

/** @type {{ folder: string, tarball: string, unpacked: string, files: string[] } | undefined} */
let packed;

/** Packs it, once for each test file. */
export function pack() {
  if (packed) return packed;
  mkdirSync(TARGET, { recursive: true });
  const folder = mkdtempSync(join(TARGET, "packed-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const said = execFileSync("npm", ["pack", "--json", "--silent", "--pack-destination", folder], { cwd: PACKAGE, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const answer = JSON.parse(said);
  const [{ filename, files }] = Array.isArray(answer) ? answer : Object.values(answer);
  const tarball = join(folder, filename);
  execFileSync("tar", ["-xzf", tarball, "-C", folder]);
  packed = { folder, tarball, unpacked: join(folder, "package"), files: files.map((/** @type {{ path: string }} */ { path }) => path).sort() };
  return packed;
}

/**
 * A project of these files in which the packed tarball is installed: unpacked into its own node_modules, which is all that npm does for a
 * package without dependencies.
 * @param {string} name
 * @param {Record<string, string>} files
 * @returns {string} its folder
 */
export function project(name, files) {
  const folder = join(pack().folder, name);
  cpSync(pack().unpacked, join(folder, "node_modules/everlit"), { recursive: true });
  for (const [path, text] of Object.entries({ "package.json": JSON.stringify({ name, private: true, type: "module" }), ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}
