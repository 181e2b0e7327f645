import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { World, failure, settled } from "./world.mjs";

describe("two tabs", () => {
  test("spend one question on each token, and both have it", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    await world.pass(50_000);
    assert.equal(world.count("/auth/token"), 1);
    assert.deepEqual([one.session.token.generation, two.session.token.generation], [9, 9]);
    assert.ok(one.events.includes("refresh 9") && two.events.includes("refresh 9"));
  });

  test("give up a question that the other one was faster with", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    world.held = true;
    const refreshes = [one.session.refresh(), two.session.refresh()];
    world.open[0].say();
    await Promise.all(refreshes);
    assert.equal(world.open[1].signal.aborted, true);
    assert.equal(two.session.token.generation, 9);
  });

  test("log out together", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    await one.session.logout();
    await settled();
    assert.deepEqual(two.events.slice(-2), ["active>logged-out logout-elsewhere", "loggedout logout-elsewhere"]);
    assert.equal((await failure(two.session.fetch("/api/orders"))).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal(world.count("/auth/logout"), 1);
  });

  test("take over a login as somebody else, and show nothing of the one before", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    one.session.close();
    world.epoch += 1_000;
    world.generation = 1;
    world.user = { sub: "2", name: "Grace" };
    world.held = true;
    world.tab();
    world.open[0].say();
    await settled();
    assert.equal(two.session.state, "resuming");
    assert.equal(two.session.user, undefined, "who it is now is not known yet");
    world.open[1].say();
    await settled();
    assert.equal(two.session.user.name, "Grace");
    assert.equal(two.events.at(-2), "active>resuming login-elsewhere");
  });

  test("do not hear each other without a channel, and lose nothing but a question", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    one.channel.open = two.channel.open = false;
    await world.pass(50_000);
    assert.equal(world.count("/auth/token"), 2);
    assert.equal(world.generation, 9, "the Worker rotates once all the same");
    assert.deepEqual([one.session.token.generation, two.session.token.generation], [9, 9]);
  });
});

describe("what no tab of ours would say", () => {
  test("changes nothing", async () => {
    const world = new World();
    const { session, channel, events } = await world.opened();
    const before = session.token;
    for (const noise of [
      [0, 1e15, 1],
      [0, 1.5, 1, 1, 1],
      [9, 1, 1, 1, 1],
      [0, world.epoch, 2 ** 32, 1, 1],
      [0, -1, 1, 1, 1],
      [0, NaN, 1, 1, 1],
      [0, world.epoch, 7, world.wall + 1e6, 60_000],
      [1, world.epoch - 1, 0],
      [],
    ]) {
      channel.heard(noise);
    }
    await settled();
    assert.deepEqual(session.token, before);
    assert.deepEqual(events, ["resuming>active session-found"]);
    assert.equal(world.asked.length, 1);
  });
});
