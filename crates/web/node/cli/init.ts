// `everlit init`: what a project needs to run with Everlit.

import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parse } from "smol-toml";
import { addDevVars, freshSecret } from "./dev-vars.js";
import { textOf } from "./files.js";
import { knownServer } from "./known-servers.js";
import { layoutOf, type Layout } from "./layout.js";
import { lackingIn } from "./merge.js";
import { near } from "./near.js";
import { readOptions, type Given } from "./options.js";
import { dependencyFor } from "./package-source.js";
import { Problem } from "./problem.js";
import { readProject, type Project } from "./project.js";
import { isLocal, loginProvider } from "./provider.js";
import { fileOf, filesOf, ignoredBy, rendered, TEMPLATES, type Template, type Words } from "./template.js";
import { table, type Table } from "./wrangler-file.js";

const ORIGIN = "http://localhost:8787";
const DEMO_ISSUER = "http://127.0.0.1:9000";
/** The wrangler that this version is tested with. */
const WRANGLER = "^4.86.0";

interface Report {
  readonly wrote: string[];
  readonly kept: string[];
  /** What belongs in the wrangler file that is there. */
  merge: string;
}

export async function init(words: string[]): Promise<number> {
  const given = readOptions("init", words, { template: "text", issuer: "text", "client-id": "text", name: "text", force: "switch", json: "switch" }, 1);
  const template = templateOf(given.text.template);
  const folder = resolve(given.rest[0] ?? ".");
  if (existsSync(folder) && !statSync(folder).isDirectory()) throw new Problem(`${folder} is a file, not a folder`, "Name the folder of a project, or one that is to be made.");
  // Everything that can be wrong is read before anything is written.
  const project = readProject(folder);
  const name = nameOf(given.text.name, project);
  // Where a provider is configured already, it is that one.
  const there = given.text.issuer === undefined && !given.on("force") ? loginProvider(project.vars) : undefined;
  const issuer = there?.issuer ?? issuerOf(given.text.issuer);
  const layout = layoutOf(project, template);
  if (layout.fresh && existsSync(folder) && readdirSync(folder).some((each) => !each.startsWith("."))) {
    const strange = filesOf(layout.template).filter((path) => existsSync(join(folder, path)));
    if (strange.length && !given.on("force")) throw new Problem(`${folder} has no package.json, and already has ${strange.join(", ")}`, "Name an empty folder, run `npm init` there first, or add --force.");
  }
  const local = isLocal(issuer);
  const key = there?.key ?? (local ? "DEMO" : "MAIN");
  const settings: Words = {
    NAME: name,
    KEY: key,
    PROVIDER: key.toLowerCase(),
    ORIGIN,
    ISSUER: issuer,
    CLIENT_ID: there?.clientId ?? clientOf(given.text["client-id"], local),
    ASSETS: layout.assets,
    BUILD: layout.build?.command ?? "",
    WATCH: JSON.stringify(layout.build?.watch ?? []),
    GRACE: graceOf(issuer, local),
  };
  const report: Report = { wrote: [], kept: [], merge: "" };
  mkdirSync(folder, { recursive: true });
  writeWrangler(project, layout, settings, given, report);
  if (layout.fresh) for (const path of filesOf(layout.template).filter((each) => each !== "package.json")) put(folder, path, fileOf(layout.template, path, settings), given.on("force"), report);
  else {
    put(folder, layout.call, rendered(callIn(layout), settings), given.on("force"), report);
    if (layout.build?.command === "node build.mjs") put(folder, "build.mjs", rendered("plain/build.mjs", settings), false, report);
  }
  writeManifest(project, layout, settings, report);
  const secrets = { SECRET_SESSION_KEY: freshSecret(), ...(local && { [`SECRET_${key}_CLIENT_SECRET`]: freshSecret() }) };
  const added = addDevVars(folder, secrets);
  if (added.length) report.wrote.push(`.dev.vars (${added.join(", ")})`);
  else report.kept.push(".dev.vars");
  const ignored = ignore(folder, layout);
  if (ignored.length) report.wrote.push(`.gitignore (${ignored.join(", ")})`);
  const next = nextSteps(project, layout, settings, report, local);
  if (given.on("json")) console.log(JSON.stringify({ ok: true, folder, template: layout.template, ...report, next }));
  else print(folder, report, next);
  return 0;
}

