import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { Agent, createServer, request } from "node:http";
import { after, before, test } from "node:test";

import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { pause, until, within } from "./support/until.mjs";

/** @typedef {import("node:http").IncomingMessage} IncomingMessage */
/** @typedef {import("node:http").ServerResponse} ServerResponse */

/** A connection for each call: one that is kept may be closed by workerd in the moment of its use. */
const AGENT = new Agent({ keepAlive: false });
const MB = 1 << 20;
const HUGE = 100 * MB;
/** As much as the runtime may keep of 100 MB on their way, its own garbage and all buffers of the sockets between included. */
const BOUND = 64 * MB;

/** A resource server that reads and writes as a test says. @type {import("node:http").Server} */
let upstream;
/** @type {(req: IncomingMessage, res: ServerResponse) => unknown} */
let serve = (_, res) => res.end();
/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
/** @type {import("./support/browser.mjs").Browser} */
let browser;
before(async () => {
  // Each call has a connection of its own: on one that it has used before, local workerd leaves a request open that it has given up.
  upstream = createServer((req, res) => void serve(req, res.setHeader("connection", "close")));
  await new Promise((resolve) => upstream.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (upstream.address());
  stack = await startScriptedStack({ change: (given) => ({ ...given, UPSTREAM_ORDERS: { ...given.UPSTREAM_ORDERS, origin: `http://127.0.0.1:${port}` } }) });
  ({ browser } = await enter(stack));
});
after(async () => {
  await stack?.close();
  upstream?.closeAllConnections();
  upstream?.close();
});

/** A call whose body a test writes, and whose answer it reads. @param {string} method @param {Record<string, string>} [headers] */
function call(method, headers = {}) {
  const { host, port } = new URL(stack.app);
  const own = { host, "everlit-version": "1", "sec-fetch-site": "same-origin", cookie: browser.cookieHeader("/api/orders"), ...headers };
  const outgoing = request({ host: "127.0.0.1", port, path: "/api/orders", method, headers: own, agent: AGENT });
  const answer = /** @type {Promise<IncomingMessage>} */ (once(outgoing, "response").then(([incoming]) => incoming));
  answer.catch(() => undefined);
  outgoing.on("error", () => undefined);
  return { outgoing, answer };
}

/** What the Worker's process holds in memory, and the most it ever did. */
async function memory() {
  const status = await readFile(`/proc/${stack.workerd.pid}/status`, "utf8");
  const of = (/** @type {string} */ name) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  return { now: of("VmRSS") };
}

/** Looks at the memory until it is told to stop; the most that it grew by. */
function watchMemory() {
  let [most, going] = [0, true];
  const done = (async () => {
    const { now: before } = await memory();
    while (going) {
      most = Math.max(most, (await memory()).now - before);
      await pause(20);
    }
  })();
  return async () => {
    going = false;
    await done;
    return most;
  };
}

test("the first part of an upload is with the upstream before the last is sent", async () => {
  const parts = /** @type {string[]} */ ([]);
  serve = async (req, res) => {
    for await (const chunk of req) parts.push(String(chunk));
    res.end("done");
  };
  for (const framing of /** @type {Record<string, string>[]} */ ([{}, { "content-length": "11" }])) {
    parts.length = 0;
    const { outgoing, answer } = call("POST", framing);
    outgoing.write("first ");
    await until("the first part", () => parts.join("") === "first ");
    outgoing.end("second".slice(0, 5));
    assert.equal((await within("the answer", answer, 10_000)).statusCode, 200);
    assert.equal(parts.join(""), "first secon");
  }
});

test("the first part of a download is with the browser before the last is sent", async () => {
  let last = () => {};
  serve = (_, res) => {
    res.write("first ");
    last = () => res.end("second");
  };
  const { outgoing, answer } = call("GET");
  outgoing.end();
  const incoming = await within("the beginning of the answer", answer, 10_000);
  const [first] = await within("the first part", once(incoming.setEncoding("utf8"), "data"), 10_000);
  assert.equal(first, "first ");
  last();
  const [second] = await within("the second part", once(incoming, "data"), 10_000);
  assert.equal(second, "second");
});

test("a browser that hangs up is heard by the upstream, in the middle of an upload and of a download", async () => {
  const [seen, ends] = /** @type {string[][]} */ ([[], []]);
  serve = (req, res) => {
    req.on("data", () => seen.push("upload")).on("error", () => undefined).on("close", () => req.complete || ends.push("upload"));
    if (req.method === "GET") {
      // As long as there is something to send: of a connection that is quiet the runtime does not look whether it is there still.
      const going = setInterval(() => res.write("more "), 50);
      res.on("close", () => { clearInterval(going); if (!res.writableFinished) ends.push("download"); });
    }
  };
  const up = call("POST");
  up.outgoing.write("first ");
  await until("the first part", () => seen.includes("upload"));
  up.outgoing.destroy();
  await until("the upstream to hear of the end of the upload", () => ends.includes("upload"));

  const down = call("GET");
  down.outgoing.end();
  const incoming = await within("the beginning of the answer", down.answer, 10_000);
  await within("the first part", once(incoming, "data"), 10_000);
  incoming.on("error", () => undefined).destroy();
  await until("the upstream to hear of the end of the download", () => ends.includes("download"), 15_000);
});

test("an upstream that breaks off in the middle is heard by the browser", async () => {
  serve = (_, res) => {
    res.writeHead(200, { "content-length": "1000" });
    res.write("first ", () => res.destroy());
  };
  const { outgoing, answer } = call("GET");
  outgoing.end();
  const incoming = await within("the beginning of the answer", answer, 10_000);
  const end = new Promise((resolve) => incoming.resume().on("error", () => resolve("broken")).on("aborted", () => resolve("broken")).on("end", () => resolve("whole")));
  assert.equal(await within("the end", /** @type {Promise<string>} */ (end), 10_000), "broken");
});

test("a hundred megabytes go up and down, and are kept nowhere on their way", async () => {
  const piece = Buffer.alloc(MB / 4, "x");
  let [came, sent] = [0, 0];
  // Each side that reads is slower than the one that writes: what is not held back would pile up.
  serve = async (req, res) => {
    for await (const chunk of req) {
      came += chunk.length;
      if (came % (8 * MB) < chunk.length) await pause(20);
    }
    while (sent < HUGE) {
      sent += piece.length;
      if (!res.write(piece)) await once(res, "drain");
    }
    res.end();
  };
  const stop = watchMemory();
  const { outgoing, answer } = call("POST");
  for (let written = 0; written < HUGE; written += piece.length) if (!outgoing.write(piece)) await once(outgoing, "drain");
  outgoing.end();
  const incoming = await within("the beginning of the answer", answer, 60_000);
  assert.equal(came, HUGE);
  // Nobody reads yet: so nobody may go on writing.
  await pause(1_500);
  assert.ok(sent < HUGE / 2, `${sent / MB} MB were sent to somebody who does not read`);
  let got = 0;
  for await (const chunk of incoming) got += chunk.length;
  assert.equal(got, HUGE);
  const grew = await stop();
  assert.ok(grew < BOUND, `the Worker grew by ${Math.round(grew / MB)} MB`);
});
