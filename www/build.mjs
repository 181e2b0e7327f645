// Builds the demo app and the documentation into dist/: static files for the Worker to serve beside its own routes.

import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { writeDocs } from "./make/docs.mjs";
import { sheet } from "./make/sheet.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
// Put in place at the end, so that a server never serves half of it.
const fresh = join(here, "dist.new");

/** Parts of the package that a page without trouble never loads. */
const LATER = /\/(events|silent|given|explain|account|beside|human|popups|fallback)[^/]*\.js$/;

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
const { metafile } = await build({
  entryPoints: { app: join(here, "src", "main.ts"), desk: join(here, "src", "desk", "main.ts") },
  outdir: join(fresh, "assets"),
  publicPath: "/assets/",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  metafile: true,
  legalComments: "none",
  logLevel: "warning",
  // Every name carries its content's hash: what is cached is never old.
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
});
const style = await build({
  stdin: sheet(join(here, "src")),
  outfile: join(fresh, "assets/docs.css"),
  bundle: true,
  minify: true,
  target: "es2022",
  entryNames: "[name]-[hash]",
  metafile: true,
  logLevel: "warning",
});
writeDocs(fresh, `/assets/${Object.keys(style.metafile.outputs)[0].split("/").at(-1)}`);
writePage("app", "index.html");
writePage("desk", "desk/index.html");
for (const name of ["favicon.svg", "_headers"]) copyFileSync(join(here, "src", name), join(fresh, name));
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** A page, with everything that it will need named up front: one round trip instead of three. @param {string} entry @param {string} file */
function writePage(entry, file) {
  const isIts = (/** @type {string} */ path) => new RegExp(`/${entry}-\\w+\\.js$`).test(path);
  const outputs = Object.keys(metafile.outputs);
  const [script, ...others] = outputs.filter(isIts);
  const style = script && metafile.outputs[script]?.cssBundle;
  if (!script || !style || others.length > 0) throw new Error(`expected one script with its styles for ${entry}, not ${[script, ...others].join(", ") || "none"}`);
  const links = [
    `<link rel="stylesheet" href="${served(style)}">`,
    `<script type="module" src="${served(script)}"></script>`,
    ...needed(script).map((path) => `<link rel="modulepreload" href="${served(path)}">`),
  ];
  const html = readFileSync(join(here, "src", file), "utf8");
  if (!html.includes("<!-- assets -->")) throw new Error(`src/${file} has no place for its assets`);
  mkdirSync(dirname(join(fresh, file)), { recursive: true });
  writeFileSync(join(fresh, file), html.replace("<!-- assets -->", links.join("\n    ")));
}

/** @param {string} path of an output */
function served(path) {
  return `/assets/${path.split("/").at(-1)}`;
}

/** What a script imports, and what that does: also later, but for what a session loads only when it needs it. @param {string} script */
function needed(script) {
  /** @type {Set<string>} */
  const found = new Set();
  const walk = (/** @type {string} */ path) => {
    for (const { path: other } of metafile.outputs[path]?.imports ?? []) {
      if (found.has(other) || other === script || !other.endsWith(".js") || LATER.test(other)) continue;
      found.add(other);
      walk(other);
    }
  };
  walk(script);
  return [...found];
}
