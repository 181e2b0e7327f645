// The Worker's variables, out of the schema that editors use.

import { readFileSync } from "node:fs";

/** @typedef {{ description?: string, default?: unknown, $ref?: string, enum?: unknown[], type?: string, pattern?: string, oneOf?: Part[], anyOf?: Part[], properties?: Record<string, Part>, required?: string[] }} Part */

/** @type {{ $defs: Record<string, Part> }} */
const schema = JSON.parse(readFileSync(new URL("../../crates/edge/config.schema.json", import.meta.url), "utf8"));

/** Each kind of variable: its name in a wrangler.toml, and where the schema describes it. */
const VARIABLES = [
  ["ORIGINS", "origins"],
  ["PROVIDER_<NAME>", "provider"],
  ["PROVIDER_<NAME> with kind = \"supabase\"", "supabase"],
  ["UPSTREAM_<NAME>", "upstream"],
  ["LIMITS", "limits"],
];

/** A description as Markdown: what is a name in it is code. @param {string} text */
const said = (text) => text.split(/(`[^`]*`)/).map((part) => (part.startsWith("`") ? part : part.replace(/[\w<>]*_[\w<>]*|"[a-z_]+"/g, "`$&`").replace(/<(\w+)>(?![^`]*`)/g, "&lt;$1&gt;"))).join("");
/** In a cell of a table. @param {string} text */
const cell = (text) => text.replace(/\|/g, "\\|").replace(/\n/g, " ");
const code = (/** @type {unknown} */ value) => `\`${JSON.stringify(value)}\``;

/** @param {Part} part */
const refers = (part) => (part.$ref ? (schema.$defs[part.$ref.split("/").at(-1) ?? ""] ?? {}) : {});

/** @param {Part} part @param {boolean} required */
function ifLeftOut(part, required) {
  if (required) return "required";
  return part.default === undefined ? "see there" : code(part.default);
}

/** The text of the reference. A field that does not say what it is fails the build. */
export function configurationText() {
  return VARIABLES.map(([variable = "", kind = ""]) => {
    const described = schema.$defs[kind] ?? {};
    if (!described.description) throw new Error(`the schema does not say what ${variable} is`);
    const fields = Object.entries(described.properties ?? {}).map(([name, part]) => {
      const { enum: own, description: whole } = refers(part);
      const description = [part.description, kind !== "limits" && whole].filter(Boolean).join(" ");
      if (!description) throw new Error(`the schema does not say what ${variable}.${name} is`);
      const values = (part.enum ?? own)?.filter((value) => !description.includes(JSON.stringify(value)));
      return `| \`${name}\` | ${cell(said(description))}${values?.length ? ` One of ${values.map(code).join(", ")}.` : ""} | ${cell(ifLeftOut(part, described.required?.includes(name) ?? false))} |`;
    });
    const table = fields.length ? `\n\n| field | what it is | left out |\n|---|---|---|\n${fields.join("\n")}` : "";
    return `## \`${variable}\` {#${kind}}\n\n${said(described.description)}${table}`;
  }).join("\n\n");
}
