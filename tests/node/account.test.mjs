// What most pages never call: tokens for the page, further accounts, devices, logouts everywhere; start and stop.

import assert from "node:assert/strict";
import { afterEach, describe, mock, test } from "node:test";
import { message } from "./inside.mjs";
import { APP, World, failure, nothing, ok, problem, settled } from "./world.mjs";

const BILLS = "https://bills.example.com";

/** A world in which the page calls `bills` by itself, and each question about its token is answered with a new one. */
function mediatingWorld() {
  const world = new World();
  world.mediating = message("session_active_mediating").mediating;
  world.handed = 0;
  /** What the next questions for a token are answered with, instead. */
  world.next = [];
  world.life = 60;
  world.answer = (path, body) => {
    if (path !== "/auth/token" || !body.upstream) return undefined;
    if (world.state === "logged_out") return problem(401, "logged_out");
    const next = world.next.shift();
    if (next) return next;
    world.handed += 1;
    return ok({ ...message("token_response_handed"), epoch: world.epoch, generation: world.generation + world.handed, expires_in: world.life, lifetime: world.life, access_token: `secret-${world.handed}` });
  };
  return world;
}
const asked = (world) => world.asked.filter(({ body }) => body?.upstream).map(({ body }) => [body.reason, body.generation - world.generation]);

describe("a token for a page", () => {
  test("is asked for once for all who wait, kept until a fifth of its life is left, and then asked for anew", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    const tokens = await Promise.all(Array.from({ length: 5 }, () => session.getAccessToken("bills")));
    assert.deepEqual([new Set(tokens), asked(world)], [new Set(["secret-1"]), [["resume", 0]]]);
    await world.pass(47_900);
    assert.equal(await session.getAccessToken("bills"), "secret-1");
    await world.pass(200);
    assert.equal(await session.getAccessToken("bills"), "secret-2");
    assert.equal(asked(world).length, 2);
    assert.equal(asked(world)[1][0], "deadline");
  });

  test("does not outlive a sleep in which one of the clocks stood still", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    await session.getAccessToken("bills");
    await world.pass(3_600_000, { asleep: true });
    assert.equal(await session.getAccessToken("bills"), "secret-2");
  });

  test("is for upstreams that are called by the page, and for no others", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    for (const other of ["orders", "nobody", "", undefined]) {
      const error = await failure(session.getAccessToken(other));
      assert.deepEqual([error.code, error.message], ["ERR_SESSION_UPSTREAM", `upstream: "${other}" is none whose token is for a page; there are bills`]);
    }
    assert.deepEqual(asked(world), []);
  });

  test("waits while the session finds out where it stands, and rejects where nobody is logged in", async () => {
    const world = mediatingWorld();
    world.held = true;
    const tab = world.tab();
    const waiting = tab.session.getAccessToken("bills");
    await settled();
    assert.deepEqual(asked(world), []);
    world.held = false;
    world.open.shift().say();
    assert.equal(await waiting, "secret-1");
    await tab.session.logout();
    assert.equal((await failure(tab.session.getAccessToken("bills"))).code, "ERR_SESSION_LOGGED_OUT");
  });

  test("is dropped with the login that it is of, also one that is still on its way", async () => {
    const world = mediatingWorld();
    const tab = await world.opened();
    await tab.session.getAccessToken("bills");
    world.switch();
    tab.life.restored();
    await settled();
    assert.equal(await tab.session.getAccessToken("bills"), "secret-2");
    assert.ok(tab.events.includes("loggedout login-elsewhere"));
    await world.pass(50_000);
    world.held = true;
    const late = failure(tab.session.getAccessToken("bills"));
    await settled();
    const [question] = world.open;
    assert.equal(question.body.upstream, "bills");
    world.switch();
    tab.life.restored();
    await settled();
    world.held = false;
    for (const { body, say } of world.open) if (!body?.upstream) say();
    await settled();
    assert.equal((await late).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal(question.signal.aborted, true);
  });

  test("stops to be waited for when the signal says so, and to be asked for when nobody waits any more", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    world.held = true;
    const [one, two] = [new AbortController(), new AbortController()];
    const waiting = [one, two].map(({ signal }) => failure(session.getAccessToken("bills", { signal })));
    await settled();
    const [{ signal }] = world.open;
    one.abort("enough");
    assert.equal(await waiting[0], "enough");
    assert.equal(signal.aborted, false);
    two.abort("too");
    assert.equal(await waiting[1], "too");
    assert.equal(signal.aborted, true);
    world.held = false;
    assert.equal(await session.getAccessToken("bills"), "secret-1", "who comes next asks anew");
    assert.equal(await failure(session.getAccessToken("bills", { signal: AbortSignal.abort("never") })), "never");
  });

  for (const [words, answer, code, said] of [
    ["a misconfiguration is said at once", problem(503, "misconfigured", { detail: "the authorization server gives no refresh token" }), "ERR_SESSION_UNAVAILABLE", /misconfigured: the authorization server gives no refresh token; an operator/],
    ["so is a wait that is too long", problem(503, "temporarily_unavailable", { retry_after: 3600 }), "ERR_SESSION_UNAVAILABLE", /try again in 3600 s/],
    ["so is an account that is not linked", problem(409, "link_required", { provider: "calendar" }), "ERR_SESSION_LINK", /^link/],
    ["so is no answer", nothing, "ERR_SESSION_NETWORK", /^network$/],
    ["so is what is no token", ok({ ...message("token_response_handed"), token_type: "DPoP" }), "ERR_SESSION_NETWORK", /what came is no token/],
  ]) {
    test(`cannot be had: ${words}`, async () => {
      const world = mediatingWorld();
      const { session } = await world.opened();
      world.next.push(answer);
      const error = await failure(session.getAccessToken("bills"));
      assert.equal(error.code, code);
      assert.match(error.message, said);
      assert.ok(!error.message.includes("2YotnFZFEjr1zCsicMWpAA"), "no token in an error");
      assert.equal(asked(world).length, 1);
      assert.equal(await session.getAccessToken("bills"), "secret-1", "the session goes on");
    });
  }

  test("comes later where the Worker says when", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    world.next.push(problem(503, "temporarily_unavailable", { retry_after: 7 }));
    const waiting = session.getAccessToken("bills");
    await settled();
    assert.equal(asked(world).length, 1);
    await world.pass(6_999);
    assert.equal(asked(world).length, 1);
    await world.pass(1);
    assert.equal(await waiting, "secret-1");
  });

  test("is refused because there is no session any more: the session learns of it", async () => {
    const world = mediatingWorld();
    const tab = await world.opened();
    world.state = "logged_out";
    assert.equal((await failure(tab.session.getAccessToken("bills"))).code, "ERR_SESSION_LOGGED_OUT");
    await settled();
    assert.equal(tab.session.state, "logged-out");
  });
});

