#!/usr/bin/env node
/**
 * What worker-build runs in place of esbuild (`ESBUILD_BIN`), in the folder with the glue code: bundles our entry with it, and
 * not the shim that worker-build wrote. `EVERLIT_WORKER_ENTRY` names another entry. What the entry does not use of the glue is left
 * out: the crates that the module is built on export classes that no Worker of ours has. What is used of the module is listed in
 * `exports.json`, for wasm-metadce.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));
const glue = resolve("index.js");
/** What the module exports, as far as the glue names it. */
const exported = new Set([...readFileSync(glue, "utf8").matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));

/** Two things that nobody asks for give every class a use: the way to dispose of it, and of what is left when it is collected. */
const plain = (/** @type {string} */ source) =>
  source.replace(/^if \(Symbol\.dispose\) .*$/gm, "").replace(/(?<=: )(?=new FinalizationRegistry\()/g, "/* @__PURE__ */ ");

await build({
  entryPoints: [process.env.EVERLIT_WORKER_ENTRY ?? here("index.js")],
  inject: [here("microtask.js")],
  alias: { "everlit:wasm": glue },
  external: ["./index_bg.wasm", "cloudflare:*"],
  outfile: "index.js",
  allowOverwrite: true,
  bundle: true,
  format: "esm",
  minify: true,
  logLevel: "warning",
  plugins: [
    {
      name: "unused-classes",
      setup: ({ onLoad }) => onLoad({ filter: /index\.js$/ }, ({ path }) => (path === glue ? { contents: plain(readFileSync(path, "utf8")) } : undefined)),
    },
  ],
});
const bundle = readFileSync(glue, "utf8");
const used = [...exported].filter((name) => new RegExp(`\\.${name}\\b`).test(bundle));
writeFileSync("exports.json", JSON.stringify(used.map((name) => ({ name, root: true, export: name }))));
