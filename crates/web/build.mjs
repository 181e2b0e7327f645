// Builds the npm package: what `wasm-bindgen --target web` wrote (EVERLIT_WASM_DIR), ts/ and node/ become dist/.
//
// ts/index.ts and what it imports is `everlit`, in as few bytes as can be, with the Wasm module as its last line. `everlit/<name>` is
// ts/<name>/index.ts, or node/<name>/index.ts where Node runs it; package.json says which there are. The command `everlit` is node/cli. The
// Worker is taken as it is built last.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { decode, encode } from "@jridgewell/sourcemap-codec";
import { build, transform } from "esbuild";
import { minify } from "terser";

const here = dirname(fileURLToPath(import.meta.url));
const glue = process.env.EVERLIT_WASM_DIR;
if (!glue) {
  console.error("EVERLIT_WASM_DIR is to name the folder that wasm-bindgen wrote; `cargo xtask build --web` does all of it");
  process.exit(2);
}
const inputs = join(here, "build");
// Written beside and put in place at the end: whoever reads dist/ never sees half of it.
const fresh = join(here, "dist.new");
const dist = join(here, "dist");

// Members that only our own code names, in all chunks alike: they get short names. None may be of the DOM; `declareTypes` and
// `checkNames` see to it that none is public or in a message.
const INSIDE = [
  ...["ask", "base", "began", "busy", "channel", "clock", "direct", "door", "entropy", "failedAt", "failures", "fault", "foreign", "here", "idempotent", "known", "leave", "life"],
  ...["lock", "mended", "mono", "numbers", "on", "opened", "operation", "page", "permit", "problemOf", "reject", "relog", "repeatable", "resolve", "restored", "retryAfter"],
  ...["socket", "soon", "spread", "steer", "tell", "there", "timer", "told", "transmit", "trying", "wait", "waits", "wall"],
];
// The same of the elements and of what they show; others have such names of their own.
const INSIDE_ELEMENTS = [
  ...["act", "asks", "blank", "blocked", "calling", "calls", "delay", "doneAt", "drawing", "endsAt", "everlitKey", "facts", "idleEndsAt", "kids", "leaving", "listen", "memory"],
  ...["mood", "owed", "place", "renews", "restart", "seen", "shown", "shut", "standing", "standings", "stands", "theirs", "ticks", "urgent", "verdict", "view", "warnAt", "word", "wrong"],
];
const isOfElements = (path) => /^(elements|reauth)\//.test(path);
const shortNames = {};
// Entries that no page loads. They share nothing with a chunk, so their members keep their names.
const APART = ["service"];

// A list of three words or more, which is shorter as one text. It takes as many lines as before: the source map goes by them.
const LIST = /\[\s*("[\w-]+"(?:,\s*"[\w-]+"){2,})\s*\]/g;
const asText = (list, words) => `"${words.replaceAll(/[\s"]/g, "").replaceAll(",", " ")}".split(" ")${list.replaceAll(/[^\n]/g, "")}`;

// A function that is to be compiled with its script (ts/eager.ts). Its parentheses stay.
const MARK = "EAGER";
const MARKED = new RegExp(`\\b${MARK}\\(`, "g");
const unmark = (code) => code.replace(MARKED, "(");

takeModule();
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
copyFileSync(join(inputs, "everlit_web_bg.wasm"), join(fresh, "everlit.wasm"));
// What a page loads until a session is open, what it loads when that is needed, and what where only a person can go on.
const session = { "everlit.js": "index.ts" };
const human = { "human.js": "human.ts", "popups.js": "popups.ts", "fallback.js": "fallback.ts" };
const later = { "events.js": "events.ts", "silent.js": "silent.ts", "calls.js": "calls.ts", "account.js": "account.ts", "beside.js": "beside.ts", "explain.js": "explain.ts", "given.js": "given.ts" };
// What elements that are imported alone share. All of them together, with what they show, are one file, which compresses better than its parts.
const shared = { "elements/base.js": "elements/base.ts", "elements/watch.js": "elements/watch.ts" };
const TOGETHER = "elements/index.js";
// What an app imports beside `everlit`, when it wants it.
const entries = Object.values(JSON.parse(readFileSync(join(here, "package.json"), "utf8")).exports)
  .flatMap(({ default: file = "" }) => /^\.\/dist\/([\w/]+)\/index\.js$/.exec(file)?.[1] ?? []);
