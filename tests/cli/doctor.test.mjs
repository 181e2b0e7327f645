/**
 * A working project is broken in each way that `everlit doctor` knows. It says what is wrong and how to mend it; that is done, to the letter,
 * and nothing is wrong any more. What a remedy has in it for the file is taken from its own text.
 */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { freePort } from "../worker/support/ports.mjs";
import { Authority } from "./support/authority.mjs";
import { copy, ENVIRONMENT, everlit, everlitAsync, install, pack, scratch, unpack } from "./support/package.mjs";

const REDIRECT = "http://localhost:8787/auth/callback/demo";

/** @typedef {{ name: string, verdict: string, said: string, remedy?: string }} Check */

let folder = "", tarball = "", good = "", authority = /** @type {Authority} */ (/** @type {unknown} */ (undefined));

before(async () => {
  folder = scratch();
  tarball = pack(folder).tarball;
  authority = await Authority.start();
  const tool = join(folder, "tool");
  unpack(tarball, tool);
  good = join(folder, "good");
  const made = everlit(tool, ["init", good], folder);
  assert.equal(made.code, 0, made.err);
  unpack(tarball, good);
  edit(good, "wrangler.toml", "http://127.0.0.1:9000", authority.issuer);
});
after(() => authority?.close());

/** @param {string} project @param {string} file @param {string | RegExp} from @param {string} to */
function edit(project, file, from, to) {
  const path = join(project, file);
  const text = readFileSync(path, "utf8");
  const changed = text.replace(from, () => to);
  assert.notEqual(changed, text, `${file} has ${from} in it`);
  writeFileSync(path, changed);
}

const toml = (/** @type {string} */ project, /** @type {string | RegExp} */ from, /** @type {string} */ to) => edit(project, "wrangler.toml", from, to);

/** What a remedy has in it. @param {string} remedy @param {RegExp} pattern */
function quoted(remedy, pattern) {
  const found = pattern.exec(remedy);
  assert.ok(found, `the remedy has ${pattern} in it: ${remedy}`);
  return found[1] ?? found[0];
}

const secretOf = (/** @type {string} */ project) => /SECRET_DEMO_CLIENT_SECRET=(.*)/.exec(readFileSync(join(project, ".dev.vars"), "utf8"))?.[1] ?? "";

/** @param {string} project @param {string} [command] whose command it is */
async function look(project, options = ["--json"], command = project) {
  const { code, out, err } = command === project
    ? await everlitAsync(project, ["doctor", ...options])
    : everlit(command, ["doctor", ...options], project);
  assert.equal(err, "", "nothing is said beside the report");
  return { code, checks: /** @type {Check[]} */ (JSON.parse(out).checks) };
}

const bad = (/** @type {Check[]} */ checks) => checks.filter(({ verdict }) => verdict !== "ok" && verdict !== "unchecked");

const SESSION_KEY = /SECRET_SESSION_KEY=.*\n/;
const init = (/** @type {string} */ project) => assert.equal(everlit(project, ["init"]).code, 0);
const git = (/** @type {string} */ project, /** @type {string[]} */ ...words) => execFileSync("git", words, { cwd: project, stdio: "ignore" });
const bindings = (/** @type {string} */ remedy) => quoted(remedy, /\{ name = .* \}/);

/**
 * A way to break a project.
 *
 * @typedef {object} Break
 * @property {string} name
 * @property {(project: string) => void} breaks
 * @property {string} check whose verdict it changes
 * @property {"warn" | "fail"} [verdict]
 * @property {RegExp} said
 * @property {(project: string, remedy: string) => void} mends does what the remedy says
 * @property {boolean} [offline] asks no server
 * @property {boolean} [outside] the command is run from elsewhere: the project's own is what is broken
 */

