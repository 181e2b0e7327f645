/** `everlit dev` where something is in its way: a part that ends, a port that is taken, a server that is not the demo's. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Browser, send } from "../worker/support/browser.mjs";
import { logIn } from "../worker/support/person.mjs";
import { freePort } from "../worker/support/ports.mjs";
import { until, within } from "../worker/support/until.mjs";
import { copy, everlit, pack, scratch, unpack } from "./support/package.mjs";
import { Running } from "./support/running.mjs";

let folder = "", good = "";
/** @type {import("node:net").Server[]} */
const servers = [];
let made = 0;

before(() => {
  folder = scratch();
  const { tarball } = pack(folder);
  const tool = join(folder, "tool");
  unpack(tarball, tool);
  good = join(folder, "good");
  assert.equal(everlit(tool, ["init", good], folder).code, 0);
  unpack(tarball, good);
});
after(() => servers.forEach((server) => server.close()));

/** A project whose ports are its own. @param {(text: string) => string} [change] */
async function project(change = (text) => text) {
  const at = join(folder, `project-${(made += 1)}`);
  copy(good, at);
  const [port, issuerPort] = [await freePort(), await freePort()];
  const path = join(at, "wrangler.toml");
  writeFileSync(path, change(readFileSync(path, "utf8").replace("localhost:8787", `localhost:${port}`).replace("127.0.0.1:9000", `127.0.0.1:${issuerPort}`)));
  return { at, port, issuerPort };
}

/** Something that listens. @param {number} port */
async function taken(port) {
  const server = createServer();
  servers.push(server);
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
}

/** Nothing listens there any more. @param {number} port */
const isFree = (port) => new Promise((resolve) => {
  const server = createServer();
  server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
});

test("wrangler that ends at once is said with its last words and what to do, and nothing is left behind", { timeout: 120_000 }, async (t) => {
  const { at, issuerPort } = await project();
  writeFileSync(join(at, "build.mjs"), 'throw new Error("this build is broken");\n');
  const running = new Running(at);
  t.after(() => running.stop());
  // It ends with wrangler, and not when its patience with the Worker does.
  assert.equal(await within("everlit dev to end", running.ended, 60_000), 2);
  assert.match(running.err, /error: wrangler ended \(\d+\) before the Worker answered:[^]*this build is broken/);
  assert.match(running.err, /npx everlit doctor may know why/);
  assert.equal(await isFree(issuerPort), true, "the demo server has ended");
});

test("Ctrl-C before the Worker answers ends it at once", { timeout: 120_000 }, async (t) => {
  const { at } = await project();
  writeFileSync(join(at, "build.mjs"), 'console.log("building"); await new Promise((resolve) => setTimeout(resolve, 600_000));\n');
  const running = new Running(at);
  t.after(() => running.stop());
  await until("the build to run", () => running.err.includes("building"), 60_000);
  assert.equal(await running.stop(), 0);
});

test("a Worker that dies ends the demo server as well, and that is said", { timeout: 180_000 }, async (t) => {
  const { at, port, issuerPort } = await project();
  const running = new Running(at);
  t.after(() => running.stop());
  await running.address();
  // Its one child, by its number.
  const [child] = execFileSync("ps", ["-o", "pid=", "--ppid", String(running.child.pid)], { encoding: "utf8" }).trim().split(/\s+/);
  process.kill(Number(child), "SIGKILL");
  assert.equal(await within("everlit dev to end", running.ended, 30_000), 2);
  assert.match(running.err, /error: wrangler ended by itself \(SIGKILL\)/);
  assert.match(running.err, /everlit dev starts both again/);
  assert.deepEqual([await isFree(port), await isFree(issuerPort)], [true, true]);
});

test("ports that are taken are named; those that were asked for by number are refused, the others are replaced", { timeout: 180_000 }, async (t) => {
  const { at, port, issuerPort } = await project();
  await Promise.all([taken(port), taken(issuerPort)]);
  for (const [words, said] of /** @type {const} */ ([
    [["--port", `${port}`], `error: port ${port} is taken\nStop what listens there, or name another one.`],
    [["--issuer-port", `${issuerPort}`], `error: port ${issuerPort}, where the demo authorization server belongs, is taken`],
  ])) {
    const { code, err } = everlit(at, ["dev", ...words]);
    assert.deepEqual([code, err.includes(said)], [2, true], err);
  }
  const running = new Running(at);
  t.after(() => running.stop());
  const app = await running.address();
  assert.notEqual(app, `http://localhost:${port}`);
  assert.match(running.err, new RegExp(`port ${port} is taken, so the app gets \\d+`));
  assert.match(running.err, new RegExp(`port ${issuerPort} is taken, so the demo authorization server gets \\d+`));
  const browser = new Browser(app);
  await logIn(browser, { login: "ada" });
  assert.equal((await browser.call("/auth/session")).json.user.sub, "ada", "a login works there");
  assert.equal(await running.stop(), 0);
});

test("--demo puts the demo server in the place of one's own; without it, an option of the demo server is refused", { timeout: 180_000 }, async (t) => {
  const { at, issuerPort } = await project((text) => text.replace(/issuer = "[^"]+"/, 'issuer = "https://login.example.com"').replace(/end_session = "get"\n/, ""));
  rmSync(join(at, ".dev.vars"));
  const refused = everlit(at, ["dev", "--issuer-port", `${issuerPort}`]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /this project's provider is https:\/\/login\.example\.com\neverlit dev --demo puts the demo server in its place/);
  const running = new Running(at, ["--demo", "--issuer-port", `${issuerPort}`]);
  t.after(() => running.stop());
  const browser = new Browser(await running.address());
  await until("the demo server to be named", () => running.out.includes(`at the demo authorization server http://127.0.0.1:${issuerPort}`));
  await logIn(browser, { login: "grace" });
  assert.equal((await browser.call("/auth/session")).json.user.sub, "grace");
  assert.match(readFileSync(join(at, "wrangler.toml"), "utf8"), /https:\/\/login\.example\.com/, "the file is what it was");
  assert.equal(await running.stop(), 0);
});

test("--origin has logins come back to the server that the page is seen at", { timeout: 120_000 }, async (t) => {
  const { at, port } = await project();
  const refused = everlit(at, ["dev", "--origin", "localhost:5173"]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /--origin wants scheme, host and port of the page's own server, and was given "localhost:5173"/);
  const running = new Running(at, ["--origin", "http://localhost:5173"]);
  t.after(() => running.stop());
  await until("everlit dev to be ready", () => running.out.includes(`Open http://localhost:5173, whose server hands on /auth, /api and /healthz to http://localhost:${port}`), 90_000);
  const { headers } = await send(`http://127.0.0.1:${port}/auth/login?return_to=/`, { headers: { host: "localhost:5173", "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } });
  const target = new URL(headers.location ?? "");
  assert.ok(target.searchParams.get("request_uri"), "the demo server has taken the request, whose redirect URI it holds against the client's");
  assert.match((await send(target.href)).headers.location ?? "", /^\/interaction\//);
  const ask = async (/** @type {string} */ origin) => (await send(`http://127.0.0.1:${port}/auth/session`, { headers: { origin, "everlit-version": "1" } })).status;
  assert.deepEqual([await ask("http://localhost:5173"), await ask(`http://localhost:${port}`)], [200, 403], "that server's pages are the Worker's own, and no others");
  assert.equal(await running.stop(), 0);
});
