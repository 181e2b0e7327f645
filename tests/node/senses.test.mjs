// What a session tells beside its state, and what the app may choose.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { message } from "./inside.mjs";
import { World, failure, nothing, problem, settled } from "./world.mjs";

/** Details of every event of a type. */
const heard = ({ session }, type) => {
  const details = [];
  session.addEventListener(type, ({ detail }) => details.push(detail));
  return details;
};

describe("silent re-login", () => {
  /** A tab whose grant is over, with these ways open. */
  async function over(silent, options) {
    const world = new World();
    Object.assign(world, { state: "reauth_required", silent });
    const tab = await world.opened({ events: false, ...options });
    return { world, tab };
  }

  test("goes on without anybody's doing", async () => {
    const { world, tab } = await over(["frame"]);
    assert.deepEqual([tab.session.state, tab.relogins.map(({ way }) => way)], ["refreshing", ["frame"]]);
    world.state = "active";
    world.generation += 1;
    tab.relogged("Done");
    await settled();
    assert.equal(tab.session.state, "active");
  });

  test("is objected to by the app, and the next way is taken, or the user is asked", async () => {
    const { tab } = await over(["frame"]);
    const ways = heard(tab, "beforerelogin");
    tab.relogged("Refused");
    assert.equal(tab.session.state, "reauth-required");
    assert.deepEqual(ways, [], "it was told before anybody listened");

    const world = new World();
    Object.assign(world, { state: "reauth_required", silent: ["frame", "redirect"] });
    const other = world.tab();
    const asked = heard(other, "reauthrequired");
    const told = heard(other, "beforerelogin");
    other.session.addEventListener("beforerelogin", (event) => event.preventDefault());
    await settled();
    await settled();
    assert.deepEqual(told, [{ way: "frame" }, { way: "redirect" }]);
    assert.deepEqual([other.relogins, other.session.state], [[], "reauth-required"]);
    assert.deepEqual(asked, [{ reason: "interaction-required" }]);
  });

  for (const way of ["frame", "redirect"]) {
    test(`in a ${way} begins when who opened the session can hear of it and object`, async () => {
      const world = new World();
      Object.assign(world, { state: "reauth_required", silent: [way] });
      const tab = world.tab();
      const ways = await new Promise((resolve) => {
        const opened = () => void Promise.resolve().then(() => resolve(heard(tab, "beforerelogin")));
        tab.session.addEventListener("statechange", opened, { once: true });
      });
      tab.session.addEventListener("beforerelogin", (event) => event.preventDefault());
      assert.deepEqual([tab.session.state, ways], ["refreshing", []]);
      await settled();
      assert.deepEqual([ways, tab.relogins, tab.session.state], [[{ way }], [], "reauth-required"]);
    });
  }

  test("knows of calls whose answers would be lost", async () => {
    const world = new World();
    let answer;
    world.serve = () => new Promise((resolve) => (answer = resolve));
    const tab = await world.opened();
    const call = tab.session.fetch("/api/orders");
    await settled();
    Object.assign(world, { state: "reauth_required", silent: ["redirect"] });
    const refreshed = tab.session.refresh();
    await settled();
    const [{ way, busy }] = tab.relogins;
    assert.deepEqual([way, busy()], ["redirect", true]);
    answer(new Response("[]"));
    assert.equal((await call).status, 200);
    assert.equal(busy(), false);
    tab.relogged("Unavailable");
    assert.equal((await failure(refreshed)).code, "ERR_SESSION_REAUTH");
  });

  test("opens a popup in the turn of the user's gesture", async () => {
    const { tab } = await over(["popup"]);
    tab.use(false);
    assert.equal(tab.relogins.length, 0);
    tab.use(true);
    assert.deepEqual(tab.relogins.map(({ way }) => way), ["popup"], "in this very turn");
    tab.relogged("Unavailable");
    assert.equal(tab.session.state, "reauth-required");
  });

  test("in a popup is waited for by calls, however they name their upstream; where there is none, by no call", async () => {
    const { world, tab } = await over(["popup"]);
    const addresses = ["/api/orders/7", `${message("session_active").upstreams[0].origin}/v1/orders/7`];
    assert.equal(tab.session.state, "reauth-required");
    const calls = addresses.map((address) => tab.session.fetch(address));
    const unknown = failure(tab.session.fetch("https://evil.example/"));
    await settled();
    tab.use(true);
    Object.assign(world, { state: "active", generation: world.generation + 1, expiresAt: world.wall + 60_000 });
    tab.relogged("Done");
    assert.deepEqual((await Promise.all(calls)).map(({ status }) => status), [200, 200]);
    assert.equal((await unknown).code, "ERR_SESSION_UPSTREAM");
    assert.equal(world.calls.length, 2);
    const { tab: hopeless } = await over([]);
    for (const address of addresses) assert.equal((await failure(hopeless.session.fetch(address))).code, "ERR_SESSION_REAUTH");
  });

  test("is of the ways that the app allows", async () => {
    const { tab } = await over(["frame", "popup", "redirect"], { silent: [] });
    assert.deepEqual([tab.relogins, tab.session.state], [[], "reauth-required"]);
  });

  test("is given up with the session, and what comes later is not heard", async () => {
    const { tab } = await over(["frame"]);
    tab.session.close();
    assert.equal(tab.relogins[0].signal.aborted, true);
    tab.relogged("Done");
    await settled();
    assert.equal(tab.events.length, 1);
  });
});

