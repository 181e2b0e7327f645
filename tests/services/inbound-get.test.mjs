/**
 * What Breeze's reads need of the platform: they are GETs with a body, which no `fetch` sends. If one of these fails, workerd has
 * changed, and `worker/services/src/proxy.rs` with `socket.rs` has to follow.
 */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { after, before, test } from "node:test";

import { selfSigned } from "../e2e/lab/certificate.mjs";
import { sendRaw } from "../worker/support/raw.mjs";
import { WorkerdProcess } from "../worker/support/workerd-process.mjs";

const BODY = '{"stock_code":"ITC"}';
const WORKER = new URL("support/inbound.js", import.meta.url);
const tls = selfSigned();

/** @type {WorkerdProcess} */
let workerd;
/** @type {string} */
let app;
before(async () => {
  const prepared = await WorkerdProcess.prepare([WORKER]);
  workerd = new WorkerdProcess(prepared.folder, prepared.port);
  app = `http://127.0.0.1:${prepared.port}`;
  await workerd.set({ modules: ["inbound.js"], itself: ["SELF"], trusted: [tls.cert] });
  await workerd.begin();
});
after(() => workerd.close());

/** @param {string} path @param {string[]} headers @param {string} body */
const get = async (path, headers, body) =>
  JSON.parse((await sendRaw(app, [`GET ${path} HTTP/1.1`, "Host: app.example", ...headers].join("\r\n"), { body })).text);

/** @param {string} path @param {object} body */
const act = async (path, body) => (await fetch(`${app}${path}`, { method: "POST", body: JSON.stringify(body) })).json();

/** A server that says what it got. @param {import("node:test").TestContext} t @param {{ tls?: boolean }} [how] */
async function listening(t, how = {}) {
  const answer = async (/** @type {import("node:http").IncomingMessage} */ req, /** @type {import("node:http").ServerResponse} */ res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    res.end(`${req.method} ${req.url} ${body}`);
  };
  const server = how.tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  t.after(() => server.close() && server.closeAllConnections());
  return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
}

const question = `GET /funds HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;

test("workerd hands the body of a GET to a Worker, with a length and in chunks", async () => {
  const whole = { method: "GET", isEmpty: false, text: BODY };
  assert.deepEqual(await get("/seen", [`Content-Length: ${BODY.length}`], BODY), { ...whole, contentLength: String(BODY.length) });
  const chunked = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`;
  assert.deepEqual(await get("/seen", ["Transfer-Encoding: chunked"], chunked), { ...whole, contentLength: null });
  assert.deepEqual(await get("/seen", [], ""), { method: "GET", isEmpty: true, text: "", contentLength: null });
});

test("the body of a GET goes on to another Worker over a service binding", async () => {
  const handed = await get("/bound", [`Content-Length: ${BODY.length}`], BODY);
  assert.deepEqual([handed.method, handed.text], ["GET", BODY]);
});

test("a fetch sends no GET with a body", async (t) => {
  const { error } = await act("/fetched", { url: `http://127.0.0.1:${await listening(t)}/` });
  assert.match(error, /^TypeError: Request with a GET or HEAD method cannot have a body/);
});

for (const [secureTransport, how] of /** @type {const} */ ([["off", {}], ["on", { tls: true }]])) {
  test(`a socket with secureTransport "${secureTransport}" sends one`, async (t) => {
    const { answer, error } = await act("/dialled", { port: await listening(t, how), secureTransport, text: question });
    assert.equal(error, undefined);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(answer.endsWith(`GET /funds ${BODY}`), answer);
  });
}

test("a socket that is to be secure is none to a server whose certificate nobody vouches for, and none to a plain one", async (t) => {
  const plain = await act("/dialled", { port: await listening(t), secureTransport: "on", text: question });
  assert.ok(plain.error && !plain.answer, JSON.stringify(plain));
  await workerd.kill();
  await workerd.set({ modules: ["inbound.js"], itself: ["SELF"] });
  await workerd.begin();
  const unknown = await act("/dialled", { port: await listening(t, { tls: true }), secureTransport: "on", text: question });
  assert.ok(unknown.error && !unknown.answer, JSON.stringify(unknown));
});
