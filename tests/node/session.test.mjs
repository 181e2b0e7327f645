import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { message } from "./inside.mjs";
import { APP, World, failure, html, nothing, problem, settled } from "./world.mjs";

describe("a session that is there", () => {
  test("is found with one question, and says whose it is", async () => {
    const world = new World();
    const tab = world.tab();
    assert.equal(tab.session.state, "resuming");
    assert.equal(tab.session.user, undefined);
    assert.equal(tab.session.token, undefined);
    await settled();
    assert.deepEqual(tab.events, ["resuming>active session-found"]);
    assert.deepEqual(world.asked, [{ path: "/auth/session", body: undefined }]);
    assert.equal(tab.session.user.name, "Ada Lovelace");
    assert.deepEqual(tab.session.token, { epoch: 1_790_000_000_123, generation: 8, lifetime: 60_000, expiresIn: 60_000 });
    assert.equal(tab.session.refreshIn, 48_000, "a fifth of its life before the end");
    assert.equal(tab.session.problem, undefined);
  });

  test("tells each transition with its place in the order", async () => {
    const world = new World();
    const tab = world.tab();
    const details = [];
    tab.session.addEventListener("statechange", ({ detail }) => details.push(detail));
    await settled();
    assert.deepEqual(details, [{ from: "resuming", to: "active", reason: "session-found", sequence: 1 }]);
  });

  test("gets a new token before the old one ends, again and again, with one question each", async () => {
    const world = new World();
    const tab = await world.opened();
    await world.pass(47_000);
    assert.equal(world.count("/auth/token"), 0);
    await world.pass(2_000);
    assert.equal(world.count("/auth/token"), 1);
    assert.deepEqual(tab.events.slice(1), ["active>refreshing deadline", "refreshing>active refreshed", "refresh 9"]);
    await world.pass(96_000);
    assert.equal(world.count("/auth/token"), 3);
    assert.equal(tab.session.token.generation, 11);
  });

  test("asks in the words of the golden request", async () => {
    const world = new World();
    world.generation = 7;
    const tab = await world.opened();
    await world.pass(35_500);
    tab.use();
    await world.pass(15_000);
    // Without a provider's name it is the login's token.
    const { provider, ...golden } = message("token_request_deadline");
    assert.ok(provider);
    assert.deepEqual(world.asked[1].body, golden);
  });

  test("says nothing of activity when there was none", async () => {
    const world = new World();
    await world.opened();
    await world.pass(50_000);
    assert.deepEqual(Object.keys(world.asked[1].body), ["v", "epoch", "generation", "reason", "op_id", "tab_state"]);
  });

  test("takes the time on the way off the token's life", async () => {
    const world = new World();
    world.held = true;
    const tab = world.tab();
    const answer = world.say("/auth/session");
    await world.pass(1_500);
    world.open[0].say(answer);
    await settled();
    assert.equal(tab.session.token.expiresIn, 58_500);
  });

  test("takes a sleep on the way off the token's life, though the monotonic clock stood still", async () => {
    const world = new World();
    world.held = true;
    const tab = world.tab();
    const answer = world.say("/auth/session");
    await world.pass(30_000, { asleep: true });
    world.open[0].say(answer);
    await settled();
    assert.equal(tab.session.token.expiresIn, 30_000);
  });

  test("counts down by its own clock", async () => {
    const world = new World();
    const { session } = await world.opened();
    await world.pass(10_000);
    assert.deepEqual([session.token.expiresIn, session.refreshIn], [50_000, 38_000]);
  });

  test("asks once where it stands after a sleep that no timer saw, also if that was longer than a token lives", async () => {
    const world = new World();
    const tab = await world.opened();
    await world.pass(8 * 3_600_000, { asleep: true });
    tab.show();
    await settled();
    assert.deepEqual(tab.events.slice(1), ["active>resuming wake", "resuming>active refreshed", "refresh 9"]);
    assert.equal(world.asked[1].body.reason, "resume");
    assert.equal(world.count("/auth/token"), 1);
  });

  test("asks again when the page comes out of the back/forward cache, with its channel open again", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.life.left();
    assert.equal(tab.channel.open, false);
    tab.life.restored();
    assert.equal(tab.channel.open, true);
    await settled();
    assert.deepEqual(tab.events.slice(1), ["active>resuming wake", "resuming>active refreshed"]);
  });
});

