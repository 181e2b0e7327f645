import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brokerWorld } from "./desk.mjs";
import { APP, World, denied, failure, nothing, settled } from "./world.mjs";

/** A world with a logged-in tab, and what its calls look like. */
async function loggedIn() {
  const world = new World();
  const tab = await world.opened();
  return { world, tab, session: tab.session };
}

describe("where a call goes", () => {
  const upstream = "https://orders.example.com/v1/orders";
  for (const [asked, sent] of [
    ["/api/orders", `${APP}/api/orders`],
    ["api/orders/7?full=1", `${APP}/api/orders/7?full=1`],
    [`${APP}/api/other`, `${APP}/api/other`],
    [new URL("/api/orders", APP), `${APP}/api/orders`],
    [upstream, `${APP}/api/orders`],
    [`${upstream}/7?full=1`, `${APP}/api/orders/7?full=1`],
    [new Request(`${upstream}/7`), `${APP}/api/orders/7`],
    [`${upstream}/a/../7`, `${APP}/api/orders/7`],
  ]) {
    test(`${asked.url ?? asked} is sent to ${sent}`, async () => {
      const { world, session } = await loggedIn();
      assert.equal((await session.fetch(asked)).status, 200);
      assert.equal(world.calls[0].url, sent);
      assert.equal(world.calls[0].headers.get("everlit-version"), "1");
    });
  }

  test("a relative address follows the page's base, also when that has become another", async () => {
    const world = new World();
    let base = `${APP}/`;
    const { session } = await world.opened({}, { page: { base: () => base, here: () => base, hidden: () => false, leave() {} } });
    for (const [next, asked] of [[`${APP}/`, "api/orders"], [`${APP}/deep/page`, "../api/orders"], [`${APP}/api/`, "orders"]]) {
      base = next;
      await session.fetch(asked);
      assert.equal(world.calls.at(-1).url, `${APP}/api/orders`, next);
    }
    base = "https://elsewhere.example/";
    assert.equal((await failure(session.fetch(`${APP}/api/orders`))).code, "ERR_SESSION_UPSTREAM");
  });

  for (const foreign of [
    "https://elsewhere.example/v1/orders",
    "https://elsewhere.example/api/orders",
    "https://orders.example.com/",
    "https://orders.example.com/v1/orders-of-others",
    "https://orders.example.com/v1/orders/../secrets",
    "http://orders.example.com/v1/orders",
    "https://orders.example.com:8443/v1/orders",
    "/auth/token",
    "/api/../auth/token",
    "/orders.json",
    "data:text/plain,hello",
  ]) {
    test(`${foreign} is not sent, unless as a plain fetch`, async () => {
      const { world, session } = await loggedIn();
      const error = await failure(session.fetch(`${foreign}?key=hidden`));
      assert.equal(error.code, "ERR_SESSION_UPSTREAM");
      assert.ok(!error.message.includes("hidden"), "a query may hold a secret");
      assert.deepEqual(world.calls, []);
      const plain = new URL(foreign, APP).href;
      await session.fetch(plain, { passthrough: true });
      assert.equal(world.calls[0].url, plain);
      assert.equal(world.calls[0].headers.get("everlit-version"), null);
    });
  }

  test("a Request with a body is not touched on its way to a plain fetch", async () => {
    const { world, session } = await loggedIn();
    await session.fetch(new Request("https://elsewhere.example/", { method: "POST", body: "whole" }), { passthrough: true });
    assert.deepEqual([world.calls[0].method, world.calls[0].body], ["POST", "whole"]);
  });

  test("the Worker is told for which login it is", async () => {
    const { world, session } = await loggedIn();
    await session.fetch("/api/orders", { headers: { "everlit-epoch": "7" } });
    await session.fetch(upstream, { method: "POST", body: "one" });
    assert.deepEqual(world.calls.map(({ headers }) => headers.get("everlit-epoch")), [`${world.epoch}`, `${world.epoch}`]);
    await session.fetch("https://elsewhere.example/", { passthrough: true });
    assert.equal(world.calls[2].headers.get("everlit-epoch"), null);
  });

  test("method, headers and body are kept", async () => {
    const { world, session } = await loggedIn();
    await session.fetch("/api/orders", { method: "POST", body: '{"item":"lamp"}', headers: { "content-type": "application/json", "x-own": "1" } });
    const [{ method, body, headers }] = world.calls;
    assert.deepEqual([method, body, headers.get("content-type"), headers.get("x-own")], ["POST", '{"item":"lamp"}', "application/json", "1"]);
  });

  test("a Request is taken as it is, with what overrides it", async () => {
    const { world, session } = await loggedIn();
    const request = new Request("https://orders.example.com/v1/orders", { method: "POST", body: "one" });
    await session.fetch(request, { headers: { "x-own": "2" } });
    assert.deepEqual([world.calls[0].method, world.calls[0].body, world.calls[0].headers.get("x-own")], ["POST", "one", "2"]);
  });
});