const chunksOf = { ...session, ...later, ...human };
for (const [output, entry] of Object.entries({ ...chunksOf, ...shared })) await bundle(join("ts", entry), output);
for (const name of entries) {
  const [folder] = ["ts", "node"].filter((each) => existsSync(join(here, each, name, "index.ts")));
  await bundle(join(folder, name, "index.ts"), join(name, "index.js"), folder === "node" ? "node" : "neutral");
}
await command();
copyFileSync(join(here, "../edge/config.schema.json"), join(fresh, "config.schema.json"));
declareTypes();
const golden = join(here, "../wire/golden");
for (const name of readdirSync(golden).filter((file) => file.endsWith(".json"))) checkNames(join(golden, name));
// The hooks come with the store that they read, and the elements with all that they import and a session has not. A program that asks for a service's
// token loads nothing else.
const elements = broughtBy("elements/auto/index.js");
const manifest = { session: Object.keys(session), later: Object.keys(later), human: Object.keys(human), react: ["react/index.js", "store/index.js"], elements, service: ["service/index.js"] };
writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
takeWorker();
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** A script with all that it imports, at once or later, and that no page with a session loads. */
function broughtBy(output, known = new Set(Object.keys(chunksOf))) {
  if (known.has(output)) return [];
  known.add(output);
  const imports = readFileSync(join(fresh, output), "utf8").matchAll(/\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']/g);
  return [output, ...[...imports].flatMap(([, path]) => broughtBy(join(dirname(output), path), known))];
}

/** Copies the module to where tests load it from. It needs nothing of the script that wasm-bindgen wrote around it. */
function takeModule() {
  mkdirSync(inputs, { recursive: true });
  const module = readFileSync(join(glue, "everlit_web_bg.wasm"));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(module));
  if (imports.length) throw new Error(`the Wasm module wants something of JavaScript: ${imports.map(({ name }) => name)}`);
  // Its bytes are turned four at once (ts/load.ts). What is missing is a section of nobody's, which has three bytes at least and no name.
  const short = -module.length & 3;
  const more = short && short < 3 ? short + 4 : short;
  writeFileSync(join(inputs, "everlit_web_bg.wasm"), Buffer.concat([module, Buffer.from([0, more - 2, 0, 0, 0, 0]).subarray(0, more)]));
}

/**
 * The Wasm module in JavaScript: a byte in each character, so that a page loads one file, and each bundler can take it. Character by character, and not
 * in base64, brotli finds in it what it finds in the file. Most bytes are small: turned by 75 they are letters, and few are one that has to be written otherwise.
 */
function moduleAsText() {
  const text = readFileSync(join(inputs, "everlit_web_bg.wasm")).map((byte) => byte ^ 75).toString("latin1");
  // A carriage return would be read as a line feed, and zero is in no text file.
  return `\nconst WASM=\`${text.replace(/[\\`]|\$(?=\{)/g, "\\$&").replaceAll("\r", "\\r").replaceAll("\0", "\\x00")}\``;
}

/** The Worker, where it is built. A package without it runs no `everlit dev`, and that is said here and not there. */
function takeWorker() {
  const built = process.env.EVERLIT_WORKER_BUILD ?? join(here, "../../worker/build");
  const files = ["index.js", "index_bg.wasm"];
  if (!files.every((file) => existsSync(join(built, file)))) return console.error("the package has no Worker in it, as none is built: `cargo xtask build` builds all of it");
  mkdirSync(join(fresh, "worker"));
  for (const file of files) copyFileSync(join(built, file), join(fresh, "worker", file));
}

