/** The packed package, and projects that have it installed. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const REPO = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const WEB = join(REPO, "crates/web");
const NPM = process.platform === "win32" ? "npm.cmd" : "npm";

/** What npm and wrangler find on a machine that has no network. */
export const ENVIRONMENT = { ...process.env, npm_config_audit: "false", npm_config_fund: "false", npm_config_update_notifier: "false", NO_COLOR: "1", WRANGLER_SEND_METRICS: "false" };

/** A folder that is gone when the tests of this file are. */
export function scratch() {
  const folder = mkdtempSync(join(tmpdir(), "everlit-cli-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Packs the package as it would be published, into a folder. */
export function pack(/** @type {string} */ folder) {
  if (!existsSync(join(WEB, "dist/worker/index_bg.wasm"))) throw new Error("crates/web/dist has no Worker in it: `cargo xtask build` first");
  const said = execFileSync(NPM, ["pack", "--json", "--pack-destination", folder], { cwd: WEB, env: ENVIRONMENT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [{ filename, files }] = JSON.parse(said);
  return { tarball: join(folder, filename), files: files.map((/** @type {{ path: string }} */ { path }) => path) };
}

/**
 * The command as `npx` runs it, from the tarball alone.
 *
 * @param {string} tarball
 * @param {string[]} words
 * @param {string} cwd
 */
export function npx(tarball, words, cwd) {
  const [program = "", ...rest] = npxOf(tarball);
  return ended(spawnSync(program, [...rest, ...words], { cwd, env: ENVIRONMENT, encoding: "utf8" }));
}

/** The words before those of the command. @param {string} tarball */
export const npxOf = (tarball) => [NPM, "exec", "--yes", "--offline", `--package=${tarball}`, "--", "everlit"];

/**
 * Installs the tarball into a project, which takes its other tools from this repository.
 *
 * @param {string} tarball
 * @param {string} project
 * @param {string[]} [tools] packages of ours that it uses
 */
export function install(tarball, project, tools = ["wrangler"]) {
  npmInstall(project, tools, [tarball]);
}

/**
 * `npm install`, with the tools of a project taken from this repository.
 *
 * @param {string} project
 * @param {string[]} [tools]
 * @param {string[]} [packages] to be added
 */
export function npmInstall(project, tools = ["wrangler"], packages = []) {
  const path = join(project, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  for (const group of [manifest.dependencies ?? {}, manifest.devDependencies ?? {}]) {
    for (const name of Object.keys(group)) if (tools.includes(name)) group[name] = `file:${join(REPO, "node_modules", name)}`;
  }
  writeFileSync(path, JSON.stringify(manifest, null, 2));
  execFileSync(NPM, ["install", "--offline", ...packages], { cwd: project, env: ENVIRONMENT, stdio: ["ignore", "ignore", "pipe"] });
}

/**
 * The same without npm, for tests that are about something else: the tarball's files, where npm puts them.
 *
 * @param {string} tarball
 * @param {string} project
 */
export function unpack(tarball, project) {
  const modules = join(project, "node_modules");
  mkdirSync(join(modules, "everlit"), { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", join(modules, "everlit"), "--strip-components=1"]);
  symlinkSync(join(REPO, "node_modules/wrangler"), join(modules, "wrangler"));
}

/** The installed command. @param {string} project */
export const commandOf = (project) => join(project, "node_modules/everlit/dist/cli/main.js");

/**
 * Runs the installed command to its end.
 *
 * @param {string} project where it is installed
 * @param {string[]} words
 * @param {string} [cwd]
 */
export function everlit(project, words, cwd = project) {
  return ended(spawnSync(process.execPath, [commandOf(project), ...words], { cwd, env: ENVIRONMENT, encoding: "utf8", timeout: 60_000 }));
}

/** The same without holding up this process, whose servers it may ask. @param {string} project @param {string[]} words */
export async function everlitAsync(project, words) {
  const child = spawn(process.execPath, [commandOf(project), ...words], { cwd: project, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => { out += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { err += text; });
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, out, err };
}

/** @param {import("node:child_process").SpawnSyncReturns<string>} result */
function ended({ status, stdout, stderr, error }) {
  if (error) throw error;
  return { code: status, out: stdout, err: stderr };
}

/** Every file below a folder, node_modules aside. @param {string} folder @returns {string[]} */
export function filesBelow(folder, within = "") {
  return readdirSync(join(folder, within), { withFileTypes: true }).flatMap((entry) => {
    const path = within ? `${within}/${entry.name}` : entry.name;
    if (entry.name === "node_modules" || entry.name === ".wrangler") return [];
    return entry.isDirectory() ? filesBelow(folder, path) : [path];
  }).sort();
}

/** A copy of a project, with its modules. @param {string} from @param {string} to */
export const copy = (from, to) => cpSync(from, to, { recursive: true, verbatimSymlinks: true });
