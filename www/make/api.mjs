// The API reference, out of the declarations of the built package. It fails where an option does not say its default, its unit
// (where it is a number) and the reason for both.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { GROUPS, addressOf } from "./pages.mjs";

const DIST = fileURLToPath(new URL("../../crates/web/dist/", import.meta.url));

/** The declarations of each entry, and the page that it is on. */
export const ENTRIES = {
  everlit: { file: "index.d.ts", page: "api" },
  "everlit/store": { file: "store/index.d.ts", page: "api-react" },
  "everlit/react": { file: "react/index.d.ts", page: "api-react" },
  "everlit/reauth": { file: "reauth/index.d.ts", page: "api-human" },
  "everlit/fallback": { file: "fallback/index.d.ts", page: "api-human" },
  "everlit/elements": { file: "elements/index.d.ts", page: "api-elements" },
  "everlit/service": { file: "service/index.d.ts", page: "api-service" },
  "everlit/testing": { file: "testing/index.d.ts", page: "api-testing" },
  "everlit/testing/playwright": { file: "playwright/index.d.ts", page: "api-testing" },
  "everlit/debug": { file: "debug/index.d.ts", page: "api-debug" },
  "everlit/vite": { file: "vite/index.d.ts", page: "api-vite" },
};
if (GROUPS.flatMap(({ pages }) => pages).filter((name) => name.startsWith("api")).some((name) => !Object.values(ENTRIES).some(({ page }) => page === name))) throw new Error("a page of the API has no entry");

/** What is given to a function by its user: each member is an option. */
const IS_OPTIONS = /(Options|Props|Init|Upstream)$/;

/** @typedef {{ name: string, entry: string, symbol: ts.Symbol, declaration: ts.Declaration }} Exported */
/** @typedef {{ name: string, type: string, required: boolean, node: ts.Node }} Member */

/** What was read, by the folder that it is in. @type {Map<string, Exported[]>} */
const read = new Map();

/** All that is exported. @param {string} [dist] the built package */
function declarations(dist = DIST) {
  const known = read.get(dist);
  if (known) return known;
  const files = Object.entries(ENTRIES).map(([entry, { file }]) => ({ entry, path: dist + file }));
  const missing = files.find(({ path }) => !existsSync(path));
  if (missing) throw new Error(`${missing.path} is missing: build the package first (cargo xtask build --web)`);
  const program = ts.createProgram(files.map(({ path }) => path), { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022, lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"], types: [], skipLibCheck: true, noEmit: true });
  const checker = program.getTypeChecker();
  const seen = new Set();
  const exported = files.flatMap(({ entry, path }) => {
    const source = program.getSourceFile(path);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${path} exports nothing`);
    return checker.getExportsOfModule(module).flatMap((each) => {
      const symbol = each.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(each) : each;
      const declaration = symbol.declarations?.[0];
      // A default export has another name beside it.
      if (!declaration || each.name === "default" || seen.has(symbol)) return [];
      seen.add(symbol);
      return [{ name: each.name, entry, symbol, declaration }];
    });
  });
  read.set(dist, exported);
  return exported;
}

/** Where a name is explained, for those who have no types at hand. @param {string} name */
export function addressOfType(name) {
  const [page = "", anchor] = anchorOf(name)?.split(".md#") ?? [];
  return anchor && `${addressOf(page)}#${anchor}`;
}

/** Where a name is explained. @param {string} path such as `Session.fetch` */
function anchorOf(path) {
  const [name = "", member] = path.split(".");
  const found = declarations().find((each) => each.name === name);
  if (!found) return undefined;
  const { page } = ENTRIES[/** @type {keyof typeof ENTRIES} */ (found.entry)];
  return `${page}.md#${member ? `${name}-${member}`.toLowerCase() : placeOf(name)}`;
}

/** The anchor of an exported name. A function that has the name of a type but for its first letter, as `reauth` and `Reauth`, has one of its own. @param {string} name */
const placeOf = (name) => (/^[a-z]/.test(name) && declarations().some((each) => each.name === name[0]?.toUpperCase() + name.slice(1)) ? `${name}-function` : name).toLowerCase();

/** A comment's text, with its links. @param {ts.Node} node */
function textOf(node) {
  const written = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1);
  const text = ts.getTextOfJSDocComment(written?.comment) ?? "";
  return text.replace(/\{@link\s+([\w.]+)\s*\}/g, (_, path) => {
    const anchor = anchorOf(path);
    return anchor ? `[\`${path}\`](${anchor})` : `\`${path}\``;
  });
}

/** @param {ts.Node} node @param {string} name */
function tag(node, name) {
  const found = ts.getJSDocTags(node).find(({ tagName }) => tagName.text === name);
  return found && (ts.getTextOfJSDocComment(found.comment) ?? "").replace(/\s+/g, " ").trim();
}

/** @param {ts.Node} node */
const isInternal = (node) => ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal");

/** A declaration's own words, without its comments. @param {ts.Node} node */
const printer = ts.createPrinter({ removeComments: true });
const print = (/** @type {ts.Node} */ node) => printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()).replace(/\breadonly (?=\w+\??:)/g, "").replace(/^export (declare )?/, "");

/** A type in a cell of a table, its names linked. @param {string} text */
const inline = (text) => `<code>${text.replace(/\s+/g, " ").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/\|/g, "\\|").replace(/\b[A-Z]\w+/g, (name) => { const to = addressOfType(name); return to ? `<a href="${to}">${name}</a>` : name; })}</code>`;
const generated = (/** @type {string} */ code) => `\`\`\`ts generated\n${code}\n\`\`\``;

/** Members of a type as it is written, those of literals within it included. @param {ts.Node} node @returns {ts.TypeElement[]} */
function membersOf(node) {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node)) return [...node.members];
  if (ts.isTypeAliasDeclaration(node)) return membersOf(node.type);
  if (ts.isParenthesizedTypeNode(node)) return membersOf(node.type);
  if (ts.isUnionTypeNode(node) || ts.isIntersectionTypeNode(node)) return node.types.flatMap(membersOf);
  return [];
}

