import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createStore } from "./store.mjs";

describe("store", () => {
  test("is bounded: the oldest record goes, what is expired before it", async (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 0 });
    const table = createStore({ limit: 3 })("RefreshToken");
    await table.upsert("a", { n: 1 }, 100);
    await table.upsert("b", { n: 2 }, 1);
    await table.upsert("c", { n: 3 }, 100);
    t.mock.timers.setTime(2000);
    await table.upsert("d", { n: 4 }, 100);
    assert.deepEqual(await table.find("a"), { n: 1 }, "the expired one made room");
    await table.upsert("e", { n: 5 }, 100);
    assert.equal(await table.find("a"), undefined, "now the oldest had to");
    assert.deepEqual(await table.find("e"), { n: 5 });
  });

  test("noise in one kind of record does not end another", async () => {
    const store = createStore({ limit: 3 });
    const grants = store("Grant");
    const tokens = store("AccessToken");
    await grants.upsert("g", { accountId: "ada" }, 100);
    for (let index = 0; index < 100; index += 1) await tokens.upsert(`t${index}`, { grantId: "g" }, 100);
    assert.deepEqual(await grants.find("g"), { accountId: "ada" });
    assert.equal(await tokens.find("t0"), undefined);
  });

  test("a record ends when its time is over", async (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: 0 });
    const table = createStore()("AccessToken");
    await table.upsert("a", {}, 10);
    t.mock.timers.setTime(9999);
    assert.ok(await table.find("a"));
    t.mock.timers.setTime(10_000);
    assert.equal(await table.find("a"), undefined);
  });

  test("what is consumed stays, marked; what was given out is a copy", async () => {
    const table = createStore()("RefreshToken");
    const payload = { grantId: "g" };
    await table.upsert("a", payload, 10);
    payload.grantId = "changed";
    await table.consume("a");
    const found = await table.find("a");
    assert.equal(found.grantId, "g");
    assert.equal(typeof found.consumed, "number");
  });

  test("a grant takes what was issued under it along, and nothing else", async () => {
    const table = createStore()("RefreshToken");
    await table.upsert("a", { grantId: "g" }, 10);
    await table.upsert("b", { grantId: "g" }, 10);
    await table.upsert("c", { grantId: "h" }, 10);
    await table.revokeByGrantId("g");
    assert.equal(await table.find("a"), undefined);
    assert.equal(await table.find("b"), undefined);
    assert.ok(await table.find("c"));
  });

  test("a session is found by its uid under its present id", async () => {
    const table = createStore()("Session");
    await table.upsert("old", { uid: "u" }, 10);
    await table.upsert("new", { uid: "u", n: 2 }, 10);
    await table.destroy("old");
    assert.deepEqual(await table.findByUid("u"), { uid: "u", n: 2 });
    await table.destroy("new");
    assert.equal(await table.findByUid("u"), undefined);
  });
});
