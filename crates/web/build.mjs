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

takeGlue();
rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
copyFileSync(join(inputs, "everlit_web_bg.wasm"), join(fresh, "everlit.wasm"));
await bundle("index.ts", "everlit.js", "./driver.js", "./driver.js");
await bundle("driver.ts", "driver.js", "./errors.js", "./everlit.js");
declareTypes();
const session = ["everlit.js", "driver.js", "everlit.wasm"];
writeFileSync(join(fresh, "manifest.json"), `${JSON.stringify({ session }, null, 2)}\n`);
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** Copies wasm-bindgen's output to where ts/ imports it from. */
function takeGlue() {
  mkdirSync(inputs, { recursive: true });
  for (const name of ["everlit_web.d.ts", "everlit_web_bg.wasm"]) copyFileSync(join(glue, name), join(inputs, name));
  // We always say where the module is. Bundlers would look for the default file, which is not in the package.
  const script = readFileSync(join(glue, "everlit_web.js"), "utf8");
  const without = script.replace(/\n *if \(module_or_path === undefined\) \{\s*module_or_path = new URL\([^)]*\);\s*\}/, "");
  if (without.includes("import.meta")) throw new Error("wasm-bindgen's output has changed: its default path is still there");
  writeFileSync(join(inputs, "everlit_web.js"), without);
}

/** One chunk of two. The other one is imported, not included. */
function bundle(entry, output, other, otherOutput) {
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
        name: "other-chunk",
        setup({ onResolve }) {
          const filter = new RegExp(`^${other.replaceAll(".", "\\.")}$`);
          onResolve({ filter }, () => ({ path: otherOutput, external: true }));
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
