/** The pages, built alike: minified by esbuild, compressed once, sent with the same headers. */

import { readdirSync } from "node:fs";
import { basename, extname } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const PAGES = fileURLToPath(new URL("pages/", import.meta.url));
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8" };

/** Brotli 11, as a host sends what it has compressed before. @param {string | Uint8Array} data */
export const compressed = (data) => brotliCompressSync(data, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: data.length } });

/** @param {import("esbuild").BuildOptions} options */
export const bundle = (options) =>
  build({
    absWorkingDir: ROOT, bundle: true, minify: true, format: "esm", splitting: true, target: "es2022", platform: "browser", write: false, outdir: "/", publicPath: "/",
    define: { "process.env.NODE_ENV": '"production"' }, legalComments: "none", logLevel: "silent", ...options,
  });

/**
 * What begins the clock: the script before the page's own. `took` says how long ago that was.
 * @param {Record<string, unknown>} settings
 */
const clock = (settings) => `globalThis.bench = Object.assign(${JSON.stringify(settings)}, { began: performance.now(), took: () => performance.now() - bench.began });
bench.ended = new Promise((done, fail) => {
  bench.done = done;
  addEventListener("unhandledrejection", ({ reason }) => fail(reason));
  addEventListener("error", ({ error, message }) => fail(error ?? new Error(message)));
});
`;

const page = (/** @type {string} */ name, /** @type {string} */ before) => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${before}<script type="module" src="/${name}.js"></script></head>
<body></body>
</html>
`;

/**
 * Every page with its scripts; `settings` is what the pages know of where they are.
 * @param {Record<string, unknown>} settings
 * @returns {Promise<(req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => void>} serves them
 */
export async function pages(settings) {
  const names = readdirSync(PAGES).map((file) => basename(file, ".js"));
  // Each by itself: what two pages share would be a file more for both.
  const built = await Promise.all(names.map((name) => bundle({ entryPoints: [`${PAGES}${name}.js`] })));
  const outputFiles = built.flatMap((each) => each.outputFiles);
  const files = new Map(outputFiles.map(({ path, contents }) => [path, compressed(contents)]));
  const script = `<script>${clock(settings).replaceAll("<", "\\u003c")}</script>`;
  for (const name of names) {
    const before = name === "silent" ? "" : script;
    files.set(`/${name}.html`, compressed(page(name, before)));
  }
  // Where each context begins: its process and its connections are there when the clock starts, as they are at a reload.
  files.set("/before.html", compressed(`<!doctype html><title>before</title><link rel="icon" href="data:,"><script>globalThis.ready = fetch(${JSON.stringify(settings.issuer)}, { mode: "no-cors" })</script>`));
  return (req, res) => {
    const { pathname } = new URL(req.url ?? "/", "http://any");
    const body = files.get(pathname);
    if (!body) return void res.writeHead(404).end();
    res.writeHead(200, { "content-type": TYPES[extname(pathname)] ?? "", "content-encoding": "br", "content-length": body.length, "cache-control": "no-cache" }).end(body);
  };
}

/** What a page loads for these modules, in bytes of brotli. @param {string} code @param {string[]} [external] */
export async function weight(code, external = []) {
  const { outputFiles } = await bundle({ stdin: { contents: code, resolveDir: fileURLToPath(new URL(".", import.meta.url)) }, external, splitting: false });
  return outputFiles.reduce((sum, { contents }) => sum + compressed(contents).length, 0);
}
