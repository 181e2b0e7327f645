// What stands between the browser and the Worker: it serves the lab's page and the built package, hands everything else on,
// remembers all of it, and fails in the way that a test says.

import { readFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { selfSigned } from "./certificate.mjs";
import { demoFile } from "./demo.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PACKAGE = join(ROOT, "crates/web/dist");
/** Folders that are served, by the first part of the path. `copy` is the package again: a page that has it twice. */
const FOLDERS = new Map([
  ["lab", fileURLToPath(new URL("page/", import.meta.url))],
  ["package", PACKAGE],
  ["copy", PACKAGE],
]);
/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".wasm": "application/wasm", ".css": "text/css", ".svg": "image/svg+xml", ".map": "application/json" };
/** Of an answer, so much is kept. */
const KEPT_BYTES = 64 * 1024;
/** Which reach the Worker. */
const OF_WORKER = /^\/(auth|api|internal|service|healthz)(\/|$)/;

/**
 * One exchange with the browser.
 * @typedef {object} Exchange
 * @property {number} at when it came, as `Date.now()`
 * @property {string} method
 * @property {string} path
 * @property {URLSearchParams} query
 * @property {string} tab which of the lab's tabs asked, by the address of its page
 * @property {string} origin of the page that asked, as far as the browser says so
 * @property {string[]} cookies the names of those that came with it
 * @property {number} status 0: none was sent
 * @property {string} headers of the answer, as far as scripts may see them
 * @property {string} text of the answer
 */

/**
 * What to answer in place of the Worker: an answer, no answer (`lost`: the Worker gets the question, the browser no answer;
 * `cut`: nobody gets anything), or nothing to hand it on as usual.
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: string } | "lost" | "cut" | undefined} Fault
 */



export class Front {
  /** Every exchange with the Worker, in order. @type {Exchange[]} */
  asked = [];
  /** Everything that the Worker sent over WebSockets, as it was on the wire. */
  socketBytes = Buffer.alloc(0);
  /** Sockets that are open now. @type {Set<import("node:net").Socket>} */
  sockets = new Set();
  /** Asked before anything is handed on. @type {(asked: Exchange) => Fault | Promise<Fault>} */
  fault = () => undefined;
  /** Text frames that are sent over each WebSocket right after it was opened. @type {string[]} */
  garbage = [];
  /** Whether the demo app is served, beside the lab's page. */
  demo = false;
  /** An app of a test's own, which answers whatever is neither the Worker's nor the lab's. @type {((req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => unknown) | undefined} */
  app = undefined;
  /** Extra hosts that the page may show in frames. */
  frames = "";
  /** Extra hosts that the page may call by itself. */
  connects = "";
  /** Headers that the page is served with beside its own. @type {Record<string, string>} */
  headers = {};
  /** The one origin at which the Worker is, where the page has a host of its own; else it is at every one. */
  edge = "";
  /** How many requests have no whole answer yet. */
  underWay = 0;
  /** How often the lab's page was loaded. */
  pages = 0;
  /** The names of cookies that came to the page's own host. @type {Set<string>} */
  shown = new Set();

  #connections = new Set();
  /** @type {import("node:http").Server} */ #server;
  #port = 0;

