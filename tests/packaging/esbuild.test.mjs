// esbuild, which knows no files but scripts: there is no other. It writes what is no ASCII in its own way, and the Wasm module is still the same.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { app, moduleScript, page } from "./support/app.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** @type {Stand} */ let stand;
const files = project("esbuild", {
  "app.js": app(),
  "given.js": app({ wasm: 'import wasm from "everlit/everlit.wasm";' }),
});
const dist = join(files, "dist");

before(async () => {
  await build({
    absWorkingDir: files, entryPoints: ["app.js", "given.js"], outdir: dist, bundle: true, format: "esm", splitting: true, minify: true, target: "es2022",
    publicPath: "/", loader: { ".wasm": "file" }, logLevel: "silent",
  });
  for (const name of ["app", "given"]) writeFileSync(join(dist, `${name}.html`), page(moduleScript(`/${name}.js`)));
  stand = await Stand.open(serve(dist));
});
after(() => stand?.close());

test("a session opens from an esbuild bundle", { timeout: 120_000 }, () => play(stand, { path: "/app.html" }));
test("and with a Wasm module that the app names", { timeout: 120_000 }, () => play(stand, { path: "/given.html", wasm: 1 }));
