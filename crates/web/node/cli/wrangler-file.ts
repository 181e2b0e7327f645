// A project's wrangler.toml, wrangler.jsonc or wrangler.json.

import { statSync } from "node:fs";
import { join } from "node:path";
import { parse as parseJsonc, printParseErrorCode, type ParseError } from "jsonc-parser";
import { parse as parseToml, TomlError } from "smol-toml";
import { textOf } from "./files.js";
import { Problem, said } from "./problem.js";

export type Table = Record<string, unknown>;

export interface WranglerFile {
  readonly path: string;
  readonly name: string;
  readonly config: Table;
}

/** In the order in which wrangler looks. */
const NAMES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/** The one that wrangler would take, or undefined. */
export function readWranglerFile(folder: string): WranglerFile | undefined {
  for (const name of NAMES) {
    const path = join(folder, name);
    const text = textOf(path);
    if (text !== undefined) return { path, name, config: parsed(name, text) };
  }
  return undefined;
}

/** Another one whenever one of them is written, made or taken away. */
export function stampOf(folder: string): string {
  return NAMES.map((name) => statSync(join(folder, name), { throwIfNoEntry: false })).map((found) => (found ? `${found.ino} ${found.mtimeMs} ${found.size}` : "")).join("; ");
}

function parsed(name: string, text: string): Table {
  if (name.endsWith(".toml")) {
    try {
      return parseToml(text) as Table;
    } catch (error) {
      // The rest of its message is lines of the file, and those may have something in them that is nobody's business.
      const [what = ""] = said(error).replace("Invalid TOML document: ", "").split("\n");
      const place = error instanceof TomlError ? ` in line ${error.line}, column ${error.column}` : "";
      throw new Problem(`${name} is not TOML: ${what}${place}`, "Mend that place; nothing was changed.");
    }
  }
  const errors: ParseError[] = [];
  const value: unknown = parseJsonc(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) {
    const line = text.slice(0, first.offset).split("\n").length;
    throw new Problem(`${name} is not JSON: ${printParseErrorCode(first.error)} in line ${line}`, "Mend that place; nothing was changed.");
  }
  return table(value) ?? {};
}

/** What wrangler makes of a file for one of its environments: variables and bindings are not inherited, and the name gets the environment's. */
export function inEnvironment({ name: file, config }: WranglerFile, env: string): Table {
  const all = table(config.env) ?? {};
  const own = table(all[env]);
  if (!own) {
    const names = Object.keys(all);
    throw new Problem(`${file} has no environment ${JSON.stringify(env)}`, names.length ? `It has ${names.join(", ")}.` : `It has none: [env.${env}.vars] would be one; without --env the top of the file is read.`);
  }
  const { vars: _, durable_objects: __, services: ___, env: ____, ...inherited } = config;
  return { ...inherited, name: `${String(config.name ?? "")}-${env}`, ...own };
}

/** A table, and not a list or anything else. */
export function table(value: unknown): Table | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Table) : undefined;
}

/** The tables of a list; none where it is no list. */
export function tables(value: unknown): Table[] {
  return Array.isArray(value) ? value.map(table).filter((each): each is Table => each !== undefined) : [];
}

/** The texts of a list; none where it is no list. */
export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}