describe("a session that is not there", () => {
  test("is no error, and arms no timer", async () => {
    const world = new World();
    world.state = "logged_out";
    const tab = await world.opened();
    assert.deepEqual(tab.events, ["resuming>logged-out no-session"]);
    assert.equal(tab.timer.at, Infinity);
    assert.equal(tab.session.refreshIn, undefined);
    assert.equal((await failure(tab.session.refresh())).code, "ERR_SESSION_LOGGED_OUT");
  });

  test("may wait for its user", async () => {
    const world = new World();
    world.state = "reauth_required";
    const { session, events } = await world.opened();
    assert.deepEqual(events, ["resuming>reauth-required grant-refused"]);
    assert.equal(session.user.sub, "248289761001");
    assert.equal(session.token, undefined);
    assert.equal((await failure(session.refresh())).code, "ERR_SESSION_REAUTH");
  });

  test("may be over, which is said once", async () => {
    const world = new World();
    const tab = await world.opened();
    world.answer = problem(401, "session_ended", { reason: "idle_limit" });
    await world.pass(60_000);
    assert.deepEqual(tab.events.slice(1), ["active>refreshing deadline", "refreshing>ended session-ended", "loggedout session-ended"]);
    assert.equal(tab.session.user, undefined);
    assert.equal((await failure(tab.session.refresh())).code, "ERR_SESSION_ENDED");
  });
});

describe("a Worker that cannot help", () => {
  for (const [name, answer, reason] of [
    ["cannot be reached", nothing, "unreachable"],
    ["is a captive portal", html(200), "unreachable"],
    ["is a proxy's error page", html(502), "unreachable"],
    ["speaks another version", { status: 200, retryAfter: NaN, body: { ...message("session_active"), v: 2 } }, "unreachable"],
    ["answers garbage", { status: 200, retryAfter: NaN, body: [1, 2] }, "unreachable"],
    ["is throttled", { status: 429, retryAfter: 1000 }, "throttled"],
    ["is misconfigured", problem(503, "misconfigured", { detail: "ORIGINS is missing" }), "misconfigured"],
  ]) {
    test(`${name}: the session goes on, and finds out by itself`, async () => {
      const world = new World();
      world.answer = answer;
      const tab = await world.opened();
      assert.deepEqual(tab.events, [`resuming>degraded ${reason}`]);
      assert.ok(tab.session.refreshIn > 0);
      assert.equal(tab.session.problem?.code, reason === "misconfigured" ? "misconfigured" : undefined);
      world.answer = undefined;
      await world.pass(31_000);
      assert.equal(tab.session.state, "active");
      assert.equal(tab.session.problem, undefined);
    });

    test(`${name}: a session that runs is not lost, and its token is used while it lives`, async () => {
      const world = new World();
      const tab = await world.opened();
      world.answer = answer;
      await world.pass(50_000);
      assert.equal(tab.session.state, "degraded");
      assert.equal(tab.session.user.name, "Ada Lovelace");
      assert.equal((await tab.session.fetch("/api/orders")).status, 200);
      assert.equal((await failure(tab.session.refresh())).code, "ERR_SESSION_UNAVAILABLE");
      assert.ok(!tab.events.some((event) => event.startsWith("loggedout")));
    });
  }

  test("is not asked before the time it named", async () => {
    const world = new World();
    world.answer = problem(503, "temporarily_unavailable", { retry_after: 20 });
    const tab = await world.opened();
    await world.pass(19_000);
    tab.show();
    await settled();
    assert.equal(world.asked.length, 1);
    await world.pass(1_500);
    assert.equal(world.asked.length, 2);
  });

  test("never makes it ask without end", async () => {
    const world = new World();
    world.answer = nothing;
    await world.opened();
    await world.pass(3_600_000);
    assert.ok(world.asked.length < 8_000, `${world.asked.length} questions in an hour, each after the shortest wait there is`);
  });

  test("may not answer at all: the question is given up after half a minute", async () => {
    const world = new World();
    world.held = true;
    const tab = world.tab();
    await world.pass(31_000);
    assert.equal(world.open[0].signal.aborted, true);
    assert.deepEqual(tab.events[0], "resuming>degraded stuck");
  });
});

