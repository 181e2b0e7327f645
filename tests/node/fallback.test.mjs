// Calls with a `fallback`: who is asked, who answers, and how the address itself comes back.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { VAULT, brokerWorld, reauthRequired } from "./desk.mjs";
import { inside } from "./inside.mjs";
import { APP, failure, nothing, settled } from "./world.mjs";

const { sourceOf } = inside.fallbackIndex;
const { reauth } = inside.reauthIndex;
const calm = async () => {
  for (let turns = 0; turns < 4; turns += 1) await settled();
};

/** A world whose quotes can be had or not; `primary` says how they are answered. */
async function market(primary = () => new Response("live")) {
  const world = brokerWorld();
  Object.assign(world, { primary, asked_: [] });
  const broker = world.serve;
  world.serve = async (request, count) => {
    if (request.url.includes("/api/quotes")) return world.primary === "broker" ? broker(request, count) : world.primary(request);
    if (request.url.endsWith("/gone")) return new Response("", { status: 503 });
    return new Response(`delayed from ${request.url}`);
  };
  const tab = await world.opened({ events: false });
  const changes = [];
  tab.session.addEventListener("sourcechange", ({ detail }) => changes.push(detail));
  const quotes = () => world.calls.filter(({ url }) => url.includes("/api/quotes")).length;
  return { world, tab, session: tab.session, changes, quotes };
}
const down = () => new Response("", { status: 503 });
const fallback = ["/delayed.json"];
const textOf = async (promise) => {
  const response = await promise;
  return [await response.text(), sourceOf(response)];
};

