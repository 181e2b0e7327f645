/** Free ports. */

import { createServer } from "node:net";

/** Below the ports that systems give to whoever asks for any: nobody is given one of these between our look at it and its use. */
const [FIRST, COUNT] = [20_000, 12_000];

/** @type {Set<number>} */
const given = new Set();

/** @param {number} port */
const isFree = (port) => new Promise((resolve) => {
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
});

/** A port of 127.0.0.1 that nothing listens on right now, and that is given once. */
export async function freePort() {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}