describe("a call to an upstream that the page calls by itself", () => {
  test("carries its token and nothing else of the session, and only there", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    const response = await session.fetch(`${BILLS}/v1/7?open=1`, { method: "POST", body: "seven", headers: { "x-own": "1" } });
    assert.equal(response.status, 200);
    const [{ url, method, body, headers }] = world.calls;
    assert.deepEqual([url, method, body, headers.get("authorization"), headers.get("x-own")], [`${BILLS}/v1/7?open=1`, "POST", "seven", "Bearer secret-1", "1"]);
    assert.deepEqual([...headers.keys()].filter((name) => name.startsWith("everlit")), []);
    for (const other of [`${BILLS}/v10`, `${BILLS}/`, "https://bills.example.com:8443/v1", "http://bills.example.com/v1", "https://evil.example/v1"]) {
      assert.equal((await failure(session.fetch(other))).code, "ERR_SESSION_UPSTREAM", other);
    }
    await session.fetch("/api/orders");
    assert.equal(world.calls[1].headers.has("authorization"), false);
    assert.equal(world.calls.length, 2);
  });

  test("is made again once with a new token if it is refused, and with a stream as its body is not", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    world.serve = (request) => new Response("", { status: request.headers.get("authorization") === "Bearer secret-1" ? 401 : 200 });
    assert.equal((await session.fetch(`${BILLS}/v1`, { method: "PUT", body: "x" })).status, 200);
    assert.deepEqual(world.calls.map(({ body }) => body), ["x", "x"]);
    assert.deepEqual(asked(world), [["resume", 0], ["unauthorized", 1]]);
    world.serve = () => new Response("", { status: 401, headers: { "everlit-code": "logged_out" } });
    assert.equal((await session.fetch(`${BILLS}/v1`)).status, 401, "once");
    assert.equal(world.calls.length, 4);
    const body = new ReadableStream({ start: (stream) => stream.close() });
    assert.equal((await session.fetch(`${BILLS}/v1`, { method: "POST", body, duplex: "half" })).status, 401);
    assert.equal(world.calls.length, 5);
    assert.equal(session.state, "active", "what such a server says is not the Worker's word");
  });

  test("follows no redirect", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    let way;
    world.serve = (request) => {
      way = request.redirect;
      return { type: "opaqueredirect", status: 0, headers: new Headers() };
    };
    const error = await failure(session.fetch(`${BILLS}/v1/7?secret=1`));
    assert.deepEqual([error.code, error.message, way], ["ERR_SESSION_REDIRECT", `redirect: ${BILLS}/v1/7 is answered with a redirect`, "manual"]);
  });

  test("whose account is not linked, or whose network fails, says so", async () => {
    const world = mediatingWorld();
    const { session } = await world.opened();
    world.next.push(problem(409, "link_required"));
    assert.equal((await failure(session.fetch(`${BILLS}/v1`))).code, "ERR_SESSION_LINK");
    world.serve = () => {
      throw new TypeError("failed");
    };
    const error = await failure(session.fetch(`${BILLS}/v1`));
    assert.deepEqual([error.code, error.cause.message], ["ERR_SESSION_NETWORK", "failed"]);
    world.serve = () => new Response("", { status: 409, headers: { "everlit-code": "link_required" } });
    const linked = await failure(session.fetch("/api/orders"));
    assert.deepEqual([linked.code, linked.message], ["ERR_SESSION_LINK", "link"]);
    assert.equal((await session.fetch(`${BILLS}/v1`)).status, 409, "and a resource server's own 409 is delivered");
  });

  test("is no secret's way out: nothing of the token is in an event, an error, the snapshot or the storage", async () => {
    const world = mediatingWorld();
    const tab = await world.opened();
    const seen = [];
    const dispatch = tab.session.dispatchEvent.bind(tab.session);
    tab.session.dispatchEvent = (event) => {
      seen.push(JSON.stringify(event.detail));
      return dispatch(event);
    };
    await tab.session.getAccessToken("bills");
    await tab.session.refresh();
    world.serve = () => new Response("", { status: 401 });
    await tab.session.fetch(`${BILLS}/v1`);
    await tab.session.logout();
    assert.ok(world.handed > 1 && seen.length > 0);
    const { session } = tab;
    const kept = [session.state, session.user, session.providers, session.health, session.token, session.problem, session.sessions, session];
    assert.doesNotMatch(`${seen} ${JSON.stringify(kept)}`, /secret-/);
  });
});