describe("a call with a fallback", () => {
  test("is answered by the address itself while that can", async () => {
    const { session, changes } = await market();
    assert.deepEqual(await textOf(session.fetch("/api/quotes/1", { fallback })), ["live", { name: "primary" }]);
    assert.deepEqual(changes, []);
    assert.deepEqual(sourceOf(new Response()), { name: "primary" });
  });

  for (const [words, primary, reason] of [
    ["it cannot", down, "unavailable"],
    ["it asks to be left alone", () => new Response("", { status: 429 }), "throttled"],
    ["there is no answer", () => { throw new TypeError("failed"); }, "network"],
    ["only a person can go on", "broker", "reauth"],
  ]) {
    test(`is answered by another source where ${words}, and says which, since when and why`, async () => {
      const { world, session, changes } = await market(primary);
      const [text, source] = await textOf(session.fetch("/api/quotes/1", { fallback: ["/gone", ...fallback] }));
      assert.equal(text, `delayed from ${APP}/delayed.json`);
      assert.deepEqual(source, { name: "fallback", index: 1, since: world.wall, reason });
      assert.deepEqual(changes, [{ upstream: "quotes", source: "fallback", since: world.wall, reason }]);
      assert.equal(world.count("/service/breeze/fallback"), 1);
      for (let more = 0; more < 5; more += 1) await session.fetch("/api/quotes/1", { fallback });
      assert.deepEqual([changes.length, world.count("/service/breeze/fallback")], [1, 1], "told once while it lasts");
    });
  }

  test("is answered by another source where it takes too long, and what is late is given up", async () => {
    let signal;
    const { world, session } = await market((request) => {
      ({ signal } = request);
      return new Promise((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)));
    });
    const call = textOf(session.fetch("/api/quotes/1", { fallback, fallbackAfter: 2_000 }));
    await world.pass(1_999);
    assert.equal(signal.aborted, false);
    await world.pass(1);
    const [, { reason }] = await call;
    assert.deepEqual([reason, signal.aborted], ["timeout", true]);
  });

  test("may be a function, which is told what is asked for and why", async () => {
    const { session } = await market(down);
    const told = [];
    const own = (request, why) => {
      told.push([request.url, request.signal.aborted, why.reason]);
      return new Response("own");
    };
    const refusing = () => Promise.reject(new Error("no"));
    assert.equal((await textOf(session.fetch("/api/quotes/1?a=b", { fallback: [refusing, own] })))[0], "own");
    assert.deepEqual(told, [[`${APP}/api/quotes/1?a=b`, false, "unavailable"]]);
  });

  test("comes to what the address itself came to where nobody has anything", async () => {
    const { session, changes, world } = await market(() => new Response("sorry", { status: 503 }));
    const answer = await session.fetch("/api/quotes/1", { fallback: ["/gone"] });
    assert.deepEqual([answer.status, await answer.text(), changes], [503, "sorry", []]);
    world.primary = "broker";
    const { session: fresh } = await world.opened({ events: false });
    assert.equal((await failure(fresh.fetch("/api/quotes/1", { fallback: ["/gone"] }))).code, "ERR_SESSION_REAUTH");
  });

  test("comes to its own answer also where the address is tried again meanwhile", async () => {
    const { world, session, quotes } = await market(() => new Response("sorry", { status: 503 }));
    let end;
    const call = session.fetch("/api/quotes/1", { fallback: [() => new Promise((_, reject) => (end = reject))] });
    await calm();
    world.primary = () => new Response("live");
    await world.pass(10_000);
    assert.equal(quotes(), 2);
    end(new Error("nothing"));
    const answer = await call;
    assert.deepEqual([answer.status, await answer.text()], [503, "sorry"]);
  });

  test("is for reading, and takes a list", async () => {
    const { session, world } = await market();
    for (const init of [{ fallback, method: "POST" }, { fallback: "/delayed.json" }, { fallback, fallbackAfter: -1 }]) {
      assert.equal((await failure(session.fetch("/api/quotes/1", init))).code, "ERR_SESSION_CONFIG");
    }
    assert.equal(world.calls.length, 0);
  });

  describe("that reads by POST, as brokers have it whose reads have a body,", () => {
    const meant = { method: "POST", headers: { "X-HTTP-Method-Override": "GET", "content-type": "application/json" } };

    for (const [words, ask] of [
      ["a text", (session, init) => session.fetch("/api/quotes/1", { ...meant, ...init, body: '{"a":1}' })],
      ["made anew each time", (session, init) => session.fetch("/api/quotes/1", { ...meant, ...init, method: "post", body: () => '{"a":1}' })],
      ["a request's", (session, init) => session.fetch(new Request(`${APP}/api/quotes/1`, { ...meant, body: '{"a":1}' }), init)],
      ["changed after the call", (session, init) => {
        const body = new TextEncoder().encode('{"a":1}');
        const answer = session.fetch("/api/quotes/1", { ...meant, ...init, body });
        body.fill(0);
        return answer;
      }],
    ]) {
      test(`has a fallback, and goes out again with the same body: ${words}`, async () => {
        const { world, session, changes } = await market(down);
        for (let times = 0; times < 2; times += 1) assert.equal((await textOf(ask(session, { fallback })))[1].name, "fallback");
        assert.equal(world.count("/service/breeze/fallback"), 1);
        await world.pass(120_000);
        assert.ok(world.calls.filter(({ url }) => url.includes("/api/quotes")).length > 3);
        world.primary = () => new Response("live");
        await world.pass(30_000);
        assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"], "it was tried by itself");
        const sent = world.calls.filter(({ url }) => url.includes("/api/quotes"));
        for (const { method, body, headers } of sent) {
          assert.deepEqual([method, body, headers.get("x-http-method-override"), headers.get("content-type")], ["POST", '{"a":1}', "GET", "application/json"]);
        }
        assert.ok(world.calls.every(({ url, method }) => url.includes("/api/quotes") || method === "GET"), "other sources are asked with GET");
      });
    }

    test("has none where the Worker takes it for what it is: another upstream, other letters, a stream, another method", async () => {
      const { world, session } = await market(down);
      const say = (header) => ({ ...meant, headers: { "x-http-method-override": header } });
      for (const [path, init] of [
        ["/api/orders/1", meant],
        ["https://elsewhere.example/1", { ...meant, passthrough: true }],
        ["/api/quotes/1", say("get")],
        ["/api/quotes/1", say("DELETE")],
        ["/api/quotes/1", say("GET, GET")],
        ["/api/quotes/1", { ...meant, method: "PUT" }],
        ["/api/quotes/1", { ...meant, body: new Response("{}").body, duplex: "half" }],
      ]) {
        assert.equal((await failure(session.fetch(path, { ...init, fallback }))).code, "ERR_SESSION_CONFIG");
      }
      assert.equal(world.calls.length, 0);
    });

    test("has one also before anybody knows whose account it is, and is not sent where that turns out to be nobody's", async () => {
      const { world } = await market(() => new Response("live"));
      const answer = world.answer;
      world.answer = () => nothing;
      const tab = await world.opened({ events: false });
      const init = { ...meant, body: "{}", fallback };
      const early = textOf(tab.session.fetch("/api/quotes/1", init));
      const elsewhere = ["https://rates.example/usd", { ...init, passthrough: true }];
      assert.equal((await failure(tab.session.fetch(...elsewhere))).code, "ERR_SESSION_CONFIG");
      await world.pass(10_000);
      assert.equal((await early)[1].name, "fallback");
      world.answer = answer;
      await world.pass(60_000);
      assert.equal(tab.session.state, "active");
      assert.deepEqual(await textOf(tab.session.fetch("/api/quotes/1", init)), ["live", { name: "primary" }]);

      world.held = true;
      const other = await world.opened({ events: false });
      const sent = world.calls.length;
      const call = failure(other.session.fetch("/api/orders/1", init));
      await calm();
      world.held = false;
      for (const question of world.open.splice(0)) question.say();
      assert.equal((await call).code, "ERR_SESSION_CONFIG");
      await world.pass(60_000);
      assert.equal(world.calls.length, sent);
    });
  });

  test("is tried again no more often where it ends for a reason of another kind", { timeout: 20_000 }, async () => {
    const { world, session, quotes } = await market(down);
    let made = 0;
    const body = () => {
      made += 1;
      if (made > 1) throw Object.assign(new Error("nothing more to ask"), { code: "OWN" });
      return "{}";
    };
    await session.fetch("/api/quotes/1", { fallback, method: "POST", body, headers: { "x-http-method-override": "GET" } });
    await world.pass(600_000);
    assert.equal(quotes(), 1);
    assert.ok(made > 10 && made < 25, `${made} times in ten minutes`);
  });

  test("is nobody else's: who logs in while it is on its way makes calls of their own", async () => {
    const { world, tab, session, quotes } = await market();
    const call = failure(session.fetch("/api/quotes/1", { fallback }));
    world.switch();
    tab.life.restored();
    await calm();
    assert.equal((await call).code, "ERR_SESSION_LOGGED_OUT");
    assert.equal(quotes(), 0);
  });

  test("keeps its signal, and what is no failure of the source is none", async () => {
    const { session, quotes } = await market(() => new Promise(() => {}));
    const own = new AbortController();
    const call = failure(session.fetch("/api/quotes/1", { fallback, signal: own.signal }));
    await calm();
    own.abort("left");
    assert.equal(await call, "left");
    assert.equal(quotes(), 1);
    const { session: other, changes } = await market(() => new Response("", { status: 404 }));
    assert.equal((await other.fetch("/api/quotes/1", { fallback })).status, 404);
    assert.deepEqual(changes, []);
    await other.logout();
    assert.equal((await failure(other.fetch("/api/quotes/1", { fallback }))).code, "ERR_SESSION_LOGGED_OUT");
  });

  test("of an address that belongs to no upstream is for that origin", async () => {
    const { session, changes, world } = await market();
    const real = world.serve;
    world.serve = (request, count) => (request.url === "https://rates.example/usd" ? down() : real(request, count));
    const [, { name }] = await textOf(session.fetch("https://rates.example/usd", { passthrough: true, fallback: ["/usd.json"] }));
    assert.deepEqual([name, changes[0].upstream], ["fallback", "https://rates.example"]);
  });
});

