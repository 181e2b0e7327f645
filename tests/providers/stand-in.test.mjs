import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { json } from "../servers/stand-ins/wire.mjs";
import { startStandIn } from "../servers/stand-ins/stand-in.mjs";
import { read, SECRET, standing } from "./support/standing.mjs";

const NOON = Date.parse("2026-10-02T12:00:00Z");
const MAIN = fileURLToPath(new URL("../servers/stand-ins/main.mjs", import.meta.url));

/** A provider that counts what it serves. @param {any} t @param {number} [seed] */
async function started(t, seed) {
  const served = { count: 0 };
  const standIn = await standing(t, startStandIn({ clock: stoppedClock(NOON), ...(seed !== undefined && { seed }) }, () => ({
    routes: {
      "POST /things/{id}": ({ params, body }) => { served.count += 1; return json(200, { id: params.id, length: body.length, text: "x".repeat(100) }); },
      "GET /things": () => json(200, { all: true }),
    },
    nowhere: () => json(404, { nowhere: true }),
    refusals: { TIRED: () => json(418, { tired: true }) },
    throttled: () => json(429, { slower: true }),
    actions: { clap: (given) => ({ hands: given.hands ?? 2 }) },
  })));
  const call = () => fetch(`${standIn.origin}/things/a%2Fb?x=1`, { method: "POST", body: "12345" });
  return { standIn, served, call };
}

/** @param {{ control: string }} standIn @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
const tell = async (standIn, path, body, headers = { "content-type": "application/json" }) =>
  read(await fetch(`${standIn.control}${path}`, body === undefined ? {} : { method: "POST", headers, body: JSON.stringify(body) }));

test("routes have parameters, calls are counted, and the date is the clock's", async (t) => {
  const { standIn, call } = await started(t);
  const { status, body, headers } = await read(await call());
  assert.deepEqual([status, body.id, body.length, headers.get("date")], [200, "a/b", 5, "Fri, 02 Oct 2026 12:00:00 GMT"]);
  assert.deepEqual((await tell(standIn, "/counters")).body, { "POST /things/{id}": 1, "GET /things": 0 });
  assert.equal((await fetch(`${standIn.origin}/things/`)).status, 404);
  assert.equal((await fetch(`${standIn.origin}/things`, { method: "PUT" })).status, 404);
});

describe("a fault", () => {
  test("'lost' breaks the connection after the call was served", async (t) => {
    const { standIn, served, call } = await started(t);
    standIn.faults.add({ kind: "lost" });
    await assert.rejects(call(), TypeError);
    assert.equal(served.count, 1);
    assert.equal((await call()).status, 200, "once only");
  });

  test("'truncated' cuts the answer in the middle, and is a whole answer to HTTP", async (t) => {
    const { standIn, served, call } = await started(t);
    standIn.faults.add({ kind: "truncated" });
    const { status, text, body } = await read(await call());
    assert.deepEqual([status, served.count, body], [200, 1, undefined]);
    assert.match(text, /^\{"id":/);
  });

  test("'html' is a page with its status, and nothing is served", async (t) => {
    const { standIn, served, call } = await started(t);
    for (const status of [200, 403, 503]) {
      standIn.faults.add({ kind: "html", status });
      const answer = await read(await call());
      assert.deepEqual([answer.status, answer.headers.get("content-type")], [status, "text/html; charset=utf-8"]);
    }
    assert.equal(served.count, 0);
  });

  test("'throttled' says when in seconds, as a date, or not at all", async (t) => {
    const { standIn, served, call } = await started(t);
    standIn.faults.add({ kind: "throttled", retryAfter: 90 });
    standIn.faults.add({ kind: "throttled", retryAfter: 90, as: "date" });
    standIn.faults.add({ kind: "throttled" });
    const seen = [];
    for (let n = 0; n < 3; n += 1) { const { status, headers } = await read(await call()); seen.push([status, headers.get("retry-after")]); }
    assert.deepEqual(seen, [[429, "90"], [429, "Fri, 02 Oct 2026 12:01:30 GMT"], [429, null]]);
    assert.equal(served.count, 0);
  });

  test("'refusal' is the provider's own, by name, as often as it says, on the path that it says", async (t) => {
    const { standIn, call } = await started(t);
    standIn.faults.add({ kind: "refusal", name: "TIRED", times: 2, path: "/things/a" });
    assert.equal((await fetch(`${standIn.origin}/things`)).status, 200);
    assert.deepEqual([(await call()).status, (await call()).status, (await call()).status], [418, 418, 200]);
  });

  test("'skew' moves the date that is said, and not the clock", async (t) => {
    const { standIn, call } = await started(t);
    standIn.faults.add({ kind: "skew", ms: -3_600_000 });
    assert.equal((await read(await call())).headers.get("date"), "Fri, 02 Oct 2026 11:00:00 GMT");
    assert.equal(standIn.clock.now(), NOON);
  });

  test("'slow' holds the answer back, and does not hold up the end", async (t) => {
    const { standIn, served, call } = await started(t);
    standIn.faults.add({ kind: "slow", ms: 20 });
    const before = performance.now();
    assert.equal((await call()).status, 200);
    assert.ok(performance.now() - before >= 19);
    standIn.faults.add({ kind: "slow", ms: 600_000 });
    const waiting = assert.rejects(call(), TypeError);
    while (served.count < 2) await new Promise((resolve) => setImmediate(resolve));
    await standIn.close();
    await waiting;
  });

  test("that is none, is refused with what there is", async (t) => {
    const { standIn } = await started(t);
    for (const [fault, why] of /** @type {[unknown, RegExp][]} */ ([
      [{ kind: "rain" }, /slow, lost.*not "rain"/],
      [{}, /has a kind/],
      [{ kind: "html" }, /needs "status"/],
      [{ kind: "refusal", name: "AWAKE" }, /TIRED/],
      [{ kind: "slow", ms: "long" }, /number as "ms", not "long"/],
      [{ kind: "lost", often: 3 }, /no "often"/],
    ])) {
      const { status, body } = await tell(standIn, "/faults", fault);
      assert.equal(status, 400);
      assert.match(body.title, why);
    }
    assert.deepEqual((await tell(standIn, "/faults")).body, []);
  });
});