/** Every option of a type, by its path. @param {ts.Node} node @param {string} [under] @returns {Member[]} */
function optionsOf(node, under = "") {
  return membersOf(node).filter(ts.isPropertySignature).flatMap((member) => {
    const name = under + member.name.getText();
    const { type } = member;
    // It may not be given beside others.
    if (!type || type.kind === ts.SyntaxKind.NeverKeyword) return [];
    const own = { name, type: print(type), required: !member.questionToken, node: member };
    return ts.isTypeLiteralNode(type) ? optionsOf(type, `${name}.`) : [own];
  });
}

/** One option. @param {string} of @param {Member} option */
function optionText(of, { name, type, required, node }) {
  const [standard, unit, reason] = [tag(node, "default"), tag(node, "unit"), tag(node, "reason")];
  const lacking = [
    !textOf(node) && "a text that says what it is",
    !required && !standard && "@default",
    /\bnumber\b|\bDuration\b/.test(type) && !unit && "@unit",
    !reason && "@reason",
  ].filter(Boolean);
  if (lacking.length) throw new Error(`${of}.${name} lacks ${lacking.join(", ")} in its comment`);
  return `#### \`${name}\` {#${`${of}-${name}`.toLowerCase().replaceAll(".", "-")}}

${textOf(node)}

| | |
|---|---|
| type | ${inline(type)} |
| default | ${required ? "none: it is required" : standard} |
${unit ? `| unit | ${unit} |\n` : ""}| why | ${reason} |`;
}

/** @param {string} of @param {ts.TypeElement | ts.ClassElement} member @param {string} prefix */
function memberText(of, member, prefix) {
  const name = member.name?.getText() ?? "";
  return `#### \`${prefix}${name}${ts.isMethodSignature(member) ? "()" : ""}\` {#${`${of}-${name.replace(/[^\w]/g, "-")}`.toLowerCase()}}\n\n${generated(print(member))}\n\n${textOf(member)}`;
}

