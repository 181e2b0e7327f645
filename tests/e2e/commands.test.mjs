// The commands as a person or a script runs them: what they print, what they leave running, and how they fail.
// `cargo xtask test commands` names the built command in EVERLIT_XTASK.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const XTASK = process.env.EVERLIT_XTASK ?? "";
/** Everything is built when these tests run: what a second start may take. */
const SECOND_START_MS = 20_000;

assert.ok(XTASK, "EVERLIT_XTASK is to name the built command; `cargo xtask test commands` does");

/** @param {string} program @param {string[]} args */
function start(program, args) {
  const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, WRANGLER_SEND_METRICS: "false" } });
  const said = { stdout: "", stderr: "" };
  child.stdout.on("data", (data) => (said.stdout += data));
  child.stderr.on("data", (data) => (said.stderr += data));
  const ended = once(child, "exit").then(([code, signal]) => ({ code, signal, ...said }));
  return { child, said, ended };
}

/** @param {string} program @param {string[]} args */
async function run(program, args) {
  const { child, ended } = start(program, args);
  const limit = setTimeout(() => child.kill("SIGKILL"), 120_000);
  return ended.finally(() => clearTimeout(limit));
}

/** The one JSON object that is to be the last line, and the only one. @param {string} stdout */
function onlyLine(stdout) {
  const lines = stdout.trimEnd().split("\n");
  assert.equal(lines.length, 1, stdout);
  return JSON.parse(lines[0] ?? "");
}

/** @param {string} url */
const answers = (url) => fetch(url, { signal: AbortSignal.timeout(5_000) }).then(() => true, () => false);

test("a second start of the demo is quick, and Ctrl-C stops everything it started", { timeout: 120_000 }, async () => {
  const began = Date.now();
  const { child, said, ended } = start(XTASK, ["demo", "--json"]);
  try {
    while (!said.stdout.includes("\n")) {
      assert.ok(child.exitCode === null && Date.now() - began < 60_000, `no address was printed:\n${said.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const took = Date.now() - began;
    const { url, issuer, control, resource } = onlyLine(said.stdout);
    assert.ok(took < SECOND_START_MS, `it took ${took} ms`);
    assert.equal(await (await fetch(`${url}/healthz`)).text(), '{"ok":true}');
    for (const address of [issuer, control, resource]) assert.ok(await answers(address), address);

    child.kill("SIGINT");
    await ended;
    for (const address of [url, issuer, control, resource]) assert.equal(await answers(address), false, `${address} still answers`);
  } finally {
    child.kill("SIGINT");
  }
});

test("the demo of a broker prints commands that do what they say, and Ctrl-C ends it all", { timeout: 120_000 }, async () => {
  const { child, said, ended } = start(XTASK, ["demo", "--provider", "upstox", "--json"]);
  try {
    const began = Date.now();
    while (!said.stdout.includes("\n")) {
      assert.ok(child.exitCode === null && Date.now() - began < 90_000, `no address was printed:\n${said.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { url, stand_in, control, desk, commands } = onlyLine(said.stdout);
    const [key, ...rest] = commands.map((/** @type {{ command: string }} */ { command }) => command);
    /** @param {RegExp} which @returns {Promise<any>} */
    const copied = async (which) => {
      const command = rest.find((/** @type {string} */ one) => which.test(one));
      assert.ok(command, `no command is like ${which}`);
      const { code, stdout, stderr } = await run("bash", ["-c", `${key}\n${command}`]);
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout);
    };
    assert.equal((await copied(/status$/)).status, "needs_human");
    assert.equal((await copied(/token$/)).reason, "needs_human");
    assert.match((await copied(/login$/)).login_url, new RegExp(`^${url}/service/upstox/login\\?ticket=`));
    assert.equal((await copied(/credential$/)).code, "credential_refused");
    assert.equal((await copied(/approve$/)).answers[0].status, 200);
    assert.equal((await copied(/token$/)).provider, "upstox");
    assert.deepEqual(await copied(/03:20$/).then(({ status, time_left }) => [status, time_left]), ["expiring", "10 min"]);
    assert.deepEqual(await copied(/03:31$/).then(({ status, time_left }) => [status, time_left]), ["needs_human", "none"]);
    assert.equal((await copied(/token$/)).reason, "needs_human");
    assert.equal((await copied(/approve$/)).answers[0].status, 200);
    assert.equal((await copied(/\+2h$/)).status, "active");
    assert.match(said.stderr, /^\S+ 09:0\d  alert human_needed: upstox/m);
    assert.match(said.stderr, /alert expiring_soon: upstox \(Upstox\): the token ends in 10 min/);

    child.kill("SIGINT");
    await ended;
    for (const address of [url, stand_in, control, desk]) assert.equal(await answers(address), false, `${address} still answers`);
  } finally {
    child.kill("SIGINT");
  }
});

test("a broker that is not there is named, with those that are, and no flag of the app goes with one", { timeout: 60_000 }, async () => {
  const unknown = await run(XTASK, ["demo", "--provider", "zerodha"]);
  assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /zerodha[^]*breeze, upstox, kite/);
  const both = await run(XTASK, ["demo", "--provider", "kite", "--tabs", "3"]);
  assert.deepEqual([both.code, both.stdout], [2, ""]);
  assert.match(both.stderr, /--provider[^]*--tabs/);
  const human = await run(XTASK, ["demo", "--human"]);
  assert.deepEqual([human.code, human.stdout], [2, ""]);
  assert.match(human.stderr, /--human[^]*--provider|--provider[^]*--human/);
  const desk = await run(XTASK, ["demo", "--provider", "kite", "--human"]);
  assert.deepEqual([desk.code, desk.stdout], [1, ""]);
  assert.match(desk.stderr, /no desk at kite: --human is for breeze and upstox/);
});

test("a port that is taken is named, with what to do", { timeout: 60_000 }, async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  try {
    const { code, stderr } = await run(XTASK, ["demo", "--port", `${port}`]);
    assert.notEqual(code, 0);
    assert.match(stderr, new RegExp(`${port}.*(taken|in use)`, "s"));
    assert.match(stderr, /--port/);
  } finally {
    server.close();
  }
});

