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
    assert.equal(two.session.user.name, "Ada Lovelace", "what another tab says may be a mere rumour");
    world.open[1].say();
    await settled();
    assert.equal(two.session.user.name, "Grace");
    assert.deepEqual(two.events.slice(-3), ["active>resuming login-elsewhere", "loggedout login-elsewhere", "resuming>active session-found"]);
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

describe("another user who logged in elsewhere, unheard", () => {
  const follows = ["loggedout login-elsewhere", "resuming>active session-found"];

  test("is shown when the page comes back out of the back/forward cache, and the one before is said to be gone", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.life.left();
    const other = await world.opened();
    await other.session.logout();
    other.session.close();
    world.state = "active";
    world.switch();
    world.held = true;
    tab.life.restored();
    world.open[0].say();
    await settled();
    assert.equal(tab.events.at(-1), "loggedout login-elsewhere");
    assert.equal(tab.session.user, undefined, "who it is now is not known yet");
    world.open[1].say();
    await settled();
    assert.deepEqual(tab.events.slice(1), ["active>resuming wake", ...follows]);
    assert.equal(tab.session.user.name, "Grace");
  });

  test("is found out by deadline without a channel", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.channel.open = false;
    world.switch();
    await world.pass(50_000);
    assert.deepEqual(tab.events.slice(1, 5), ["active>refreshing deadline", "refreshing>resuming login-elsewhere", ...follows]);
    assert.equal(tab.session.user.name, "Grace");
  });

  test("is told of also where the one before was to log in again", async () => {
    const world = new World();
    world.state = "reauth_required";
    const tab = await world.opened();
    world.state = "active";
    world.switch();
    tab.channel.heard([0, world.epoch, 1, world.expiresAt, world.lifetime]);
    await settled();
    assert.deepEqual(tab.events.slice(1), ["reauth-required>resuming login-elsewhere", ...follows]);
  });

  test("is nobody else when the same login was renewed", async () => {
    const world = new World();
    world.state = "reauth_required";
    const tab = await world.opened();
    world.state = "active";
    world.generation = 100;
    tab.channel.heard([0, world.epoch, 100, world.expiresAt, world.lifetime]);
    await settled();
    assert.equal(tab.session.state, "active");
    assert.ok(!tab.events.some((event) => event.startsWith("loggedout")));
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
