/** A request as bytes, over a socket of its own: what no HTTP client lets a test write. */

import { connect } from "node:net";

/**
 * @param {string} app @param {string} head request line and headers, without the empty line
 * @param {{ body?: string | Buffer, limitMs?: number }} [options] `body`: as far as it is sent; the connection stays open
 * @returns {Promise<{ status: number, headers: string, text: string, tookMs: number }>} status 0 where it was closed without an answer
 */
export function sendRaw(app, head, { body = "", limitMs = 20_000 } = {}) {
  const { port } = new URL(app);
  const began = Date.now();
  return new Promise((resolve, reject) => {
    let got = "";
    const socket = connect({ host: "127.0.0.1", port: Number(port) }, () => {
      socket.write(`${head}\r\n\r\n`, "latin1");
      if (body.length > 0) socket.write(body);
    });
    const limit = setTimeout(() => done(new Error(`no answer within ${limitMs} ms: ${head.split("\r\n")[0]?.slice(0, 80)}`)), limitMs);
    const done = (/** @type {Error | undefined} */ error) => {
      clearTimeout(limit);
      socket.destroy();
      const [headers = "", ...rest] = got.split("\r\n\r\n");
      if (error && !got) reject(error);
      else resolve({ status: Number(/^HTTP\/1\.1 (\d{3})/.exec(got)?.[1] ?? 0), headers, text: rest.join("\r\n\r\n"), tookMs: Date.now() - began });
    };
    socket.setEncoding("latin1").on("data", (chunk) => {
      got += chunk;
      const [headers = "", text = ""] = got.split("\r\n\r\n");
      const length = /content-length: (\d+)/i.exec(headers)?.[1];
      if (length !== undefined && text.length >= Number(length)) done(undefined);
    });
    socket.on("end", () => done(undefined)).on("error", (/** @type {Error} */ error) => (got ? done(undefined) : /** @type {any} */ (error).code === "ECONNRESET" || /** @type {any} */ (error).code === "EPIPE" ? done(undefined) : done(error)));
  });
}

/** The head of a request of the app's own script. @param {string} app @param {string} method @param {string} path @param {Record<string, string>} [headers] */
export const head = (app, method, path, headers = {}) =>
  [`${method} ${path} HTTP/1.1`, ...Object.entries({ host: new URL(app).host, "everlit-version": "1", "sec-fetch-site": "same-origin", origin: app, ...headers }).map(([name, value]) => `${name}: ${value}`)].join("\r\n");
