// A page of somebody else, in the same browser: on another site, or on another port of the app's host, which shares its cookies.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { selfSigned } from "./certificate.mjs";

const SCRIPT = readFileSync(new URL("page/neighbour.js", import.meta.url));
const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Neighbour</title><script src="/neighbour.js"></script><button>Win a prize</button></html>`;

export class Neighbour {
  /** @type {import("node:http").Server} */ #server;

  /** @param {{ host: string, tls: boolean }} options `host` as the browser writes it */
  constructor({ host, tls }) {
    this.host = host;
    this.tls = tls;
    this.#server = tls ? createTlsServer(selfSigned()) : createServer();
    // As in front.mjs.
    this.#server.keepAliveTimeout = 0;
    this.#server.on("request", (req, res) => {
      const isScript = req.url === "/neighbour.js";
      res.writeHead(200, { "content-type": isScript ? "text/javascript" : "text/html" }).end(isScript ? SCRIPT : PAGE);
    });
  }

  /** Begins to listen, on a port of its own. */
  async open() {
    const address = /(^|\.)localhost$/.test(this.host) ? "127.0.0.1" : this.host;
    await new Promise((resolve, reject) => {
      this.#server.once("error", reject).listen(0, address, () => resolve(undefined));
    });
    return this;
  }

  get origin() {
    const address = this.#server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    return `${this.tls ? "https" : "http"}://${this.host}:${port}`;
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
