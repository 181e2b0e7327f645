#!/usr/bin/env node
/**
 * What worker-build runs in place of esbuild (`ESBUILD_BIN`), in the folder with the glue code: bundles our entry with it, and
 * not the shim that worker-build wrote. `EVERLIT_WORKER_ENTRY` names another entry.
 */

import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

await build({
  entryPoints: [process.env.EVERLIT_WORKER_ENTRY ?? here("index.js")],
  inject: [here("microtask.js")],
  alias: { "everlit:wasm": resolve("index.js") },
  external: ["./index_bg.wasm", "cloudflare:*"],
  outfile: "index.js",
  allowOverwrite: true,
  bundle: true,
  format: "esm",
  minify: true,
  logLevel: "warning",
});
