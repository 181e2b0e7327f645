// A folder of built files, as a host of an app serves it.

import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".wasm": "application/wasm", ".css": "text/css", ".txt": "text/plain", ".json": "application/json" };

/**
 * @param {string} folder
 * @param {Record<string, string>} [headers]
 * @returns {(req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => Promise<unknown>}
 */
export const serve = (folder, headers = {}) => async (req, res) => {
  const path = normalize(decodeURIComponent(new URL(req.url ?? "/", "http://any").pathname));
  const name = path.endsWith("/") ? `${path}index.html` : path;
  const body = path.startsWith("/..") ? undefined : await readFile(join(folder, name)).catch(() => undefined);
  if (!body) return res.writeHead(404).end();
  return res.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "cache-control": "no-cache", ...headers }).end(body);
};