/** A table of what only is read. @param {readonly (ts.TypeElement | ts.ClassElement)[]} members */
function tableText(members) {
  const rows = members.filter((member) => (ts.isPropertySignature(member) || ts.isPropertyDeclaration(member)) && !isInternal(member)).map((member) => {
    const { name, type, questionToken } = /** @type {ts.PropertySignature} */ (member);
    return `| \`${name.getText()}${questionToken ? "?" : ""}\` | ${type ? inline(print(type)) : ""} | ${textOf(member).replace(/\n+/g, " ").replace(/\|/g, "\\|")} |`;
  });
  return rows.length ? `| | type | |\n|---|---|---|\n${rows.join("\n")}` : "";
}

/** @param {ts.Declaration} declaration */
const heritage = (declaration) => (ts.isInterfaceDeclaration(declaration) ? (declaration.heritageClauses ?? []).flatMap(({ types }) => types.map((type) => type.getText())) : []);

/** @param {Exported} exported */
function exportedText({ name, declaration }) {
  const anchor = `{#${placeOf(name)}}`;
  const said = textOf(declaration);
  if (!said) throw new Error(`${name} does not say what it is`);
  if (ts.isFunctionDeclaration(declaration)) {
    const parameters = ts.getJSDocTags(declaration).filter(ts.isJSDocParameterTag).map((each) => `- \`${each.name.getText()}\`: ${ts.getTextOfJSDocComment(each.comment)}`);
    return [`### \`${name}()\` ${anchor}`, generated(print(declaration)), said, parameters.join("\n")];
  }
  if (IS_OPTIONS.test(name)) {
    const more = heritage(declaration).filter((each) => !each.includes("RequestInit")).map((each) => `[\`${each}\`](${anchorOf(each)})`);
    return [`### \`${name}\` ${anchor}`, said, more.length ? `And what ${more.join(", ")} has.` : "", ...optionsOf(declaration).map((option) => optionText(name, option))];
  }
  if (ts.isClassDeclaration(declaration)) return [`### \`${name}\` ${anchor}`, said, tableText(declaration.members)];
  if (ts.isInterfaceDeclaration(declaration)) {
    const hasMethods = declaration.members.some(ts.isMethodSignature);
    if (name === "Session" || (hasMethods && declaration.members.length > 6)) {
      const prefix = name === "Session" ? "session." : name === "TestSession" ? "test." : name === "Service" ? "service." : "";
      const listed = new Set();
      // Its listeners are those of the events below.
      const members = declaration.members.filter((member) => {
        const own = member.name?.getText() ?? "";
        if (/EventListener$|^\[/.test(own) || listed.has(own)) return false;
        return listed.add(own);
      });
      return [`### \`${name}\` ${anchor}`, said, ...members.map((member) => memberText(name, member, prefix))];
    }
    const methods = declaration.members.filter(ts.isMethodSignature).filter(({ name: own }) => !own.getText().startsWith("["));
    return [`### \`${name}\` ${anchor}`, said, tableText(declaration.members), ...methods.map((member) => memberText(name, member, ""))];
  }
  // A table of its own says each value.
  const shown = said.includes("\n|---") ? [] : [generated(print(declaration))];
  return [`### \`${name}\` ${anchor}`, ...shown, said];
}

/** Functions first, then what they take, then what they give. @param {Exported} exported */
function rank({ name, declaration }) {
  if (ts.isFunctionDeclaration(declaration)) return 0;
  if (name === "Session" || name === "SessionEventMap") return 1;
  return IS_OPTIONS.test(name) ? 2 : ts.isClassDeclaration(declaration) ? 3 : 4;
}

/** The reference of an entry. @param {string} entry @param {string} [dist] the built package */
export function entryText(entry, dist) {
  const own = declarations(dist).filter((each) => each.entry === entry && !isInternal(each.declaration));
  if (!own.length) throw new Error(`there is no entry ${entry} in the package`);
  return own.sort((a, b) => rank(a) - rank(b) || (rank(a) > 1 ? a.name.localeCompare(b.name) : 0)).flatMap(exportedText).filter(Boolean).join("\n\n");
}

/** Every option that there is, as `Type.option`, to be held against what is written of it. */
export function allOptions() {
  return declarations().filter(({ name }) => IS_OPTIONS.test(name)).flatMap(({ name, declaration }) => optionsOf(declaration).map((option) => `${name}.${option.name}`));
}
