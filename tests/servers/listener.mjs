/** An HTTP server on loopback whose port is known before its handler exists. */

import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** The only address the servers bind to: they know every password, so nobody else may reach them. */
const HOST = "127.0.0.1";

/** A port that could not be had. The message is one line, meant for a person. */
export class PortError extends Error {}

/** @typedef {(req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => unknown} Handler */

/** @typedef {{ key: string | Buffer, cert: string }} Tls a key and its certificate in PEM */

/**
 * @typedef {object} Listener
 * @property {string} origin
 * @property {number} port
 * @property {(handler: Handler) => void} serve answers requests with this handler from now on
 * @property {() => Promise<void>} close also ends open connections
 */

/**
 * Starts to listen; until `serve` is called every request gets 503.
 *
 * An authorization server has to know its issuer, and with port 0 the port in it, before it can be
 * made: so the port comes first and the handler later.
 *
 * @param {number} port 0 takes a free one
 * @param {{ what: string, flag: string, name?: string | undefined, tls?: Tls | undefined }} names for the message when the port cannot be had; `name` is the
 * host's name in its origin, of the same loopback; with `tls` it speaks https
 * @returns {Promise<Listener>}
 */
export function listen(port, { what, flag, name = HOST, tls }) {
  /** @type {Handler} */
  let handle = (_req, res) => res.writeHead(503, { "retry-after": "1" }).end();
  /** @type {Handler} */
  const answer = (req, res) => handle(req, res);
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  // Nothing ends what is idle: a page that is asked for in that very moment would stay blank in WebKit.
  server.keepAliveTimeout = 0;

  return new Promise((resolve, reject) => {
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      const reason = error.code === "EADDRINUSE" ? "is taken" : `cannot be opened (${error.code ?? error.message})`;
      reject(new PortError(`Port ${port} on ${HOST} ${reason}: choose another for the ${what} with ${flag}, or 0 for a free one.`));
    });
    server.listen(port, HOST, () => {
      const address = /** @type {import("node:net").AddressInfo} */ (server.address());
      resolve({
        origin: `${tls ? "https" : "http"}://${name}:${address.port}`,
        port: address.port,
        serve: (handler) => { handle = handler; },
        close: () => new Promise((closed) => {
          server.close(() => closed());
          server.closeAllConnections();
        }),
      });
    });
  });
}
