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

rmSync(fresh, { recursive: true, force: true });
mkdirSync(fresh, { recursive: true });
const { metafile } = await build({
  entryPoints: { app: join(here, "src", "main.ts") },
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
const assets = Object.keys(metafile.outputs)
  .map((path) => `/assets/${path.split("/").at(-1)}`)
  .filter((path) => !path.endsWith(".map"));
writeFileSync(join(fresh, "index.html"), page(assets));
for (const name of ["favicon.svg", "_headers"]) copyFileSync(join(here, "src", name), join(fresh, name));
rmSync(dist, { recursive: true, force: true });
renameSync(fresh, dist);

/** The page, with everything that it will need named up front: one round trip instead of three. @param {string[]} assets */
function page(assets) {
  const only = (/** @type {RegExp} */ pattern) => {
    const found = assets.filter((path) => pattern.test(path));
    if (found.length !== 1) throw new Error(`expected one asset like ${pattern}, not ${found.join(", ") || "none"}`);
    return found[0];
  };
  const script = only(/\/app-\w+\.js$/);
  const links = [
    `<link rel="stylesheet" href="${only(/\/app-\w+\.css$/)}">`,
    `<script type="module" src="${script}"></script>`,
    // Not what a session loads only when it needs it.
    ...assets.filter((path) => /\/(?!events|silent|given|explain|account|beside)[^/]*\.js$/.test(path) && path !== script).map((path) => `<link rel="modulepreload" href="${path}">`),
  ];
  const html = readFileSync(join(here, "src", "index.html"), "utf8");
  if (!html.includes("<!-- assets -->")) throw new Error("src/index.html has no place for its assets");
  return html.replace("<!-- assets -->", links.join("\n    "));
}