describe("providers", () => {
  test("stand where the session stands, each change with its reason, and are the same list until one changes", async () => {
    const world = new World();
    const tab = world.tab();
    const changes = heard(tab, "providerchange");
    await settled();
    const { providers } = tab.session;
    assert.deepEqual(providers, [{ name: "demo", state: "ready" }]);
    assert.equal(tab.session.providers, providers);
    await world.pass(50_000);
    assert.deepEqual(
      changes.map(({ name, from, to, reason }) => `${name} ${from}>${to} ${reason}`),
      ["demo unavailable>ready session-found", "demo ready>renewing deadline", "demo renewing>ready refreshed"],
    );
    assert.notEqual(tab.session.providers, providers);
  });

  /** Which of two follow the session into a refresh. @param {object} demo @param {object} broker */
  async function followers(demo, broker) {
    const world = new World();
    world.providers = [{ name: "demo", ...demo }, { name: "broker", ...broker }];
    const tab = await world.opened();
    const changes = heard(tab, "providerchange");
    await world.pass(50_000);
    return [...new Set(changes.map(({ name }) => name))];
  }

  test("the session's own is the one that the Worker says it is", async () => {
    const [ready, own, none] = [{ state: "ready" }, { state: "ready", own: true }, { state: "unavailable" }];
    assert.deepEqual(await followers(ready, own), ["broker"]);
    assert.deepEqual(await followers(own, ready), ["demo"]);
    assert.deepEqual(await followers(own, none), ["demo"]);
  });

  test("of a Worker that does not say so, the one that is there", async () => {
    const [ready, none] = [{ state: "ready" }, { state: "unavailable" }];
    assert.deepEqual(await followers(none, ready), ["broker"]);
    assert.deepEqual(await followers(ready, none), ["demo"]);
    assert.deepEqual(await followers(none, none), []);
  });
});

