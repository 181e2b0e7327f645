/** `everlit init` in folders of all kinds, and the command's own manners. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { before, test } from "node:test";

import { ENVIRONMENT, everlit, filesBelow, npmInstall, npx, pack, REPO, scratch, unpack } from "./support/package.mjs";

let folder = "", tarball = "", tool = "", files = /** @type {string[]} */ ([]);

before(() => {
  folder = scratch();
  ({ tarball, files } = pack(folder));
  tool = join(folder, "tool");
  unpack(tarball, tool);
});

/** A folder with these files. @param {string} name @param {Record<string, string>} content */
function existing(name, content) {
  const project = join(folder, name);
  for (const [path, text] of Object.entries(content)) {
    mkdirSync(join(project, path, ".."), { recursive: true });
    writeFileSync(join(project, path), text);
  }
  return project;
}

const read = (/** @type {string[]} */ ...path) => readFileSync(join(...path), "utf8");
const VITE = { "package.json": '{\n\t"name": "@team/My App",\n\t"scripts": { "dev": "vite", "build": "vite build" },\n\t"devDependencies": { "vite": "^7.0.0" }\n}\n', "index.html": "<p>mine</p>", "src/main.ts": "// mine\n", "tsconfig.json": "{}", "public/x.txt": "" };

test("the package has the Worker, the schema, the command and its templates in it, and depends on nothing", () => {
  for (const file of ["dist/worker/index.js", "dist/worker/index_bg.wasm", "dist/config.schema.json", "dist/cli/main.js", "dist/cli/THIRD-PARTY.txt", "templates/wrangler.toml", "templates/shared/index.html", "templates/plain/public/app.js"]) assert.ok(files.includes(file), file);
  const manifest = JSON.parse(read(tool, "node_modules/everlit/package.json"));
  assert.equal(manifest.dependencies, undefined);
  assert.ok(existsSync(join(tool, "node_modules/everlit", manifest.bin.everlit)));
  for (const entry of ["./worker", "./config.schema.json"]) assert.ok(existsSync(join(tool, "node_modules/everlit", manifest.exports[entry])), entry);
  const notices = read(tool, "node_modules/everlit/dist/cli/THIRD-PARTY.txt");
  for (const name of ["oidc-provider", "smol-toml", "jsonc-parser", "@cfworker/json-schema"]) assert.match(notices, new RegExp(`^${name} \\d`, "m"));
});

