// The examples for a shell and for Python, as they are in www/examples/service and shown in the documentation.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { KEY, SECRET, STATUS, StandIn, broken, none, page, problem, truncated } from "./support/stand-in.mjs";

const EXAMPLES = fileURLToPath(new URL("../../www/examples/service/", import.meta.url));
/** @type {string} */ let folder;
/** @type {StandIn} */ let stand;
before(() => {
  folder = mkdtempSync(join(tmpdir(), "everlit-callers-"));
  writeFileSync(join(folder, "key"), `${KEY}\n`);
  // What the script runs is written down, and nobody sleeps.
  const curl = execFileSync("sh", ["-c", "command -v curl"], { encoding: "utf8" }).trim();
  writeFileSync(join(folder, "curl"), `#!/bin/sh\nprintf '%s\\n' "$*" >> ${folder}/ran\nexec ${curl} "$@"\n`);
  writeFileSync(join(folder, "sleep"), `#!/bin/sh\nprintf 'sleep %s\\n' "$*" >> ${folder}/ran\n`);
  for (const name of ["curl", "sleep"]) chmodSync(join(folder, name), 0o755);
});
after(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(async () => {
  writeFileSync(join(folder, "ran"), "");
  stand = await StandIn.open();
});
afterEach(() => stand.close());

/** @param {string} program @param {string[]} args @param {Record<string, string>} [env] */
async function run(program, args, env = {}) {
  const given = { PATH: `${folder}:${process.env.PATH}`, TMPDIR: join(folder), PYTHONDONTWRITEBYTECODE: "1", EVERLIT_URL: `${stand.url}/`, EVERLIT_SERVICE: "broker", EVERLIT_KEY_FILE: join(folder, "key"), ...env };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: given });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

describe("token.sh", () => {
  const script = (/** @type {Record<string, string>} */ env = {}) => run("sh", [join(EXAMPLES, "token.sh")], env);

  test("prints the token, with the key in no argument of a program, and leaves no file behind", async () => {
    const before = readdirSync(folder);
    assert.deepEqual(await script(), { code: 0, stdout: `${SECRET}\n`, stderr: "" });
    assert.deepEqual([stand.asked[0]?.method, stand.asked[0]?.path, stand.asked[0]?.headers.authorization, stand.asked[0]?.body], ["POST", "/service/broker/token", `Bearer ${KEY}`, "{}"]);
    assert.match(readFileSync(join(folder, "ran"), "utf8"), /--request POST/);
    assert.doesNotMatch(readFileSync(join(folder, "ran"), "utf8"), /caller-key/);
    assert.deepEqual(readdirSync(folder), before);
  });

  for (const [reason, seconds] of /** @type {[string, number][]} */ ([["needs_human", 30], ["renewing", 2.5], ["caller_limited", 12]])) {
    test(`says why there is no token: ${reason}`, async () => {
      stand.queue.push(none(reason, seconds));
      assert.deepEqual(await script(), { code: 75, stdout: "", stderr: `no token: ${reason}, ask again in ${seconds} s\n` });
    });
  }

  test("asks again after a lost answer, a page and a redirect, and the key follows nowhere", async () => {
    stand.queue.push(truncated, page("text/html", "<h1>Log in</h1>"), (response) => response.writeHead(302, { location: `${stand.url}/elsewhere` }).end());
    assert.equal((await script()).stdout, `${SECRET}\n`);
    assert.deepEqual([...new Set(stand.asked.map(({ path }) => path))], ["/service/broker/token"]);
    assert.deepEqual(readFileSync(join(folder, "ran"), "utf8").match(/^sleep .*/gm), ["sleep 1", "sleep 2", "sleep 3"]);
  });

  test("gives up after four tries, and says with what", async () => {
    stand.queue.push(broken, broken, broken, problem("misconfigured", 503));
    assert.deepEqual(await script(), { code: 69, stdout: "", stderr: `no usable answer came from ${stand.url}/ (HTTP 503)\n` });
  });

  test("says that a key is not known, at once, and what is not set", async () => {
    writeFileSync(join(folder, "other"), KEY.toUpperCase());
    const { code, stderr } = await script({ EVERLIT_KEY_FILE: join(folder, "other") });
    assert.deepEqual([code, stderr, stand.asked.length], [77, "the service key is not known, or not for broker\n", 1]);
    assert.match((await script({ EVERLIT_SERVICE: "" })).stderr, /EVERLIT_SERVICE: the name of the service/);
  });
});

