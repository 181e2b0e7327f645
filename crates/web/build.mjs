// Builds the npm package: what `wasm-bindgen --target web` wrote (EVERLIT_WASM_DIR) and ts/ become dist/.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
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
  ...["activity", "ask", "base", "busy", "channel", "clock", "entropy", "here", "known", "leave", "life", "lock", "mono", "numbers"],
  ...["on", "opened", "operation", "page", "reject", "relog", "repeatable", "resolve", "restored", "retryAfter", "socket", "soon", "tell"],
  ...["timer", "told", "transmit", "waiting", "wall"],
];
const shortNames = {};

takeModule();
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
copyFileSync(join(inputs, "everlit_web_bg.wasm"), join(fresh, "everlit.wasm"));
// What a page loads until a session is open, and what it loads when that is needed.
const session = { "everlit.js": "index.ts" };
const later = { "events.js": "events.ts", "silent.js": "silent.ts" };
for (const [output, entry] of Object.entries({ ...session, ...later })) await bundle(entry, output);
declareTypes();
const golden = join(here, "../wire/golden");
for (const name of readdirSync(golden).filter((file) => file.endsWith(".json"))) checkNames(join(golden, name));
const manifest = { session: [...Object.keys(session), "everlit.wasm"], later: Object.keys(later) };
writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** Copies the module to where tests load it from. It needs nothing of the script that wasm-bindgen wrote around it. */
function takeModule() {
  mkdirSync(inputs, { recursive: true });
  const module = readFileSync(join(glue, "everlit_web_bg.wasm"));
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(module));
  if (imports.length) throw new Error(`the Wasm module wants something of JavaScript: ${imports.map(({ name }) => name)}`);
  writeFileSync(join(inputs, "everlit_web_bg.wasm"), module);
}

/** One chunk. The others are imported, not included. */
async function bundle(entry, output) {
  const outfile = join(fresh, output);
  const { outputFiles, mangleCache } = await build({
    entryPoints: [join(here, "ts", entry)],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    sourcemap: "external",
    legalComments: "none",
    logLevel: "warning",
    mangleProps: new RegExp(`^(${INSIDE.join("|")})$`),
    mangleCache: shortNames,
    write: false,
    plugins: [
      {
        name: "other-chunks",
        setup({ onResolve }) {
          onResolve({ filter: /^\.\/(events|silent)\.js$/ }, ({ path }) => ({ path, external: true }));
        },
      },
    ],
  });
  Object.assign(shortNames, mangleCache);
  const [{ text: content }, { text: code }] = outputFiles.sort((a, b) => b.path.length - a.path.length);
  // It inlines what is used once, and knows shorter forms.
  const small = await minify(code, {
    module: true,
    ecma: 2020,
    // No function here is a constructor.
    compress: { passes: 3, unsafe_arrows: true },
    sourceMap: { content, filename: output, url: `${output}.map` },
  });
  writeFileSync(outfile, small.code);
  writeFileSync(`${outfile}.map`, small.map);
}

/** Whether a member in a file, be it a declaration or JSON, has the name of one of our own. */
function checkNames(path) {
  const text = readFileSync(path, "utf8").replace(/\/\*[^]*?\*\/|"[^"]*"(?!:)/g, "");
  const named = INSIDE.filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  if (named.length) throw new Error(`${path} names ${named}, which got short names: leave them out of INSIDE`);
}

/** The declarations of what the package exports, and of nothing else. */
function declareTypes() {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const flags = ["--declaration", "--emitDeclarationOnly", "--outDir", join(fresh, "types")];
  const { status } = spawnSync(process.execPath, [tsc, "-p", here, ...flags], { stdio: "inherit" });
  if (status !== 0) throw new Error("the TypeScript sources do not compile");
  for (const name of ["index", "session", "types", "errors"]) {
    renameSync(join(fresh, "types", `${name}.d.ts`), join(fresh, `${name}.d.ts`));
    checkNames(join(fresh, `${name}.d.ts`));
  }
  rmSync(join(fresh, "types"), { recursive: true });
}
