/** A WebSocket as a browser opens it, with the headers that a test says; it remembers all that it hears (RFC 6455). */

import { randomBytes } from "node:crypto";
import { request } from "node:http";

import { until } from "./until.mjs";

/** @typedef {{ status: number, headers: import("node:http").IncomingHttpHeaders, json: any }} Refusal */

const [TEXT, CLOSE, PING, PONG] = [1, 8, 9, 10];

export class Socket {
  /** What it heard first: where the session stands. */
  first = "";
  /** What it heard since. @type {string[]} */ heard = [];
  /** The code it was closed with; 1006 if nobody said one. @type {number | undefined} */ closed = undefined;
  /** @type {import("node:stream").Duplex} */ #stream;
  #buffer = Buffer.alloc(0);

  /** @param {import("node:stream").Duplex} stream @param {Buffer} head */
  constructor(stream, head) {
    this.#stream = stream;
    stream.on("data", (bytes) => this.#take(bytes));
    stream.on("error", () => {});
    stream.on("close", () => (this.closed ??= 1006));
    this.#take(head);
  }

  /** What was said, read. @returns {any[]} */
  get notices() {
    return this.heard.filter((text) => text.startsWith("{")).map((text) => JSON.parse(text));
  }

  /** @param {string | Buffer} message */
  say(message) {
    const isText = typeof message === "string";
    this.#frame(isText ? TEXT : 2, Buffer.from(message));
  }

  close(code = 1000) {
    this.#frame(CLOSE, Buffer.from([code >> 8, code & 255]));
  }

  /** Goes away without a word. */
  drop() {
    this.#stream.destroy();
  }

  /** Waits for a notice of this kind. @param {string} kind @param {number} [limitMs] */
  notice(kind, limitMs = 10_000) {
    return until(`the notice ${kind}`, () => this.notices.find((notice) => notice.kind === kind), limitMs);
  }

  /** Waits for its end, and says the code. @param {number} [limitMs] */
  end(limitMs = 10_000) {
    return until("the end of a socket", () => this.closed, limitMs);
  }

  /** @param {number} opcode @param {Buffer} payload */
  #frame(opcode, payload) {
    const length = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
    const mask = randomBytes(4);
    const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
    this.#stream.write(Buffer.concat([Buffer.from([0x80 | opcode, ...length]), mask, masked]));
  }

  /** @param {Buffer} bytes */
  #take(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      const [first = 0, second = 0] = this.#buffer;
      const long = (second & 127) === 126;
      const start = long ? 4 : 2;
      if (this.#buffer.length < start) return;
      const end = start + (long ? this.#buffer.readUInt16BE(2) : second & 127);
      if (this.#buffer.length < end) return;
      const payload = this.#buffer.subarray(start, end);
      this.#buffer = this.#buffer.subarray(end);
      const opcode = first & 15;
      if (opcode === TEXT) this.heard.push(payload.toString("utf8"));
      if (opcode === PING) this.#frame(PONG, payload);
      if (opcode === CLOSE) {
        this.closed ??= payload.length >= 2 ? payload.readUInt16BE(0) : 1005;
        this.#frame(CLOSE, payload.subarray(0, 2));
        this.#stream.end();
      }
    }
  }
}

/**
 * Asks for a socket.
 *
 * @param {import("./browser.mjs").Browser} browser
 * @param {{ path?: string, headers?: Record<string, string | undefined> }} [options] undefined removes a header
 * @returns {Promise<Socket | Refusal>}
 */
export function ask(browser, { path = "/auth/events", headers = {} } = {}) {
  const cookie = browser.cookieHeader(path);
  const own = {
    host: new URL(browser.app).host, origin: browser.app, connection: "Upgrade", upgrade: "websocket", ...(cookie && { cookie }),
    "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64"),
  };
  const wanted = Object.fromEntries(Object.entries({ ...own, ...headers }).filter(([, value]) => value !== undefined));
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: "127.0.0.1", port: new URL(browser.app).port, path, headers: wanted, agent: false });
    outgoing.on("upgrade", (_, stream, head) => resolve(new Socket(stream, head)));
    outgoing.on("response", (incoming) => {
      const chunks = /** @type {Buffer[]} */ ([]);
      incoming.on("data", (chunk) => chunks.push(chunk));
      incoming.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, json: text && JSON.parse(text) });
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** A socket that is open, and has heard where its session stands. @param {import("./browser.mjs").Browser} browser @param {Parameters<typeof ask>[1]} [options] */
export async function open(browser, options) {
  const socket = await ask(browser, options);
  if (!(socket instanceof Socket)) throw new Error(`no socket: ${socket.status} ${JSON.stringify(socket.json)}`);
  socket.first = await until("the first word of a socket", () => socket.heard.shift(), 1_000);
  return socket;
}

/** A handshake that was refused. @param {import("./browser.mjs").Browser} browser @param {Parameters<typeof ask>[1]} [options] */
export async function refusal(browser, options) {
  const refused = await ask(browser, options);
  if (refused instanceof Socket) throw new Error("a socket was opened");
  return refused;
}