describe("the address itself", () => {
  test("is tried again by itself with backoff, once for all calls, and its return is told", async () => {
    const { world, session, changes, quotes } = await market(down);
    await session.fetch("/api/quotes/1", { fallback });
    const begun = quotes();
    await Promise.all(Array.from({ length: 10 }, () => session.fetch("/api/quotes/1", { fallback })));
    assert.equal(quotes(), begun, "before that nobody asks it");
    await world.pass(60_000);
    const tries = quotes() - begun;
    assert.ok(tries >= 3 && tries <= 120, `${tries} in a minute`);
    world.primary = () => new Response("live");
    await world.pass(30_000);
    assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"], "though nobody called");
    const sent = quotes();
    await world.pass(600_000);
    assert.equal(quotes(), sent, "and then it is left alone");
    assert.deepEqual((await textOf(session.fetch("/api/quotes/1", { fallback })))[1], { name: "primary" });
  });

  test("is left alone as long as it asked, and while nobody looks", async () => {
    const { world, tab, session, quotes } = await market(() => new Response("", { status: 429, headers: { "retry-after": "120" } }));
    await session.fetch("/api/quotes/1", { fallback });
    const begun = quotes();
    await world.pass(119_000);
    assert.equal(quotes(), begun);
    tab.hide();
    await world.pass(3_600_000);
    assert.equal(quotes(), begun);
    tab.show();
    await world.pass(30_000);
    assert.ok(quotes() > begun);
    tab.hide();
    await world.pass(3_600_000);
    tab.show();
    const hour = quotes();
    await session.fetch("/api/quotes/1", { fallback });
    assert.equal(quotes(), hour + 1, "a call does not wait for the next look");
  });

  test("is left alone until a moment that it says, by its own clock", async () => {
    const { world, session, quotes } = await market(() => {
      const date = (ms) => new Date(world.wall - 3_600_000 + ms).toUTCString();
      return new Response("", { status: 503, headers: { date: date(0), "retry-after": date(120_000) } });
    });
    await session.fetch("/api/quotes/1", { fallback });
    const begun = quotes();
    await world.pass(118_000);
    assert.equal(quotes(), begun);
    await world.pass(30_000);
    assert.ok(quotes() > begun);
  });

  test("that needs a person has one called once, without waiting, and is tried at once when they are done", async (context) => {
    const { world, session, changes } = await market("broker");
    const people = reauth(session);
    context.after(() => people.close());
    const [, { reason }] = await textOf(session.fetch("/api/quotes/1", { fallback }));
    await calm();
    assert.deepEqual([reason, people.asked.length, people.asked[0].waiting], ["reauth", 1, 0]);
    await people.submit(VAULT, "right");
    await world.pass(10);
    assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"]);
  });

  test("is tried soon where a try was under way when a person was done, and never twice at a time", async (context) => {
    const { world, session, changes, quotes } = await market("broker");
    const people = reauth(session);
    context.after(() => people.close());
    await session.fetch("/api/quotes/1", { fallback });
    await calm();
    await world.pass(60_000);
    const late = [];
    world.primary = () => new Promise((resolve) => late.push(resolve));
    const begun = quotes();
    for (let waited = 0; quotes() === begun && waited < 30; waited += 1) await world.pass(1_000);
    await people.submit(VAULT, "right");
    await world.pass(1_000);
    assert.equal(late.length, 1, "it is waited for");
    world.primary = "broker";
    late[0](reauthRequired());
    await calm();
    await world.pass(1_000);
    assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"]);
    assert.deepEqual([(await textOf(session.fetch("/api/quotes/1", { fallback })))[1], world.count("/service/breeze/fallback")], [{ name: "primary" }, 1]);
  });

  for (const [words, url, init] of [
    ["a call", "/api/quotes/1", {}],
    ["a read that is a POST", "/api/quotes/1", { method: "POST", body: "{}", headers: { "x-http-method-override": "GET" } }],
    ["a call of another origin", "https://rates.example/api/quotes/usd", { passthrough: true }],
  ]) {
    test(`is probed by a request of its own, whatever the name of ${words} was`, async () => {
      const { world, session } = await market(down);
      const headers = { ...init.headers, "x-request-id": "one", "x-other": "two" };
      await session.fetch(url, { ...init, headers, fallback });
      await world.pass(60_000);
      const asked = world.calls.filter((each) => each.url.includes("/api/quotes"));
      const [[name, other], ...probes] = asked.map((each) => [each.headers.get("x-request-id"), each.headers.get("x-other")]);
      assert.deepEqual([name, other], ["one", "two"]);
      assert.ok(probes.length > 2, `${probes.length}`);
      for (const probe of probes) assert.deepEqual(probe, [null, "two"]);
      const sent = asked.length;
      world.primary = () => new Response("live");
      await world.pass(60_000);
      await session.fetch(url, { ...init, headers, fallback });
      const after = world.calls.filter((each) => each.url.includes("/api/quotes")).slice(sent);
      assert.deepEqual(after.map((each) => each.headers.get("x-request-id")), [null, "one"]);
    });
  }

  test("is known by all calls that begin together", async (context) => {
    const { world, session, changes, quotes } = await market("broker");
    const people = reauth(session);
    context.after(() => people.close());
    await Promise.all(["1", "2", "3"].map((id) => session.fetch(`/api/quotes/${id}`, { fallback })));
    await calm();
    assert.equal(world.count("/service/breeze/fallback"), 1);
    const begun = quotes();
    await people.submit(VAULT, "right");
    await world.pass(10);
    assert.deepEqual([changes.map(({ source }) => source), quotes() - begun], [["fallback", "primary"], 1]);
  });

  test("that is a backend of the app's own calls nobody twice either, and does not wait", async (context) => {
    const { world, session, changes } = await market("broker");
    const people = reauth(session);
    context.after(() => people.close());
    const broker = world.serve;
    world.serve = (request, count) => (request.url === `${APP}/rows` ? (world.valid ? new Response("rows") : reauthRequired()) : broker(request, count));
    let told = 0;
    session.addEventListener("reauth", () => (told += 1));
    const rows = () => textOf(session.fetch(`${APP}/rows`, { passthrough: true, fallback: ["/delayed.json"] }));
    const [text, { reason }] = await rows();
    await calm();
    assert.deepEqual([text, reason, people.asked[0].waiting, told], [`delayed from ${APP}/delayed.json`, "reauth", 0, 1]);
    people.cancel(VAULT);
    await world.pass(60_000);
    assert.deepEqual([told, people.asked], [1, []]);
    world.valid = true;
    await world.pass(30_000);
    assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"]);
    assert.deepEqual(await rows(), ["rows", { name: "primary" }]);
  });

  test("leaves alone who said no, and is tried at once when another call had them asked again", async (context) => {
    const { world, session, changes } = await market("broker");
    const people = reauth(session);
    context.after(() => people.close());
    await session.fetch("/api/quotes/1", { fallback });
    await calm();
    people.cancel(VAULT);
    await world.pass(60_000);
    assert.deepEqual(people.asked, [], "who said no is left alone");
    const waits = session.fetch("/api/quotes/2");
    await calm();
    await people.submit(VAULT, "right");
    await waits;
    await world.pass(10);
    assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"]);
  });

  test("is forgotten with the login", async () => {
    const { world, session, changes, quotes } = await market(down);
    await session.fetch("/api/quotes/1", { fallback });
    await session.logout();
    assert.deepEqual(changes.map(({ source }) => source), ["fallback", "primary"]);
    const begun = quotes();
    await world.pass(120_000);
    assert.equal(quotes(), begun);
  });
});
