/** The second authorization server, one that forgives: django-oauth-toolkit, with the resource server behind it. */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { createControlServer } from "./control-server.mjs";
import { createCounters } from "./counters.mjs";
import { DEFAULTS } from "./defaults.mjs";
import { listen } from "./listener.mjs";
import { createResourceServer } from "./resource-server.mjs";

const SERVE = fileURLToPath(new URL("django/serve.py", import.meta.url));
/** As django/flags.py has it. */
const RESOURCE_SERVER_ID = "everlit-orders";
/** It starts in a second; on a busy machine in several. */
const START_MS = 60_000;
/** Between asking it to end and ending it. */
const GRACE_MS = 8_000;

/**
 * @typedef {object} DjangoOptions
 * @property {string} clientSecret
 * @property {string} [clientId]
 * @property {string[]} [redirectUris]
 * @property {number} [accessTtl] lifetime of access tokens in seconds
 * @property {number} [grace] seconds for which a spent refresh token is answered with the pair that replaced it
 * @property {boolean} [reuseProtection] whether one that comes later ends its family
 * @property {number} [port] of the authorization server; 0 takes a free one, here and below
 * @property {number} [resourcePort]
 * @property {number} [controlPort]
 * @property {string} [python] the interpreter that has the toolkit
 * @property {(line: string) => void} [log]
 */

/** @typedef {import("./counters.mjs").Counters & { replays_forgiven: number }} DjangoCounters */

/**
 * @typedef {object} DjangoServers
 * @property {string} issuer has a path: `http://127.0.0.1:<port>/o`
 * @property {string} resource origin of the resource server; the orders are at `/orders`
 * @property {string} control origin of the control server
 * @property {number} pid of the authorization server
 * @property {() => Promise<DjangoCounters>} counters what was seen up to now
 * @property {() => Promise<void>} close stops everything; idempotent
 */

/**
 * Starts the authorization server as a process of its own, and the other two beside it, or none.
 *
 * @param {DjangoOptions} options
 * @returns {Promise<DjangoServers>}
 */
export async function startDjango({
  clientSecret,
  clientId = DEFAULTS.clientId,
  redirectUris = [...DEFAULTS.redirectUris],
  accessTtl = DEFAULTS.accessTtl,
  grace = 10,
  reuseProtection = true,
  port = 0,
  resourcePort = 0,
  controlPort = 0,
  python = process.env.EVERLIT_DJANGO_PYTHON,
  log = () => {},
}) {
  if (!python) {
    throw new Error("EVERLIT_DJANGO_PYTHON is to name a Python that has django-oauth-toolkit: `cargo xtask setup` makes one and says where, `cargo xtask test` passes it on");
  }
  const counters = createCounters();
  const resourceSecret = randomBytes(32).toString("base64url");
  /** @type {(() => Promise<void>)[]} */
  const open = [];
  const close = async () => {
    await Promise.all(open.splice(0).map((end) => end()));
  };

  try {
    const resource = await listen(resourcePort, { what: "resource server", flag: "--resource-port" });
    open.push(resource.close);
    const control = await listen(controlPort, { what: "control server", flag: "--control-port" });
    open.push(control.close);
    const flags = ["--port", String(port), "--access-ttl", String(accessTtl), "--grace", String(grace), "--client-id", clientId];
    if (!reuseProtection) flags.push("--no-reuse-protection");
    const authorization = await startProcess({
      python,
      args: [...flags, ...redirectUris.flatMap((uri) => ["--redirect-uri", uri])],
      env: { CLIENT_SECRET: clientSecret, RESOURCE_SECRET: resourceSecret },
      log,
    });
    open.push(authorization.end);

    const { issuer } = authorization;
    const { origin } = new URL(issuer);
    const read = async () => ({ ...counters, .../** @type {object} */ (await (await fetch(`${origin}/counters`)).json()) });
    resource.serve(createResourceServer({
      introspectionEndpoint: `${issuer}/introspect/`,
      clientId: RESOURCE_SERVER_ID,
      clientSecret: resourceSecret,
      namesTokenTypes: false,
      counters,
      log,
    }));
    control.serve(createControlServer(read));
    return {
      issuer,
      resource: resource.origin,
      control: control.origin,
      pid: authorization.pid,
      counters: /** @type {() => Promise<DjangoCounters>} */ (read),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * @param {{ python: string, args: string[], env: Record<string, string>, log: (line: string) => void }} options
 * @returns {Promise<{ issuer: string, pid: number, end: () => Promise<void> }>}
 */
async function startProcess({ python, args, env, log }) {
  // -B: nothing is written beside the sources. -I would keep it from finding its own modules.
  const child = spawn(python, ["-B", SERVE, ...args], { env: { PATH: process.env.PATH, PYTHONUNBUFFERED: "1", ...env }, stdio: "pipe" });
  const failed = once(child, "error").then(([error]) => { throw new Error(`cannot start ${python}: ${error.message}; \`cargo xtask setup\` installs it`); });
  const ended = once(child, "close");
  failed.catch(() => {});
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
    complaint = (complaint + text).slice(-4_000);
    for (const line of text.split("\n").filter(Boolean)) log(line);
  });
  child.stdin.on("error", () => {});

  const end = async () => {
    child.stdin.end();
    const limit = setTimeout(() => child.kill("SIGKILL"), GRACE_MS);
    await ended;
    clearTimeout(limit);
  };

  /** @type {Promise<string>} */
  const ready = new Promise((resolve, reject) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (/** @type {string} */ text) => {
      said += text;
      if (said.includes("\n")) resolve(said);
    });
    ended.then(([code]) => reject(new Error(`django ended before it was ready (exit code ${code}): ${complaint.trim()}`)), reject);
  });
  const late = new AbortController();
  const limit = setTimeout(() => late.abort(), START_MS);
  try {
    const tooLate = once(late.signal, "abort").then(() => { throw new Error(`django was not ready after ${START_MS} ms: ${complaint.trim()}`); });
    const { issuer } = JSON.parse(await Promise.race([ready, failed, tooLate]));
    return { issuer, pid: /** @type {number} */ (child.pid), end };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  } finally {
    clearTimeout(limit);
  }
}
