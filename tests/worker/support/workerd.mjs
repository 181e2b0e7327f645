/** A local workerd that serves the Worker's real bundle, with storage on disk: it can be killed and started again. */

import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { send } from "./browser.mjs";
import { freePort } from "./ports.mjs";
import { until } from "./until.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
export const BUILD = resolve(process.env.EVERLIT_WORKER_BUILD ?? join(ROOT, "worker/build"));
const MODULES = ["index.js", "index_bg.wasm"];
/** The same with fault points in it. */
export const BUILD_WITH_FAULTS = resolve(process.env.EVERLIT_WORKER_BUILD_FAULTS ?? join(ROOT, "target/worker-faults"));
/** Around the bundle, where a test says so. */
const DOOR = ["door.js", "meter.js"];

/** The binary itself: the package's own launcher is one process more to kill. */
export function workerdBinary() {
  const require = createRequire(join(ROOT, "package.json"));
  const inner = createRequire(require.resolve("workerd/package.json"));
  const { platform, arch } = process;
  const os = platform === "win32" ? "windows" : platform;
  const cpu = arch === "x64" ? "64" : arch;
  const name = `@cloudflare/workerd-${os}-${cpu}`;
  return join(dirname(inner.resolve(`${name}/package.json`)), "bin", platform === "win32" ? "workerd.exe" : "workerd");
}

/** The Durable Object bindings, and their classes. */
export const OBJECTS = { SESSION_VAULT: "SessionVault", ESCROW: "Escrow", LOGIN_DESK: "LoginDesk" };

const quoted = (/** @type {unknown} */ value) => JSON.stringify(String(value));

/** @param {string} name @param {unknown} value texts as they are, everything else as JSON, as wrangler does it */
const binding = (name, value) =>
  typeof value === "string"
    ? `(name = ${quoted(name)}, text = ${quoted(value)})`
    : `(name = ${quoted(name)}, json = ${quoted(JSON.stringify(value))})`;

/** @param {{ port: number, disk: string, compatibilityDate: string, variables: Record<string, unknown>, objects: Record<string, string>, rotator: boolean, door: boolean }} options */
function configText({ port, disk, compatibilityDate, variables, objects, rotator, door }) {
  const bindings = [
    ...Object.entries(variables).filter(([, value]) => value !== undefined).map(([name, value]) => binding(name, value)),
    ...Object.entries(objects).map(([name, className]) => `(name = ${quoted(name)}, durableObjectNamespace = ${quoted(className)})`),
    ...(rotator ? [`(name = "ROTATOR", service = "main")`] : []),
  ];
  const namespaces = Object.values(OBJECTS).map((name) => `(className = ${quoted(name)}, uniqueKey = ${quoted(name)}, enableSql = true)`);
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
  modules = [${(door ? DOOR : []).map((name) => `\n    (name = ${quoted(name)}, esModule = embed ${quoted(name)}),`).join("")}
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"),
  ],
  compatibilityDate = ${quoted(compatibilityDate)},
  bindings = [${bindings.join(",\n    ")}],
  durableObjectNamespaces = [${namespaces.join(", ")}],
  durableObjectStorage = (localDisk = "disk"),
  globalOutbound = "internet",
);
`;
}

export class Workerd {
  /** Everything it has written, over all of its lives. */
  output = "";
  /** @type {import("node:child_process").ChildProcess | undefined} */ #child;
  /** @type {Record<string, unknown>} */ #variables;
  /** @type {Record<string, string>} */ #objects;
  /** @type {boolean} */ #rotator;
  /** @type {boolean} */ #door;

  /** @param {string} folder @param {number} port @param {Record<string, unknown>} variables @param {Record<string, string>} objects @param {boolean} rotator @param {boolean} door */
  constructor(folder, port, variables, objects, rotator, door) {
    this.folder = folder;
    this.port = port;
    this.#variables = variables;
    this.#objects = objects;
    this.#rotator = rotator;
    this.#door = door;
  }

  /** The running process, for whoever measures it. */
  get pid() {
    return this.#child?.pid;
  }

  /** The log, line by line, as far as it is ours. @returns {Record<string, any>[]} */
  get log() {
    return this.output.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  /**
   * @param {object} options
   * @param {number} [options.port]
   * @param {Record<string, unknown>} options.variables
   * @param {Record<string, string>} [options.objects] Durable Object bindings and their classes
   * @param {boolean} [options.rotator] whether the Worker is bound to itself
   * @param {boolean} [options.door] whether the objects can be reached, see `door.js`
   * @param {string} [options.build] folder of the bundle
   */
  static async start({ port, variables, objects = OBJECTS, rotator = true, door = false, build = BUILD }) {
    const folder = await mkdtemp(join(tmpdir(), "everlit-workerd-"));
    const workerd = new Workerd(folder, port ?? (await freePort()), variables, objects, rotator, door);
    for (const module of MODULES) await copyFile(join(build, module), join(folder, module));
    for (const module of door ? DOOR : []) await copyFile(fileURLToPath(new URL(module, import.meta.url)), join(folder, module));
    await mkdir(join(folder, "disk"));
    await workerd.configure({});
    await workerd.begin();
    return workerd;
  }

  /** Changes variables, for the next start. @param {Record<string, unknown>} changes */
  async configure(changes) {
    Object.assign(this.#variables, changes);
    const toml = await readFile(join(ROOT, "wrangler.toml"), "utf8");
    const compatibilityDate = /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(toml)?.[1] ?? "";
    const text = configText({ port: this.port, disk: join(this.folder, "disk"), compatibilityDate, variables: this.#variables, objects: this.#objects, rotator: this.#rotator, door: this.#door });
    await writeFile(join(this.folder, "config.capnp"), text);
  }

  /** Starts the process, on what its storage holds. */
  async begin() {
    const child = spawn(workerdBinary(), ["serve", join(this.folder, "config.capnp")], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => (this.output += text));
    }
    await until("workerd to listen", () => {
      if (child.exitCode !== null) throw new Error(`workerd ended with ${child.exitCode}: ${this.output}`);
      return this.#listens();
    });
  }

  /** Ends it at once, in the middle of whatever it does. SIGTERM would drain, and hold the port meanwhile. */
  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /**
   * Asks a Durable Object, past the Worker. Only through the door.
   *
   * @param {"SESSION_VAULT" | "ESCROW" | "LOGIN_DESK"} binding @param {string | undefined} cookie whose first half is the object's name, or its session's
   * @param {string} path @param {string} [body]
   */
  async ask(binding, cookie, path, body = "") {
    const query = new URLSearchParams({ binding, name: cookie?.split(".")[0] ?? "", path });
    const answer = await send(`http://localhost:${this.port}/door/object?${query}`, { method: "POST", body });
    if (answer.status !== 200) throw new Error(`the object answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** Says what befalls calls to an object from now on. Only through the door. @param {string} path @param {{ delayMs?: number, lose?: boolean, drop?: boolean, twice?: "first" | "second", times?: number }} accident */
  async befall(path, accident) {
    const url = `http://localhost:${this.port}/door/accident?${new URLSearchParams({ path })}`;
    const answer = await send(url, { method: "POST", body: JSON.stringify(accident) });
    if (answer.status !== 200) throw new Error(`the door answered ${answer.status}: ${answer.text}`);
  }

  /** Makes the Wasm module one that has trapped. Only through the door. */
  async trap() {
    const answer = await send(`http://localhost:${this.port}/door/trap`, { method: "POST" });
    if (answer.status !== 200) throw new Error(`the door answered ${answer.status}: ${answer.text}`);
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
