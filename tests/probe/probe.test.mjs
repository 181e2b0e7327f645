// `cargo xtask probe` as a person runs it, against real authorization servers: one that forgives nothing, one that forgives for
// a while, one that ends nothing. The script plays the person's browser. `cargo xtask test probe` names the built command in
// EVERLIT_XTASK and the Python of the second server in EVERLIT_DJANGO_PYTHON.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";

import { startDjango } from "../servers/django.mjs";
import { listen } from "../servers/listener.mjs";
import { startServers } from "../servers/servers.mjs";
import { Browser } from "../servers/support/browser.mjs";

const XTASK = process.env.EVERLIT_XTASK ?? "";
const CLIENT_SECRET = "a-client-secret-that-nobody-prints";
const GRACE = 4;

assert.ok(XTASK, "EVERLIT_XTASK is to name the built command; `cargo xtask test probe` does");

/** A free port for the redirect URI, which a server has to know before the command takes it. */
async function redirectPort() {
  const listener = await listen(0, { what: "test", flag: "-" });
  await listener.close();
  return listener.port;
}

/**
 * Runs the command, and logs in wherever it asks for that, each time in a browser of its own.
 *
 * @param {import("node:test").TestContext} t
 * @param {{ issuer: string, port: number, args?: string[], env?: Record<string, string>, devVars?: string, logins?: string[], browser?: Browser }} options
 */
