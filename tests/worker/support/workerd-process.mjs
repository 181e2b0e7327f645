/** A workerd process of its own, with a folder for its modules and its storage: it can be killed and started again. */

import { spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { freePort } from "./ports.mjs";
import { until } from "./until.mjs";

const ROOT = new URL("../../../", import.meta.url);

/** The binary itself: the package's own launcher is one process more to kill. */
function binary() {
  const require = createRequire(new URL("package.json", ROOT));
  const inner = createRequire(require.resolve("workerd/package.json"));
  const { platform, arch } = process;
  const os = platform === "win32" ? "windows" : platform;
  const cpu = arch === "x64" ? "64" : arch;
  const name = `@cloudflare/workerd-${os}-${cpu}`;
  return join(dirname(inner.resolve(`${name}/package.json`)), "bin", platform === "win32" ? "workerd.exe" : "workerd");
}

/** The date of the deployment: whoever is measured or tested runs on the same runtime with the same flags. */
async function compatibilityDate() {
  const toml = await readFile(new URL("wrangler.toml", ROOT), "utf8");
  const date = /^compatibility_date\s*=\s*"([\d-]+)"/m.exec(toml)?.[1];
  if (!date) throw new Error("wrangler.toml has no compatibility_date");
  return date;
}

const quoted = (/** @type {unknown} */ value) => JSON.stringify(String(value));

/** @param {string} name @param {unknown} value texts as they are, everything else as JSON, as wrangler does it */
const variable = (name, value) =>
  typeof value === "string"
    ? `(name = ${quoted(name)}, text = ${quoted(value)})`
    : `(name = ${quoted(name)}, json = ${quoted(JSON.stringify(value))})`;

/**
 * @typedef {object} Setting
 * @property {string[]} modules names of files in its folder, the entry first
 * @property {Record<string, unknown>} [variables]
 * @property {Record<string, string>} [objects] Durable Object bindings and their classes
 * @property {string[]} [classes] the classes that there are, if not all are bound
 * @property {string[]} [itself] bindings of the Worker to itself
 * @property {string[]} [trusted] certificates in PEM that its requests trust, beside those of the runtime
 * @property {Record<string, string>} [bound] service bindings, and the Workers of `beside` that they lead to: `services`, or `services#ForUsers` for an
 * entrypoint of its own
 * @property {Record<string, Omit<Setting, "itself" | "trusted" | "bound" | "beside">>} [beside] further Workers in the same process, by name: each with bindings
 * and objects of its own, and without an address
 */

/** One Worker of the process. @param {string} name @param {string} date @param {Setting} setting */
function workerText(name, date, { modules, variables = {}, objects = {}, classes = Object.values(objects), itself = [], bound = {} }) {
  const module = (/** @type {string} */ file) => `(name = ${quoted(basename(file))}, ${file.endsWith(".wasm") ? "wasm" : "esModule"} = embed ${quoted(file)})`;
  const bindings = [
    ...Object.entries(variables).filter(([, value]) => value !== undefined).map(([binding, value]) => variable(binding, value)),
    ...Object.entries(objects).map(([binding, className]) => `(name = ${quoted(binding)}, durableObjectNamespace = ${quoted(className)})`),
    ...itself.map((binding) => `(name = ${quoted(binding)}, service = ${quoted(name)})`),
    ...Object.entries(bound).map(([binding, other]) => {
      const [worker, entrypoint] = other.split("#");
      const designator = entrypoint ? `(name = ${quoted(worker)}, entrypoint = ${quoted(entrypoint)})` : quoted(worker);
      return `(name = ${quoted(binding)}, service = ${designator})`;
    }),
  ];
  const namespaces = classes.map((className) => `(className = ${quoted(className)}, uniqueKey = ${quoted(className)}, enableSql = true)`);
  const storage = `durableObjectNamespaces = [${namespaces.join(", ")}],\n  durableObjectStorage = (localDisk = "disk"),`;
  return `const ${name} :Workerd.Worker = (
  modules = [${modules.map(module).join(", ")}],
  compatibilityDate = ${quoted(date)},
  bindings = [${bindings.join(",\n    ")}],
  ${namespaces.length > 0 ? storage : ""}
  globalOutbound = "internet",
);
`;
}

/** @param {number} port @param {string} date @param {Setting} setting */
function configText(port, date, setting) {
  const { trusted = [], beside = {} } = setting;
  const tls = `tlsOptions = (trustBrowserCas = true, trustedCertificates = [${trusted.map(quoted).join(", ")}])`;
  const workers = Object.entries({ main: setting, ...beside });
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    ${workers.map(([name]) => `(name = ${quoted(name)}, worker = .${name}),`).join("\n    ")}
    (name = "internet", network = (allow = ["public", "private", "local"], ${tls})),
    (name = "disk", disk = (path = "disk", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
${workers.map(([name, worker]) => workerText(name, date, worker)).join("")}`;
}

export class WorkerdProcess {
  /** Everything it has written, over all of its lives. */
  output = "";
  /** @type {import("node:child_process").ChildProcess | undefined} */ #child;

  /** @param {string} folder @param {number} port */
  constructor(folder, port) {
    this.folder = folder;
    this.port = port;
  }

  /** A folder with copies of these files, and a port. @param {(string | URL)[]} files @param {number} [port] */
  static async prepare(files, port) {
    const folder = await mkdtemp(join(tmpdir(), "everlit-workerd-"));
    for (const file of files) {
      const path = file instanceof URL ? fileURLToPath(file) : file;
      await copyFile(path, join(folder, basename(path)));
    }
    await mkdir(join(folder, "disk"));
    return { folder, port: port ?? (await freePort()) };
  }

  /** The running process, for whoever measures it. */
  get pid() {
    return this.#child?.pid;
  }

  /** Says what it serves, for the next start. @param {Setting} setting */
  async set(setting) {
    await writeFile(join(this.folder, "config.capnp"), configText(this.port, await compatibilityDate(), setting));
  }

  /** Starts the process, on what its storage holds. */
  async begin() {
    const child = spawn(binary(), ["serve", "config.capnp"], { cwd: this.folder, stdio: ["ignore", "pipe", "pipe"] });
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