describe("refresh", () => {
  test("brings a new token, and resolves when it is there", async () => {
    const world = new World();
    const tab = await world.opened();
    const done = tab.session.refresh();
    assert.equal(tab.session.state, "refreshing");
    await done;
    assert.equal(tab.session.token.generation, 9);
    assert.equal(world.asked[1].body.reason, "forced");
  });

  test("asked for thrice is one question", async () => {
    const world = new World();
    const { session } = await world.opened();
    await Promise.all([session.refresh(), session.refresh(), session.refresh()]);
    assert.equal(world.count("/auth/token"), 1);
  });

  test("stops waiting when it is told to, with the reason given", async () => {
    const world = new World();
    const { session } = await world.opened();
    world.held = true;
    const reason = new Error("no longer");
    const controller = new AbortController();
    const waiting = failure(session.refresh({ signal: controller.signal }));
    controller.abort(reason);
    assert.equal(await waiting, reason);
    assert.equal(await failure(session.refresh({ signal: controller.signal })), reason, "also when it was told before");
  });
});

describe("the first answer", () => {
  for (const [words, said] of [
    ["that somebody is logged in", {}],
    ["that somebody is, whose token is over", { expiresAt: 0 }],
    ["that nobody is", { state: "logged_out" }],
    ["that the grant is over", { state: "reauth_required" }],
    ["that the grant is over, and a way to a new one", { state: "reauth_required", silent: ["frame"] }],
    ["of a server that wants to be left alone", { answer: { status: 429, retryAfter: 60_000 } }],
    ["that there is none", { answer: { status: 0, retryAfter: NaN } }],
  ]) {
    test(`${words} is all that the opening waits for`, async () => {
      const world = Object.assign(new World(), { held: true, ...said });
      const { session, events } = world.tab();
      await settled();
      assert.deepEqual([world.asked.map(({ path }) => path), events], [["/auth/session"], []]);
      world.open[0].say();
      await settled();
      assert.equal(events[0]?.startsWith("resuming>"), true, "which is what openSession resolves with");
    });
  }
});

describe("login", () => {
  test("takes the page away, and names the way back", async () => {
    const world = new World();
    world.state = "logged_out";
    const tab = await world.opened();
    await tab.session.login();
    assert.deepEqual(tab.went, [`/auth/login?return_to=${encodeURIComponent("/orders?page=2#last")}`]);
    assert.equal(tab.session.state, "logging-in");
  });

  test("takes any address of this origin to return to, and no other", async () => {
    const world = new World();
    world.state = "logged_out";
    const { session, went } = await world.opened();
    for (const foreign of ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]) {
      assert.equal((await failure(session.login({ returnTo: foreign }))).code, "ERR_SESSION_CONFIG", foreign);
    }
    assert.deepEqual(went, []);
    await session.login({ returnTo: new URL("/a?b#c", APP) });
    assert.deepEqual(went, ["/auth/login?return_to=%2Fa%3Fb%23c"]);
  });
});