describe("everlit_service.py", () => {
  /** @param {string} code what a program does with `service` */
  const python = (code, timeout = 15) =>
    run("python3", ["-c", `import sys; sys.path.insert(0, ${JSON.stringify(EXAMPLES)})\nfrom everlit_service import *\nservice = Service(${JSON.stringify(stand.url)}, "broker", ${JSON.stringify(KEY)}, ${timeout})\n${code}`]);

  test("gets a token once for many threads, and refreshes it once", async () => {
    stand.gate = ({ path }) => {
      if (path.endsWith("/refresh")) stand.token = { ...stand.token, access_token: "second.token", generation: 2 };
    };
    const { code, stdout, stderr } = await python(`
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(20) as pool:
    first = list(pool.map(lambda _: service.get_valid_session(), range(100)))
    second = list(pool.map(lambda _: service.refresh(first[0]), range(100)))
print({each.token for each in first}, {each.token for each in second}, service.get_valid_session().token, first[0])`);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, new RegExp(`^\\{'${SECRET}'\\} \\{'second.token'\\} second\\.token Session\\(token_type='Bearer'`), "a session that is printed shows no token");
    assert.deepEqual(stand.asked.map(({ path, body }) => [path, body]), [["/service/broker/token", "{}"], ["/service/broker/refresh", '{"epoch": 1790000000000, "generation": 1}']]);
  });

  test("says why there is none, and asks again next time", async () => {
    stand.queue.push(none("needs_human", 30));
    const { stdout, stderr } = await python("none = service.get_valid_session(); print(none.token, none.reason, none.retry_after); print(service.get_valid_session().token)");
    assert.equal(stdout, `None needs_human 30\n${SECRET}\n`, stderr);
  });

  test("asks again after a lost answer, a page, a redirect and a 503", async () => {
    stand.queue.push(broken, truncated, page("text/html", "<h1>Forbidden</h1>", 403), (response) => response.writeHead(302, { location: `${stand.url}/elsewhere` }).end(), problem("misconfigured", 503, { retry_after: 0 }));
    const { stdout, stderr } = await python("print(service.get_valid_session().token)");
    assert.equal(stdout, `${SECRET}\n`, stderr);
    assert.deepEqual([...new Set(stand.asked.map(({ path }) => path))], ["/service/broker/token"]);
  });

  test("raises what it gave up with, and what was refused, without the key", async () => {
    stand.queue.push(...Array.from({ length: 20 }, () => broken));
    const lost = await python("service.get_valid_session()", 0.3);
    assert.match(lost.stderr, /ServiceError: no usable answer came from http:.*\(HTTP 0\)/);
    stand.queue = [problem("unauthorized", 401)];
    const refused = await python("service.get_valid_session()");
    assert.match(refused.stderr, /ServiceError: the Worker answered 401 unauthorized: This is unauthorized\./);
    for (const { stdout, stderr } of [lost, refused]) assert.doesNotMatch(stdout + stderr.replace(/^.*Service\(.*$/gm, ""), /caller-key/);
  });

  test("run as a program it prints the status", async () => {
    const { code, stdout, stderr } = await run("python3", [join(EXAMPLES, "everlit_service.py")]);
    assert.deepEqual([code, JSON.parse(stdout), stderr], [0, STATUS, ""]);
    assert.deepEqual(await run("python3", [join(EXAMPLES, "everlit_service.py")], { EVERLIT_URL: "" }), { code: 64, stdout: "", stderr: "set EVERLIT_URL\n" });
  });
});
