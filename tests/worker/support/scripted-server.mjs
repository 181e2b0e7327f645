/** A server on 127.0.0.1 that answers what its test tells it to, and can be made to break off. */

import { createServer } from "node:http";

/** @typedef {{ method: string, path: string, query: URLSearchParams, headers: import("node:http").IncomingHttpHeaders, body: string }} Asked */
/**
 * What to answer. `cut` breaks the connection off after the body; `delayMs` waits first; `chunks` are sent one by one.
 *
 * @typedef {{ status?: number, headers?: Record<string, string | string[]>, json?: unknown, body?: string | Buffer, chunks?: { afterMs: number, text: string }[], delayMs?: number, cut?: boolean }} Given
 */

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {(asked: Asked) => Given | Promise<Given>} answer */
export async function startScriptedServer(answer) {
  /** @type {Asked[]} */
  const asked = [];
  const server = createServer(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const url = new URL(req.url ?? "/", "http://scripted");
    const one = { method: req.method ?? "", path: url.pathname, query: url.searchParams, headers: req.headers, body: Buffer.concat(chunks).toString("utf8") };
    asked.push(one);
    const given = await answer(one);
    if (given.delayMs) await pause(given.delayMs);
    const text = given.json === undefined ? (given.body ?? "") : JSON.stringify(given.json);
    const type = given.json === undefined ? {} : { "content-type": "application/json" };
    // A connection that is to break off has promised more than it sends.
    const promise = given.cut ? { "content-length": String(Buffer.byteLength(text) + 1000) } : {};
    res.writeHead(given.status ?? 200, { ...type, ...promise, ...given.headers });
    res.write(text);
    for (const chunk of given.chunks ?? []) {
      await pause(chunk.afterMs);
      res.write(chunk.text);
    }
    if (given.cut) res.destroy();
    else res.end();
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); });
  return { origin: `http://127.0.0.1:${port}`, asked, close };
}
