// The variables of both Workers, out of the schemas that editors use.

import { readFileSync } from "node:fs";

/** @typedef {{ description?: string, default?: unknown, $ref?: string, enum?: unknown[], type?: string, pattern?: string, oneOf?: Part[], anyOf?: Part[], properties?: Record<string, Part>, patternProperties?: Record<string, Part>, required?: string[] }} Part */

/** @typedef {{ $defs: Record<string, Part> }} Schema */
/** @param {string} file @returns {Schema} */
const read = (file) => JSON.parse(readFileSync(new URL(`../../crates/edge/${file}`, import.meta.url), "utf8"));

/** Of each Worker, its schema and each kind of variable: its name in a wrangler.toml, where the schema describes it, and its name in links. */
const WORKERS = {
  edge: {
    schema: read("config.schema.json"),
    variables: [
      ["ORIGINS", "origins"],
      ["PROVIDER_<NAME>", "provider"],
      ["PROVIDER_<NAME> with kind = \"supabase\"", "supabase"],
      ["UPSTREAM_<NAME>", "upstream"],
      ["LIMITS", "limits"],
    ],
  },
  // Its ORIGINS are those of the other.
  services: {
    schema: read("services.schema.json"),
    variables: [
      ["SERVICE_<NAME>", "service"],
      ["CALLER_<NAME>", "caller"],
      ["ALERT_<NAME>", "alert"],
      ["SECRETS_SET_AT", "secrets", "secrets-set-at"],
    ],
  },
};

/** A description as Markdown: what is a name in it is code. @param {string} text */
const said = (text) => text.split(/(`[^`]*`)/).map((part) => (part.startsWith("`") ? part : part.replace(/[\w<>]*_[\w<>]*|"[a-z_]+"/g, "`$&`").replace(/<(\w+)>(?![^`]*`)/g, "&lt;$1&gt;"))).join("");
/** In a cell of a table. @param {string} text */
const cell = (text) => text.replace(/\|/g, "\\|").replace(/\n/g, " ");
const code = (/** @type {unknown} */ value) => `\`${JSON.stringify(value)}\``;

/** @param {Schema} schema @param {Part} part */
const refers = (schema, part) => (part.$ref ? (schema.$defs[part.$ref.split("/").at(-1) ?? ""] ?? {}) : {});

/** @param {Part} part @param {boolean} required */
function ifLeftOut(part, required) {
  if (required) return "required";
  return part.default === undefined ? "see there" : code(part.default);
}

/** What a schema describes by its name, and what by how its name begins. @param {Part} described @returns {[string, Part][]} */
const fieldsOf = ({ properties = {}, patternProperties = {} }) => [
  ...Object.entries(properties),
  ...Object.entries(patternProperties).map(([pattern, part]) => /** @type {[string, Part]} */ ([pattern.replace(/^\^(\w+).*$/, "$1…"), part])),
];

/** The text of the reference of one of the Workers. A field that does not say what it is fails the build. @param {string} [worker] */
export function configurationText(worker = "edge") {
  const { schema, variables } = WORKERS[/** @type {keyof typeof WORKERS} */ (worker)];
  return variables.map(([variable = "", kind = "", anchor = kind]) => {
    const described = schema.$defs[kind] ?? {};
    if (!described.description) throw new Error(`the schema does not say what ${variable} is`);
    const fields = fieldsOf(described).map(([name, part]) => {
      const { enum: own, description: whole } = refers(schema, part);
      const description = [part.description, kind !== "limits" && whole].filter(Boolean).join(" ");
      if (!description) throw new Error(`the schema does not say what ${variable}.${name} is`);
      const values = (part.enum ?? own)?.filter((value) => !description.includes(JSON.stringify(value)));
      return `| \`${name}\` | ${cell(said(description))}${values?.length ? ` One of ${values.map(code).join(", ")}.` : ""} | ${cell(ifLeftOut(part, described.required?.includes(name) ?? false))} |`;
    });
    const table = fields.length ? `\n\n| field | what it is | left out |\n|---|---|---|\n${fields.join("\n")}` : "";
    return `## \`${variable}\` {#${anchor}}\n\n${said(described.description)}${table}`;
  }).join("\n\n");
}
