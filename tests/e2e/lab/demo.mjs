// The demo app as it is built, with the headers that its host is told to serve it with, and the recorder loaded before it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DIST = new URL("../../../www/dist/", import.meta.url);

/**
 * One of its files, or nothing.
 * @param {string} path of the address
 * @returns {{ body: string | Buffer, headers: Record<string, string> } | undefined}
 */
export function demoFile(path) {
  const file = new URL(`.${path === "/" ? "/index.html" : path}`, DIST);
  if (!fileURLToPath(file).startsWith(fileURLToPath(DIST))) return undefined;
  try {
    const body = readFileSync(file);
    const page = file.pathname.endsWith(".html");
    return { body: page ? body.toString().replace("<head>", '<head><script src="/lab/recorder.js"></script>') : body, headers: headersOf(path) };
  } catch {
    return undefined;
  }
}

/** What `_headers` says of a path: every block whose pattern fits, in order; `!` takes a header away. @param {string} path */
export function headersOf(path) {
  /** @type {Record<string, string>} */
  const headers = {};
  let fits = false;
  for (const line of readFileSync(new URL("_headers", DIST), "utf8").split("\n")) {
    if (line.startsWith("#")) continue;
    if (line.startsWith("/")) fits = line.endsWith("*") ? path.startsWith(line.slice(0, -1)) : path === line;
    else if (fits && line.trim()) {
      const [, name = "", value] = /^\s*([^:]+?)(?::\s*(.*))?$/.exec(line) ?? [];
      if (value === undefined) delete headers[name.replace(/^!\s*/, "").toLowerCase()];
      else headers[name.toLowerCase()] = value;
    }
  }
  return headers;
}
