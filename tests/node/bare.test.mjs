// A session on the package's own lock, transport and names, in a page in which something is missing or throws.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, test } from "node:test";
import { inside } from "./inside.mjs";
import { World } from "./world.mjs";

const { underLock } = inside.lock;
const { ask } = inside.transport;
const { nameOperation } = inside.operation;

const real = Object.getOwnPropertyDescriptor(globalThis, "crypto");
afterEach(() => Object.defineProperty(globalThis, "crypto", real));

/** A world whose Worker is asked with `fetch`, and what was not caught in it. */
function bareWorld(context) {
  const world = new World();
  const uncaught = [];
  const hear = (error) => uncaught.push(error);
  process.on("unhandledRejection", hear);
  context.after(() => process.off("unhandledRejection", hear));
  context.mock.method(globalThis, "fetch", async (path, { body }) => {
    const asked = { path, body: body && JSON.parse(body) };
    world.asked.push(asked);
    const answer = world.say(path, asked.body);
    return Response.json(answer.body, { status: answer.status });
  });
  return { world, uncaught };
}

describe("a page without randomness of the platform", () => {
  for (const [words, crypto] of [["no crypto", undefined], ["an empty crypto", {}]]) {
    test(`${words}: the token is refreshed when it is due, time after time`, async (context) => {
      const { world, uncaught } = bareWorld(context);
      Object.defineProperty(globalThis, "crypto", { value: crypto, configurable: true, writable: true });
      const tab = await world.opened({ events: false }, { ask, lock: underLock, operation: nameOperation });
      await world.pass(150_000);
      assert.deepEqual([tab.session.state, tab.session.token.generation, uncaught], ["active", 11, []]);
      const named = world.asked.flatMap(({ body }) => body?.op_id ?? []);
      assert.equal(new Set(named).size, 3, "each question has a name of its own");
    });
  }
});

describe("a question that cannot even be put", () => {
  for (const [words, seams] of [["under the lock", { lock: underLock }], ["without a lock", { lock: (_, work) => work() }]]) {
    test(`is one that failed, ${words}: the next one is put`, async (context) => {
      const { world, uncaught } = bareWorld(context);
      let broken = true;
      const operation = () => {
        if (broken) throw new Error("boom");
        return nameOperation();
      };
      const tab = await world.opened({ events: false }, { ask, operation, ...seams });
      await world.pass(70_000);
      assert.deepEqual([tab.session.state, uncaught], ["degraded", []], "and the app is told");
      broken = false;
      await world.pass(60_000);
      assert.deepEqual([tab.session.state, uncaught], ["active", []]);
      assert.ok(tab.session.token.generation > 8);
      assert.ok(!tab.events.some((event) => event.includes("stuck")), tab.events.join("; "));
    });
  }
});

describe("a page whose browser compiles nothing at once", () => {
  test("waits for it, and a module that is none is refused as ever", async (context) => {
    const { load } = inside.load;
    const { Module } = WebAssembly;
    let refused = 0;
    // As Chromium did until version 114, for more than 4 KB.
    const unwilling = new Proxy(Module, { construct: () => { refused += 1; throw new RangeError("WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than 4KB."); } });
    WebAssembly.Module = unwilling;
    context.after(() => {
      WebAssembly.Module = Module;
      delete globalThis.WASM;
    });
    await assert.rejects(load(new Response("no module")), { code: "ERR_SESSION_LOAD" });
    // What the build writes at the end of the script.
    globalThis.WASM = readFileSync(new URL("../../crates/web/build/everlit_web_bg.wasm", import.meta.url)).map((byte) => byte ^ 75).toString("latin1");
    const whole = await load();
    assert.ok(whole instanceof Module);
    assert.equal(refused, 1);
    assert.equal(await load(), whole, "once per page");
  });
});