describe("a login", () => {
  test("names provider and prompt where the app does", async () => {
    const { session, went } = await new World().opened();
    await session.login({ provider: "demo", prompt: "select_account", returnTo: "/a?b=1#c" });
    await settled();
    assert.deepEqual(went, ["/auth/login?provider=demo&prompt=select_account&return_to=%2Fa%3Fb%3D1%23c"]);
  });

  test("that is asked for again goes there again: the page may have stayed, and the last word counts", async () => {
    const world = new World();
    world.state = "logged_out";
    const { session, went, events } = await world.opened();
    await session.login({ provider: "demo" });
    await world.pass(5_000);
    await session.login({ provider: "broker" });
    await settled();
    assert.deepEqual(went.map((path) => new URL(path, APP).searchParams.get("provider")), ["demo", "broker"]);
    assert.deepEqual([session.state, events.length], ["logging-in", 2]);
  });

  test("that was given up before it began goes nowhere", async () => {
    const world = new World();
    world.providers = [{ name: "demo", state: "ready", own: true }, { name: "calendar", state: "unavailable" }];
    const { session, went } = await world.opened();
    const signal = AbortSignal.abort(new Error("given up"));
    for (const begun of [session.login({ signal }), session.loginPopup({ signal }), session.link("calendar", { signal })]) {
      assert.equal((await failure(begun)).message, "given up");
    }
    assert.deepEqual([went, session.state], [[], "active"]);
  });

  test("of a further account leaves from this page, to providers that there are", async () => {
    const world = new World();
    world.providers = [{ name: "demo", state: "ready", own: true }, { name: "calendar", state: "unavailable" }];
    const { session, went } = await world.opened();
    await session.link("calendar", { returnTo: "/linked" });
    assert.deepEqual(went, ["/auth/login?provider=calendar&return_to=%2Flinked"]);
    assert.equal(session.state, "active");
    for (const wrong of ["", "calender", undefined, 7]) {
      const error = await failure(session.link(wrong));
      assert.deepEqual([error.code, error.message], ["ERR_SESSION_CONFIG", `config: no provider "${wrong}"; there are demo, calendar`]);
    }
    assert.equal((await failure(session.link("calendar", { returnTo: "https://evil.example/" }))).code, "ERR_SESSION_CONFIG");
    assert.equal(went.length, 1);
  });
});

