// What is in the packed package, and what tools that judge packages say of it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire, SourceMap } from "node:module";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { pack, project } from "./support/tarball.mjs";

const require = createRequire(import.meta.url);
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const { tarball, unpacked, files } = pack();
const read = (/** @type {string} */ path) => readFileSync(join(unpacked, path), "utf8");
const manifest = JSON.parse(read("package.json"));
/** What a page runs. The command and the Worker are for machines; their parts come from libraries. */
const scripts = files.filter((path) => path.endsWith(".js") && !/^(dist\/(cli|worker)|templates)\//.test(path));
/** What `everlit init` writes, as it is in the repository. */
const templates = readdirSync(join(ROOT, "crates/web/templates"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(join(ROOT, "crates/web"), join(entry.parentPath, entry.name)));

/** The program of an installed package. @param {string} name @param {string} bin */
function program(name, bin) {
  const folder = require.resolve.paths(name)?.map((path) => join(path, name)).find((path) => existsSync(path)) ?? assert.fail(`${name} is not installed`);
  return join(folder, JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).bin[bin]);
}

/** @param {string[]} command */
function run(...command) {
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", cwd: pack().folder, env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } });
  return { status, text: stdout + stderr };
}

/** What nobody imports for its types: two files, and the Worker, which `wrangler.toml` names. */
const UNTYPED = ["./everlit.wasm", "./config.schema.json", "./worker"];

describe("the tarball", () => {
  test("holds what the package names, its maps, its licences and its README, and nothing else", () => {
    const { session, later } = JSON.parse(read("dist/manifest.json"));
    const entries = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry))).map((path) => path.replace("./", ""));
    const declared = new Set(entries.filter((path) => path.endsWith(".d.ts")));
    // A set grows while it is walked.
    for (const file of declared) {
      for (const [, other] of read(file).matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)) declared.add(join(dirname(file), `${other}.d.ts`));
    }
    const commands = Object.values(manifest.bin).map((path) => path.replace("./", ""));
    const loaded = new Set([...entries.filter((path) => !path.endsWith(".d.ts")), ...commands, ...[...session, ...later].map((name) => `dist/${name}`)]);
    for (const file of loaded) {
      if (!file.endsWith(".js")) continue;
      for (const [, other] of read(file).matchAll(/(?:from|import\(|import)\s*"(\.[^"]+\.(?:js|wasm))"/g)) loaded.add(join(dirname(file), other ?? ""));
    }
    const maps = scripts.map((file) => `${file}.map`);
    const words = ["package.json", "README.md", "ERRORS.md", "LICENSE-MIT", "LICENSE-APACHE", "dist/cli/THIRD-PARTY.txt"];
    const wanted = [...loaded, ...maps, ...declared, ...templates, ...words, "dist/manifest.json"];
    assert.deepEqual(files, [...new Set(wanted)].sort());
  });

  test("has the licences of the repository", () => {
    assert.equal(manifest.license, "MIT OR Apache-2.0");
    for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) assert.equal(read(name), readFileSync(join(ROOT, name), "utf8"), name);
  });

  test("says that it is of modules, without side effects and without dependencies", () => {
    const { type, sideEffects, dependencies, optionalDependencies, scripts: hooks, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
    assert.deepEqual({ type, sideEffects, dependencies, optionalDependencies, hooks }, { type: "module", sideEffects: ["./dist/elements/auto/index.js"], dependencies: undefined, optionalDependencies: undefined, hooks: undefined });
    for (const name of Object.keys(peerDependencies)) assert.ok(peerDependenciesMeta[name]?.optional, `${name} may be missing`);
  });

  test("names no folder of the machine that built it", () => {
    for (const file of files) assert.ok(!read(file).includes(ROOT.slice(0, -1)), file);
  });

  test("is clean to publint, as strict as it gets", () => {
    const { status, text } = run(program("publint", "publint"), tarball, "--strict");
    assert.equal(status, 0, text);
    assert.match(text, /All good!/);
  });

  test("is clean to attw in every way to find modules that knows ESM", () => {
    const { status, text } = run(program("@arethetypeswrong/cli", "attw"), tarball, "--profile", "esm-only", "--exclude-entrypoints", ...UNTYPED, "--no-emoji");
    assert.equal(status, 0, text);
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (target.types) assert.match(text, new RegExp(`"${join("everlit", entry)}" +│ OK \\(ESM\\) +│ OK +│`), entry);
    }
  });
});

