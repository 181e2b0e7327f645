// Builds the npm package: what `wasm-bindgen --target web` wrote (EVERLIT_WASM_DIR) and ts/ become dist/.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

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

takeModule();
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
copyFileSync(join(inputs, "everlit_web_bg.wasm"), join(fresh, "everlit.wasm"));
// What a page loads until a session is open, and what it loads when that is needed.
const session = { "everlit.js": "index.ts", "driver.js": "driver.ts" };
const later = { "events.js": "events.ts", "silent.js": "silent.ts" };
for (const [output, entry] of Object.entries({ ...session, ...later })) await bundle(entry, output);
declareTypes();
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

/** One chunk. The others are imported, not included; errors are in the one that is always there. */
function bundle(entry, output) {
  return build({
    entryPoints: [join(here, "ts", entry)],
    outfile: join(fresh, output),
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    sourcemap: true,
    legalComments: "none",
    logLevel: "warning",
    plugins: [
      {
        name: "other-chunks",
        setup({ onResolve }) {
          const chunks = { "./errors.js": output === "everlit.js" ? undefined : "./everlit.js" };
          for (const other of ["driver", "events", "silent"]) chunks[`./${other}.js`] = `./${other}.js`;
          onResolve({ filter: /^\.\// }, ({ path }) => (chunks[path] ? { path: chunks[path], external: true } : undefined));
        },
      },
    ],
  });
}

/** The declarations of what the package exports, and of nothing else. */
function declareTypes() {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const flags = ["--declaration", "--emitDeclarationOnly", "--outDir", join(fresh, "types")];
  const { status } = spawnSync(process.execPath, [tsc, "-p", here, ...flags], { stdio: "inherit" });
  if (status !== 0) throw new Error("the TypeScript sources do not compile");
  for (const name of ["index", "session", "types", "errors"]) {
    renameSync(join(fresh, "types", `${name}.d.ts`), join(fresh, `${name}.d.ts`));
  }
  rmSync(join(fresh, "types"), { recursive: true });
}
