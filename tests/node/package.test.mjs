// What npm users get: the built package, through its public door.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { inside, machine } from "./inside.mjs";

const root = new URL("../../crates/web/", import.meta.url);
const dist = new URL("dist/", root);
const read = (path) => readFileSync(new URL(path, root), "utf8");

describe("the package", () => {
  test("is imported without effect, and opens no session where there is no page", async () => {
    const globals = Object.getOwnPropertyNames(globalThis);
    const everlit = await import("everlit");
    assert.deepEqual(Object.keys(everlit).sort(), ["SessionError", "isSessionError", "openSession"]);
    const error = await everlit.openSession().catch((caught) => caught);
    assert.ok(error instanceof everlit.SessionError && error instanceof Error);
    assert.equal(error.code, "ERR_SESSION_UNSUPPORTED");
    assert.deepEqual(Object.getOwnPropertyNames(globalThis), globals);
  });

  test("opens nothing for whoever gave up while its module was on its way", async (context) => {
    const { openSession } = await import("everlit");
    const asked = [];
    globalThis.document = {};
    context.mock.method(globalThis, "fetch", async (path) => void asked.push(path));
    const given = new AbortController();
    let come;
    const opening = openSession({ signal: given.signal, wasm: new Promise((resolve) => (come = resolve)) }).catch((error) => error);
    await new Promise(setImmediate);
    given.abort("enough");
    assert.equal(await opening, "enough");
    come(new Response(readFileSync(new URL("everlit.wasm", dist))));
    for (let turns = 0; turns < 20; turns += 1) await new Promise(setImmediate);
    assert.deepEqual(asked, [], "and no session begins behind their back");
    assert.equal(await openSession({ signal: AbortSignal.abort("before") }).catch((error) => error), "before");
    delete globalThis.document;
  });

  test("knows its errors, also those of another copy", async () => {
    const { SessionError, isSessionError } = await import("everlit");
    assert.ok(isSessionError(new SessionError("ERR_SESSION_ENDED", "")));
    assert.ok(isSessionError(new inside.errors.SessionError("ERR_SESSION_ENDED", "")));
    for (const other of [new Error("x"), { name: "SessionError" }, { name: "SessionError", code: 7 }, null, undefined, "SessionError"]) {
      assert.equal(isSessionError(other), false);
    }
  });

  test("has every file that it names", () => {
    const { exports, files } = JSON.parse(read("package.json"));
    assert.deepEqual(files, ["dist", "templates", "ERRORS.md", "LICENSE-*"]);
    for (const path of [exports["."].types, exports["."].default, exports["./everlit.wasm"]]) assert.ok(read(path).length > 0);
    const { session, later, human } = JSON.parse(read("dist/manifest.json"));
    const shipped = readdirSync(dist).filter((name) => name.endsWith(".js"));
    assert.deepEqual([...session, ...later, ...human].sort(), shipped.sort(), "everything that is shipped is loaded, at once or when it is needed");
    const loaded = session.filter((name) => name.endsWith(".js")).map((name) => read(`dist/${name}`)).join("");
    for (const name of later) {
      assert.ok(loaded.includes(`import("./${name}")`) && !loaded.includes(`from"./${name}"`), `${name} is loaded on demand only`);
    }
    const all = [...session, ...later, ...human].map((name) => read(`dist/${name}`)).join("");
    for (const name of human) {
      assert.ok(all.includes(`import("./${name}")`) && !all.includes(`from"./${name}"`), `${name} is loaded where only a person can go on, and by nothing that is loaded at once`);
      assert.ok(!loaded.includes(name), `${name} is no matter of the first script`);
    }
  });

  test("asks no bundler for a file that is not its own script, and has the Wasm module in it, byte for byte", () => {
    const script = read("dist/everlit.js");
    assert.doesNotMatch(script, /import\.meta/);
    const [, literal = ""] = /\nconst WASM=(`[^]*`)\n/.exec(script) ?? [];
    const text = runInNewContext(literal);
    assert.deepEqual(Uint8Array.from(text, (char) => char.charCodeAt(0) ^ 75), new Uint8Array(readFileSync(new URL("everlit.wasm", dist))));
    assert.doesNotMatch(literal, /[\0\r]/, "nothing that a text file has not, and nothing that is read otherwise than written");
  });

  test("declares nothing of its inside", () => {
    for (const name of readdirSync(dist).filter((file) => file.endsWith(".d.ts"))) {
      const text = read(`dist/${name}`);
      assert.doesNotMatch(text, /constructor\(|Platform|Machine|abi\.js/, name);
      for (const [, from] of text.matchAll(/from "\.\/(\w+)\.js"/g)) assert.ok(read(`dist/${from}.d.ts`));
    }
  });
});

describe("the numbers that cross into Rust", () => {
  const { abi } = inside;
  const zero = Array(10).fill(0);
  const begun = () => {
    const { give, step, said } = machine();
    const stepped = (wall, mono, entropy, kind, ...numbers) => {
      numbers.forEach(give);
      return step(wall, mono, entropy, kind);
    };
    return { step: stepped, said };
  };

  test("are each understood there, and none beyond", () => {
    const kinds = Object.values(abi.EventKind).filter(Number.isInteger);
    assert.ok(kinds.length > 10);
    for (const kind of kinds) assert.ok(begun().step(1e12, 1e3, 0, kind, ...zero) > 0, `event ${abi.EventKind[kind]}`);
    assert.equal(begun().step(1e12, 1e3, 0, kinds.length, ...zero), 0);
  });

  test("are the standing and rows of their length", () => {
    const machine = begun();
    assert.equal(machine.step(1e12, 1e3, 0, abi.EventKind.Opened, 0), abi.STANDING + abi.ROW);
    assert.equal(abi.STATES[machine.said(0)], "resuming");
    assert.equal(machine.said(abi.STANDING), abi.EffectKind.CheckSession);
    assert.equal(machine.said(abi.STANDING + abi.ROW), NaN);
  });

  test("that make no event change nothing", () => {
    const machine = begun();
    machine.step(1e12, 1e3, 0, abi.EventKind.Opened, 0);
    const request = machine.said(abi.STANDING + 1);
    const good = [request, abi.SessionKind.Active, 1e12, 1, 60_000, 60_000, 1e12, 0, 1e9, 1e9];
    for (let at = 0; at < good.length; at += 1) {
      for (const bad of [NaN, -1, Infinity, 2 ** 60, undefined]) {
        const numbers = good.with(at, bad);
        assert.equal(machine.step(1e12, 2e3, 0, abi.EventKind.SessionAnswered, ...numbers), 0, `${numbers}`);
      }
    }
    for (const [wall, mono] of [[NaN, 2e3], [1e12, NaN], [-1, 2e3], [1e12, -1], [Infinity, 2e3]]) {
      assert.equal(machine.step(wall, mono, 0, abi.EventKind.SessionAnswered, ...good), 0);
    }
    machine.step(1e12, 2e3, 0, abi.EventKind.SessionAnswered, ...good);
    assert.equal(abi.STATES[machine.said(0)], "active", "the machine still waited for its answer");
  });

  test("are of one machine per instance: two copies of the package on one page do not meet", () => {
    const [one, two] = [begun(), begun()];
    one.step(1e12, 1e3, 0, abi.EventKind.Opened, 0);
    one.step(1e12, 2e3, 0, abi.EventKind.LoginAsked);
    two.step(1e12, 2e3, 0, abi.EventKind.Opened, 0);
    assert.deepEqual([abi.STATES[one.said(0)], abi.STATES[two.said(0)]], ["logging-in", "resuming"]);
  });
});