describe("logout", () => {
  test("resolves when the Worker confirmed it, and no late answer brings anything back", async () => {
    const world = new World();
    const tab = await world.opened();
    world.held = world.deaf = true;
    void tab.session.refresh().catch(() => {});
    const done = tab.session.logout();
    const [token, logout] = world.open;
    const late = problem(503, "misconfigured");
    logout.say();
    await done;
    assert.equal(tab.session.state, "logged-out");
    assert.equal(token.signal.aborted, true);
    token.say(late);
    await settled();
    assert.equal(tab.session.problem, undefined);
    assert.deepEqual(tab.events.slice(-2), ["refreshing>logged-out logout", "loggedout logout"]);
    assert.equal(tab.session.user, undefined);
    assert.equal(tab.timer.at, Infinity);
  });

  test("that was not confirmed is an error, and the session goes on", async () => {
    for (const answer of [nothing, html(200), problem(500, "internal")]) {
      const world = new World();
      const { session } = await world.opened();
      world.answer = answer;
      assert.equal((await failure(session.logout())).code, "ERR_SESSION_NETWORK");
      assert.equal(session.state, "active");
      world.answer = undefined;
      await session.logout();
      assert.equal(session.state, "logged-out");
    }
  });

  test("that gets no answer is given up after half a minute, and the session goes on", async () => {
    const world = new World();
    world.lifetime = 3_600_000;
    world.expiresAt = world.wall + world.lifetime;
    const { session } = await world.opened();
    world.held = true;
    const logout = failure(session.logout());
    await world.pass(31_000);
    assert.equal((await logout).code, "ERR_SESSION_NETWORK");
    assert.equal(world.open[0].signal.aborted, true);
    assert.equal(session.state, "active");
  });

  test("asked for twice is one question with two answers", async () => {
    const world = new World();
    const { session } = await world.opened();
    await Promise.all([session.logout(), session.logout()]);
    await session.logout();
    assert.equal(world.count("/auth/logout"), 1);
  });

  test("settles a refresh that waits", async () => {
    const world = new World();
    const { session } = await world.opened();
    world.held = true;
    const refresh = failure(session.refresh());
    const logout = session.logout();
    world.open[1].say();
    await logout;
    assert.equal((await refresh).code, "ERR_SESSION_LOGGED_OUT");
  });
});

describe("listeners", () => {
  test("may call the session: what follows is told after what was", async () => {
    const world = new World();
    const tab = world.tab();
    const told = [];
    tab.session.addEventListener("statechange", ({ detail }) => {
      told.push(detail.sequence);
      if (detail.to === "active" && detail.reason === "session-found") void tab.session.refresh();
    });
    tab.session.addEventListener("statechange", ({ detail }) => told.push(detail.sequence));
    await settled();
    assert.deepEqual(told, [1, 1, 3, 3, 5, 5], "in order; the changes of its provider are numbered, too");
  });

  test("may close the session: nothing is told after that", async () => {
    const world = new World();
    const tab = await world.opened();
    tab.session.addEventListener("statechange", ({ detail }) => {
      if (detail.to === "ended") tab.session.close();
    });
    world.answer = problem(401, "session_ended");
    await world.pass(60_000);
    assert.equal(tab.events.at(-1), "refreshing>ended session-ended", "and no loggedout");
    assert.equal(tab.timer.at, Infinity);
  });

  test("run when no lock is held", async () => {
    const world = new World();
    const tab = await world.opened();
    const held = [];
    for (const type of ["statechange", "refresh"]) tab.session.addEventListener(type, () => held.push(tab.locks));
    await world.pass(50_000);
    assert.deepEqual(tab.events.slice(1), ["active>refreshing deadline", "refreshing>active refreshed", "refresh 9"]);
    // When the question begins the lock is asked for, not held; when it is answered the lock is free again.
    assert.deepEqual(held.slice(1), [0, 0]);
  });

  test("are let go with their signal", async () => {
    const world = new World();
    const tab = await world.opened();
    const controller = new AbortController();
    let heard = 0;
    tab.session.addEventListener("refresh", () => (heard += 1), { signal: controller.signal });
    await tab.session.refresh();
    controller.abort();
    await world.pass(20_000);
    await tab.session.refresh();
    assert.equal(heard, 1);
  });
});
