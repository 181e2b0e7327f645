// `cargo xtask service`, as an operator runs it: the command is the built one, and what it asks is answered as the contract has it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { KEY, StandIn, broken, json, page, problem } from "./support/stand-in.mjs";

const XTASK = process.env.EVERLIT_XTASK ?? "";
assert.ok(XTASK, "EVERLIT_XTASK is to name the built command; `cargo xtask test callers` does");
const CANARY = "canary-token-of-a-broker";
/** As a manager of years writes it: comments, quotes, exports, a naive time, and all that it should never have held. */
const FILE = `# Upstox
export UPSTOX_API_KEY='k'
UPSTOX_API_SECRET="canary-secret"
UPSTOX_PIN=canary-pin
UPSTOX_ACCESS_TOKEN="${CANARY}" # of this morning
UPSTOX_TOKEN_EXPIRY=2026-11-24T04:30:29
LOG_LEVEL=info
`;

/** @type {string} */ let folder;
/** @type {StandIn} */ let stand;
before(() => void (folder = mkdtempSync(join(tmpdir(), "everlit-import-"))));
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => void (stand = await StandIn.open()));
afterEach(() => stand.close());

/** @param {string[]} args @param {Record<string, string>} [env] */
async function run(args, env = { EVERLIT_SERVICE_KEY: KEY }) {
  const child = spawn(XTASK, ["service", ...args], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env.PATH, HOME: folder, ...env } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  const [code] = await once(child, "close");
  assert.doesNotMatch(stdout + stderr, /canary|caller-key/, "no secret is printed");
  return { code, stdout, stderr };
}
/** @param {string} name @param {string} text */
function file(name, text) {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const taking = (/** @type {string} */ source, /** @type {string[]} */ ...more) => ["import", source, "--to", stand.url, "--service", "broker", ...more];

describe("cargo xtask service import", () => {
  test("hands in what an environment file holds, says what it left and why, and leaves the file as it is", async () => {
    const path = file(".env", FILE);
    const before = statSync(path);
    const { code, stdout, stderr } = await run(taking(path));
    assert.deepEqual([code, stderr], [0, ""]);
    const [{ method, path: asked, headers, body }] = stand.asked;
    assert.deepEqual([method, asked, headers.authorization, headers["content-type"], headers.cookie], ["PUT", "/service/broker/credential", `Bearer ${KEY}`, "application/json", undefined]);
    assert.deepEqual(JSON.parse(body), { credential: CANARY, source: "imported", kind: "token" });
    assert.match(stdout, /^found UPSTOX_ACCESS_TOKEN in .*\.env$/m);
    assert.match(stdout, /^left UPSTOX_API_SECRET: it belongs to the registration/m);
    assert.match(stdout, /^left UPSTOX_PIN: it is for a person/m);
    assert.match(stdout, /^left UPSTOX_TOKEN_EXPIRY: it says no time zone, and managers that write such times count 24 h/m);
    assert.match(stdout, /^1 more name has nothing to do with it$/m);
    assert.match(stdout, /^broker has taken it: the provider has confirmed it\. It is planned to end at .* UTC\.$/m);
    assert.match(stdout, /^Now remove UPSTOX_ACCESS_TOKEN and UPSTOX_TOKEN_EXPIRY from .*\.env, and stop what renewed it/m);
    assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mtimeMs], [FILE, before.mtimeMs]);
  });

  test("hands in what a JSON file holds, with its end where that is one moment, and ends with one JSON object", async () => {
    const at = Math.floor(Date.now() / 1000) + 3_600;
    const path = file("session.json", JSON.stringify({ breeze: { session_token: CANARY, expires_at: at }, saved_by: "cron" }));
    const { code, stdout } = await run(taking(path, "--json"));
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stand.asked[0]?.body ?? ""), { credential: CANARY, source: "imported", expires_at: at * 1000 });
    const { ok, found, verdict, remove, others, handed_in_until } = JSON.parse(stdout);
    assert.deepEqual({ ok, found, verdict, remove, others, handed_in_until }, { ok: true, found: "breeze.session_token", verdict: "accepted", remove: ["breeze.session_token", "breeze.expires_at"], others: 1, handed_in_until: at * 1000 });
    assert.equal(stdout.trim().split("\n").length, 1);
  });

  test("takes over from its own environment, but not the key that it asks with", async () => {
    const { code, stdout } = await run(taking("env", "--key-env", "MY_ACCESS_TOKEN"), { MY_ACCESS_TOKEN: KEY, KITE_ACCESS_TOKEN: CANARY });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^found KITE_ACCESS_TOKEN in env$/m);
    assert.match(stdout, /Now remove KITE_ACCESS_TOKEN from the environment, and from where that is set/);
    assert.equal(JSON.parse(stand.asked[0]?.body ?? "").credential, CANARY);
  });

  test("asks which of several it is, and takes the one that is named", async () => {
    const path = file("two.env", `BREEZE_API_SESSION=${CANARY}1\nUPSTOX_ACCESS_TOKEN=${CANARY}2\n`);
    const asked = await run(taking(path));
    assert.deepEqual([asked.code, stand.asked.length], [1, 0]);
    assert.match(asked.stderr, /several that differ: BREEZE_API_SESSION, UPSTOX_ACCESS_TOKEN\. .*--from BREEZE_API_SESSION/);
    assert.equal((await run(taking(path, "--from", "UPSTOX_ACCESS_TOKEN"))).code, 0);
    assert.equal(JSON.parse(stand.asked[0]?.body ?? "").credential, `${CANARY}2`);
  });

  test("says whether it is a token or a code as the name does, or as --kind does", async () => {
    const path = file("kite.env", `KITE_REQUEST_TOKEN=${CANARY}\n`);
    for (const more of [[], ["--kind", "token"]]) assert.equal((await run(taking(path, ...more))).code, 0);
    assert.deepEqual(stand.asked.map(({ body }) => JSON.parse(body).kind), ["code", "token"]);
    assert.match((await run(taking(path, "--kind", "password"))).stderr, /possible values: token, code/);
  });

  test("dry, hands nothing in and needs no key", async () => {
    const { code, stdout } = await run(taking(file(".env", FILE), "--dry-run"), {});
    assert.deepEqual([code, stand.asked.length], [0, 0]);
    assert.match(stdout, /found UPSTOX_ACCESS_TOKEN.*nothing was handed in to broker, as this is a dry run\n$/s);
    const { verdict, remove } = JSON.parse((await run(taking(join(folder, ".env"), "--dry-run", "--json"), {})).stdout);
    assert.deepEqual([verdict, remove], ["dry_run", []]);
  });

  for (const verdict of ["refused", "over", "foreign", "lost", "late", "malformed"]) {
    test(`says what the service says of a token that is ${verdict}, and to remove nothing`, async () => {
      stand.queue.push(problem("credential_refused", 422, { verdict, detail: `The provider says something about ${CANARY}.` }));
      const { code, stdout } = await run(taking(file(".env", FILE)));
      assert.equal(code, 1);
      assert.match(stdout, new RegExp(`^the service does not take it \\(${verdict}\\): The provider says something about …\\.$`, "m"));
      assert.doesNotMatch(stdout, /remove/);
    });
  }

  test("says that a token is kept and not proven yet", async () => {
    stand.queue.push(json(202, { verdict: "unproven" }));
    const { code, stdout } = await run(taking(file(".env", FILE)));
    assert.equal(code, 0);
    assert.match(stdout, /broker keeps it: the provider could not be asked just now.*cargo xtask service status broker.*remove nothing until it is active/);
  });

  for (const [what, answer, says] of /** @type {[string, import("./support/stand-in.mjs").Answer, RegExp][]} */ ([
    ["a key that is not known", problem("unauthorized", 401), /SECRET_CALLER_<NAME>_KEY/],
    ["a caller that is no operator", problem("operators_only", 403), /operator = true/],
    ["another one under way", problem("credential_refused", 429, { verdict: "busy", detail: "Another one is being proven." }), /429 credential_refused: Another one is being proven\./],
    ["a page of somebody's", page("text/html", "<h1>Hello</h1>"), /answered 200 with something that is not the Worker's/],
    ["a redirect", (response) => response.writeHead(302, { location: "/elsewhere" }).end(), /answered 302 with something/],
    ["a connection that ends", broken, /cannot be reached/],
  ])) {
    test(`with ${what} fails and says so`, async () => {
      stand.queue.push(answer);
      const { code, stdout, stderr } = await run(taking(file(".env", FILE)));
      assert.deepEqual([code, stand.asked.length], [1, 1]);
      assert.match(stdout + stderr, says);
      const { ok } = JSON.parse((await run(taking(join(folder, ".env"), "--json"), {})).stdout);
      assert.equal(ok, false, "also where the last line is JSON");
    });
  }

  for (const [what, args, env, says] of /** @type {[string, () => string[], Record<string, string>, RegExp][]} */ ([
    ["no key", () => taking(file(".env", FILE)), {}, /the environment has no EVERLIT_SERVICE_KEY/],
    ["a short key", () => taking(file(".env", FILE)), { EVERLIT_SERVICE_KEY: "canary" }, /EVERLIT_SERVICE_KEY is no service key: .*it has 6/],
    ["a Worker without encryption", () => ["import", file(".env", FILE), "--to", "http://app.example.com", "--service", "broker"], { EVERLIT_SERVICE_KEY: KEY }, /"http:\/\/app\.example\.com" is no address of a Worker/],
    ["no file", () => taking(join(folder, "gone")), { EVERLIT_SERVICE_KEY: KEY }, /gone: it cannot be read/],
    ["a folder", () => taking(folder), { EVERLIT_SERVICE_KEY: KEY }, /it is to be a file/],
    ["a file that is neither", () => taking(file("odd", "hello canary\n")), { EVERLIT_SERVICE_KEY: KEY }, /line 1 is no NAME=value/],
    ["a file without a token", () => taking(file("none.env", "A=1\nUPSTOX_PIN=canary\n")), { EVERLIT_SERVICE_KEY: KEY }, /there is no token in it: .*--from NAME\. Left: UPSTOX_PIN is for a person/],
  ])) {
    test(`with ${what} asks nobody, and says what is wrong`, async () => {
      const { code, stderr } = await run(args(), env);
      assert.deepEqual([code, stand.asked.length], [1, 0], stderr);
      assert.match(stderr, says);
    });
  }
});

test("cargo xtask service status tells how it stands, and with --json what the Worker said", async () => {
  const { code, stdout } = await run(["status", "broker", "--to", stand.url]);
  assert.equal(code, 0);
  assert.match(stdout, /^broker \(Upstox\): active\n {2}time left {12}3 h 12 min\n/);
  assert.match(stdout, /renewed by itself {4}no: A person has to approve it each day\./);
  assert.deepEqual([stand.asked[0]?.method, stand.asked[0]?.path], ["GET", "/service/broker/status"]);
  assert.equal(JSON.parse((await run(["status", "broker", "--to", stand.url, "--json"])).stdout).time_left, "3 h 12 min");
});

test("cargo xtask service login prints the address and nothing else, for a person or a pipe", async () => {
  const { code, stdout, stderr } = await run(["login", "broker", "--to", stand.url]);
  assert.deepEqual([code, stdout], [0, "https://app.example.com/service/broker/login?ticket=t1\n"]);
  assert.match(stderr, /open this in a browser within 600 s, once/);
  assert.deepEqual([stand.asked[0]?.method, stand.asked[0]?.path], ["POST", "/service/broker/login"]);
});