/** Of the values of custom properties esbuild keeps the white space, as scripts may read them; nobody reads these. */
function tight(css) {
  return css.trim().replaceAll(/([,:]) (?=var|light|#|1px|0 |\d)/g, "$1");
}

/** One chunk. Other chunks and entries are imported, not included. */
async function bundle(entry, output, platform = "neutral") {
  const outfile = join(fresh, output);
  // An entry has the package's own errors, and whatever it gives in the place of a global: then in what would be a chunk as well.
  const isEntry = output.includes("/");
  const inject = [join(here, dirname(entry), "inject.ts")].filter((file) => isEntry && existsSync(file));
  const apart = Object.entries(inject.length ? session : chunksOf);
  const chunks = apart.map(([chunk, source]) => [join(here, "ts", source), chunk]);
  if (isEntry) chunks.push([join(here, "ts/errors.ts"), "everlit.js"]);
  for (const [chunk, source] of Object.entries(shared)) chunks.push([join(here, "ts", source), chunk]);
  const parts = [...chunks, ...entries.map((name) => [join(here, "ts", name, "index.ts"), `${name}/index.js`])];
  const others = new Map(parts.filter(([, part]) => output !== TOGETHER || !isOfElements(part)));
  const { outputFiles, mangleCache } = await build({
    entryPoints: [join(here, entry)],
    outfile,
    bundle: true,
    format: "esm",
    platform,
    target: platform === "node" ? "node20" : "es2022",
    // Whoever uses them has them.
    packages: "external",
    inject,
    minifySyntax: true,
    minifyIdentifiers: true,
    // Without white space esbuild drops what is said to bundlers, too; terser takes only the rest.
    minifyWhitespace: false,
    sourcemap: "external",
    legalComments: "none",
    logLevel: "warning",
    // In Node bytes do not count, and Node's own members have such names: `on`, `socket`.
    ...(platform !== "node" && !APART.includes(dirname(output)) && { mangleProps: new RegExp(`^(${[...INSIDE, ...(isOfElements(output) ? INSIDE_ELEMENTS : [])].join("|")})$`), mangleCache: shortNames }),
    write: false,
    plugins: [
      {
        name: "style-sheets",
        setup({ onLoad }) {
          onLoad({ filter: /\.css$/ }, async ({ path }) => ({ contents: tight((await transform(readFileSync(path, "utf8"), { loader: "css", minify: true })).code), loader: "text" }));
        },
      },
      {
        name: "other-chunks",
        setup({ onResolve }) {
          onResolve({ filter: /^\..*\.js$/ }, ({ path, resolveDir, kind }) => {
            const other = kind !== "entry-point" && others.get(resolve(resolveDir, path).replace(/\.js$/, ".ts"));
            if (!other) return undefined;
            const found = relative(dirname(output), other);
            return { path: found.startsWith(".") ? found : `./${found}`, external: true };
          });
        },
      },
    ],
  });
  Object.assign(shortNames, mangleCache);
  const [, taken] = new RegExp(`\\b[A-Z]\\w{3,}\\.(${Object.values(shortNames).join("|")})\\b`).exec(outputFiles.find(({ path }) => path.endsWith("js")).text) ?? [];
  if (taken) throw new Error(`${output} would call "${Object.keys(shortNames).find((name) => shortNames[name] === taken)}" of the language by its short name: write it otherwise`);
  const [{ text: content }, { text: code }] = outputFiles.sort((a, b) => b.path.length - a.path.length);
  // It inlines what is used once, and knows shorter forms.
  const small = await minify(output in session ? code.replace(LIST, asText) : code, {
    module: true,
    ecma: 2020,
    // No function here is a constructor.
    // "use client" is for those who bundle.
    // The elements compress better with their functions first.
    compress: { passes: 3, unsafe_arrows: true, directives: false, hoist_funs: output === TOGETHER },
    // What is said to bundlers.
    format: { comments: /@vite-ignore/ },
    sourceMap: { content, filename: output, url: `${output.split("/").at(-1)}.map` },
  });
  mkdirSync(dirname(outfile), { recursive: true });
  const [script, map] = unmark(small.code).split(/(?=\n\/\/# source)/);
  writeFileSync(outfile, script + (output === "everlit.js" ? moduleAsText() : "") + map);
  writeFileSync(`${outfile}.map`, unmarkMap(small.code, small.map));
}

/** The map of marked code, for what that is without its marks: each moves the rest of its line to the left. */
function unmarkMap(code, map) {
  const lines = code.split("\n").map((line) => [...line.matchAll(MARKED)].map(({ index }) => index));
  const { mappings, ...rest } = JSON.parse(map);
  const moved = decode(mappings).map((places, line) => places.map(([column, ...source]) => [column - MARK.length * lines[line].filter((mark) => mark < column).length, ...source]));
  return JSON.stringify({ ...rest, mappings: encode(moved) });
}

/** The command, with the libraries that it uses in it: whoever installs the package installs nothing else. */
async function command() {
  const folder = join(fresh, "cli");
  const { metafile } = await build({
    entryPoints: [join(here, "node/cli/main.ts")],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    mainFields: ["module", "main"],
    minify: true,
    // oidc-provider stores what it knows under the names of its classes.
    keepNames: true,
    legalComments: "none",
    logLevel: "warning",
    metafile: true,
    // Some of the libraries are CommonJS and ask for Node's own modules.
    banner: { js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);' },
  });
  const main = join(folder, "main.js");
  writeFileSync(main, `#!/usr/bin/env node\n${readFileSync(main, "utf8")}`);
  chmodSync(main, 0o755);
  const roots = Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  writeFileSync(join(folder, "THIRD-PARTY.txt"), [...new Set(roots)].map((root) => notice(resolve(root))).sort().join("\n"));
}

/** What a library's licence wants to be said of it. */
function notice(root) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const file = readdirSync(root).find((each) => /^licen[cs]e/i.test(each));
  // Where a package has no such file, its manifest says whose it is and under which licence, of which the words are known.
  const words = () => {
    if (license !== "MIT") throw new Error(`${name} has no file with the words of its licence (${license}): add them`);
    const [, grant] = /^MIT License\s+Copyright[^\n]*\n([^]*)$/.exec(readFileSync(join(here, "LICENSE-MIT"), "utf8").trim()) ?? [];
    return `MIT License\n\nCopyright (c) ${author?.name ?? author ?? `the authors of ${name}`}\n${grant}`;
  };
  const text = file ? readFileSync(join(root, file), "utf8") : words();
  if (!["0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0"].includes(license)) throw new Error(`${name} has the licence ${license}: look before it is put into the command`);
  return `${name} ${version} (${license})\n\n${text.trim()}\n\n${"-".repeat(80)}\n`;
}

/** Whether a member in a file, be it a declaration or JSON, has the name of one of our own. */
function checkNames(path) {
  // Texts are no names, but where a colon follows.
  const text = readFileSync(path, "utf8").replace(/\/\*[^]*?\*\/|"([^"]*)"(:?)/g, (_, inner, colon) => (colon ? `${inner}:` : ""));
  // Of the elements' own files apps name what these declare, and nothing of the others.
  const inside = [...INSIDE, ...(isOfElements(relative(fresh, path)) && /\b(index|texts|types)\.d\.ts$/.test(path) ? INSIDE_ELEMENTS : [])];
  const named = inside.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  if (named.length) throw new Error(`${path} names ${named}, which got short names: leave them out of INSIDE`);
}

/** The declarations of what the package exports, and of nothing else. */
function declareTypes() {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const types = join(fresh, "types");
  for (const folder of ["ts", "node"].filter((each) => existsSync(join(here, each)))) {
    const flags = ["--declaration", "--emitDeclarationOnly", "--outDir", types, "--rootDir", join(here, folder)];
    const { status } = spawnSync(process.execPath, [tsc, "-p", folder === "ts" ? here : join(here, folder), ...flags], { stdio: "inherit" });
    if (status !== 0) throw new Error(`the TypeScript sources in ${folder} do not compile`);
  }
  const open = ["index.d.ts", ...entries.map((name) => `${name}/index.d.ts`)];
  const taken = new Set();
  for (let file; (file = open.pop()); ) {
    if (taken.has(file)) continue;
    taken.add(file);
    const text = readFileSync(join(types, file), "utf8");
    for (const [, other] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)\.js"/g)) open.push(join(dirname(file), `${other}.d.ts`));
    mkdirSync(dirname(join(fresh, file)), { recursive: true });
    copyFileSync(join(types, file), join(fresh, file));
    // What Node runs, and what no page loads, has its own names.
    if (!existsSync(join(here, "node", file.replace(/\.d\.ts$/, ".ts"))) && !APART.includes(dirname(file))) checkNames(join(fresh, file));
  }
  rmSync(types, { recursive: true });
}