describe("the control server", () => {
  test("moves the clock, to a time or by one", async (t) => {
    const { standIn } = await started(t);
    assert.deepEqual((await tell(standIn, "/clock", { at: "2026-10-03T03:30:00+05:30" })).body, { now: 1790978400000, iso: "2026-10-02T22:00:00.000Z" });
    assert.equal((await tell(standIn, "/clock", { advance: 1_000 })).body.now, 1790978401000);
    assert.equal((await tell(standIn, "/clock")).body.now, standIn.clock.now());
    assert.match((await tell(standIn, "/clock", { at: "soon" })).body.title, /ISO 8601/);
  });

  test("adds and clears faults, and plays actions", async (t) => {
    const { standIn, call } = await started(t);
    assert.deepEqual((await tell(standIn, "/faults", { kind: "html", status: 503, times: 2 })).body, [{ kind: "html", status: 503, times: 2, left: 2 }]);
    await fetch(`${standIn.control}/faults`, { method: "DELETE" });
    assert.equal((await call()).status, 200);
    assert.deepEqual((await tell(standIn, "/actions/clap", { hands: 3 })).body, { hands: 3 });
    const none = await tell(standIn, "/actions/sing", {});
    assert.deepEqual([none.status, /POST \/actions\/clap/.test(none.body.title)], [404, true]);
  });

  test("takes nothing that a page of another site can send unasked, and nothing that is no object", async (t) => {
    const { standIn } = await started(t);
    assert.equal((await tell(standIn, "/clock", { advance: 1 }, { "content-type": "text/plain" })).status, 415);
    assert.equal((await tell(standIn, "/clock", "text")).status, 400);
    assert.equal(standIn.clock.now(), NOON);
  });
});

describe("main.mjs", () => {
  /** @param {any} t @param {string[]} args @param {Record<string, string>} [env] */
  function run(t, args, env = { CLIENT_SECRET: SECRET }) {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: "pipe" });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text) => { output.stdout += text; });
    child.stderr.setEncoding("utf8").on("data", (text) => { output.stderr += text; });
    const ended = once(child, "close").then(([code]) => code);
    t.after(() => { child.kill("SIGKILL"); return ended; });
    return { child, output, ended };
  }

  for (const name of ["upstox", "breeze", "kite", "supabase"]) {
    test(`starts ${name} at a time, says where it is in one line, and ends with its stdin`, { timeout: 60_000 }, async (t) => {
      const { child, output, ended } = run(t, [name, "--at", "2026-10-02T20:00:00+05:30"]);
      while (!output.stdout.includes("\n")) await Promise.race([once(child.stdout, "data"), ended.then((code) => { throw new Error(`ended with ${code}: ${output.stderr}`); })]);
      const { ready, provider, origin, control } = JSON.parse(output.stdout);
      assert.deepEqual([ready, provider], [true, name]);
      assert.ok((await fetch(`${origin}/nowhere`)).headers.get("date")?.startsWith("Fri, 02 Oct 2026 14:3"));
      assert.equal((await fetch(`${control}/counters`)).status, 200);
      child.stdin.end();
      assert.equal(await ended, 0);
      assert.equal(output.stderr, "");
      assert.equal(output.stdout.trimEnd().split("\n").length, 1);
    });
  }

  test("wrong flags are one clear line and exit 2", { timeout: 120_000 }, async (t) => {
    for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
      [[], /one of upstox, breeze, kite, supabase/],
      [["zerodha2"], /not "zerodha2"/],
      [["upstox", "breeze"], /not "upstox breeze"/],
      [["upstox", "--at", "soon"], /--at .* not "soon"/],
      [["breeze", "--callback", "pigeon"], /get or post/],
      [["upstox", "--nonsense"], /--nonsense/],
    ])) {
      const { output, ended } = run(t, args);
      assert.equal(await ended, 2, args.join(" "));
      assert.match(output.stderr, message);
      assert.equal(output.stderr.split("\n").length, 2, "one line");
    }
    const { output, ended } = run(t, ["upstox"], {});
    assert.equal(await ended, 2);
    assert.match(output.stderr, /CLIENT_SECRET/);
  });
});