/** @type {Break[]} */
const BREAKS = [
  {
    name: "the server takes no form for a logout, which is the default", check: "logout at demo", said: /\/logout answers 404 to a form: whoever logs out ends at an error page/,
    breaks: (project) => { authority.logouts = ["GET"]; toml(project, 'end_session = "get"\n', ""); },
    mends: (project, remedy) => toml(project, "[vars.PROVIDER_DEMO]\n", `[vars.PROVIDER_DEMO]\n${quoted(remedy, /end_session = "get"/)}\n`),
  },
  {
    name: "the server takes only a form for a logout", check: "logout at demo", said: /answers 404 to a URL/,
    breaks: () => { authority.logouts = ["POST"]; },
    mends: (project, remedy) => toml(project, 'end_session = "get"', quoted(remedy, /end_session = "post"/)),
  },
  {
    name: "the server's page for logouts is not there", check: "logout at demo", said: /answers 404 to a URL/,
    breaks: () => { authority.logouts = []; },
    mends: (project, remedy) => toml(project, 'end_session = "get"', quoted(remedy, /end_session = "never"/)),
  },
  {
    name: "the package is not installed", check: "package", said: /not installed/, outside: true,
    breaks: (project) => rmSync(join(project, "node_modules"), { recursive: true }),
    mends: (project, remedy) => { assert.equal(remedy, "npm install"); install(tarball, project); },
  },
  {
    name: "the package has no Worker in it", check: "package", said: /no Worker in it/, outside: true,
    breaks: (project) => rmSync(join(project, "node_modules/everlit/dist/worker"), { recursive: true }),
    mends: (project, remedy) => { quoted(remedy, /npm install everlit/); rmSync(join(project, "node_modules"), { recursive: true }); install(tarball, project); },
  },
  {
    name: "package.json does not name the package", check: "package", verdict: "warn", said: /does not name it/, outside: true,
    breaks: (project) => edit(project, "package.json", /,\s*"dependencies": \{[^}]*\}/, ""),
    mends: (project, remedy) => { assert.equal(remedy, "npm install everlit"); rmSync(join(project, "node_modules"), { recursive: true }); install(tarball, project); },
  },
  {
    name: "there are two copies of the package", check: "copies", said: /2 copies of the package: .* in node_modules\/everlit, 0\.0\.1 in node_modules\/widget\/node_modules\/everlit/, outside: true,
    breaks: (project) => {
      // A package that wants an older version, as npm lays it out.
      const widget = join(project, "../widget-source");
      mkdirSync(widget, { recursive: true });
      writeFileSync(join(widget, "package.json"), JSON.stringify({ name: "widget", version: "1.0.0", dependencies: { everlit: "0.0.1" } }));
      execFileSync("npm", ["pack", "--pack-destination", join(project, "..")], { cwd: widget, env: ENVIRONMENT, stdio: "ignore" });
      const path = join(project, "package.json");
      const manifest = JSON.parse(readFileSync(path, "utf8"));
      manifest.dependencies = { everlit: `file:${tarball}`, widget: "file:../widget-1.0.0.tgz" };
      writeFileSync(path, JSON.stringify(manifest));
      const inner = join(project, "node_modules/widget/node_modules/everlit");
      cpSync(join(project, "node_modules/everlit"), inner, { recursive: true });
      edit(inner, "package.json", /"version": "[^"]+"/, '"version": "0.0.1"');
    },
    mends: (project, remedy) => {
      const path = join(project, "package.json");
      const manifest = JSON.parse(`{${quoted(remedy, /"overrides": \{.*?\} ?\}|"overrides": \{[^}]*\}/)}}`);
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), ...manifest }));
      rmSync(join(project, "node_modules"), { recursive: true });
      install(tarball, project);
    },
  },
  {
    name: "wrangler is not installed", check: "wrangler", said: /not installed/,
    breaks: (project) => rmSync(join(project, "node_modules/wrangler")),
    mends: (project, remedy) => { assert.equal(remedy, "npm install --save-dev wrangler"); install(tarball, project); },
  },
  {
    name: "wrangler is of another age", check: "wrangler", said: /wrangler 3\.9\.0 is too old/,
    breaks: (project) => {
      rmSync(join(project, "node_modules/wrangler"));
      mkdirSync(join(project, "node_modules/wrangler"));
      writeFileSync(join(project, "node_modules/wrangler/package.json"), '{ "name": "wrangler", "version": "3.9.0" }');
    },
    mends: (project, remedy) => { assert.equal(remedy, "npm install --save-dev wrangler@4"); install(tarball, project); },
  },
  {
    name: "there is no wrangler.toml", check: "wrangler file", said: /there is no wrangler\.toml/,
    breaks: (project) => rmSync(join(project, "wrangler.toml")),
    mends: (project, remedy) => { quoted(remedy, /npx everlit init/); init(project); toml(project, "http://127.0.0.1:9000", authority.issuer); },
  },
  {
    name: "wrangler.toml is not TOML", check: "project", said: /wrangler\.toml is not TOML: .*line 5/s,
    breaks: (project) => toml(project, 'main = "', 'main "'),
    mends: (project) => toml(project, 'main "', 'main = "'),
  },
  {
    name: "package.json is not JSON", check: "project", said: /package\.json is not JSON/,
    breaks: (project) => edit(project, "package.json", '"private": true,', '"private": true'),
    mends: (project) => edit(project, "package.json", '"private": true', '"private": true,'),
  },
  {
    name: "main names a file that is not there", check: "main", said: /worker\/build\/index\.js.*is not there/,
    breaks: (project) => toml(project, /main = ".*"/, 'main = "worker/build/index.js"'),
    mends: (project, remedy) => toml(project, /main = ".*"/, quoted(remedy, /main = "[^"]+"/)),
  },
  {
    name: "main is left out", check: "main", said: /names no Worker/,
    breaks: (project) => toml(project, /main = ".*"\n/, ""),
    mends: (project, remedy) => toml(project, /^name = .*\n/m, `name = "good"\n${quoted(remedy, /main = "[^"]+"/)}\n`),
  },
  {
    name: "an object is not bound", check: "objects", said: /does not bind Escrow$/,
    breaks: (project) => toml(project, '    { name = "ESCROW", class_name = "Escrow" },\n', ""),
    mends: (project, remedy) => toml(project, "bindings = [\n", `bindings = [\n${bindings(remedy)},\n`),
  },
  {
    name: "an object is never made", check: "migrations", said: /makes SessionIndex$/,
    breaks: (project) => toml(project, ', "SessionIndex"]', "]"),
    mends: (project, remedy) => toml(project, "[[services]]", `${quoted(remedy, /\[\[migrations\]\].*/).replace("]] ", "]]\n").replace(", new_", "\nnew_")}\n\n[[services]]`),
  },
  {
    name: "the rotator is another Worker", check: "rotator", said: /leads to "other"/,
    breaks: (project) => toml(project, 'service = "good"', 'service = "other"'),
    mends: (project, remedy) => toml(project, 'service = "other"', quoted(remedy, /service = "[^"]+"/)),
  },
  {
    name: "the rotator is not bound", check: "rotator", said: /does not bind the Worker to itself/,
    breaks: (project) => toml(project, /\[\[services\]\]\n.*\n.*\n/, ""),
    mends: (project, remedy) => toml(project, "[observability]\n", `${quoted(remedy, /\[\[services\]\]/)}\n${quoted(remedy, /binding = "[^"]+"/)}\n${quoted(remedy, /service = "[^"]+"/)}\n\n[observability]\n`),
  },
  {
    name: "the folder of the page is not there", check: "assets", said: /elsewhere.*is not there/,
    breaks: (project) => { toml(project, /\[build\]\n.*\n.*\n/, ""); toml(project, 'directory = "public"', 'directory = "elsewhere"'); },
    mends: (project) => toml(project, 'directory = "elsewhere"', 'directory = "public"'),
  },
  {
    name: "a path of the Worker is answered by the page", check: "paths", said: /^\/api\/\* would be/,
    breaks: (project) => toml(project, '"/api/*", ', ""),
    mends: (project, remedy) => toml(project, /run_worker_first = .*/, quoted(remedy, /run_worker_first = .*/)),
  },
  {
    name: "a services Worker is bound, and its paths are answered by the page", check: "paths", said: /^\/service, \/service\/\* would be/,
    breaks: (project) => { toml(project, '"/service", "/service/*", ', ""); toml(project, "[[services]]\n", '[[services]]\nbinding = "SERVICES"\nservice = "mine-services"\n\n[[services]]\n'); },
    mends: (project, remedy) => toml(project, /run_worker_first = .*/, quoted(remedy, /run_worker_first = .*/)),
  },
  {
    name: "an upstream is an account of the operator's, and nothing leads there", check: "users", said: /does not bind SERVICES_USERS, which UPSTREAM_BROKER needs$/,
    breaks: (project) => toml(project, "[observability]\n", '[vars.UPSTREAM_BROKER]\norigin = "https://api.broker.example"\nvault = "service:broker"\n\n[observability]\n'),
    mends: (project, remedy) => toml(project, "[observability]\n", `[[services]]\n${["binding", "service", "entrypoint"].map((key) => quoted(remedy, new RegExp(`${key} = "[^"]+"`))).join("\n")}\n\n[observability]\n`),
  },
  {
    name: "a variable has a field that nobody knows", check: "variables", said: /^PROVIDER_DEMO\.scope: unknown key, is scopes meant\?$/,
    breaks: (project) => toml(project, "scopes = ", "scope = "),
    mends: (project, remedy) => toml(project, "scope = ", `${quoted(remedy, /^Name it (\w+)\./)} = `),
  },
  {
    name: "a field that has to be there is misspelt", check: "variables", said: /^PROVIDER_DEMO\.clientid: unknown key, is client_id meant\?; PROVIDER_DEMO\.client_id is missing$/,
    breaks: (project) => toml(project, "client_id = ", "clientid = "),
    mends: (project, remedy) => toml(project, "clientid = ", `${quoted(remedy, /^Name it (\w+)\./)} = `),
  },
  {
    name: "the issuer is misspelt", check: "variables", said: /^PROVIDER_DEMO\.isuer: unknown key, is issuer meant\?; PROVIDER_DEMO\.issuer is missing$/,
    breaks: (project) => toml(project, "issuer = ", "isuer = "),
    mends: (project, remedy) => toml(project, "isuer = ", `${quoted(remedy, /^Name it (\w+)\./)} = `),
  },
  {
    name: "a variable is misspelt", check: "variables", said: /^ORIGIN: unknown key, is ORIGINS meant\?; ORIGINS is missing$/,
    breaks: (project) => toml(project, "ORIGINS = ", "ORIGIN = "),
    mends: (project, remedy) => toml(project, "ORIGIN = ", `${quoted(remedy, /^Name it (\w+)\./)} = `),
  },
  {
    name: "a provider's name is in small letters", check: "variables", said: /^PROVIDER_demo: unknown name, is PROVIDER_DEMO meant\?$/,
    breaks: (project) => toml(project, "[vars.PROVIDER_DEMO]", "[vars.PROVIDER_demo]"),
    mends: (project, remedy) => toml(project, "[vars.PROVIDER_demo]", `[vars.${quoted(remedy, /^Name it (\w+)\./)}]`),
  },
  {
    name: "a secret is among the provider's fields", check: "variables", said: /^PROVIDER_DEMO\.client_secret: unknown key; a secret is not in this file$/,
    breaks: (project) => toml(project, "client_id = ", `client_secret = "${secretOf(good)}"\nclient_id = `),
    mends: (project, remedy) => { quoted(remedy, /^Take it out, and set SECRET_DEMO_CLIENT_SECRET in \.dev\.vars/); toml(project, /client_secret = .*\n/, ""); },
  },
  {
    name: "a value is none of those that are accepted", check: "variables", said: /^PROVIDER_DEMO\.end_session: "gett" is not accepted; accepted: "post", "get", "never" \(is "get" meant\?\)$/,
    breaks: (project) => toml(project, 'end_session = "get"', 'end_session = "gett"'),
    mends: (project) => toml(project, 'end_session = "gett"', 'end_session = "get"'),
  },
  {
    name: "a value in a list is none of those that are accepted", check: "variables", said: /^PROVIDER_DEMO\.silent\[1\]: "frames" is not accepted; accepted: "frame", "popup", "redirect" /,
    breaks: (project) => toml(project, "end_session = ", 'silent = ["popup", "frames"]\nend_session = '),
    mends: (project) => toml(project, '"frames"', '"frame"'),
  },
  {
    name: "a value may be one of some, or a table", check: "variables", said: /^PROVIDER_DEMO\.grace: "key-cloak" is not accepted; accepted: "auth0", .*"workos", a table with profile, window, replay, depth, blast$/, offline: true,
    breaks: (project) => toml(project, /grace = .*/, 'grace = "key-cloak"'),
    mends: (project) => toml(project, /grace = .*/, 'grace = "oidc-provider"'),
  },
  {
    name: "a field of a table in a table is misspelt", check: "variables", said: /^PROVIDER_DEMO\.grace\.windou: unknown key, is window meant\?$/, offline: true,
    breaks: (project) => toml(project, /grace = .*/, 'grace = { windou = "30s" }'),
    mends: (project, remedy) => toml(project, "windou = ", `${quoted(remedy, /^Name it (\w+)\./)} = `),
  },
  {
    name: "a parameter has a name that is the Worker's", check: "variables", said: /^PROVIDER_DEMO\.parameters\.state: the name state is not accepted here$/,
    breaks: (project) => toml(project, "end_session = ", 'parameters = { state = "x" }\nend_session = '),
    mends: (project, remedy) => { quoted(remedy, /Further parameters of the authorization request/); toml(project, /parameters = .*\n/, ""); },
  },
  {
    name: "a limit is not written as one", check: "variables", said: /^LIMITS\.idle: "2 days" is not accepted; accepted: a whole number and a unit: "90s", "45m", "12h" or "14d"$/,
    breaks: (project) => toml(project, "[vars.PROVIDER_DEMO]", '[vars.LIMITS]\nidle = "2 days"\n\n[vars.PROVIDER_DEMO]'),
    mends: (project, remedy) => toml(project, '"2 days"', quoted(remedy, /"14d"|"12h"/)),
  },
  {
    name: "a secret lies in wrangler.toml", check: "secrets", said: /SECRET_SESSION_KEY lies in wrangler\.toml/,
    breaks: (project) => toml(project, "[vars]\n", '[vars]\nSECRET_SESSION_KEY = "abc"\n'),
    mends: (project, remedy) => { quoted(remedy, /Take it out of \[vars\]/); toml(project, 'SECRET_SESSION_KEY = "abc"\n', ""); },
  },
  {
    name: "the session key is not set", check: "session key", said: /is not set/,
    breaks: (project) => edit(project, ".dev.vars", SESSION_KEY, ""),
    mends: (project, remedy) => { quoted(remedy, /npx everlit init/); init(project); },
  },
  {
    name: "the session key is too short", check: "session key", said: /it has 5 characters instead of 43/,
    breaks: (project) => edit(project, ".dev.vars", SESSION_KEY, "SECRET_SESSION_KEY=short\n"),
    mends: (project, remedy) => { quoted(remedy, /Delete its line.*npx everlit init/); edit(project, ".dev.vars", SESSION_KEY, ""); init(project); },
  },
  {
    name: "there is no .dev.vars", check: "secret of demo", said: /SECRET_DEMO_CLIENT_SECRET is not set/,
    breaks: (project) => rmSync(join(project, ".dev.vars")),
    mends: (project, remedy) => { quoted(remedy, /npx everlit init/); init(project); authority.clientSecret = secretOf(project); },
  },
  {
    name: "the secret of a real provider is not set", check: "secret of demo", said: /is not set/, offline: true,
    breaks: (project) => { toml(project, /issuer = ".*"/, 'issuer = "https://login.example.com"'); edit(project, ".dev.vars", /SECRET_DEMO_.*\n/, ""); },
    mends: (project, remedy) => appendFileSync(join(project, ".dev.vars"), `${quoted(remedy, /SECRET_\w+=/)}what-it-gave\n`),
  },
  {
    name: "git would take .dev.vars in", check: "secrets and git", verdict: "warn", said: /would take/,
    breaks: (project) => edit(project, ".gitignore", ".dev.vars\n", ""),
    mends: (project, remedy) => appendFileSync(join(project, ".gitignore"), `\n${quoted(remedy, /line (\S+)/)}\n`),
  },
  {
    name: "git keeps .dev.vars", check: "secrets and git", said: /git keeps \.dev\.vars/,
    breaks: (project) => { git(project, "init"); git(project, "add", "-f", ".dev.vars"); },
    mends: (project, remedy) => git(project, ...quoted(remedy, /git (rm --cached \S+),/).split(" ")),
  },
  {
    name: "there is no origin", check: "origins", said: /names none/,
    breaks: (project) => toml(project, /ORIGINS = .*/, "ORIGINS = []"),
    mends: (project, remedy) => toml(project, /ORIGINS = .*/, `ORIGINS = ${quoted(remedy, /\["http:\/\/localhost:8787"\]/)}`),
  },
  {
    name: "an origin has a path", check: "origins", said: /is no origin/,
    breaks: (project) => toml(project, "localhost:8787\"", 'localhost:8787/"'),
    mends: (project, remedy) => toml(project, /ORIGINS = .*/, `ORIGINS = [${quoted(remedy, /path: ("[^"]+")/)}]`),
  },
  {
    name: "an origin is http", check: "origins", said: /is not https/, offline: true,
    breaks: (project) => toml(project, /ORIGINS = .*/, 'ORIGINS = ["http://app.example.com"]'),
    mends: (project, remedy) => toml(project, /ORIGINS = .*/, `ORIGINS = [${quoted(remedy, /"https:[^"]+"/)}]`),
  },
  {
    name: "a page on a sibling host is named with a path", check: "app origins", said: /"http:\/\/localhost:5173\/" is no origin/,
    breaks: (project) => toml(project, /^ORIGINS = .*\n/m, 'ORIGINS = ["http://localhost:8787"]\nAPP_ORIGINS = ["http://localhost:5173/"]\n'),
    mends: (project, remedy) => toml(project, /APP_ORIGINS = .*/, `APP_ORIGINS = [${quoted(remedy, /path: ("[^"]+")/)}]`),
  },
  {
    name: "a page on a sibling host is no list", check: "app origins", said: /is no list of origins/, offline: true,
    breaks: (project) => toml(project, /^ORIGINS = .*\n/m, 'ORIGINS = ["https://auth.example.com"]\nAPP_ORIGINS = "https://app.example.com"\n'),
    mends: (project, remedy) => toml(project, /APP_ORIGINS = .*/, quoted(remedy, /APP_ORIGINS = \[[^\]]*\]/)),
  },
  {
    name: "a page on a sibling host is http, and the Worker https", check: "app origins", said: /are two sites, as one is http/, offline: true,
    breaks: (project) => toml(project, /^ORIGINS = .*\n/m, 'ORIGINS = ["https://auth.app.localhost"]\nAPP_ORIGINS = ["http://www.app.localhost"]\n'),
    mends: (project, remedy) => toml(project, /APP_ORIGINS = .*/, `APP_ORIGINS = [${quoted(remedy, /"https:[^"]+"/)}]`),
  },
  {
    name: "a page is on another site than the Worker", check: "app origins", said: /https:\/\/app\.example\.com is of another site than https:\/\/everlit\.example\.org/, offline: true,
    breaks: (project) => toml(project, /^ORIGINS = .*\n/m, 'ORIGINS = ["https://everlit.example.org"]\nAPP_ORIGINS = ["https://app.example.com"]\n'),
    mends: (project, remedy) => toml(project, /^ORIGINS = .*/m, `ORIGINS = ["${quoted(remedy, /https:\/\/[a-z.]+/)}"]`),
  },
  {
    name: "a page on a sibling host is said to be the Worker's own", check: "app origins", said: /is in ORIGINS as well, and the Worker does not start/, offline: true,
    breaks: (project) => toml(project, /^ORIGINS = .*\n/m, 'ORIGINS = ["https://auth.example.com", "https://app.example.com"]\nAPP_ORIGINS = ["https://app.example.com"]\n'),
    mends: (project, remedy) => { quoted(remedy, /out of one of the two/); toml(project, /^ORIGINS = .*/m, 'ORIGINS = ["https://auth.example.com"]'); },
  },
  {
    name: "a page is on another port of the Worker's host", check: "app origins", verdict: "warn", said: /cookies know no ports/, offline: true,
    breaks: (project) => toml(project, /^ORIGINS = .*\n/m, 'ORIGINS = ["https://example.com"]\nAPP_ORIGINS = ["https://example.com:8443"]\n'),
    mends: (project, remedy) => { quoted(remedy, /Give the page a host of its own/); toml(project, /APP_ORIGINS = .*/, 'APP_ORIGINS = ["https://app.example.com"]'); },
  },
  {
    name: "there is no provider", check: "providers", said: /has none/,
    breaks: (project) => toml(project, /\[vars\.PROVIDER_DEMO\][^]*/, ""),
    mends: (project, remedy) => {
      quoted(remedy, /npx everlit init, in an empty folder/);
      const sample = join(project, "../sample");
      assert.equal(everlit(project, ["init", sample]).code, 0);
      appendFileSync(join(project, "wrangler.toml"), /\[vars\.PROVIDER_DEMO\][^]*/.exec(readFileSync(join(sample, "wrangler.toml"), "utf8"))?.[0] ?? "");
      toml(project, "http://127.0.0.1:9000", authority.issuer);
    },
  },
  {
    name: "nothing is said of how a known server rotates", check: "rotation at demo", verdict: "warn", said: /left out/, offline: true,
    breaks: (project) => { toml(project, /grace = .*\n/, ""); toml(project, /issuer = ".*"/, 'issuer = "https://tenant.eu.auth0.com/"'); },
    mends: (project, remedy) => toml(project, "[vars.PROVIDER_DEMO]\n", `[vars.PROVIDER_DEMO]\n${quoted(remedy, /grace = "auth0"/)}\n`),
  },
  {
    name: "nothing is said of how an unknown server rotates", check: "rotation at demo", verdict: "warn", said: /left out/, offline: true,
    breaks: (project) => { toml(project, /grace = .*\n/, ""); toml(project, /issuer = ".*"/, 'issuer = "https://login.example.com"'); },
    mends: (project, remedy) => toml(project, "[vars.PROVIDER_DEMO]\n", `[vars.PROVIDER_DEMO]\n${quoted(remedy, /grace = \{[^}]*\}/)}\n`),
  },
  {
    name: "the server is taken for another", check: "rotation at demo", verdict: "warn", said: /looks like auth0's/, offline: true,
    breaks: (project) => { toml(project, /grace = .*/, 'grace = "okta"'); toml(project, /issuer = ".*"/, 'issuer = "https://tenant.eu.auth0.com/"'); },
    mends: (project, remedy) => toml(project, /grace = .*/, quoted(remedy, /grace = "auth0"/)),
  },
  {
    name: "the issuer cannot be reached", check: "discovery of demo", said: /cannot be reached: .*ECONNREFUSED/,
    breaks: (project) => toml(project, /issuer = ".*"/, 'issuer = "http://localhost:1"'),
    mends: (project) => toml(project, /issuer = ".*"/, `issuer = "${authority.issuer}"`),
  },
  {
    name: "the issuer has no discovery document", check: "discovery of demo", said: /answers 404, and no discovery document/,
    breaks: (project) => toml(project, /issuer = ".*"/, `issuer = "${authority.issuer}/nowhere"`),
    mends: (project) => toml(project, /issuer = ".*"/, `issuer = "${authority.issuer}"`),
  },
  {
    name: "the issuer is another by a slash", check: "discovery of demo", said: /calls itself/,
    breaks: (project) => toml(project, /issuer = ".*"/, `issuer = "${authority.issuer}/"`),
    mends: (project, remedy) => toml(project, /issuer = ".*"/, quoted(remedy, /issuer = "[^"]+"/)),
  },
  {
    name: "the discovery document lacks endpoints", check: "discovery of demo", said: /has no token_endpoint$/,
    breaks: () => { delete authority.metadata.token_endpoint; },
    mends: () => { authority.metadata.token_endpoint = `${authority.issuer}/token`; },
  },
  {
    name: "the server knows no PKCE", check: "abilities of demo", said: /PKCE/,
    breaks: () => { authority.metadata.code_challenge_methods_supported = ["plain"]; },
    mends: (_, remedy) => { quoted(remedy, /turn it on at that server/); authority.metadata.code_challenge_methods_supported = ["S256"]; },
  },
  {
    name: "the server gives no refresh tokens", check: "abilities of demo", said: /no refresh tokens/,
    breaks: () => { authority.metadata.grant_types_supported = ["authorization_code"]; },
    mends: (_, remedy) => { authority.metadata.grant_types_supported = ["authorization_code", quoted(remedy, /Turn the (\w+) grant on/)]; },
  },
  {
    name: "the server wants its clients to authenticate otherwise", check: "abilities of demo", said: /does not take client_auth = "client_secret_basic"/,
    breaks: () => { authority.metadata.token_endpoint_auth_methods_supported = ["client_secret_post"]; authority.auth = "client_secret_post"; },
    mends: (project, remedy) => toml(project, "[vars.PROVIDER_DEMO]\n", `[vars.PROVIDER_DEMO]\n${quoted(remedy, /client_auth = "\w+"/)}\n`),
  },
  {
    name: "the server has no offline_access", check: "abilities of demo", verdict: "warn", said: /no scope offline_access/,
    breaks: () => { authority.metadata.scopes_supported = ["openid", "profile", "email"]; },
    mends: (project, remedy) => toml(project, `, ${quoted(remedy, /leave ("offline_access") out of scopes/)}`, ""),
  },
  {
    name: "the server does not take the secret", check: "client at demo", said: /invalid_client/,
    breaks: () => { authority.clientSecret = "another"; },
    mends: (project, remedy) => edit(project, ".dev.vars", /SECRET_DEMO_.*/, `${quoted(remedy, /^(\w+) has to be what that server shows/)}=${authority.clientSecret}`),
  },
  {
    name: "the redirect URI is not registered", check: "redirect URI at demo", said: /does not know http:\/\/localhost:8787\/auth\/callback\/demo/,
    breaks: () => { authority.redirectUris = ["http://localhost:8787/callback"]; },
    mends: (_, remedy) => { authority.redirectUris.push(quoted(remedy, /Register (\S+) there/)); },
  },
  {
    name: "the client is not known", check: "redirect URI at demo", said: /does not know the client/,
    breaks: (project) => toml(project, /client_id = ".*"/, 'client_id = "nobody"'),
    mends: (project, remedy) => { quoted(remedy, /client_id in \[vars\.PROVIDER_DEMO\]/); toml(project, /client_id = ".*"/, `client_id = "${authority.clientId}"`); },
  },
  {
    name: "the client may not use the code flow", check: "redirect URI at demo", said: /refused: unauthorized_client/,
    breaks: () => { authority.error = "unauthorized_client"; },
    mends: (_, remedy) => { quoted(remedy, /Allow the authorization code flow/); authority.error = "login_required"; },
  },
  {
    name: "the clock of the server is minutes ahead", check: "clock of demo", said: /^1[12]\d s ahead of this machine's$/,
    breaks: () => { authority.ahead = 120; },
    mends: (_, remedy) => { quoted(remedy, /set by network time/); authority.ahead = 0; },
  },
  {
    name: "the clock of the server is seconds behind", check: "clock of demo", verdict: "warn", said: /^(19|20|21) s behind this machine's$/,
    breaks: () => { authority.ahead = -20; },
    mends: () => { authority.ahead = 0; },
  },
];

test("the project that is to be broken has nothing wrong with it", async () => {
  authority.reset({ clientId: "everlit-demo", clientSecret: secretOf(good), redirectUri: REDIRECT });
  const { code, checks } = await look(good);
  assert.deepEqual(bad(checks), []);
  assert.equal(code, 0);
  const names = checks.map(({ name }) => name);
  for (const { check } of BREAKS) if (!["project", "wrangler file", "providers", "secrets"].includes(check)) assert.ok(names.includes(check), `${check} among ${names}`);
});

for (const [at, { name, breaks, check, verdict = "fail", said, mends, offline, outside }] of BREAKS.entries()) {
  test(`${name}: said, mended as it says, and well again`, async () => {
    const home = join(folder, `case-${at}`);
    mkdirSync(home);
    const project = join(home, "good");
    copy(good, project);
    authority.reset({ clientId: "everlit-demo", clientSecret: secretOf(good), redirectUri: REDIRECT });
    const options = ["--json", ...(offline ? ["--offline"] : [])];
    breaks(project);
    // Without --offline the test's own server has to answer meanwhile.
    const broken = await look(project, outside ? [...options, "--offline"] : options, outside ? good : project);
    const found = broken.checks.find((each) => each.name === check && bad([each]).length);
    assert.ok(found, `${check} is bad: ${JSON.stringify(bad(broken.checks), null, 2)}`);
    assert.equal(found.verdict, verdict);
    assert.match(found.said, said);
    assert.ok(found.remedy, "it says how to mend it");
    assert.equal(broken.code, broken.checks.some((each) => each.verdict === "fail") ? 1 : 0);
    assert.doesNotMatch(JSON.stringify(broken.checks), new RegExp(secretOf(good)), "no secret is in a report");
    mends(project, found.remedy);
    const mended = await look(project, outside ? [...options, "--offline"] : options);
    assert.deepEqual(bad(mended.checks), []);
    assert.equal(mended.code, 0);
    rmSync(home, { recursive: true });
  });
}

test("where the provider has no name or no address, no line is of an empty one, and nothing is asked", async () => {
  const home = join(folder, "nameless");
  for (const [key, lines] of [["client_id", ["client at demo", "redirect URI at demo"]], ["issuer", ["discovery of demo"]]]) {
    copy(good, home);
    authority.reset({ clientId: "everlit-demo", clientSecret: secretOf(good), redirectUri: REDIRECT });
    toml(home, new RegExp(`^${key} = .*\n`, "m"), "");
    const { code, checks } = await look(home);
    assert.equal(code, 1);
    assert.deepEqual(bad(checks).map(({ name, said }) => `${name}: ${said}`), [`variables: PROVIDER_DEMO.${key} is missing`]);
    assert.deepEqual(checks.filter(({ verdict }) => verdict === "unchecked").map(({ name }) => name), lines);
    for (const { name, said } of checks.filter(({ verdict }) => verdict === "unchecked")) assert.match(said, new RegExp(`^not checked: its ${key} is not set`), name);
    rmSync(home, { recursive: true });
  }
});

test("what could not be looked at has a mark of its own, for people and in JSON, and is no failure", async () => {
  const home = join(folder, "unchecked");
  copy(good, home);
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  toml(home, authority.issuer, nowhere);
  const { code, checks } = await look(home);
  assert.equal(code, 0);
  assert.deepEqual(checks.filter(({ verdict }) => verdict !== "ok"), [{ name: "discovery of demo", verdict: "unchecked", said: `not checked: nothing listens at ${nowhere}: \`everlit dev\` starts the demo authorization server there` }]);
  const report = await everlitAsync(home, ["doctor"]);
  assert.equal(report.code, 0);
  assert.match(report.out, /^– {5}discovery of demo +not checked: nothing listens at/m);
  assert.match(report.out, new RegExp(`\n${checks.length - 1} ok, 1 not checked\n$`));
  assert.match((await everlitAsync(home, ["doctor", "--offline"])).out, /^– {5}discovery of demo +not checked: no authorization server is asked with --offline$/m);
});

test("a report for people has a line for each check, a remedy under each that is bad, and the count", async () => {
  authority.reset({ clientId: "everlit-demo", clientSecret: secretOf(good), redirectUri: "https://elsewhere.example/" });
  const { code, out } = await everlitAsync(good, ["doctor"]);
  assert.equal(code, 1);
  assert.match(out, /^fail {2}redirect URI at demo +the server does not know .*\n +→ Register http:\S+ there/m);
  assert.match(out, /^ok {4}session key/m);
  assert.match(out, /\n\d+ ok, 1 wrong\n$/);
});

test("a folder that is no project is said to be none", () => {
  const empty = join(folder, "empty");
  mkdirSync(empty);
  const { code, out } = everlit(good, ["doctor"], empty);
  assert.equal(code, 1);
  assert.match(out, /has neither package\.json nor wrangler\.toml/);
});

test("--env reads an environment as wrangler does: its own variables and bindings, and no others", () => {
  const project = join(folder, "environments");
  copy(good, project);
  const path = join(project, "wrangler.toml");
  const text = readFileSync(path, "utf8");
  const vars = text.slice(text.indexOf("[vars]")).replaceAll(/^\[vars/gm, "[env.staging.vars");
  writeFileSync(path, `${text}\n${vars.replace("http://localhost:8787", "https://staging.example.com")}`);
  const staging = (/** @type {string[]} */ ...words) => {
    const { code, out } = everlit(project, ["doctor", "--offline", "--json", "--env", "staging", ...words]);
    return { code, checks: /** @type {Check[]} */ (JSON.parse(out).checks) };
  };
  const first = staging();
  const of = (/** @type {string} */ name) => first.checks.find((check) => check.name === name);
  assert.equal(of("origins")?.said, "https://staging.example.com");
  assert.deepEqual([of("objects")?.verdict, of("rotator")?.verdict, of("main")?.verdict], ["fail", "fail", "ok"], "bindings are not inherited");
  const name = quoted(of("rotator")?.remedy ?? "", /service = "([^"]+)"/);
  assert.match(name, /-staging$/);
  const bound = text.slice(text.indexOf("[durable_objects]"), text.indexOf("[[migrations]]")).replace("[durable_objects]", "[env.staging.durable_objects]");
  appendFileSync(path, `\n${bound}\n[[env.staging.services]]\nbinding = "ROTATOR"\nservice = "${name}"\n`);
  assert.deepEqual(bad(staging().checks), []);
  assert.deepEqual(bad(JSON.parse(everlit(project, ["doctor", "--offline", "--json"]).out).checks), [], "the top of the file is what it was");
  const wrong = everlit(project, ["doctor", "--offline", "--env", "stagging"]);
  assert.deepEqual([wrong.code, /no environment "stagging"[^]*It has staging\./.test(wrong.out)], [1, true], wrong.out);
});
