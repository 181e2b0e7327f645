/** A local workerd with a Worker of this folder: no storage but the one of its objects, no variables but the given. */

import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "../worker/support/ports.mjs";
import { until } from "../worker/support/until.mjs";
import { workerdBinary } from "../worker/support/workerd.mjs";

const ROOT = new URL("../../", import.meta.url);

/** The date of the deployment: both sides run on the same runtime with the same flags. */
async function compatibilityDate() {
  const toml = await readFile(new URL("wrangler.toml", ROOT), "utf8");
  const date = /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(toml)?.[1];
  if (!date) throw new Error("wrangler.toml has no compatibility_date");
  return date;
}

const quoted = (/** @type {unknown} */ value) => JSON.stringify(String(value));

/** @param {{ port: number, disk: string, date: string, modules: string[], variables: Record<string, unknown>, objects: Record<string, string> }} options */
function configText({ port, disk, date, modules, variables, objects }) {
  const module = (/** @type {string} */ name) => `(name = ${quoted(name)}, ${name.endsWith(".wasm") ? "wasm" : "esModule"} = embed ${quoted(name)})`;
  const bindings = [
    ...Object.entries(variables).map(([name, value]) => `(name = ${quoted(name)}, ${typeof value === "string" ? `text = ${quoted(value)}` : `json = ${quoted(JSON.stringify(value))}`})`),
    ...Object.entries(objects).map(([name, className]) => `(name = ${quoted(name)}, durableObjectNamespace = ${quoted(className)})`),
  ];
  const namespaces = Object.values(objects).map((name) => `(className = ${quoted(name)}, uniqueKey = ${quoted(name)}, enableSql = true)`);
  const storage = namespaces.length > 0 ? `durableObjectNamespaces = [${namespaces.join(", ")}], durableObjectStorage = (localDisk = "disk"),` : "";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    (name = "disk", disk = (path = ${quoted(disk)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [${modules.map(module).join(", ")}],
  compatibilityDate = ${quoted(date)},
  bindings = [${bindings.join(", ")}],
  ${storage}
  globalOutbound = "internet",
);
`;
}

export class PlainWorkerd {
  /** What it says is for whoever looks for the reason of a failure. */
  output = "";
  /** @type {import("node:child_process").ChildProcess | undefined} */ #child;

  /** @param {string} folder @param {number} port */
  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
  }

  get pid() {
    return this.#child?.pid;
  }

  /**
   * @param {object} options
   * @param {(string | URL)[]} options.modules files, the entry first
   * @param {Record<string, unknown>} [options.variables]
   * @param {Record<string, string>} [options.objects] Durable Object bindings and their classes
   */
  static async start({ modules, variables = {}, objects = {} }) {
    const folder = await mkdtemp(join(tmpdir(), "everlit-bench-"));
    const workerd = new PlainWorkerd(folder, await freePort());
    const paths = modules.map((module) => (module instanceof URL ? fileURLToPath(module) : module));
    for (const path of paths) await copyFile(path, join(folder, basename(path)));
    const disk = join(folder, "disk");
    await mkdir(disk);
    const names = paths.map((path) => basename(path));
    await writeFile(join(folder, "config.capnp"), configText({ port: workerd.port, disk, date: await compatibilityDate(), modules: names, variables, objects }));
    await workerd.begin();
    return workerd;
  }

  async begin() {
    const child = spawn(workerdBinary(), ["serve", join(this.folder, "config.capnp")], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    await until("workerd to listen", () => {
      if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}: ${this.output}`);
      return this.#listens();
    });
  }

  /** Ends it at once. */
  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async close() {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  #listens() {
    return new Promise((resolve) => {
      const socket = connect(this.port, "127.0.0.1");
      socket.once("connect", () => resolve(socket.destroy() && true)).once("error", () => resolve(false));
    });
  }
}