function templateOf(wanted: string | undefined): Template | undefined {
  if (wanted === undefined) return undefined;
  const found = TEMPLATES.find((each) => each === wanted);
  if (found) return found;
  const meant = near(wanted, TEMPLATES);
  throw new Problem(`there is no template ${JSON.stringify(wanted)}${meant ? `; did you mean "${meant}"?` : ""}`, `There are ${TEMPLATES.join(", ")}.`);
}

function issuerOf(wanted = DEMO_ISSUER): string {
  const url = URL.canParse(wanted) ? new URL(wanted) : undefined;
  const localHttp = url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (!url || !(url.protocol === "https:" || localHttp) || url.search || url.hash || url.username || /["\\\s]/.test(wanted)) {
    throw new Problem(`--issuer wants a URL such as https://login.example.com, and was given ${JSON.stringify(wanted)}`, "It is what the server's /.well-known/openid-configuration says as \"issuer\", to the last slash; http is for this machine only.");
  }
  return wanted;
}

function clientOf(wanted: string | undefined, local: boolean): string {
  const id = wanted ?? (local ? "everlit-demo" : "");
  if (!local && !id) throw new Problem("--issuer wants --client-id with it", "It is the id of the confidential client that is registered at that server for this app.");
  if (!/^[ -~]{1,256}$/.test(id) || /["\\]/.test(id)) throw new Problem(`--client-id wants 1 to 256 characters of ASCII without quotes, and was given ${JSON.stringify(id)}`);
  return id;
}

function nameOf(wanted: string | undefined, { manifest, folder, wrangler }: Project): string {
  if (wanted !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(wanted)) {
    throw new Problem(`--name wants at most 63 of a-z, 0-9 and "-", and was given ${JSON.stringify(wanted)}`);
  }
  const there = typeof wrangler?.config.name === "string" ? wrangler.config.name : undefined;
  const own = typeof manifest?.name === "string" ? manifest.name : basename(folder);
  // A scope is no part of a Worker's name.
  const plain = own.replace(/^@[^/]*\//, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
  return wanted ?? there ?? (plain || "app");
}

/** What is known of the server, or a line that asks. */
function graceOf(issuer: string, local: boolean): string {
  const known = local ? "oidc-provider" : knownServer(issuer);
  const line = known ? `grace = "${known}"` : '# What the server forgives when an answer is lost, by its name: grace = "keycloak", "auth0", "okta", … (see the schema)';
  // The demo server takes no form for a logout.
  return local ? `${line}\nend_session = "get"` : line;
}

/** The client call for a project that is there. */
const callIn = ({ template, call }: Layout) => (template === "plain" && call.startsWith("public/") ? "plain/public/session.js" : "vite/src/session.ts");

/** Writes a file, unless it is there. */
function put(folder: string, path: string, text: string, force: boolean, report: Report): void {
  const full = join(folder, path);
  const there = textOf(full);
  if (there === text) {
    report.kept.push(path);
    return;
  }
  if (there !== undefined) {
    if (!force) {
      report.kept.push(path);
      return;
    }
    renameSync(full, `${full}.before-everlit`);
  }
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  report.wrote.push(path);
}

function writeWrangler(project: Project, layout: Layout, words: Words, given: Given, report: Report): void {
  const text = wranglerText(layout, words);
  const { wrangler, folder } = project;
  if (!wrangler) put(folder, "wrangler.toml", text, false, report);
  else if (given.on("force")) {
    if (wrangler.name !== "wrangler.toml") renameSync(wrangler.path, `${wrangler.path}.before-everlit`);
    put(folder, "wrangler.toml", text, true, report);
  } else {
    report.merge = lackingIn(wrangler, parse(text) as Table);
    report.kept.push(wrangler.name);
  }
}

function wranglerText(layout: Layout, words: Words): string {
  const text = rendered("wrangler.toml", words);
  return layout.build ? text : text.replace(/# Builds the page[^]*?\n\n/, "");
}

/** Adds scripts and dependencies that are not there. */
function writeManifest(project: Project, layout: Layout, words: Words, report: Report): void {
  const { folder, manifest } = project;
  const path = join(folder, "package.json");
  const before = textOf(path);
  const base = manifest ?? (JSON.parse(rendered(`${layout.template}/package.json`, words)) as Table);
  const scripts = { ...table(base.scripts) };
  const dev = scripts.dev === undefined || scripts.dev === "everlit dev" ? "dev" : "dev:everlit";
  scripts[dev] ??= "everlit dev";
  scripts.deploy ??= "wrangler deploy";
  const all = { ...table(base.dependencies), ...table(base.devDependencies) };
  const result: Table = { ...base, scripts };
  if (!("everlit" in all)) result.dependencies = { ...table(base.dependencies), everlit: dependencyFor(folder) };
  if (!("wrangler" in all)) result.devDependencies = { ...table(base.devDependencies), wrangler: WRANGLER };
  const indent = /^(\s+)"/m.exec(before ?? "")?.[1] ?? "  ";
  const text = `${JSON.stringify(result, null, indent)}\n`;
  if (text.trim() === before?.trim()) report.kept.push("package.json");
  else {
    writeFileSync(path, text);
    report.wrote.push("package.json");
  }
}

/** Adds lines to .gitignore that it lacks. */
function ignore(folder: string, layout: Layout): string[] {
  const path = join(folder, ".gitignore");
  const text = textOf(path) ?? "";
  const there = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, "")));
  const generated = layout.fresh || layout.build?.command === "node build.mjs";
  const lines = ignoredBy(generated ? layout.template : undefined).filter((line) => !there.has(line.replace(/\/$/, "")));
  if (lines.length) appendFileSync(path, `${text && !text.endsWith("\n") ? "\n" : ""}${lines.join("\n")}\n`);
  return lines;
}

function nextSteps(project: Project, layout: Layout, words: Words, { merge, kept }: Report, local: boolean): string[] {
  const steps: string[] = [];
  const here = relative(process.cwd(), project.folder);
  if (here) steps.push(`cd ${/\s/.test(here) ? JSON.stringify(here) : here}`);
  if (merge) steps.push(`add the lines above to ${project.wrangler?.name} (where a part is there already, add to it${merge.includes("main") && project.wrangler?.config.main ? "; `main` there is another Worker: keep that one, and put Everlit into a folder of its own, with routes for /auth/* and /api/*" : ""})`);
  steps.push("npm install");
  if (!local) steps.push(`set SECRET_${words.KEY}_CLIENT_SECRET in .dev.vars, and register ${words.ORIGIN}/auth/callback/${words.PROVIDER} as redirect URI at ${words.ISSUER}`);
  if (!layout.fresh && !kept.includes(layout.call)) steps.push(`in your page: import { session } from ${JSON.stringify(importOf(layout))}; session.user is who is logged in, session.login() and session.logout() do as they say`);
  steps.push("npx everlit dev");
  return steps;
}

/** How the page names the client call, from the folder that it lies in. */
const importOf = ({ call }: Layout) => `./${basename(call).replace(/\.ts$/, "")}`;

function print(folder: string, { wrote, kept, merge }: Report, next: string[]): void {
  const here = relative(process.cwd(), folder) || ".";
  console.log(`In ${here}:`);
  for (const file of wrote) console.log(`  wrote  ${file}`);
  for (const file of kept) console.log(`  kept   ${file}`);
  if (merge) console.log(`\nThe wrangler file that is there lacks:\n\n${merge.replace(/^(?=.)/gm, "  ")}`);
  console.log("\nNext:");
  next.forEach((step, at) => console.log(`  ${at + 1}. ${step}`));
}

