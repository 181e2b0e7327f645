/** `everlit dev` while things around it change: the file that wrangler reads, the authorization server, and whoever started it. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";

import { Browser, send } from "../worker/support/browser.mjs";
import { logIn } from "../worker/support/person.mjs";
import { freePort } from "../worker/support/ports.mjs";
import { pause, until, within } from "../worker/support/until.mjs";
import { commandOf, ENVIRONMENT, everlit, npxOf, pack, scratch, unpack } from "./support/package.mjs";
import { endGroup, Running } from "./support/running.mjs";

let folder = "", tarball = "", tool = "";

before(() => {
  folder = scratch();
  ({ tarball } = pack(folder));
  tool = join(folder, "tool");
  unpack(tarball, tool);
});

/** A new project on ports of its own. @param {string} name */
async function fresh(name) {
  const project = join(folder, name);
  assert.equal(everlit(tool, ["init", project], folder).code, 0);
  unpack(tarball, project);
  const [port, issuerPort] = [await freePort(), await freePort()];
  const toml = join(project, "wrangler.toml");
  writeFileSync(toml, readFileSync(toml, "utf8").replace("localhost:8787", `localhost:${port}`).replace("127.0.0.1:9000", `127.0.0.1:${issuerPort}`));
  return { project, toml, ports: [port, issuerPort] };
}

/** @param {number[]} ports */
async function allFree(ports) {
  for (const port of ports) {
    await until(`nothing to listen on ${port}`, () => send(`http://127.0.0.1:${port}/`, { limitMs: 3000 }).then(() => false, (error) => /ECONNREFUSED/.test(String(error)) || /ECONNREFUSED/.test(String(error?.code))), 20_000);
  }
}

test("wrangler.toml is emptied and written again: that is said, the Worker comes back, and who was logged in still is", { timeout: 180_000 }, async (t) => {
  const { project, toml } = await fresh("rewritten");
  const running = new Running(project);
  t.after(() => running.stop());
  const browser = new Browser(await running.address());
  assert.equal((await logIn(browser, { login: "ada" })).status, 200);
  const text = readFileSync(toml, "utf8");

  writeFileSync(toml, "");
  await until("everlit dev to say what is wrong with the file", () => /wrangler\.toml names no Worker \(main\); the Worker starts again when that is mended\n/.test(running.err), 60_000);
  writeFileSync(toml, text);
  await until("the Worker to be there again", () => /The Worker is there again, at http/.test(running.err), 60_000);
  assert.equal(running.over, false);
  assert.match(running.err, /wrangler ended while wrangler\.toml was written; the Worker starts again\n/);
  assert.doesNotMatch(running.err, /Specify an entry-point/, "wrangler's own help is not shown");
  const { json } = await until("the Worker's answer", () => browser.call("/auth/session").catch(() => undefined));
  assert.equal(json.state, "active");
  assert.equal(json.user.sub, "ada");
  assert.equal(await running.stop(), 0, running.err);
});

test("an authorization server that cannot be reached is named when it starts, and the page can be worked on", { timeout: 120_000 }, async (t) => {
  const { project, toml } = await fresh("unreachable");
  // Not 127.0.0.1, where the demo server would be.
  writeFileSync(toml, readFileSync(toml, "utf8").replace(/issuer = ".*"/, 'issuer = "http://localhost:1"'));
  const running = new Running(project);
  t.after(() => running.stop());
  const app = await running.address();
  await until("the warning", () => /^warning: logins cannot begin, as http:\/\/localhost:1\/\.well-known\/openid-configuration cannot be reached: .*ECONNREFUSED.* \(npx everlit doctor says more\)$/m.test(running.err));
  assert.match((await send(`${app}/`)).text, /<script type="module"/);
  assert.equal(await running.stop(), 0, running.err);
});

for (const signal of /** @type {const} */ (["SIGTERM", "SIGKILL"])) {
  test(`${signal} to npx ends all that it started`, { timeout: 120_000 }, async (t) => {
    const { project, ports } = await fresh(`npx-${signal.toLowerCase()}`);
    const running = new Running(project, [], npxOf(tarball));
    t.after(() => running.clear());
    await running.address();
    running.child.kill(signal);
    // Its output ends with the last who has it: that is everlit dev, not npx.
    await within("everlit dev to end", running.ended, 20_000);
    await allFree(ports);
  });
}

test("npx in the background, of a script that ends: it goes on until npx ends", { timeout: 120_000 }, async (t) => {
  const { project, ports } = await fresh("background");
  const log = join(project, "log");
  const npx = await fromShell(t, project, ': > log; "$@" dev > log 2>&1 < /dev/null & echo $!', npxOf(tarball));
  const app = await until("everlit dev to name its address", () => /^Open (http:\S+)$/m.exec(readFileSync(log, "utf8"))?.[1], 90_000);
  assert.equal((await send(`${app}/healthz`)).status, 200);
  process.kill(npx);
  await allFree(ports);
});

test("without npx it may outlive who started it", { timeout: 120_000 }, async (t) => {
  const { project, ports } = await fresh("alone");
  const log = join(project, "log");
  // The shell stays until the Worker is there, and ends then.
  const script = ': > log; "$@" dev > log 2>&1 < /dev/null & echo $!; until grep -q ^Open log; do sleep 0.1; done';
  const alone = await fromShell(t, project, script, [process.execPath, commandOf(project)]);
  const app = /^Open (http:\S+)$/m.exec(readFileSync(log, "utf8"))?.[1] ?? "";
  // For what must not happen: it would look twice a second who its parent is.
  await pause(1500);
  assert.equal((await send(`${app}/healthz`)).status, 200);
  process.kill(alone);
  await allFree(ports);
});

/**
 * Runs a script in a shell that no package manager started, to the script's end.
 *
 * @param {import("node:test").TestContext} t @param {string} project @param {string} script prints the id of what it started @param {string[]} words
 */
async function fromShell(t, project, script, words) {
  const { npm_lifecycle_event: _, npm_command: __, ...env } = /** @type {Record<string, string | undefined>} */ (ENVIRONMENT);
  const shell = spawn("sh", ["-c", script, "sh", ...words], { cwd: project, env, stdio: ["ignore", "pipe", "inherit"], detached: true });
  t.after(() => endGroup(shell));
  let out = "";
  shell.stdout.setEncoding("utf8").on("data", (text) => { out += text; });
  await new Promise((resolve) => shell.once("exit", resolve));
  return Number(out);
}