describe("source maps", () => {
  for (const file of scripts) {
    test(`${file} leads to its sources, which are in the map, and to the right lines of them`, () => {
      const code = read(file);
      const name = file.split("/").at(-1);
      assert.ok(code.endsWith(`//# sourceMappingURL=${name}.map`) || code.endsWith(`//# sourceMappingURL=${name}.map\n`), "the script names its map");
      const payload = JSON.parse(read(`${file}.map`));
      assert.equal(payload.sourcesContent.length, payload.sources.length);
      const map = new SourceMap(payload);
      // The middle of a template, which may have become a string, has no place of its own.
      const strings = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g;
      const told = code.replace(strings, (whole) => (whole.startsWith('"') ? whole : " ".repeat(whole.length)));
      /** Texts that minifying leaves as they are. */
      const literals = new Set();
      for (const [text] of told.matchAll(/"([\w ./-]{6,60})"|\b(?:Uint8Array|SharedWorker|WebAssembly)\b/g)) literals.add(text);
      let looked = 0;
      for (const text of literals) {
        const homes = payload.sourcesContent.flatMap((/** @type {string} */ source, /** @type {number} */ i) => source.split("\n").flatMap((line, number) => (line.includes(text) ? [`${payload.sources[i]}:${number}`] : [])));
        if (homes.length === 0) continue;
        for (let place = told.indexOf(text); place >= 0; place = told.indexOf(text, place + 1)) {
          const before = code.slice(0, place).split("\n");
          const found = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
          assert.ok("originalSource" in found, `its map says nothing of ${text}`);
          const home = `${payload.sources[payload.sources.findIndex((/** @type {string} */ each) => each === found.originalSource)]}:${found.originalLine}`;
          assert.ok(homes.includes(home), `${text} is at ${homes}, and its map says ${home}`);
          looked += 1;
        }
      }
      // What gives on another script and nothing else has no lines of its own.
      assert.ok(looked > 0 || /^export\*from"[^"]+";\n\/\/#.*\n?$/.test(code), "there was something to look up");
    });
  }
});

describe("where there is no page", () => {
  const folder = project("server", {
    "import.mjs": `const before = Object.getOwnPropertyNames(globalThis).join();
      const everlit = await import("everlit");
      await import("everlit/inline");
      if (Object.getOwnPropertyNames(globalThis).join() !== before) throw new Error("the import left something behind");
      const error = await everlit.openSession().catch((caught) => caught);
      console.log(error.code);`,
    "render.mjs": `import { openSession } from "everlit";
      const page = () => { const opening = openSession(); opening.catch(() => {}); return "<p>resuming</p>"; };
      console.log(page());`,
    "require.cjs": `try { console.log(typeof require("everlit").openSession); } catch (error) { console.log(error.code); }`,
  });
  const says = (/** @type {string} */ file) => run(join(folder, file));

  test("the import has no effect, and a session is refused by its code", () => {
    assert.deepEqual(says("import.mjs"), { status: 0, text: "ERR_SESSION_UNSUPPORTED\n" });
  });

  test("a page that is rendered on a server goes on", () => {
    assert.deepEqual(says("render.mjs"), { status: 0, text: "<p>resuming</p>\n" });
  });

  test("require() gives the package where Node can require modules, and elsewhere says that it is one", () => {
    const { text } = says("require.cjs");
    const able = Boolean(Reflect.get(process.features, "require_module"));
    assert.ok(text.startsWith(able ? "function" : "ERR_"), text);
  });
});