describe("a call that needs a further account", () => {
  const world = (state) => {
    const world = new World();
    world.providers = [{ name: "demo", state: "ready", own: true }, { name: "calendar", state }];
    const { upstreams } = message("session_active");
    world.answer = (path) => path === "/auth/session" && world.state === "active" && ok({ ...message("session_active"), epoch: world.epoch, generation: world.generation, server_time: world.wall / 1000, expires_in: world.left(), providers: world.providers, upstreams: [...upstreams, { name: "events", origin: "https://events.example", path: "", mode: "bff", vault: "linked:calendar" }] });
    return world;
  };
  for (const state of ["unavailable", "needs_human"]) {
    test(`that is ${state} says which one to link, and sends nothing`, async () => {
      const { session, socket, world: { calls } } = await world(state).opened({});
      // What is known of another provider counts while the Worker tells of it.
      socket.heard.opened(false);
      const error = await failure(session.fetch("https://events.example/7"));
      assert.deepEqual([error.code, error.message, calls], ["ERR_SESSION_LINK", 'link: calendar is not linked; offer link("calendar")', []]);
      assert.deepEqual(error.reauth, { vault: "linked:calendar", provider: "calendar", how: ["popup", "redirect"], who: "you", loginUrl: "/auth/login?provider=calendar" });
      assert.equal((await session.fetch("/api/orders")).status, 200, "all else goes on");
    });
  }

  test("is the session's matter where the session is over", async () => {
    const tab = await world("unavailable").opened();
    await tab.session.logout();
    assert.equal((await failure(tab.session.fetch("/api/events/7"))).code, "ERR_SESSION_LOGGED_OUT");
  });
});

describe("further accounts and devices", () => {
  test("are ended by name, and what that changed is asked", async () => {
    const world = new World();
    world.providers = [{ name: "demo", state: "ready", own: true }, { name: "calendar/ü", state: "ready" }];
    const { session } = await world.opened();
    world.answer = (path, _, method) => (method === "DELETE" ? { status: 204, retryAfter: NaN } : undefined);
    await session.unlink("calendar/ü");
    await session.sessions.end("AAAA");
    await session.sessions.endOthers();
    const ended = world.asked.filter(({ method }) => method).map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(ended, ["DELETE /auth/links/calendar%2F%C3%BC", "DELETE /auth/sessions/AAAA", "DELETE /auth/sessions"]);
    assert.deepEqual(world.asked.flatMap(({ body }) => body?.reason ?? []), ["resume"], "whether it was this session");
    assert.deepEqual(session.providers.map(({ state }) => state), ["ready", "unavailable"]);
    assert.equal((await failure(session.sessions.end())).code, "ERR_SESSION_CONFIG");
    world.answer = problem(404, "not_found");
    await session.sessions.end("gone");
    assert.match((await failure(session.unlink("nobody"))).message, /^config: no provider "nobody"; there are /);
  });

  test("are listed in milliseconds, and nothing of a list is used unless all of it is one", async () => {
    const world = new World();
    const { session } = await world.opened();
    world.answer = () => ok(message("devices"));
    const [one, two] = await session.sessions.list();
    assert.deepEqual(one, { id: "q83vEjRWeJC83u_NqxI0Vg", current: true, state: "active", loginAt: 1790000000123, activeAt: 1790000060000, device: "Firefox" });
    assert.deepEqual(two, { id: "AAAAAAAAAAAAAAAAAAAAAA", current: false, state: "reauth-required", loginAt: 1789000000000 });
    for (const bad of [{}, { sessions: {} }, { sessions: [null] }, { sessions: [{ ...message("devices").sessions[0], login_at: "x" }] }]) {
      world.answer = () => ok(bad);
      assert.equal((await failure(session.sessions.list())).code, "ERR_SESSION_NETWORK", JSON.stringify(bad));
    }
    assert.equal(await failure(session.sessions.list({ signal: AbortSignal.abort("no") })), "no");
  });
});

