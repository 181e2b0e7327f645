/** The demo's pages as they are built, with the headers that their host is told to serve them with; and what only this demo has. */

import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

import { headersOf } from "../../../e2e/lab/demo.mjs";
import { RequestError, sendJson, sendProblem } from "../../../servers/http.mjs";

const DIST = new URL("../../../../www/dist/", import.meta.url);
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".map": "application/json", ".wasm": "application/wasm", ".json": "application/json" };

/** What a button on the page does. @typedef {Record<string, () => Promise<object>>} Acts by `METHOD /path` */

/**
 * Answers whatever is not the Worker's.
 *
 * @param {Acts} acts
 * @returns {(req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => Promise<void>}
 */
export function createPages(acts) {
  return async (req, res) => {
    const { pathname } = new URL(req.url ?? "/", "http://desk");
    try {
      const act = acts[`${req.method} ${pathname}`];
      if (!act) return await serve(pathname, res);
      // Who opened this page may press its buttons, and no other page may.
      if (req.headers["sec-fetch-site"] !== undefined && req.headers["sec-fetch-site"] !== "same-origin") throw new RequestError(403, "This is for the desk's own page.");
      sendJson(res, 200, await act());
    } catch (error) {
      const known = error instanceof RequestError;
      sendProblem(res, known ? error.status : 500, error instanceof Error ? error.message : "Something went wrong.");
    }
  };
}

/** @param {string} path @param {import("node:http").ServerResponse} res */
async function serve(path, res) {
  const file = new URL(`.${path.endsWith("/") ? `${path}index.html` : path}`, DIST);
  const isInside = fileURLToPath(file).startsWith(fileURLToPath(DIST));
  const body = isInside ? await readFile(file).catch(() => undefined) : undefined;
  if (body === undefined) throw new RequestError(404, "There is no such page.");
  res.writeHead(200, { "content-type": TYPES[extname(file.pathname)] ?? "application/octet-stream", ...headersOf(path) });
  res.end(body);
}
