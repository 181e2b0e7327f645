// One story in every runtime that the entry is for: Node, Deno, Bun and workerd, each the real one.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { WorkerdProcess } from "../worker/support/workerd-process.mjs";
import { KEY, SECRET, StandIn, broken, json, none, truncated } from "./support/stand-in.mjs";

const ENTRY = new URL("../../crates/web/dist/service/index.js", import.meta.url);
const here = (/** @type {string} */ name) => fileURLToPath(new URL(`support/${name}`, import.meta.url));
const SIGNING_KEY = Buffer.from("a signing key of 32 bytes, or so").toString("base64");

/** An installed binary: npm puts that of this platform into one of these. @param {string[]} patterns */
function installed(...patterns) {
  const modules = fileURLToPath(new URL("../../node_modules", import.meta.url));
  return patterns.flatMap((pattern) => {
    const [scope = "", name, ...rest] = pattern.split("/");
    const all = existsSync(join(modules, scope)) ? readdirSync(join(modules, scope)) : [];
    return all.filter((each) => new RegExp(`^${name}$`).test(each)).map((each) => join(modules, scope, each, ...rest));
  }).find((path) => existsSync(path));
}

/** @type {[string, string | undefined, string[]][]} */
const RUNTIMES = [
  ["Node", process.execPath, []],
  ["Deno", installed("@deno/.*/deno"), ["run", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--allow-net=127.0.0.1", "--allow-read"]],
  ["Bun", installed("@oven/bun-.*/bin/bun", "bun/bin/bun.exe"), ["run"]],
];

function given(/** @type {StandIn} */ stand) {
  const time = `${Math.floor(Date.now() / 1000)}`;
  const body = JSON.stringify({ type: "everlit.service.renewed", timestamp: new Date().toISOString(), data: { service: "broker", provider: "upstox", title: "Upstox", kind: "renewed", at: Date.now(), text: "Upstox has a new token.", source: "pasted" } });
  const signature = createHmac("sha256", Buffer.from(SIGNING_KEY, "base64")).update(`msg_1.${time}.${body}`).digest("base64");
  const headers = { "webhook-id": "msg_1", "webhook-timestamp": time, "webhook-signature": `v1,${signature}` };
  stand.queue.push(broken, truncated, json(200, stand.tokenBody()), json(200, { ...stand.tokenBody(), access_token: "second.token", generation: 2 }));
  // After the status the alert has made it forget the token: it asks again.
  const status = stand.gate;
  stand.gate = (asked) => {
    if (asked.path.endsWith("/status")) stand.queue = [];
    if (asked.path.endsWith("/token") && stand.asked.filter(({ path }) => path.endsWith("/token")).length === 4) stand.queue = [none("needs_human", 30)];
    return status(asked);
  };
  return { url: stand.url, key: KEY, signingKey: SIGNING_KEY, alert: { headers, body } };
}

const CAME = {
  tokens: [SECRET, "second.token"], together: true, status: ["active", 11_520_500], none: [null, "needs_human", 30_000], answers: [204, 204, 401], heard: [["renewed", "broker", "msg_1"]],
  wrong: "ERR_SERVICE_UNAUTHORIZED", aborted: "enough", shown: false,
};

/** @type {StandIn} */ let stand;
/** @type {string} */ let folder;
before(() => void (folder = mkdtempSync(join(tmpdir(), "everlit-callers-"))));
after(() => rmSync(folder, { recursive: true, force: true }));

describe("a program finds its token, a refresh, a status, an alert and a none in", () => {
  for (const [name, program, args] of RUNTIMES) {
    test(name, { skip: program ? false : `npm has no ${name} for this platform`, timeout: 60_000 }, async () => {
      stand = await StandIn.open();
      try {
        const child = spawn(program ?? "", [...args, here("program.mjs")], { stdio: ["pipe", "pipe", "pipe"], env: { PATH: process.env.PATH, HOME: folder, DENO_DIR: folder, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" } });
        let [said, errors] = ["", ""];
        child.stdout.on("data", (part) => (said += part));
        child.stderr.on("data", (part) => (errors += part));
        child.stdin.end(JSON.stringify({ entry: ENTRY.href, ...given(stand) }));
        const [code] = await once(child, "exit");
        assert.equal(code, 0, errors);
        assert.deepEqual(JSON.parse(said), CAME);
        assert.equal(errors, "");
      } finally {
        await stand.close();
      }
    });
  }
});

describe("in workerd", () => {
  /** @type {WorkerdProcess} */ let workerd;
  let url = "";
  before(async () => {
    const { folder: place, port } = await WorkerdProcess.prepare([ENTRY, here("story.mjs"), here("worker.mjs")]);
    workerd = new WorkerdProcess(place, port);
    await workerd.set({ modules: ["worker.mjs", "story.mjs", "index.js"] });
    url = `http://127.0.0.1:${port}`;
  });
  after(() => workerd.close());

  test("the same story comes true", async () => {
    stand = await StandIn.open();
    await workerd.begin();
    try {
      const answer = await fetch(`${url}/story`, { method: "POST", body: JSON.stringify(given(stand)) });
      const text = await answer.text();
      assert.equal(answer.status, 200, text + workerd.output);
      assert.deepEqual(JSON.parse(text), CAME);
    } finally {
      await workerd.kill();
      await stand.close();
    }
  });

  test("many requests share one question, and who waits for a request that goes away is not lost with it", async () => {
    stand = await StandIn.open();
    await workerd.begin();
    try {
      const ask = (/** @type {AbortSignal} */ signal) => fetch(`${url}/?${new URLSearchParams({ url: stand.url, key: KEY, timeout: "2000" })}`, { signal }).then((answer) => answer.json());
      /** @type {() => void} */ let open = () => {};
      const gate = new Promise((resolve) => (open = () => resolve(undefined)));
      stand.gate = () => gate;
      const leaving = new AbortController();
      const gone = ask(leaving.signal).catch(() => "gone");
      while (!stand.asked.length) await new Promise(setImmediate);
      const waiting = [1, 2, 3].map(() => ask(AbortSignal.timeout(20_000)));
      leaving.abort();
      assert.equal(await gone, "gone");
      open();
      assert.deepEqual(await Promise.all(waiting), waiting.map(() => ({ token: SECRET })));
      assert.equal(stand.asked.length, 1);
    } finally {
      await workerd.kill();
      await stand.close();
    }
  });
});