for (const template of ["plain", "vite", "react"]) {
  test(`a new folder gets the template ${template}, and its Worker can be deployed`, () => {
    const { code, out, err } = everlit(tool, ["init", `new-${template}`, "--template", template], folder);
    assert.equal(code, 0, err);
    const project = join(folder, `new-${template}`);
    for (const file of filesBelow(project)) assert.doesNotMatch(read(project, file), /__[A-Z]+__/, `${file} has its words in it`);
    assert.match(out, /Next:\n {2}1\. cd .*\n {2}2\. npm install\n {2}3\. npx everlit dev\n$/);
    const manifest = JSON.parse(read(project, "package.json"));
    assert.equal(manifest.name, `new-${template}`);
    assert.equal(manifest.scripts.dev, "everlit dev");
    assert.ok(manifest.dependencies.everlit && manifest.devDependencies.wrangler);
    assert.match(read(project, ".dev.vars"), /^SECRET_SESSION_KEY=[\w-]{43}\nSECRET_DEMO_CLIENT_SECRET=[\w-]{43}\n$/);
    assert.equal(statSync(join(project, ".dev.vars")).mode & 0o777, 0o600);
    assert.match(read(project, ".gitignore"), /^\.dev\.vars$/m);
    unpack(tarball, project);
    if (template !== "plain") {
      // Its bundler is another test's matter: here it has been run.
      const built = join(project, "dist");
      mkdirSync(built);
      writeFileSync(join(built, "index.html"), "<p>built</p>");
      const path = join(project, "wrangler.toml");
      writeFileSync(path, readFileSync(path, "utf8").replace(/command = ".*"/, 'command = "node --version"'));
    }
    const packed = execFileSync(process.execPath, [join(REPO, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", "packed"], { cwd: project, env: ENVIRONMENT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    for (const binding of ["SessionVault", "Escrow", "LoginDesk", "SessionIndex", "env.ROTATOR"]) assert.ok(packed.includes(binding), binding);
    assert.ok(filesBelow(join(project, "packed")).some((file) => file.endsWith(".wasm")), "the Worker's module is packed");
  });
}

test("an existing Vite project keeps its files and gets what it lacks; a second run changes nothing", () => {
  const project = existing("vite-app", VITE);
  const { code, out, err } = everlit(tool, ["init"], project);
  assert.equal(code, 0, err);
  for (const file of ["index.html", "src/main.ts"]) assert.equal(read(project, file), VITE[/** @type {keyof typeof VITE} */ (file)]);
  const manifest = JSON.parse(read(project, "package.json"));
  assert.deepEqual(manifest.scripts, { dev: "vite", build: "vite build", "dev:everlit": "everlit dev", deploy: "wrangler deploy" });
  assert.match(read(project, "package.json"), /^\t"name"/m, "its indentation is kept");
  const config = read(project, "wrangler.toml");
  assert.match(config, /^name = "my-app"$/m);
  assert.match(config, /^directory = "dist"$/m);
  assert.match(config, /^command = "npm run build"$/m);
  assert.match(read(project, "src/session.ts"), /export const session = await openSession\(\);/);
  assert.match(out, /import \{ session \} from "\.\/session"/);
  const texts = () => filesBelow(project).map((file) => [file, read(project, file)]);
  const before = texts();
  assert.equal(everlit(tool, ["init"], project).code, 0);
  assert.deepEqual(texts(), before);
});

test("a React project is known by what it depends on", () => {
  const project = existing("react-app", { ...VITE, "package.json": '{ "name": "r", "dependencies": { "react": "^19.0.0" }, "devDependencies": { "vite": "^7.0.0" } }' });
  const { code, out } = everlit(tool, ["init", "--json"], project);
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).template, "react");
});

test("a wrangler.toml that is there is not touched: what it lacks is said, and with that in it nothing is lacking", () => {
  const own = 'name = "mine"\nmain = "src/worker.ts"\ncompatibility_date = "2026-01-01"\n\n[vars]\nOTHER = "kept"\n';
  const project = existing("own-worker", { ...VITE, "wrangler.toml": own });
  const { code, out } = everlit(tool, ["init", "--json"], project);
  assert.equal(code, 0);
  assert.equal(read(project, "wrangler.toml"), own);
  const { merge, kept, next } = JSON.parse(out);
  assert.ok(kept.includes("wrangler.toml"));
  assert.match(next.join("\n"), /`main` there is another Worker/);
  for (const part of ["node_modules/everlit/dist/worker/index.js", "run_worker_first", "SessionVault", "ROTATOR", 'service = "mine"', "PROVIDER_DEMO", "ORIGINS"]) assert.ok(merge.includes(part), part);
  assert.doesNotMatch(merge, /compatibility_date|OTHER/);
  // Added by hand, as it says: its tables after what is there, and `main` instead of the other.
  const [main = "", ...tables] = merge.split(/\n(?=\[)/);
  const vars = tables.filter((/** @type {string} */ table) => table.startsWith("[vars]")).map((/** @type {string} */ table) => table.replace("[vars]\n", "")).join("");
  const rest = tables.filter((/** @type {string} */ table) => !table.startsWith("[vars]")).join("\n");
  writeFileSync(join(project, "wrangler.toml"), `${own.replace(/main = .*/, /main = .*/.exec(main)?.[0] ?? "")}${vars}\n${rest}\n`);
  assert.equal(JSON.parse(everlit(tool, ["init", "--json"], project).out).merge, "");
});

test("a wrangler.jsonc is answered in its own language", () => {
  const own = '{ // mine\n  "name": "mine",\n  "main": "node_modules/everlit/dist/worker/index.js",\n}\n';
  const project = existing("own-jsonc", { ...VITE, "wrangler.jsonc": own });
  const { merge } = JSON.parse(everlit(tool, ["init", "--json"], project).out);
  assert.equal(read(project, "wrangler.jsonc"), own);
  assert.ok(!existsSync(join(project, "wrangler.toml")));
  const lacking = JSON.parse(merge);
  assert.equal(lacking.durable_objects.bindings.length, 4);
  assert.equal(lacking.main, undefined);
});

test("--force replaces, keeps what was there beside it, and never a secret", () => {
  const project = existing("forced", { ...VITE, "wrangler.toml": 'name = "old"\n', ".dev.vars": "SECRET_SESSION_KEY=mine" });
  assert.equal(everlit(tool, ["init", "--force"], project).code, 0);
  assert.match(read(project, "wrangler.toml"), /class_name = "Escrow"/);
  assert.equal(read(project, "wrangler.toml.before-everlit"), 'name = "old"\n');
  assert.match(read(project, ".dev.vars"), /^SECRET_SESSION_KEY=mine\nSECRET_DEMO_CLIENT_SECRET=[\w-]{43}\n$/);
});

test("run from a tarball, init writes a dependency that its own next step installs", () => {
  const { code, err } = npx(tarball, ["init", "from-tarball"], folder);
  assert.equal(code, 0, err);
  const project = join(folder, "from-tarball");
  assert.equal(JSON.parse(read(project, "package.json")).dependencies.everlit, `file:../${basename(tarball)}`);
  npmInstall(project);
  assert.ok(existsSync(join(project, "node_modules/everlit/dist/worker/index_bg.wasm")));
  // From there it is the project's own command, and what is made with it finds the same tarball.
  assert.equal(everlit(project, ["init", "deep/er/again"], folder).code, 0);
  assert.equal(JSON.parse(read(folder, "deep/er/again/package.json")).dependencies.everlit, `file:../../../${basename(tarball)}`);
});

test("run from a folder, init names that folder", () => {
  const { code, err } = npx(join(REPO, "crates/web"), ["init", "from-folder"], folder);
  assert.equal(code, 0, err);
  const [, path = ""] = /^file:(.*)/.exec(JSON.parse(read(folder, "from-folder/package.json")).dependencies.everlit) ?? [];
  assert.equal(realpathSync(join(realpathSync(folder), "from-folder", path)), realpathSync(join(REPO, "crates/web")));
});

/** What was asked for where the command is installed, whether the package is one that is on no registry, and what a project gets. @type {[string, string, boolean, RegExp][]} */
const SOURCES = [
  ["a version", "^0.1.0", false, /^\^\d+\.\d+\.\d+$/],
  ["a tag", "latest", false, /^\^\d+\.\d+\.\d+$/],
  ["a version of a package that is on no registry", "^0.1.0", true, /^file:\..\/source-\d\/node_modules\/everlit$/],
  ["a tarball at an address", "https://example.com/everlit.tgz", true, /^https:\/\/example\.com\/everlit\.tgz$/],
  ["a repository", "github:example/everlit", false, /^github:example\/everlit$/],
  ["a file that is gone", "file:../gone.tgz", true, /^file:\..\/source-\d\/node_modules\/everlit$/],
];
for (const [at, [name, asked, isPrivate, written]] of SOURCES.entries()) {
  test(`where the command was installed as ${name}, a project depends on what npm can find`, () => {
    const source = existing(`source-${at}`, { "package.json": JSON.stringify({ dependencies: { everlit: asked } }) });
    unpack(tarball, source);
    const path = join(source, "node_modules/everlit/package.json");
    writeFileSync(path, JSON.stringify({ ...JSON.parse(read(path)), private: isPrivate }));
    assert.equal(everlit(source, ["init", `of-source-${at}`], folder).code, 0);
    assert.match(JSON.parse(read(folder, `of-source-${at}`, "package.json")).dependencies.everlit, written);
  });
}

test("a server of one's own is configured, with what to register and which secret to set", () => {
  const { code, out } = everlit(tool, ["init", "own-server", "--issuer", "https://tenant.eu.auth0.com/", "--client-id", "abc"], folder);
  assert.equal(code, 0);
  const config = read(folder, "own-server/wrangler.toml");
  assert.match(config, /^issuer = "https:\/\/tenant\.eu\.auth0\.com\/"$/m);
  assert.match(config, /^grace = "auth0"$/m);
  assert.match(out, /SECRET_MAIN_CLIENT_SECRET in \.dev\.vars, and register http:\/\/localhost:8787\/auth\/callback\/main as redirect URI/);
  assert.doesNotMatch(read(folder, "own-server/.dev.vars"), /CLIENT_SECRET/);
});

/** @type {[string[], RegExp][]} */
const WRONG = [
  [["dcotor"], /no command "dcotor"; did you mean "doctor"\?/],
  [["deploy-everything"], /no command "deploy-everything"\nIt has init, dev, doctor/],
  [["init", "--tempalte", "vite"], /no option --tempalte; did you mean --template\?/],
  [["init", "--template", "raect"], /no template "raect"; did you mean "react"\?/],
  [["init", "--template"], /--template wants a value/],
  [["init", "--template", "--force"], /--template wants a value/],
  [["init", "--force=yes"], /--force takes no value, and was given "yes"/],
  [["init", "a", "b"], /takes 1 word beside its options, and was given "a", "b"/],
  [["init", "--issuer", "login.example.com"], /--issuer wants a URL such as .* given "login\.example\.com"/],
  [["init", "--issuer", "http://login.example.com"], /http is for this machine only/],
  [["init", "--issuer", "https://login.example.com"], /--issuer wants --client-id/],
  [["init", "--client-id", 'a"b'], /--client-id wants/],
  [["init", "--name", "My App"], /--name wants at most 63 of a-z/],
  [["dev", "--port", "80a"], /--port wants a port from 1 to 65535, and was given "80a"/],
  [["dev", "--port", "70000"], /--port wants a port/],
  [["dev"], /there is no wrangler\.toml in this folder\nnpx everlit init/],
  [["doctor", "ftp://x"], /wants the address of an app/],
];
for (const [words, said] of WRONG) {
  test(`everlit ${words.join(" ")}: a clear word, and nothing is written`, () => {
    const empty = join(folder, `empty-${words.join("-").replace(/[^a-z0-9]+/gi, "-")}`);
    mkdirSync(empty);
    const { code, out, err } = everlit(tool, words, empty);
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.match(err, /^error: /);
    assert.match(err, said);
    assert.doesNotMatch(err, /\n {4}at /, "no stack");
    assert.deepEqual(filesBelow(empty), []);
  });
}

test("a project file that is broken stops init before anything is written", () => {
  for (const [name, content] of [["package.json", "{ no"], ["wrangler.toml", "no no"], ["wrangler.jsonc", "{ a }"]]) {
    const project = existing(`broken-${name}`, { [/** @type {string} */ (name)]: /** @type {string} */ (content) });
    const { code, err } = everlit(tool, ["init"], project);
    assert.equal(code, 2);
    assert.match(err, new RegExp(`${name} is not`));
    assert.deepEqual(filesBelow(project), [name]);
  }
});

test("help is there for all of it, and the version is the package's", () => {
  const version = JSON.parse(read(tool, "node_modules/everlit/package.json")).version;
  for (const words of [["--version"], ["-v"]]) assert.equal(everlit(tool, words).out, `${version}\n`);
  for (const words of [["--help"], ["-h"], ["help"]]) assert.match(everlit(tool, words).out, /everlit init \[folder\][^]*everlit dev[^]*everlit doctor/);
  for (const name of ["init", "dev", "doctor"]) {
    const asked = [[name, "--help"], [name, "-h"], ["help", name]].map((words) => everlit(tool, words).out);
    assert.match(asked[0] ?? "", new RegExp(`^everlit ${name}`));
    assert.equal(new Set(asked).size, 1);
  }
  const none = spawnSync(process.execPath, [join(tool, "node_modules/everlit/dist/cli/main.js")], { encoding: "utf8" });
  assert.equal(none.status, 2);
  assert.match(none.stderr, /everlit init/);
});
