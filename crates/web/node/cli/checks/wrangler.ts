// The wrangler file: the Worker's bindings, the paths that are the Worker's, and the variables.

import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Validator } from "@cfworker/json-schema";
import { PACKAGE } from "../package-folder.js";
import type { Project } from "../project.js";
import { table, tables, texts, type Table, type WranglerFile } from "../wrangler-file.js";
import { fail, ok, type Check } from "./check.js";

export const WORKER = "node_modules/everlit/dist/worker/index.js";
export const WORKER_FIRST = ["/auth/*", "/api/*", "/internal/*", "/healthz"];
const OBJECTS = [
  ["SESSION_VAULT", "SessionVault"],
  ["ESCROW", "Escrow"],
  ["LOGIN_DESK", "LoginDesk"],
  ["SESSION_INDEX", "SessionIndex"],
] as const;

export function wrangler({ folder, vars }: Project, file: WranglerFile): Check[] {
  const { config, name } = file;
  return [main(folder, config, name), objects(config, name), migrations(config, name), rotator(config, name), assets(folder, config, name), paths(config, name), variables(vars, name)];
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

function assets(folder: string, config: Table, file: string): Check {
  const directory = table(config.assets)?.directory;
  if (typeof directory !== "string") return ok("assets", "the Worker serves no files");
  if (existsSync(resolve(folder, directory)) || table(config.build)?.command) return ok("assets", directory);
  return fail("assets", `${directory}, which ${file} serves, is not there`, `Build the page, or have directory in [assets] of ${file} name the folder that your build writes.`);
}

function paths(config: Table, file: string): Check {
  const own = table(config.assets);
  if (!own || own.run_worker_first === true) return ok("paths", "all are the Worker's");
  const missing = WORKER_FIRST.filter((path) => !texts(own.run_worker_first).includes(path));
  if (!missing.length) return ok("paths", WORKER_FIRST.join(" "));
  return fail("paths", `${missing.join(", ")} would be answered with the app's page`, `In [assets] of ${file}: run_worker_first = ${JSON.stringify([...new Set([...texts(own.run_worker_first), ...WORKER_FIRST])])}`);
}

/** Against the schema that editors use, too. */
function variables(vars: Table, file: string): Check {
  const schema = JSON.parse(readFileSync(join(PACKAGE, "dist/config.schema.json"), "utf8")) as { $defs: Record<string, Table> };
  const { errors } = new Validator(schema as object, "2020-12", false).validate({ vars });
  if (!errors.length) return ok("variables", "as the schema wants them");
  // Of errors that contain each other the innermost says most.
  const depth = (location: string) => location.split("/").length;
  const worst = errors.reduce((a, b) => (depth(b.instanceLocation) > depth(a.instanceLocation) ? b : a));
  const steps = worst.instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean);
  const place = steps.slice(1).join(".") || "vars";
  const wanted = descriptionOf(schema, steps.slice(1));
  const what = /^(additionalProperties|required|not|propertyNames)$/.test(worst.keyword) ? worst.error : `${JSON.stringify(at({ vars }, steps))} is not accepted`;
  return fail("variables", `${place}: ${what}`, `${wanted ? `${wanted} ` : ""}Mend it in [vars] of ${file}; an editor that knows the schema (its first line names it) shows the place.`);
}

function at(value: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>((inside, step) => (typeof inside === "object" && inside !== null ? (inside as Table)[step] : undefined), value);
}

/** What the schema says of a variable or of a field of it. */
function descriptionOf({ $defs }: { $defs: Record<string, Table> }, [variable = "", field]: readonly string[]): string {
  const kind = variable.startsWith("PROVIDER_") ? "provider" : variable.startsWith("UPSTREAM_") ? "upstream" : variable.toLowerCase();
  const whole = $defs[kind];
  const part = field === undefined ? undefined : table(table(whole?.properties)?.[field]);
  const refers = typeof part?.$ref === "string" ? $defs[part.$ref.split("/").at(-1) ?? ""] : undefined;
  const said = [part?.description, refers?.description].filter((each) => typeof each === "string");
  return said.length ? said.join(" ") : String(whole?.description ?? "");
}
