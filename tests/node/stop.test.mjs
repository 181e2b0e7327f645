// A session that is stopped: no timer of its own, and one for those who wait.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { World, failure, settled } from "./world.mjs";

const gone = { status: 0, retryAfter: NaN };
/** A session that is stopped, whose token is over. */
async function stopped() {
  const world = new World();
  const tab = await world.opened();
  tab.session.stop();
  await world.pass(3_600_000);
  world.asked.length = 0;
  return { world, tab, session: tab.session };
}

describe("a session that is stopped", () => {
  test("has no timer when a question that was under way fails, and asks again when it starts", async () => {
    const world = new World();
    const { session, timer } = await world.opened();
    world.held = true;
    await world.pass(55_000);
    assert.equal(session.state, "refreshing");
    session.stop();
    world.held = false;
    world.open.splice(0).forEach(({ say }) => say(gone));
    await settled();
    assert.deepEqual([session.state, timer.at], ["degraded", Infinity]);
    const asked = world.asked.length;
    await world.pass(3_600_000);
    assert.equal(world.asked.length, asked, "nobody asks by himself");
    session.start();
    await settled();
    assert.equal(session.state, "active");
    session.close();
  });

  test("asks for nobody any more when somebody was told that no token can be had", async () => {
    const { world, session } = await stopped();
    world.answer = gone;
    assert.equal((await failure(session.refresh())).code, "ERR_SESSION_UNAVAILABLE");
    const asked = world.asked.length;
    await world.pass(3_600_000);
    assert.equal(world.asked.length, asked);
    session.close();
  });

  test("tries again when its first question after the start fails", async () => {
    const { world, session } = await stopped();
    world.answer = gone;
    session.start();
    await settled();
    assert.equal(session.state, "degraded");
    world.answer = undefined;
    await world.pass(60_000);
    assert.equal(session.state, "active");
    session.close();
  });

  for (const when of ["before it is made", "while it waits"]) {
    test(`carries out a call whose question for a token failed, once an answer comes: stopped ${when}`, async () => {
      const { world, tab, session } = await stopped();
      if (when === "while it waits") session.start();
      await settled();
      if (when === "while it waits") await world.pass(50_000);
      world.answer = gone;
      if (when === "while it waits") await world.pass(60_000);
      const call = session.fetch("/api/orders");
      await settled();
      session.stop();
      await world.pass(20_000);
      assert.deepEqual([session.state, world.calls.length], ["degraded", 0]);
      assert.ok(world.asked.length > 1, "it is asked for again");
      world.answer = undefined;
      await world.pass(60_000);
      assert.equal((await call).status, 200);
      const asked = world.asked.length;
      await world.pass(3_600_000);
      assert.equal(world.asked.length, asked, "for nobody nothing is asked");
      session.close();
      assert.equal(tab.timer.at, Infinity);
    });
  }

  test("asks for nobody any more when a call that waits is given up", async () => {
    const { world, session } = await stopped();
    world.answer = gone;
    const over = new AbortController();
    const call = failure(session.fetch("/api/orders", { signal: over.signal }));
    await world.pass(5_000);
    over.abort();
    assert.equal((await call).name, "AbortError");
    const asked = world.asked.length;
    await world.pass(3_600_000);
    assert.equal(world.asked.length, asked);
    session.close();
  });

  for (const name of ["refresh", "logout"]) {
    test(`says that no answer comes to its ${name}, as one that runs does`, { timeout: 5_000 }, async () => {
      const world = new World();
      const { session, timer } = await world.opened();
      session.stop();
      world.held = true;
      const over = failure(session[name]());
      await world.pass(31_000);
      assert.equal((await over).code, name === "refresh" ? "ERR_SESSION_UNAVAILABLE" : "ERR_SESSION_NETWORK");
      assert.ok(world.open.every(({ signal }) => signal.aborted), "the question is given up");
      await settled();
      assert.equal(timer.at, Infinity, "and nobody waits any more");
      session.close();
    });
  }
});