describe("a call", () => {
  test("waits while the tab does not know where it stands, and goes where its upstream turns out to be", async () => {
    const world = new World();
    world.held = true;
    const { session } = world.tab();
    const calls = [session.fetch("/api/orders"), session.fetch("https://orders.example.com/v1/orders/7")];
    const foreign = failure(session.fetch("https://elsewhere.example/"));
    await settled();
    assert.deepEqual(world.calls, []);
    world.open[0].say();
    assert.deepEqual(await Promise.all(calls.map(async (call) => (await call).status)), [200, 200]);
    assert.deepEqual(world.calls.map(({ url }) => url), [`${APP}/api/orders`, `${APP}/api/orders/7`]);
    assert.equal((await foreign).code, "ERR_SESSION_UPSTREAM");
  });

  test("waits after a wake", async () => {
    const { world, tab, session } = await loggedIn();
    world.held = true;
    await world.pass(3_600_000, { asleep: true });
    const call = session.fetch("/api/orders");
    await settled();
    assert.equal(session.state, "resuming");
    assert.deepEqual(world.calls, []);
    world.open[0].say();
    assert.equal((await call).status, 200);
    assert.equal(tab.session.token.generation, 9);
  });

  test("is refused in words when nobody is logged in, also if that is found out only now", async () => {
    const world = new World();
    world.state = "logged_out";
    const { session } = world.tab();
    assert.equal((await failure(session.fetch("/api/orders"))).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal((await failure(session.fetch("/api/orders"))).code, "ERR_SESSION_LOGGED_OUT");
    assert.deepEqual(world.calls, []);
  });

  for (const [state, code] of [["logged_out", "ERR_SESSION_LOGGED_OUT"], ["reauth_required", "ERR_SESSION_REAUTH"]]) {
    test(`to an upstream is refused for the session's sake when it is ${state}, and its body is still the caller's`, async () => {
      const world = new World();
      world.state = state;
      const { session } = await world.opened();
      const request = new Request("https://orders.example.com/v1/orders", { method: "POST", body: "one" });
      assert.equal((await failure(session.fetch(request))).code, code);
      assert.equal(request.bodyUsed, false);
    });
  }

  test("that is no request rejects with the platform's own word, and nothing is left of it", async () => {
    const world = new World();
    world.held = true;
    const { session } = world.tab();
    const unhandled = [];
    const hear = (error) => unhandled.push(error);
    process.on("unhandledRejection", hear);
    const failed = failure(session.fetch("https://orders.example.com/v1/orders", { method: "GET", body: "x" }));
    assert.equal((await failed).name, "TypeError");
    session.close();
    await settled();
    process.off("unhandledRejection", hear);
    assert.deepEqual(unhandled, []);
  });

  test("waits while a page that was opened without a token gets one silently, wherever it goes", async () => {
    const world = new World();
    Object.assign(world, { state: "reauth_required", silent: ["frame"] });
    const tab = await world.opened();
    const calls = ["/api/orders", "https://orders.example.com/v1/orders/7"].map((address) => tab.session.fetch(address));
    const foreign = failure(tab.session.fetch("https://elsewhere.example/"));
    await settled();
    assert.deepEqual(world.calls, []);
    world.state = "active";
    tab.relogged("Done");
    assert.deepEqual(await Promise.all(calls.map(async (call) => (await call).status)), [200, 200]);
    assert.deepEqual(world.calls.map(({ url }) => url), [`${APP}/api/orders`, `${APP}/api/orders/7`]);
    assert.equal((await foreign).code, "ERR_SESSION_UPSTREAM");
  });

  test("to an upstream is refused with the session's own error when that was in vain", async () => {
    const world = new World();
    Object.assign(world, { state: "reauth_required", silent: ["frame"] });
    const tab = await world.opened();
    const call = failure(tab.session.fetch("https://orders.example.com/v1/orders/7"));
    await settled();
    tab.relogged("Refused");
    assert.equal((await call).code, "ERR_SESSION_REAUTH");
  });

  test("to nowhere is refused at once, also while every other one waits", async () => {
    const { world, session } = await loggedIn();
    world.answer = nothing;
    await world.pass(120_000);
    assert.equal((await failure(session.fetch("https://elsewhere.example/"))).code, "ERR_SESSION_UPSTREAM");
  });

  test("whose network fails is an error that names its cause", async () => {
    const { world, session } = await loggedIn();
    const cause = new TypeError("failed");
    world.serve = () => Promise.reject(cause);
    const error = await failure(session.fetch("/api/orders"));
    assert.deepEqual([error.code, error.cause], ["ERR_SESSION_NETWORK", cause]);
    assert.equal(session.state, "active", "and says nothing about the session");
  });

  for (const [method, times] of [["GET", 2], ["HEAD", 2], ["PUT", 2], ["DELETE", 2], ["POST", 1], ["PATCH", 1]]) {
    test(`whose answer is lost is sent ${times === 2 ? "once more" : "no second time"} if it is a ${method}`, async () => {
      const { world, session } = await loggedIn();
      const body = /^P/.test(method) ? "a" : undefined;
      world.serve = () => Promise.reject(new TypeError("lost"));
      assert.equal((await failure(session.fetch("/api/orders", { method, body }))).code, "ERR_SESSION_NETWORK");
      assert.deepEqual(world.calls.map((call) => [call.method, call.body, call.headers.get("everlit-epoch")]), Array(times).fill([method, body ?? "", `${world.epoch}`]));
      world.serve = (_, count) => (count === times + 1 ? Promise.reject(new TypeError("lost")) : new Response("served"));
      if (times === 2) assert.equal((await session.fetch("/api/orders", { method, body })).status, 200);
    });
  }

  for (const [words, times, path, method, header, body = "{}"] of [
    ["of an account of the operator's", 2, "/api/quotes/nifty", "POST", "GET"],
    ["of such an account, and its body is made anew", 2, "/api/quotes/nifty", "POST", "GET", () => "{}"],
    ["of such an account, but its body is a stream", 1, "/api/quotes/nifty", "POST", "GET", "stream"],
    ["of an upstream to which the Worker does not say so", 1, "/api/orders", "POST", "GET"],
    ["in letters that the Worker does not take for it", 1, "/api/quotes/nifty", "POST", "get"],
    ["beside something else", 1, "/api/quotes/nifty", "POST", "GET, POST"],
    ["as another method", 1, "/api/quotes/nifty", "POST", "PUT"],
    ["where it is no POST", 1, "/api/quotes/nifty", "PATCH", "GET"],
  ]) {
    test(`whose answer is lost is sent ${times === 2 ? "once more" : "no second time"} if it means a GET ${words}`, async () => {
      const world = brokerWorld();
      const { session } = await world.opened();
      world.serve = () => Promise.reject(new TypeError("lost"));
      const stream = body === "stream" && { body: new Response("{}").body, duplex: "half" };
      const error = await failure(session.fetch(path, { method, body, headers: { "X-HTTP-Method-Override": header }, ...stream }));
      assert.deepEqual([error.code, /may have been done/.test(error.message)], ["ERR_SESSION_NETWORK", times === 1]);
      assert.deepEqual(world.calls.map((call) => [call.method, call.body, call.headers.get("x-http-method-override")]), Array(times).fill([method, "{}", header]));
    });
  }

  test("whose answer is lost while its caller gives it up is not sent again", async () => {
    const { world, session } = await loggedIn();
    const given = new AbortController();
    world.serve = () => {
      given.abort("enough");
      return Promise.reject(new TypeError("lost"));
    };
    assert.equal(await failure(session.fetch("/api/orders", { signal: given.signal })), "enough");
    assert.equal(world.calls.length, 1);
  });

  test("and whose body was a stream is not sent again when its answer is lost", async () => {
    const { world, session } = await loggedIn();
    world.serve = () => Promise.reject(new TypeError("lost"));
    const body = new Response("stream").body;
    assert.equal((await failure(session.fetch("/api/orders", { method: "PUT", body, duplex: "half" }))).code, "ERR_SESSION_NETWORK");
    assert.equal(world.calls.length, 1);
  });

  test("with arguments that fetch refuses is refused in the same way", async () => {
    const { session } = await loggedIn();
    assert.ok((await failure(session.fetch("/api/orders", { method: "GET", body: "x" }))) instanceof TypeError);
    assert.ok((await failure(session.fetch("http://"))) instanceof TypeError);
  });

  test("gets a resource server's own 401 as it is", async () => {
    const { world, session } = await loggedIn();
    world.serve = () => new Response("no", { status: 401 });
    const response = await session.fetch("/api/orders");
    assert.deepEqual([response.status, await response.text(), world.calls.length], [401, "no", 1]);
  });
});

describe("a call that was refused because its token had expired", () => {
  /** The first call is refused, every other one is served. */
  const onceExpired = (world) => (world.serve = (_, count) => (count === 1 ? denied("access_expired") : new Response("served")));

  test("is sent once more, under the next token", async () => {
    const { world, tab, session } = await loggedIn();
    onceExpired(world);
    const response = await session.fetch("/api/orders", { method: "POST", body: new URLSearchParams({ a: "1" }) });
    assert.equal(await response.text(), "served");
    assert.deepEqual(world.calls.map(({ method, body }) => [method, body]), [["POST", "a=1"], ["POST", "a=1"]]);
    assert.equal(world.asked[1].body.reason, "unauthorized");
    assert.deepEqual(tab.events.slice(1), ["active>refreshing unauthorized", "refreshing>active refreshed", "refresh 9"]);
  });

  test("has a copy of its body: what the caller does to its own meanwhile changes nothing", async () => {
    const { world, session } = await loggedIn();
    onceExpired(world);
    const bytes = new TextEncoder().encode("first");
    const call = session.fetch("/api/orders", { method: "POST", body: bytes });
    bytes.fill(0);
    await call;
    assert.deepEqual(world.calls.map(({ body }) => body), ["first", "first"]);
  });

  test("is sent once more from a Request too", async () => {
    const { world, session } = await loggedIn();
    onceExpired(world);
    await session.fetch(new Request("https://orders.example.com/v1/orders", { method: "PUT", body: "whole" }));
    assert.deepEqual(world.calls.map(({ body }) => body), ["whole", "whole"]);
  });

  test("is not sent a third time: the second refusal is delivered", async () => {
    const { world, session } = await loggedIn();
    world.serve = () => denied("access_expired");
    const response = await session.fetch("/api/orders");
    assert.equal(response.status, 401);
    assert.equal(await response.text(), "{}", "and can still be read");
    assert.equal(world.calls.length, 2);
    assert.equal(session.state, "active");
  });

  test("shares the new token with every call that was refused with it", async () => {
    const { world, session } = await loggedIn();
    world.serve = (_, count) => (count <= 3 ? denied("access_expired") : new Response("served"));
    const responses = await Promise.all([1, 2, 3].map(() => session.fetch("/api/orders")));
    assert.deepEqual(responses.map(({ status }) => status), [200, 200, 200]);
    assert.equal(world.count("/auth/token"), 1);
    assert.equal(world.calls.length, 6);
  });

  test("and whose body was a stream gets the refusal, when there is a new token", async () => {
    const { world, session } = await loggedIn();
    world.serve = () => denied("access_expired");
    const body = new Blob(["streamed"]).stream();
    const response = await session.fetch("/api/orders", { method: "POST", body, duplex: "half" });
    assert.equal(response.status, 401);
    assert.deepEqual(world.calls.map(({ body }) => body), ["streamed"]);
    assert.equal(session.token.generation, 9);
  });

  test("and whose body is made anew each time is sent once more, also as a stream", async () => {
    const { world, session } = await loggedIn();
    onceExpired(world);
    let made = 0;
    const body = () => new Response(`body ${(made += 1)}`).body;
    const response = await session.fetch("/api/orders", { method: "POST", body, duplex: "half", headers: { "content-type": "text/plain" } });
    assert.equal(await response.text(), "served");
    assert.deepEqual(world.calls.map((call) => call.body), ["body 1", "body 2"]);
    assert.equal(world.calls[1].headers.get("content-type"), "text/plain");
    await session.fetch("https://elsewhere.example/", { method: "POST", body: () => "plain", passthrough: true });
    assert.equal(world.calls[2].body, "plain");
  });

  test("waits as long as no new token can be had, and is sent when there is one", async () => {
    const { world, session } = await loggedIn();
    onceExpired(world);
    world.answer = nothing;
    const call = session.fetch("/api/orders");
    await world.pass(59_000);
    world.answer = undefined;
    await world.pass(60_000);
    assert.equal((await call).status, 200);
  });
});

describe("a call that finds the session gone", () => {
  for (const [code, error, state] of [
    ["logged_out", "ERR_SESSION_LOGGED_OUT", "logged-out"],
    ["session_ended", "ERR_SESSION_ENDED", "ended"],
    ["reauth_required", "ERR_SESSION_REAUTH", "reauth-required"],
  ]) {
    test(`${code} rejects with ${error}, and the session knows`, async () => {
      const { world, session } = await loggedIn();
      world.serve = () => denied(code);
      // How a session that waits for its user can go on, and whether there is another login, is asked of the Worker.
      if (code !== "session_ended") world.state = code;
      const failed = await failure(session.fetch("/api/orders"));
      assert.equal(failed.code, error);
      const toDo = { vault: "login", provider: session.providers[0].name, how: ["popup", "redirect"], who: "you", loginUrl: "/auth/login" };
      assert.deepEqual(failed.reauth, code === "reauth_required" ? toDo : undefined);
      assert.equal("reauth" in failed, code === "reauth_required");
      assert.equal(session.state, state);
      assert.equal(world.calls.length, 1);
    });
  }
});

describe("a call of one user", () => {
  test("that was refused is not sent as another one", async () => {
    const { world, tab, session } = await loggedIn();
    world.serve = (_, count) => {
      if (count > 1) return new Response("done as Grace");
      world.switch();
      tab.channel.heard([0, world.epoch, 1, world.expiresAt, world.lifetime]);
      return denied("logged_out");
    };
    assert.equal((await failure(session.fetch("/api/orders", { method: "POST", body: "one" }))).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal(session.user.name, "Grace");
    assert.equal(world.calls.length, 1);
  });

  test("that was refused is not sent as another one, though no other tab tells of it", async () => {
    const { world, session } = await loggedIn();
    world.serve = () => {
      world.switch();
      return denied("logged_out");
    };
    assert.equal((await failure(session.fetch("/api/orders", { method: "POST", body: "one" }))).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal(session.user.name, "Grace");
    assert.equal(world.calls.length, 1);
  });

  test("that waits is not sent as another one", async () => {
    const { world, session } = await loggedIn();
    await world.pass(3_600_000, { asleep: true });
    world.switch();
    assert.equal((await failure(session.fetch("/api/orders", { method: "POST", body: "one" }))).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal(session.user.name, "Grace");
    assert.deepEqual(world.calls, []);
    assert.equal((await session.fetch("/api/orders")).status, 200, "and the next one is hers");
  });
});

describe("a call that is no longer wanted", () => {
  test("ends while it waits, with the reason given, and is never sent", async () => {
    const world = new World();
    world.held = true;
    const { session } = world.tab();
    const controller = new AbortController();
    const call = failure(session.fetch("/api/orders", { signal: controller.signal }));
    const reason = new Error("gone");
    controller.abort(reason);
    assert.equal(await call, reason);
    world.open[0].say();
    await settled();
    assert.deepEqual(world.calls, []);
  });

  test("ends before it began", async () => {
    const { world, session } = await loggedIn();
    const error = await failure(session.fetch("/api/orders", { signal: AbortSignal.abort() }));
    assert.equal(error.name, "AbortError");
    assert.deepEqual(world.calls, []);
  });

  test("ends on its way", async () => {
    const { world, session } = await loggedIn();
    const controller = new AbortController();
    world.serve = (request) => new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
    const call = failure(session.fetch("/api/orders", { signal: controller.signal }));
    await settled();
    const reason = new Error("gone");
    controller.abort(reason);
    assert.equal(await call, reason);
  });

  test("ends while it waits for its second time", async () => {
    const { world, session } = await loggedIn();
    world.serve = () => denied("access_expired");
    world.held = true;
    const controller = new AbortController();
    const call = failure(session.fetch(new Request(`${APP}/api/orders`, { signal: controller.signal })));
    await settled();
    assert.equal(session.state, "refreshing");
    controller.abort();
    assert.equal((await call).name, "AbortError");
    world.open[0].say();
    await settled();
    assert.equal(world.calls.length, 1);
  });

  test("ends also by the signal of a request that is given in the place of options, whose members it has", async () => {
    const { world, session } = await loggedIn();
    const controller = new AbortController();
    const options = new Request(`${APP}/elsewhere`, { headers: { "x-own": "1" }, cache: "no-store", redirect: "error", signal: controller.signal });
    await session.fetch("/api/orders", options);
    const [{ headers, cache, redirect }] = world.calls;
    assert.deepEqual([headers.get("x-own"), cache, redirect], ["1", "no-store", "error"]);
    world.serve = () => denied("access_expired");
    world.held = true;
    const call = failure(session.fetch("/api/orders", options));
    await settled();
    assert.equal(session.state, "refreshing");
    controller.abort();
    assert.equal((await call).name, "AbortError");
  });
});

describe("a call that is made before its chunk is there", () => {
  test("has the body that it had then, and its type", async () => {
    const world = new World();
    const { session } = world.tab();
    const form = new FormData();
    form.set("amount", "1");
    const bytes = new Uint8Array([49]);
    const headers = { "content-type": "application/x-own" };
    const sent = [
      session.fetch("/api/orders", { method: "POST", body: form }),
      session.fetch("/api/orders", { method: "POST", body: bytes, headers }),
      session.fetch("/api/orders", { method: "POST", body: "1" }),
    ];
    form.set("amount", "2");
    bytes[0] = 50;
    await settled();
    for (const { status } of await Promise.all(sent)) assert.equal(status, 200);
    const of = (type) => world.calls.find(({ headers }) => headers.get("content-type").startsWith(type));
    const [first, second, third] = ["multipart/form-data", "application/x-own", "text/plain"].map(of);
    assert.match(first.body, /name="amount"\r\n\r\n1\r\n/);
    assert.ok(first.body.includes(first.headers.get("content-type").split("boundary=")[1]), "its parts are where the type says");
    assert.deepEqual([second.body, second.headers.get("content-type")], ["1", "application/x-own"]);
    assert.deepEqual([third.body, third.headers.get("content-type")], ["1", "text/plain;charset=UTF-8"]);
  });
});
