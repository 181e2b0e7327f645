// The wrangler file: the Worker's bindings, the paths that are the Worker's, and the variables.

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Project } from "../project.js";
import { table, tables, texts, type Table, type WranglerFile } from "../wrangler-file.js";
import { fail, ok, type Check } from "./check.js";
import { variables } from "./variables.js";

export const WORKER = "node_modules/everlit/dist/worker/index.js";
export const WORKER_FIRST = ["/auth/*", "/api/*", "/internal/*", "/healthz"];
/** The same, where a services Worker is bound. */
const SERVICES_FIRST = ["/service", "/service/*"];
const OBJECTS = [
  ["SESSION_VAULT", "SessionVault"],
  ["ESCROW", "Escrow"],
  ["LOGIN_DESK", "LoginDesk"],
  ["SESSION_INDEX", "SessionIndex"],
] as const;

export function wrangler({ folder, vars }: Project, file: WranglerFile): Check[] {
  const { config, name } = file;
  return [main(folder, config, name), objects(config, name), migrations(config, name), rotator(config, name), users(config, vars, name), assets(folder, config, name), paths(config, name), variables(vars, name)];
}

function main(folder: string, config: Table, file: string): Check {
  if (typeof config.main !== "string") return fail("main", `${file} names no Worker`, `Put main = "${WORKER}" into ${file}.`);
  if (!existsSync(resolve(folder, config.main))) return fail("main", `${config.main}, which ${file} names, is not there`, `Put main = "${WORKER}" into ${file}, and run npm install.`);
  return ok("main", config.main);
}

function objects(config: Table, file: string): Check {
  const bindings = tables(table(config.durable_objects)?.bindings);
  const missing = OBJECTS.filter(([name, type]) => !bindings.some((each) => each.name === name && each.class_name === type));
  if (!missing.length) return ok("objects", "all four are bound");
  const lines = missing.map(([name, type]) => `{ name = "${name}", class_name = "${type}" }`).join(", ");
  return fail("objects", `${file} does not bind ${missing.map(([, type]) => type).join(", ")}`, `Put ${lines} into the list bindings of [durable_objects] in ${file}.`);
}

function migrations(config: Table, file: string): Check {
  const made = tables(config.migrations).flatMap((step) => texts(step.new_sqlite_classes));
  const missing = OBJECTS.map(([, type]) => type).filter((type) => !made.includes(type));
  if (!missing.length) return ok("migrations", "all four classes are made, with SQLite");
  return fail("migrations", `no migration in ${file} makes ${missing.join(", ")}`, `Add to ${file}: [[migrations]] tag = "everlit-${tables(config.migrations).length + 1}", new_sqlite_classes = ${JSON.stringify(missing)}`);
}

function rotator(config: Table, file: string): Check {
  const name = String(config.name ?? "");
  const bound = tables(config.services).find(({ binding }) => binding === "ROTATOR");
  if (bound?.service === name) return ok("rotator", "bound to the Worker itself");
  const said = bound ? `ROTATOR leads to "${String(bound.service)}", and this Worker is "${name}": no token would be renewed` : `${file} does not bind the Worker to itself`;
  return fail("rotator", said, `[[services]] binding = "ROTATOR" in ${file} needs service = "${name}".`);
}

/** Users of the app reach an account of the operator's by an entrypoint of its own: without it the Worker answers 503 on every path. */
function users(config: Table, vars: Table, file: string): Check {
  const upstreams = Object.entries(vars).filter(([key, value]) => key.startsWith("UPSTREAM_") && String(table(value)?.vault ?? "").startsWith("service:")).map(([key]) => key);
  const bound = tables(config.services).find(({ binding }) => binding === "SERVICES_USERS");
  if (bound?.entrypoint === "ForUsers") return ok("users", "SERVICES_USERS leads to ForUsers");
  if (!bound && !upstreams.length) return ok("users", "no upstream is an account of the operator's");
  const said = bound ? `SERVICES_USERS in ${file} does not lead to the entrypoint ForUsers` : `${file} does not bind SERVICES_USERS, which ${upstreams.join(", ")} needs`;
  const service = String(tables(config.services).find(({ binding }) => binding === "SERVICES")?.service ?? "everlit-services");
  return fail("users", said, `[[services]] binding = "SERVICES_USERS" in ${file} needs service = "${service}" and entrypoint = "ForUsers".`);
}

function assets(folder: string, config: Table, file: string): Check {
  const directory = table(config.assets)?.directory;
  if (typeof directory !== "string") return ok("assets", "the Worker serves no files");
  if (existsSync(resolve(folder, directory)) || table(config.build)?.command) return ok("assets", directory);
  return fail("assets", `${directory}, which ${file} serves, is not there`, `Build the page, or have directory in [assets] of ${file} name the folder that your build writes.`);
}

function paths(config: Table, file: string): Check {
  const own = table(config.assets);
  if (!own || own.run_worker_first === true) return ok("paths", "all are the Worker's");
  const bound = tables(config.services).some(({ binding }) => binding === "SERVICES");
  const first = [...WORKER_FIRST, ...(bound ? SERVICES_FIRST : [])];
  const missing = first.filter((path) => !texts(own.run_worker_first).includes(path));
  if (!missing.length) return ok("paths", first.join(" "));
  return fail("paths", `${missing.join(", ")} would be answered with the app's page`, `In [assets] of ${file}: run_worker_first = ${JSON.stringify([...new Set([...texts(own.run_worker_first), ...first])])}`);
}