describe("health, presence and the Worker's clock", () => {
  test("health says what is wrong, is told when it changes, and is the same object until then", async () => {
    const world = new World();
    const tab = await world.opened();
    const changes = heard(tab, "healthchange");
    const { health } = tab.session;
    assert.deepEqual(health, { score: 100, grade: "excellent", reasons: [] });
    assert.equal(tab.session.health, health);
    world.answer = nothing;
    await world.pass(70_000);
    assert.ok(tab.session.health.reasons.includes("unreachable") && tab.session.health.score < 60, JSON.stringify(tab.session.health));
    assert.ok(changes.length > 0 && changes.at(-1).reasons.includes("failing"));
  });

  test("the user is asked before the idle limit ends the session, and heard when they come back", async () => {
    const world = new World();
    world.lifetime = 3_600_000;
    world.expiresAt = world.wall + world.lifetime;
    world.idle = 20 * 60;
    const tab = await world.opened({ events: false, idle: { lapse: 10 * 60_000, prompt: 60_000 } });
    const [idle, prompts] = [heard(tab, "idle"), heard(tab, "idleprompt")];
    await world.pass(10 * 60_000);
    assert.equal(tab.session.presence, "idle");
    await world.pass(9 * 60_000 + 1_000);
    assert.equal(tab.session.presence, "prompted");
    assert.ok(prompts.length === 1 && prompts[0].left <= 60_000, JSON.stringify(prompts));
    tab.use();
    assert.deepEqual(idle.map(({ presence }) => presence), ["idle", "prompted", "present"]);
  });

  test("the Worker's time is told with how far it may be wrong, whatever the computer's clock shows", async () => {
    const world = new World();
    world.held = true;
    const tab = world.tab();
    assert.equal(tab.session.serverTime, undefined);
    const answer = world.say("/auth/session");
    const sent = world.wall;
    await world.pass(200);
    world.open[0].say(answer);
    await settled();
    assert.deepEqual(tab.session.serverTime, { now: sent + 100, error: 100 });
    world.wall -= 3_600_000;
    assert.equal(tab.session.serverTime.now, sent + 100);
  });
});

describe("the event socket", () => {
  const opened = () => new World().opened({ events: true });

  test("is wanted while somebody looks, and brings news at once", async () => {
    const world = new World();
    const tab = await world.opened({ events: true });
    assert.equal(tab.socket.open, true);
    tab.socket.heard.opened(true);
    tab.socket.heard.told(3, world.epoch, 9);
    assert.equal(tab.events.at(-2), "active>logged-out logout-elsewhere");
    assert.equal(tab.socket.open, false);
  });

  test("is closed a minute after nobody looks, and in a page that goes away; and is open again when it comes back", async () => {
    const world = new World();
    const tab = await world.opened({ events: true });
    tab.socket.heard.opened(true);
    tab.hide();
    await world.pass(61_000);
    assert.equal(tab.socket.open, false);
    tab.show();
    assert.equal(tab.socket.open, true);
    tab.life.left();
    assert.deepEqual([tab.socket.open, tab.channel.open], [false, false]);
    tab.life.restored();
    await settled();
    assert.deepEqual([tab.socket.open, tab.channel.open], [true, true]);
  });

  test("says where the session stands when it is opened: nothing is asked where that is no news", async () => {
    const world = new World();
    const tab = await world.opened({ events: true, silent: [] });
    const first = async (news) => {
      const { length } = world.asked;
      tab.socket.heard.closed();
      await world.pass(2_000);
      tab.socket.heard.opened(false);
      tab.socket.heard.told(news, world.epoch, world.generation);
      await settled();
      return [tab.session.state, world.asked.length - length];
    };
    const [moved, reauthRequired] = [0, 1];
    assert.deepEqual(await first(moved), ["active", 0]);
    world.rotate();
    assert.deepEqual(await first(moved), ["active", 0], "a newer token is fetched when it is needed");
    world.state = "reauth_required";
    assert.deepEqual(await first(reauthRequired), ["reauth-required", 1]);
    assert.deepEqual(await first(reauthRequired), ["reauth-required", 0]);
    world.state = "active";
    world.rotate();
    assert.deepEqual(await first(moved), ["active", 1]);
    assert.deepEqual(await first(moved), ["active", 0]);
  });

  test("that closes is opened again, later each time", async () => {
    const world = new World();
    const tab = await world.opened({ events: true });
    for (let count = 0; count < 5; count += 1) {
      const { opened } = tab.socket;
      tab.socket.heard.closed();
      assert.equal(tab.socket.opened, opened, "not in the same turn");
      await world.pass(3_600_000);
      assert.ok(tab.socket.opened > opened);
    }
  });

  test("says nothing that is believed without sense", async () => {
    const tab = await opened();
    const { token } = tab.session;
    for (const news of [[7, 1, 1], [0, -1, 1], [0, 1.5, 1], [0, 1, 2 ** 40], [3, 1, 1]]) tab.socket.heard.told(...news);
    assert.deepEqual([tab.session.token, tab.session.state], [token, "active"]);
  });

  test("is not wanted where the app does not want it", async () => {
    const tab = await new World().opened({ events: false });
    assert.equal(tab.socket.opened, 0);
  });
});