async function probe(t, { issuer, port, args = ["--yes"], env = { SECRET_DEMO_CLIENT_SECRET: CLIENT_SECRET }, devVars, logins = [], browser: shared }) {
  const folder = mkdtempSync(join(tmpdir(), "everlit-probe-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "wrangler.toml");
  writeFileSync(file, `[vars]
ORIGINS = ["http://localhost:8787"]
PROVIDER_DEMO = { kind = "oidc", issuer = "${issuer}", client_id = "everlit-demo" }
`);
  if (devVars) writeFileSync(join(folder, ".dev.vars"), devVars);

  const { SECRET_DEMO_CLIENT_SECRET: _, ...rest } = process.env;
  const command = ["probe", "--provider", "demo", "--file", file, "--json", "--redirect-port", String(port), ...args];
  const child = spawn(XTASK, command, { stdio: ["ignore", "pipe", "pipe"], env: { ...rest, ...env } });
  t.after(() => child.kill("SIGKILL"));
  let [stdout, stderr, read] = ["", "", 0];
  const codes = /** @type {string[]} */ ([]);
  /** One thing after the other. @type {Promise<void>} */
  let person = Promise.resolve();
  child.stdout.setEncoding("utf8").on("data", (text) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
    const lines = stderr.split("\n");
    for (; read < lines.length - 1; read += 1) {
      const address = /^ {4}(http:\S+[?]\S*code_challenge=\S+)$/.exec(lines[read] ?? "")?.[1];
      if (!address) continue;
      person = person.then(async () => {
        const browser = shared ?? new Browser(new URL(address).origin);
        const { page } = await browser.authorize(address, logins[codes.length] ?? "ada");
        codes.push(page.url.searchParams.get("code") ?? "");
        const answer = await fetch(page.url);
        assert.equal(answer.status, 200);
      });
    }
  });
  const [code] = await once(child, "close");
  await person;

  const all = stdout + stderr;
  for (const secret of [CLIENT_SECRET, ...codes]) assert.ok(!all.includes(secret), "a secret was printed");
  const withoutAddresses = all.replace(/^ {4}http:\S+$/gm, "").replaceAll(folder, "");
  assert.doesNotMatch(withoutAddresses, /[\w-]{30,}/, "something that looks like a token was printed");
  const last = stdout.trimEnd().split("\n").at(-1) ?? "";
  return { code, stderr, stdout, logins: codes.length, found: JSON.parse(last) };
}

describe("cargo xtask probe", { concurrency: true, timeout: 90_000 }, () => {
  test("a strict server forgives nothing and ends the family", async (t) => {
    const port = await redirectPort();
    const servers = await startServers({ clientSecret: CLIENT_SECRET, redirectUris: [`http://127.0.0.1:${port}/callback`] });
    t.after(() => servers.close());
    const { code, found, stderr, logins } = await probe(t, { issuer: servers.issuer, port });
    assert.equal(code, 0, stderr);
    const { window_s, window, replay, depth, blast, grants_spent, stopped } = found;
    assert.deepEqual({ window_s, window, replay, depth, blast, grants_spent, stopped }, {
      window_s: 0, window: "none", replay: "refused", depth: "previous", blast: "family", grants_spent: 2, stopped: null,
    });
    assert.equal(found.grace, 'grace = { window = "none", replay = "refused", depth = "previous", blast = "family" }');
    assert.equal(logins, 2);
    assert.match(stderr, new RegExp(`127\\.0\\.0\\.1:${port}/callback`), "the redirect URI to register is named");
    assert.match(stderr, /test account/);
    assert.equal(servers.counters().reuse_detected, 1, "one replay was enough");
    assert.ok(servers.counters().revocations >= 1, "what is left is revoked");
  });

  test("a grace window is told within a second, with the same pair, the previous token only, and the family beyond it", async (t) => {
    const port = await redirectPort();
    const servers = await startDjango({ clientSecret: CLIENT_SECRET, grace: GRACE, redirectUris: [`http://127.0.0.1:${port}/callback`] });
    t.after(() => servers.close());
    const { code, found, stderr } = await probe(t, {
      issuer: servers.issuer, port, env: {}, devVars: `SECRET_DEMO_CLIENT_SECRET="${CLIENT_SECRET}"\n`, args: ["--yes", "--max-window", "30s"],
    });
    assert.equal(code, 0, stderr);
    const { window_s, window_refused_s, replay, depth, blast, grants_spent } = found;
    assert.ok(window_s >= GRACE - 1 && window_s <= GRACE, `${window_s}`);
    assert.ok(window_refused_s >= GRACE && window_refused_s <= GRACE + 1.5, `${window_refused_s}`);
    assert.deepEqual({ replay, depth, blast, grants_spent }, { replay: "same_pair", depth: "previous", blast: "family", grants_spent: 5 });
    assert.equal(found.grace, `grace = { window = "${window_s}s", replay = "same_pair", depth = "previous", blast = "family" }`);
  });

  test("where a refused replay ends nothing else, the blast is the token", async (t) => {
    const port = await redirectPort();
    const redirectUris = [`http://127.0.0.1:${port}/callback`];
    const servers = await startDjango({ clientSecret: CLIENT_SECRET, grace: 0, reuseProtection: false, redirectUris });
    t.after(() => servers.close());
    const { code, found, stderr } = await probe(t, { issuer: servers.issuer, port });
    assert.equal(code, 0, stderr);
    assert.deepEqual([found.window, found.replay, found.blast], ["none", "refused", "token"]);
  });

  test("logins of one browser may be one grant, and then the blast looks wider than it is: it says so", async (t) => {
    const port = await redirectPort();
    const servers = await startServers({ clientSecret: CLIENT_SECRET, redirectUris: [`http://127.0.0.1:${port}/callback`] });
    t.after(() => servers.close());
    const { code, found, stderr } = await probe(t, { issuer: servers.issuer, port, browser: new Browser(servers.issuer) });
    assert.equal(code, 0, stderr);
    assert.equal(found.blast, "client_and_user");
    assert.match(stderr, /one browser session/);
  });

  test("what was not seen is unknown, and the line is then the careful one", async (t) => {
    const port = await redirectPort();
    const servers = await startServers({ clientSecret: CLIENT_SECRET, redirectUris: [`http://127.0.0.1:${port}/callback`] });
    t.after(() => servers.close());
    const { code, found } = await probe(t, { issuer: servers.issuer, port, logins: ["ada", "bob"] });
    assert.equal(code, 1);
    assert.match(found.stopped, /another user/);
    assert.deepEqual([found.window_s, found.window, found.replay, found.depth, found.blast], [null, "unknown", "unknown", "unknown", "unknown"]);
    assert.equal(found.grace, 'grace = { window = "none", replay = "refused", depth = "previous", blast = "client_and_user" }');
  });

  test("it does not begin unasked, nor without the client secret, nor on a taken port", async (t) => {
    const port = await redirectPort();
    const servers = await startServers({ clientSecret: CLIENT_SECRET, redirectUris: [`http://127.0.0.1:${port}/callback`] });
    t.after(() => servers.close());
    const { issuer } = servers;
    const taken = await listen(0, { what: "test", flag: "-" });
    t.after(() => taken.close());
    for (const [options, error] of /** @type {[Parameters<typeof probe>[1], RegExp][]} */ ([
      [{ issuer, port, args: [] }, /--yes/],
      [{ issuer, port, env: {} }, /SECRET_DEMO_CLIENT_SECRET/],
      [{ issuer, port: taken.port }, /--redirect-port/],
      [{ issuer: `${issuer}/nobody`, port }, /openid-configuration/],
      [{ issuer, port, args: ["--yes", "--max-window", "soon"] }, /--max-window/],
    ])) {
      const { code, found } = await probe(t, options);
      assert.equal(code, 1);
      assert.equal(found.ok, false);
      assert.match(found.error, error);
    }
    assert.equal(servers.counters().code_grants, 0);
  });
});
