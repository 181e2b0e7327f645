import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { World, denied, failure, settled } from "./world.mjs";

describe("a session that is closed", () => {
  test("lets go of timer, channel, listeners and requests, and rejects what waits", async () => {
    const world = new World();
    const tab = await world.opened();
    world.held = true;
    world.serve = () => denied("access_expired");
    const waiting = [tab.session.refresh(), tab.session.logout(), tab.session.fetch("/api/orders")].map(failure);
    await settled();
    tab.session.close();
    assert.deepEqual((await Promise.all(waiting)).map(({ code }) => code), Array(3).fill("ERR_SESSION_DISPOSED"));
    assert.deepEqual([tab.timer.at, tab.channel.open, tab.socket.open, tab.watched], [Infinity, false, false, false]);
    assert.ok(world.open.every(({ signal }) => signal.aborted));
    await settled();
    assert.equal(tab.locks, 0);
  });

  for (const [words, made] of [
    ["of an upstream", (session) => session.fetch("/api/orders", { method: "POST", body: "1" })],
    ["for a token", (session) => session.refresh()],
    ["for a page's token", (session) => session.getAccessToken("bills")],
    ["for the end", (session) => session.logout()],
    ["for the end everywhere", (session) => session.logout({ everywhere: true })],
  ]) {
    test(`rejects a call ${words} whose chunk is still on its way`, { timeout: 5_000 }, async () => {
      const world = new World();
      const { session } = world.tab();
      const waiting = failure(made(session));
      session.close();
      assert.equal((await waiting).code, "ERR_SESSION_DISPOSED");
      assert.deepEqual(world.calls, []);
    });
  }

  test("rejects every later call, and stays what it was", async () => {
    const world = new World();
    const { session } = await world.opened();
    session.close();
    session.close();
    for (const late of [session.fetch("/api/orders"), session.refresh(), session.login(), session.logout(), session.debug()]) {
      assert.equal((await failure(late)).code, "ERR_SESSION_DISPOSED");
    }
    assert.equal(session.state, "active");
    assert.equal(session.user.name, "Ada Lovelace");
  });

  test("hears nothing any more, not even what was under way", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.session.close();
    const events = tab.events.length;
    tab.timer.due();
    tab.show();
    tab.life.restored();
    tab.channel.heard([1, world.epoch]);
    await settled();
    assert.equal(tab.events.length, events);
    assert.equal(world.asked.length, 1);
  });

  test("delivers a call that was sent before", async () => {
    const world = new World();
    const { session } = await world.opened();
    let serve;
    world.serve = () => new Promise((resolve) => (serve = resolve));
    const call = session.fetch("/api/orders");
    await settled();
    session.close();
    serve(denied("access_expired"));
    assert.equal((await call).status, 401);
  });

  test("is what `using` leaves behind", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.session[Symbol.dispose]();
    assert.equal(tab.timer.at, Infinity);
  });

  test("does not close the other one", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    one.session.close();
    await world.pass(50_000);
    assert.equal(two.session.token.generation, 9);
  });
});
