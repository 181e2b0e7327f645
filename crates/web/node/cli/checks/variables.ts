// The variables, against the schema that editors use, too. Of a key that is not known the value is not shown: it may be a secret.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator, type OutputUnit } from "@cfworker/json-schema";
import { near } from "../near.js";
import { PACKAGE } from "../package-folder.js";
import { table, tables, texts, type Table } from "../wrangler-file.js";
import { fail, ok, type Check } from "./check.js";

const NAME = "variables";

interface Finding {
  readonly said: string;
  readonly remedy: string;
}

export function variables(vars: Table, file: string): Check {
  const schema = new Schema(JSON.parse(readFileSync(join(PACKAGE, "dist/config.schema.json"), "utf8")) as Table, vars);
  const { errors } = new Validator(schema.whole, "2020-12", false).validate({ vars });
  if (!errors.length) return ok(NAME, "as the schema wants them");
  const found = innermost(errors).flatMap((place) => findings(schema, vars, place, errors));
  const place = "an editor that knows the schema (the first line of the file names it) shows the place.";
  return fail(NAME, found.map(({ said }) => said).join("; "), `${[...new Set(found.map(({ remedy }) => remedy))].join(" ")} In [vars] of ${file}; ${place}`);
}

/** The places that are wrong by themselves, not only for what is in them; each as the steps that lead there from `vars`. */
function innermost(errors: readonly OutputUnit[]): string[][] {
  // Of what a table should have and has not, nothing is inside.
  const own = (at: string) => errors.some(({ instanceLocation, keyword }) => instanceLocation === at && keyword === "required");
  const all = [...new Set(errors.map(({ instanceLocation }) => instanceLocation))];
  const inner = all.filter((at) => own(at) || !all.some((other) => other.startsWith(`${at}/`)));
  // An unknown key first: it is most likely what another that is missing was meant to be.
  inner.sort((a, b) => Number(own(a)) - Number(own(b)));
  return inner.map((at) => at.split("/").slice(2).map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~")));
}

function findings(schema: Schema, vars: Table, steps: readonly string[], errors: readonly OutputUnit[]): Finding[] {
  const place = named(steps);
  const key = steps.at(-1) ?? "";
  const value = steps.reduce<unknown>((inside, step) => (typeof inside === "object" && inside !== null ? (inside as Table)[step] : undefined), vars);
  const field = schema.at(steps);
  const own = schema.followed(field);
  if (!own) return [unknownKey(schema, vars, steps)];
  const given = table(value);
  const missing = given ? texts(own.required).filter((each) => !(each in given)) : [];
  if (missing.length) return missing.map((each) => ({ said: `${named([...steps, each])} is missing`, remedy: explained(each, table(own.properties)?.[each], schema) }));
  if (!steps.length) return [{ said: "there is no provider", remedy: "PROVIDER_<NAME> is the authorization server." }];
  if (errors.some(({ keyword, error }) => keyword === "propertyNames" && error.includes(JSON.stringify(key)))) {
    return [{ said: `${place}: the name ${key} is not accepted here`, remedy: explained(steps.at(-2) ?? "", schema.at(steps.slice(0, -1)), schema) }];
  }
  const accepted = schema.accepted(own);
  // What is in a list is explained by what the list is.
  const [label, of] = /^\d+$/.test(key) ? [steps.at(-2) ?? "", schema.at(steps.slice(0, -1))] : [key, field];
  const meant = typeof value === "string" ? near(value, texts(own.enum)) : undefined;
  const shown = typeof value === "object" && !Array.isArray(value) ? "what is there" : JSON.stringify(value);
  return [{ said: `${place}: ${shown} is not accepted${accepted ? `; accepted: ${accepted}` : ""}${meant ? ` (is ${JSON.stringify(meant)} meant?)` : ""}`, remedy: explained(label, of, schema) }];
}

/** PROVIDER_DEMO.silent[0], as the Worker writes it. */
const named = (steps: readonly string[]): string => steps.map((step, at) => (/^\d+$/.test(step) ? `[${step}]` : `${at ? "." : ""}${step}`)).join("");

function unknownKey(schema: Schema, vars: Table, steps: readonly string[]): Finding {
  const key = steps.at(-1) ?? "";
  const above = steps.slice(0, -1);
  const known = schema.keysAt(above);
  const there = above.reduce<Table>((inside, step) => table(inside[step]) ?? {}, vars);
  const meant = near(key, known.filter((each) => !(each in there)));
  const place = named(steps);
  const [variable = ""] = above;
  if (/secret/i.test(key) && variable.startsWith("PROVIDER_")) {
    const name = `SECRET_${variable.slice("PROVIDER_".length)}_CLIENT_SECRET`;
    return { said: `${place}: unknown key; a secret is not in this file`, remedy: `Take it out, and set ${name} in .dev.vars; for a deployment: npx wrangler secret put ${name}.` };
  }
  if (meant) return { said: `${place}: unknown key, is ${meant} meant?`, remedy: `Name it ${meant}.` };
  const upper = key.toUpperCase();
  if (!above.length && key !== upper && schema.at([upper])) return { said: `${place}: unknown name, is ${upper} meant?`, remedy: `Name it ${upper}.` };
  if (!above.length) return { said: `${place}: no name of a variable`, remedy: 'It is "ORIGINS", "APP_ORIGINS", "LIMITS", or "PROVIDER_" or "UPSTREAM_" with a name in capital letters after it.' };
  return { said: `${place}: unknown key`, remedy: `Known there: ${known.join(", ")}.` };
}

/** What the schema says of a field. */
function explained(key: string, field: unknown, schema: Schema): string {
  const own = table(field);
  const said = [own?.description, schema.followed(own)?.description].filter((each) => typeof each === "string");
  return said.length ? `${key}: ${[...new Set(said)].join(" ")}` : "Mend it.";
}

/** As much of JSON Schema as the schema of the configuration uses. */
class Schema {
  constructor(readonly whole: Table, readonly vars: Table) {}

  /** What is referred to, or the schema itself. */
  followed(schema: Table | undefined): Table | undefined {
    const name = typeof schema?.$ref === "string" ? schema.$ref.split("/").at(-1) : undefined;
    return name === undefined ? schema : table(table(this.whole.$defs)?.[name]);
  }

  /** The schema of a place below `vars`; undefined where none is foreseen. */
  at(steps: readonly string[]): Table | undefined {
    let value: unknown = this.vars;
    return steps.reduce<Table | undefined>((schema, step) => {
      value = table(value)?.[step];
      return this.#chosen(this.#within(schema, step), value);
    }, table(table(this.whole.properties)?.vars));
  }

  /** Of what depends on its kind, what is said of this one. */
  #chosen(schema: Table | undefined, value: unknown): Table | undefined {
    const kind = table(table(table(schema?.if)?.properties)?.kind)?.const;
    if (kind === undefined) return schema;
    return table(table(value)?.kind === kind ? schema?.then : schema?.else);
  }

  #within(schema: Table | undefined, step: string): Table | undefined {
    const outer = this.followed(schema);
    if (!outer) return undefined;
    const named = table(table(outer.properties)?.[step]);
    if (named) return named;
    for (const [pattern, inner] of Object.entries(table(outer.patternProperties) ?? {})) if (new RegExp(pattern).test(step)) return table(inner);
    const any = /^\d+$/.test(step) ? table(outer.items) : table(outer.additionalProperties);
    if (any) return any;
    return tables(outer.anyOf).map((each) => this.#within(each, step)).find((each) => each !== undefined);
  }

  /** The keys that a table at a place may have. */
  keysAt(steps: readonly string[]): string[] {
    const own = this.followed(this.at(steps));
    return [own, ...tables(own?.anyOf).map((each) => this.followed(each))].flatMap((each) => Object.keys(table(each?.properties) ?? {}));
  }

  /** The values that a place may have, in words; "" where the schema has no list of them. */
  accepted(schema: Table | undefined): string {
    const own = this.followed(schema);
    if (!own) return "";
    if (Array.isArray(own.enum)) return own.enum.map((each) => JSON.stringify(each)).join(", ");
    if ("const" in own) return JSON.stringify(own.const);
    if (own.type === "boolean") return "true, false";
    if (own.type === "array") {
      const items = this.accepted(table(own.items));
      const least = table(own.contains)?.const;
      return [items ? `a list of ${items}` : "a list", ...(least === undefined ? [] : [`with ${JSON.stringify(least)} in it`])].join(" ");
    }
    if (Array.isArray(own.anyOf)) return tables(own.anyOf).map((each) => this.accepted(each)).filter(Boolean).join(", ");
    if (own.type === "object") return own.properties ? `a table with ${Object.keys(table(own.properties) ?? {}).join(", ")}` : "a table";
    return typeof own.description === "string" && /^[^.]*: "/.test(own.description) ? own.description.replace(/\.$/, "").replace(/^[A-Z]/, (letter) => letter.toLowerCase()) : "";
  }
}
