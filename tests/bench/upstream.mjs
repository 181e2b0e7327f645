/** An API that costs next to nothing: it knows one question, and answers it with bytes that were written once. */

import { createServer } from "node:net";

const BODY = JSON.stringify([{ id: 1, item: "A lamp", quantity: 2 }, { id: 2, item: "Oil", quantity: 5 }]);
const HEADERS = ["Content-Type: application/json", "Date: Thu, 01 Jan 2026 00:00:00 GMT", 'ETag: "1"', "Server: bench", "X-Request-Id: 1"];
const message = (/** @type {string} */ status, /** @type {string} */ body) =>
  `HTTP/1.1 ${status}\r\n${HEADERS.join("\r\n")}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const YES = message("200 OK", BODY);
const NO = message("401 Unauthorized", "");

export async function startUpstream() {
  /** How often it said yes. */
  const counted = { calls: 0 };
  const server = createServer((socket) => {
    let text = "";
    socket.setNoDelay(true).on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      for (let end = text.indexOf("\r\n\r\n"); end >= 0; end = text.indexOf("\r\n\r\n")) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        // Without a token the call is not the one that is measured.
        const authorized = /^authorization: bearer \S{8,}$/im.test(head);
        if (authorized) counted.calls += 1;
        socket.write(authorized ? YES : NO);
      }
    });
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { origin: `http://127.0.0.1:${port}`, counted, close: () => server.close() };
}