describe("a logout", () => {
  test("goes on at the authorization server where the Worker says so, after the app was told", async () => {
    const world = new World();
    world.endSession = true;
    const { session, went, events } = await world.opened();
    let before;
    session.addEventListener("loggedout", () => (before = [...went]));
    await session.logout({ returnTo: "/bye?x=1" });
    await settled();
    assert.deepEqual([before, went, events.at(-1)], [[], ["/auth/end-session"], "loggedout logout"]);
    assert.deepEqual(world.asked.at(-1), { path: "/auth/logout", body: { v: 1, return_to: "/bye?x=1" } });
  });

  test("stays where the Worker names no way, and is not confirmed by one that leads elsewhere", async () => {
    const world = new World();
    const { session, went } = await world.opened();
    for (const bad of ["https://evil.example/", "//evil.example", "/auth/../x", "javascript:1", 7]) {
      world.answer = () => ok({ ...message("logout_response"), end_session: bad });
      assert.equal((await failure(session.logout())).code, "ERR_SESSION_NETWORK", `${bad}`);
    }
    world.answer = undefined;
    await session.logout();
    await settled();
    assert.deepEqual(went, []);
    assert.equal((await failure(session.logout({ returnTo: "https://evil.example/" }))).code, "ERR_SESSION_CONFIG");
  });

  test("everywhere ends all others first, and nothing if they cannot be ended", async () => {
    const world = new World();
    const { session } = await world.opened();
    const said = (answer) => (path, _, method) => (method === "DELETE" ? answer : undefined);
    world.answer = said(nothing);
    assert.equal((await failure(session.logout({ everywhere: true }))).code, "ERR_SESSION_NETWORK");
    assert.deepEqual([session.state, world.count("/auth/logout")], ["active", 0]);
    world.answer = said({ status: 204, retryAfter: NaN });
    await session.logout({ everywhere: true });
    assert.deepEqual(world.asked.slice(-2).map(({ path }) => path), ["/auth/sessions", "/auth/logout"]);
    assert.equal(session.state, "logged-out");
    world.answer = said(problem(401, "logged_out"));
    await session.logout({ everywhere: true });
  });
});

describe("background work", () => {
  test("is ended and begun again; calls work meanwhile", async () => {
    const world = new World();
    const tab = await world.opened({});
    assert.equal(tab.socket.open, true);
    tab.session.stop();
    assert.deepEqual([tab.timer.at, tab.channel.open, tab.socket.open, tab.watched], [Infinity, false, false, false]);
    await world.pass(70_000);
    assert.equal(world.count("/auth/token"), 0);
    assert.equal((await tab.session.fetch("/api/orders")).status, 200);
    assert.deepEqual([world.count("/auth/token"), tab.timer.at, tab.socket.open], [1, Infinity, false]);
    tab.session.start();
    tab.session.start();
    await settled();
    assert.equal(world.asked.at(-1).body.reason, "resume", "it asks once where it stands");
    assert.equal(world.count("/auth/token"), 2);
    assert.deepEqual([tab.timer.at < Infinity, tab.channel.open, tab.socket.open, tab.watched], [true, true, true, true]);
  });

  test("knows of an app that says its user is there", async () => {
    const world = new World();
    const tab = await world.opened({ events: false, idle: { lapse: 20_000 } });
    await world.pass(25_000);
    assert.equal(tab.session.presence, "idle");
    tab.session.activity();
    await settled();
    assert.equal(tab.session.presence, "present");
  });
});

describe("a session that is closed", () => {
  test("rejects every call, begins nothing, and is waited for until its requests are given up", async () => {
    const world = mediatingWorld();
    const tab = await world.opened();
    const { session } = tab;
    world.held = world.deaf = true;
    const waiting = ["getAccessToken", "refresh"].map((name) => failure(session[name]("bills")));
    await settled();
    let over = false;
    const closing = session[Symbol.asyncDispose]().then(() => (over = true));
    assert.deepEqual((await Promise.all(waiting)).map(({ code }) => code), ["ERR_SESSION_DISPOSED", "ERR_SESSION_DISPOSED"]);
    await settled();
    assert.equal(over, false);
    for (const { say } of world.open) say();
    await closing;
    const calls = [session.getAccessToken("bills"), session.link("demo"), session.unlink("demo"), session.loginPopup(), session.sessions.list(), session.sessions.end("x"), session.sessions.endOthers(), session.logout({ everywhere: true }), session.fetch(`${BILLS}/v1`)];
    for (const call of calls) assert.equal((await failure(call)).code, "ERR_SESSION_DISPOSED");
    assert.throws(() => session.start(), { code: "ERR_SESSION_DISPOSED" });
    session.stop();
    session.activity();
    assert.deepEqual([tab.timer.at, tab.channel.open, tab.went], [Infinity, false, []]);
  });
});