describe("the app's own retry strategy", () => {
  test("is asked with what failed and how often, when no lock is held", async () => {
    const world = new World();
    const asked = [];
    const tab = await world.opened({
      events: false,
      retry: (...question) => {
        asked.push([...question, tab?.locks ?? 0]);
        return 2_000;
      },
    });
    world.answer = nothing;
    await world.pass(52_500);
    assert.deepEqual(asked, [["transient", 1, 0], ["transient", 2, 0], ["transient", 3, 0]]);
  });

  test("may have it that nobody asks before somebody needs it", async () => {
    const world = new World();
    world.answer = problem(500, "internal");
    const tab = await world.opened({ events: false, retry: () => false });
    await world.pass(600_000);
    assert.deepEqual([world.asked.length, tab.session.refreshIn], [1, undefined]);
    world.answer = undefined;
    assert.equal((await tab.session.fetch("/api/orders")).status, 200);
  });

  const boom = () => {
    throw new Error("mine");
  };
  for (const [name, retry] of [
    ["throws", boom],
    ["says nothing", () => {}],
    ["says nonsense", () => -7],
  ]) {
    test(`that ${name} changes nothing`, async () => {
      const world = new World();
      world.answer = nothing;
      const tab = await world.opened({ events: false, retry });
      assert.equal(tab.session.state, "degraded");
      world.answer = undefined;
      await world.pass(31_000);
      assert.equal(tab.session.state, "active");
    });
  }
});

describe("two copies of the package on one page", () => {
  test("do the work twice, and both are right", async () => {
    const world = new World();
    const [one, two] = [await world.opened(), await world.opened()];
    await world.pass(50_000);
    assert.deepEqual([one.session.token.generation, two.session.token.generation], [9, 9]);
    await one.session.logout();
    await settled();
    assert.equal(two.session.state, "logged-out");
    assert.equal((await failure(two.session.fetch("/api/orders"))).code, "ERR_SESSION_LOGGED_OUT");
  });
});

describe("the timer", () => {
  test("is set when the deadline becomes another one, or has fired before it, and not with each event", async () => {
    const world = new World();
    const delays = [];
    let fire;
    const tab = await world.opened({}, { timer: (due) => ((fire = due), (delay) => delays.push(delay)) });
    const set = delays.length;
    for (let call = 0; call < 5; call += 1) await tab.session.fetch("/api/orders");
    assert.equal(delays.length, set, "a call changes nothing that is waited for");
    // Browsers round down.
    fire();
    await settled();
    assert.deepEqual([delays.length, delays.at(-1), world.count("/auth/token")], [set + 1, delays[set - 1], 0]);
    tab.session.stop();
    tab.session.start();
    await settled();
    assert.equal(delays[set + 1], Infinity);
    assert.ok(delays.at(-1) < Infinity);
  });
});

describe("a timer that is throttled", () => {
  test("to once a minute loses nothing: what is due is done when it fires, or somebody looks", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.hide();
    const { due } = tab.timer;
    tab.timer.due = () => {};
    await world.pass(59_000);
    assert.equal(world.count("/auth/token"), 0);
    due();
    await settled();
    assert.deepEqual([world.count("/auth/token"), tab.session.state], [1, "active"]);
  });
});