  /** @param {{ worker: number, tls: boolean }} options `worker` is the Worker's port */
  constructor({ worker, tls }) {
    this.worker = worker;
    this.tls = tls;
    this.#server = tls ? createTlsServer(selfSigned()) : createServer();
    // Nothing ends what is idle: a page that is asked for in that very moment would stay blank in WebKit.
    this.#server.keepAliveTimeout = 0;
    this.#server.on("request", (req, res) => {
      this.underWay += 1;
      res.once("close", () => (this.underWay -= 1));
      this.#answer(req, res).catch(() => res.destroy());
    });
    this.#server.on("upgrade", (req, socket, head) => this.#upgrade(req, /** @type {import("node:net").Socket} */ (socket), head));
    this.#server.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
  }

  get origin() {
    return `${this.tls ? "https" : "http"}://localhost:${this.#port}`;
  }

  /** @param {number} port */
  async open(port) {
    this.#port = port;
    await this.mend();
  }

  /** Nobody can be reached any more, as with a network that is off. */
  async cut() {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  /** The network is back. */
  async mend() {
    await new Promise((resolve, reject) => {
      this.#server.once("error", reject).listen(this.#port, "127.0.0.1", () => resolve(undefined));
    });
  }

  async close() {
    if (this.#server.listening) await this.cut();
  }

  /** How often a path was asked for, since a moment. @param {string} path @param {number} [since] as `Date.now()` */
  count(path, since = 0) {
    return this.asked.filter((each) => each.path === path && each.at >= since).length;
  }

  /** Sends a text frame to every tab that listens. @param {string} text */
  tellAll(text) {
    for (const socket of this.sockets) socket.write(frame(text));
  }

  /** @param {import("node:http").IncomingMessage} req @param {import("node:http").ServerResponse} res */
  async #answer(req, res) {
    const url = new URL(req.url ?? "/", this.origin);
    const from = req.headers.referer ? new URL(req.headers.referer).searchParams.get("tab") : undefined;
    const isEdge = !this.edge || new URL(this.edge).host === req.headers.host;
    if (!isEdge) for (const name of sentBy(req).cookies) this.shown.add(name);
    if (!isEdge || !OF_WORKER.test(url.pathname)) return this.app && !url.pathname.startsWith("/lab/") ? void this.app(req, res) : this.#serve(url, res);
    /** @type {Exchange} */
    const asked = { ...sentBy(req), at: Date.now(), path: url.pathname, query: url.searchParams, tab: from ?? "", status: 0, headers: "", text: "" };
    this.asked.push(asked);
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const fault = await this.fault(asked);
    if (fault === "cut") return req.socket.destroy();
    if (fault && fault !== "lost") {
      asked.status = fault.status ?? 200;
      return res.writeHead(asked.status, { "content-type": "text/html", ...fault.headers }).end(fault.body ?? "");
    }
    await this.#handOn(req, Buffer.concat(chunks), asked, fault === "lost" ? undefined : res);
    if (fault === "lost") req.socket.destroy();
  }

  /**
   * @param {import("node:http").IncomingMessage} req
   * @param {Buffer} body
   * @param {Exchange} asked
   * @param {import("node:http").ServerResponse | undefined} res
   */
  #handOn(req, body, asked, res) {
    return new Promise((resolve, reject) => {
      // A connection for each: workerd closes idle ones, which meets the next request's use of them.
      const to = { host: "127.0.0.1", port: this.worker, agent: false, path: req.url, method: req.method, headers: req.headers };
      const outgoing = httpRequest(to, (answer) => {
        const { "set-cookie": _, ...visible } = answer.headers;
        asked.status = answer.statusCode ?? 0;
        asked.headers = JSON.stringify(visible);
        answer.on("data", (data) => {
          if (asked.text.length < KEPT_BYTES) asked.text += data;
        });
        answer.once("end", resolve).once("error", reject);
        if (!res) return void answer.resume();
        const { connection: _c, "transfer-encoding": _t, ...headers } = answer.headers;
        res.writeHead(asked.status, headers);
        answer.pipe(res);
      });
      outgoing.once("error", reject);
      // A tab that is gone waits for nothing; what the Worker began it ends by itself.
      res?.once("close", () => !res.writableFinished && outgoing.destroy());
      outgoing.end(body);
    });
  }

  /** @param {import("node:http").IncomingMessage} req @param {import("node:net").Socket} socket @param {Buffer} head */
  #upgrade(req, socket, head) {
    const url = new URL(req.url ?? "/", this.origin);
    /** @type {Exchange} */
    const asked = { ...sentBy(req), at: Date.now(), path: url.pathname, query: url.searchParams, tab: "", status: 0, headers: "", text: "" };
    this.asked.push(asked);
    socket.on("error", () => {});
    const pass = async () => {
      const fault = await this.fault(asked);
      if (fault === "cut" || fault === "lost") return socket.destroy();
      if (fault) {
        asked.status = fault.status ?? 200;
        return socket.end(`HTTP/1.1 ${asked.status} Fault\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n${fault.body ?? ""}`);
      }
      const outgoing = httpRequest({ host: "127.0.0.1", port: this.worker, agent: false, path: req.url, headers: req.headers });
      outgoing.on("error", () => socket.destroy());
      socket.once("close", () => {
        outgoing.destroy();
        this.sockets.delete(socket);
      });
      const hand = (/** @type {Buffer} */ data) => {
        this.socketBytes = Buffer.concat([this.socketBytes, data]);
        socket.write(data);
      };
      outgoing.once("upgrade", (answer, worker, first) => {
        // Who asked may be gone by now, and nobody would ever take it off the list.
        if (socket.destroyed) return worker.destroy();
        asked.status = answer.statusCode ?? 0;
        hand(Buffer.concat([headOf(answer), first]));
        worker.on("data", hand).on("error", () => socket.destroy()).on("close", () => socket.destroy());
        worker.write(head);
        socket.pipe(worker);
        socket.once("close", () => worker.destroy());
        this.sockets.add(socket);
        for (const text of this.garbage) socket.write(frame(text));
      });
      // One that is refused ends with its connection: the browser's next request would come to the Worker on it, whatever it is for.
      outgoing.once("response", (answer) => {
        asked.status = answer.statusCode ?? 0;
        hand(headOf(answer, "connection: close"));
        answer.on("data", hand).once("end", () => socket.end());
      });
      outgoing.end();
    };
    pass().catch(() => socket.destroy());
  }

  /** @param {URL} url @param {import("node:http").ServerResponse} res */
  #serve(url, res) {
    const [, first = "", ...rest] = url.pathname.split("/");
    const folder = FOLDERS.get(first);
    const own = this.demo && !folder && demoFile(url.pathname);
    if (own) return res.writeHead(200, { "content-type": TYPES[extname(url.pathname)] ?? "text/html", ...own.headers }).end(own.body);
    const name = normalize(rest.join("/") || "index.html");
    if (!folder || name.startsWith("..")) return res.writeHead(404).end();
    let file;
    try {
      file = readFileSync(join(folder, name));
    } catch {
      return res.writeHead(404).end();
    }
    if (name === "index.html") this.pages += 1;
    res.writeHead(200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      // As strict as the demo's: what the package needs of an app's policy is written here.
      "content-security-policy": `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${this.connects}; worker-src 'self'; frame-src 'self' ${this.frames}; base-uri 'none'`,
      // The page must be able to enter the back/forward cache.
      "cache-control": "no-cache",
      ...this.headers,
    });
    return res.end(file);
  }
}

/** What a request says of where it comes from. @param {import("node:http").IncomingMessage} req */
function sentBy({ method = "", headers }) {
  const cookies = (headers.cookie ?? "").split("; ").filter(Boolean).map((pair) => pair.slice(0, pair.indexOf("=")));
  return { method, origin: headers.origin ?? "", cookies };
}

/** What an answer begins with. A body that follows is not in chunks any more. @param {import("node:http").IncomingMessage} answer @param {string[]} more */
function headOf({ statusCode, statusMessage, rawHeaders }, ...more) {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 ? [] : [[name, rawHeaders[at + 1]]]));
  const kept = more.length ? pairs.filter(([name = ""]) => !/^(connection|transfer-encoding)$/i.test(name)) : pairs;
  return Buffer.from([`HTTP/1.1 ${statusCode} ${statusMessage}`, ...kept.map((pair) => pair.join(": ")), ...more, "", ""].join("\r\n"), "latin1");
}

/** An unmasked text frame of a server, up to 64 KB. @param {string} text */
function frame(text) {
  const body = Buffer.from(text);
  const size = body.length < 126 ? [body.length] : [126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...size]), body]);
}