test("a wrong configuration is told by its variable, for people and for scripts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "everlit-config-"));
  const file = join(folder, "wrangler.toml");
  try {
    writeFileSync(file, readFileSync(join(ROOT, "wrangler.toml"), "utf8").replace(/^issuer = .*$/m, 'issuer = "ftp://as.example"'));
    const people = await run(XTASK, ["config", "check", "--file", file]);
    assert.equal(people.code, 1);
    assert.match(people.stdout + people.stderr, /PROVIDER_DEMO\.issuer.*https/);
    const scripts = await run(XTASK, ["config", "check", "--json", "--file", file]);
    assert.equal(scripts.code, 1);
    assert.equal(onlyLine(scripts.stdout).ok, false);
    const right = await run(XTASK, ["config", "check", "--json"]);
    assert.deepEqual([right.code, onlyLine(right.stdout).ok], [0, true]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a command that fails ends in one JSON object all the same, if that was asked for", async () => {
  const { code, stdout } = await run(XTASK, ["config", "check", "--json", "--file", "no-such-file.toml"]);
  assert.equal(code, 1);
  assert.equal(onlyLine(stdout).ok, false);
});

test("every command is listed with what it does, and says how it is used", { timeout: 180_000 }, async () => {
  const { code, stdout } = await run(XTASK, ["--help"]);
  assert.equal(code, 0);
  for (const command of ["demo", "test", "build", "size", "config", "sim", "probe", "cost", "setup"]) {
    assert.match(stdout, new RegExp(`^ +${command} +\\S+ \\S+`, "m"), command);
    const help = await run(XTASK, [command, "--help"]);
    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, /usage: /i, command);
  }
});

test("a month of a million daily users is priced from what a real Worker writes", { timeout: 180_000 }, async () => {
  const { code, stdout, stderr } = await run(XTASK, ["cost", "--json"]);
  assert.equal(code, 0, stderr);
  const { rows_per_refresh, rows_per_proxied_call, usd_month_per_million_users } = onlyLine(stdout);
  assert.ok(rows_per_refresh >= 3 && rows_per_refresh <= 5, stdout);
  assert.equal(rows_per_proxied_call, 0);
  assert.ok(usd_month_per_million_users > 500 && usd_month_per_million_users < 2_500, stdout);
});

test("wrangler packs the deployment by the build line of wrangler.toml, assets included", { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "everlit-deploy-"));
  try {
    const { code, stdout, stderr } = await run(process.execPath, [join(ROOT, "node_modules/wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", folder]);
    const said = stdout + stderr;
    assert.equal(code, 0, said);
    assert.match(said, /wrangler\.toml is right/, "the configuration was checked");
    assert.match(said, /Read (?!0 )\d+ files from the assets directory/, "there are assets");
    for (const binding of ["SESSION_VAULT", "LOGIN_DESK", "PROVIDER_DEMO", "UPSTREAM_ORDERS", "ASSETS"]) assert.match(said, new RegExp(binding));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
