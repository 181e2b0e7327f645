// What a wrangler file that is there already lacks.

import { stringify } from "smol-toml";
import { table, tables, texts, type Table, type WranglerFile } from "./wrangler-file.js";

/** The parts that are lacking, in the file's own language; "" where nothing is. */
export function lackingIn(file: WranglerFile, wanted: Table): string {
  const missing = lacking(file.config, wanted);
  if (!Object.keys(missing).length) return "";
  return file.name.endsWith(".toml") ? stringify(missing).trimEnd() : JSON.stringify(missing, null, 2);
}

export function lacking(there: Table, wanted: Table): Table {
  const missing: Table = {};
  if (there.main !== wanted.main) missing.main = wanted.main;
  if (!there.compatibility_date) missing.compatibility_date = wanted.compatibility_date;
  const assets = table(there.assets);
  const first = texts(table(wanted.assets)?.run_worker_first);
  if (!assets) missing.assets = wanted.assets;
  else if (assets.run_worker_first !== true && first.some((path) => !texts(assets.run_worker_first).includes(path))) {
    missing.assets = { run_worker_first: [...new Set([...texts(assets.run_worker_first), ...first])] };
  }
  const bound = tables(table(there.durable_objects)?.bindings).map(({ class_name }) => class_name);
  const bindings = tables(table(wanted.durable_objects)?.bindings).filter(({ class_name }) => !bound.includes(class_name));
  if (bindings.length) missing.durable_objects = { bindings };
  const made = tables(there.migrations).flatMap((step) => texts(step.new_sqlite_classes));
  const [step = {}] = tables(wanted.migrations);
  const classes = texts(step.new_sqlite_classes).filter((name) => !made.includes(name));
  if (classes.length) missing.migrations = [{ ...step, new_sqlite_classes: classes }];
  // It is bound to this Worker, whatever that one is named.
  const name = typeof there.name === "string" ? there.name : wanted.name;
  if (!tables(there.services).some(({ binding, service }) => binding === "ROTATOR" && service === name)) missing.services = [{ binding: "ROTATOR", service: name }];
  const [own, ours] = [table(there.vars) ?? {}, table(wanted.vars) ?? {}];
  const provider = Object.keys(own).some((key) => key.startsWith("PROVIDER_"));
  const vars = Object.entries(ours).filter(([key]) => !(key in own) && !(provider && key.startsWith("PROVIDER_")));
  if (vars.length) missing.vars = Object.fromEntries(vars);
  return missing;
}
