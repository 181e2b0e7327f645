// Calls that need a person: what waits, what goes on, what is rejected. The session, its machine and `everlit/reauth` are the real ones.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { QUOTES, VAULT, brokerWorld, channels, reauthRequired } from "./desk.mjs";
import { inside, message } from "./inside.mjs";
import { APP, World, failure, nothing, ok, problem, settled } from "./world.mjs";

const { reauth } = inside.reauthIndex;
const { CHANNEL } = inside.reauthChannel;
const before = new Map();
let browser;

function replace(name, value) {
  if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
beforeEach(() => {
  browser = channels();
  replace("BroadcastChannel", browser.Channel);
});
afterEach(() => {
  for (const [name, descriptor] of before) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  before.clear();
});
const calm = async () => {
  for (let turns = 0; turns < 4; turns += 1) await settled();
};

/** A popup, as far as it is looked at. */
function popups({ blocked = false } = {}) {
  const opened = [];
  replace("open", () => {
    if (blocked) return null;
    const popup = { closed: false, name: "", opener: globalThis, focused: 0, went: undefined, location: { replace: (to) => (popup.went = to) }, focus: () => (popup.focused += 1), close: () => (popup.closed = true) };
    opened.push(popup);
    return popup;
  });
  return opened;
}

/** Those that listen to a signal from now on. */
function listensOn(signal) {
  const listens = new Set();
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (type, listener, options) => {
    listens.add(listener);
    addEventListener.call(signal, type, listener, options);
    options?.signal?.addEventListener("abort", () => listens.delete(listener));
  };
  signal.removeEventListener = (type, listener) => {
    listens.delete(listener);
    removeEventListener.call(signal, type, listener);
  };
  return listens;
}

/** A tab with a dialog, and what it shows. */
async function desk(world = brokerWorld(), seams) {
  const tab = await world.opened({ events: false }, seams);
  const people = reauth(tab.session);
  let changes = 0;
  people.addEventListener("change", () => (changes += 1));
  return { world, tab, session: tab.session, people, changes: () => changes, one: () => people.asked.find(({ vault }) => vault === VAULT) };
}

describe("a call that needs a person", () => {
  test("rejects where nobody answers for it, with what the Worker said", async () => {
    const { session } = await brokerWorld().opened();
    const told = [];
    session.addEventListener("reauth", ({ detail }) => told.push(detail));
    const error = await failure(session.fetch("/api/quotes/NIFTY"));
    assert.deepEqual([error.name, error.code, error.message], ["SessionError", "ERR_SESSION_REAUTH", "reauth: The day at ICICI Breeze is over. Log in again."]);
    assert.deepEqual(error.reauth, { vault: VAULT, provider: "breeze", providerTitle: "ICICI Breeze", how: ["popup", "paste"], loginUrl: "/service/breeze/login", who: "you", since: 1_790_000_000_000, detail: "The day at ICICI Breeze is over. Log in again.", serverTime: 1_790_000_000_000 });
    assert.deepEqual([told.length, told[0].vault, told[0].provider, told[0].problem], [1, VAULT, "breeze", error.reauth]);
  });

  test("waits for what waitUntil is given, all of it, and is sent again, once, as it was", async () => {
    const world = brokerWorld();
    const { session } = await world.opened();
    const [one, two] = [Promise.withResolvers?.() ?? later(), Promise.withResolvers?.() ?? later()];
    session.addEventListener("reauth", (event) => {
      event.waitUntil(one.promise);
      event.waitUntil(two.promise);
    });
    const call = session.fetch("/api/quotes/orders", { method: "POST", body: "buy", headers: { "x-own": "1" } });
    await calm();
    world.valid = true;
    one.resolve();
    await calm();
    assert.deepEqual([world.calls.length, world.effects], [1, []]);
    two.resolve();
    assert.equal((await call).status, 200);
    assert.deepEqual([world.calls.length, world.effects], [2, ["POST /api/quotes/orders buy"]]);
    assert.equal(world.calls[1].headers.get("x-own"), "1");
  });

  test("rejects with a code of its own where the wait is refused, and nothing is sent", async () => {
    const world = brokerWorld();
    const { session } = await world.opened();
    session.addEventListener("reauth", (event) => event.waitUntil(Promise.reject("enough")));
    const error = await failure(session.fetch("/api/quotes/NIFTY"));
    assert.deepEqual([error.code, error.cause, world.calls.length], ["ERR_SESSION_CANCELLED", "enough", 1]);
  });

  test("that is refused once more rejects: nobody is asked twice for one call", async () => {
    const { session } = await brokerWorld().opened();
    let told = 0;
    session.addEventListener("reauth", (event) => {
      told += 1;
      event.waitUntil(Promise.resolve());
    });
    assert.equal((await failure(session.fetch("/api/quotes/NIFTY"))).code, "ERR_SESSION_REAUTH");
    assert.equal(told, 1);
  });

  test("that lacks one token and then another asks for each, also where one name is a part of the other's", async () => {
    const world = brokerWorld();
    world.serve = (_, count) => (count === 1 ? reauthRequired({ vault: `${VAULT}-2` }) : count === 2 ? reauthRequired() : ok({}));
    const { session } = await world.opened();
    const told = [];
    session.addEventListener("reauth", (event) => {
      told.push(event.detail.vault);
      event.waitUntil(Promise.resolve());
    });
    assert.equal((await session.fetch("/api/quotes/NIFTY")).status, 200);
    assert.deepEqual(told, [`${VAULT}-2`, VAULT]);
  });

  test("that comes to another end the second time ends so, whatever is known of the account by then", async () => {
    const world = new World();
    world.answer = (path) => (path === "/auth/session" ? ok({ ...message("session_active"), epoch: world.epoch, server_time: world.wall / 1000, user: world.user, providers: [{ name: "op", state: "ready", own: true }, { name: "kite", state: "needs_human" }], upstreams: [{ ...QUOTES, vault: "linked:kite" }] }) : undefined);
    const left = new AbortController();
    world.serve = ({ signal }, count) =>
      count === 1 ? reauthRequired({ vault: "linked:kite", provider: "kite" }) : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const { session } = await world.opened({ events: false });
    session.addEventListener("reauth", (event) => event.waitUntil(Promise.resolve()));
    const call = failure(session.fetch("/api/quotes/1", { signal: left.signal }));
    await calm();
    assert.equal(world.calls.length, 2);
    left.abort("left");
    assert.equal(await call, "left");
  });

  test("waitUntil is for listeners, in their own turn", async () => {
    const { session } = await brokerWorld().opened();
    let late;
    session.addEventListener("reauth", (event) => (late = event));
    await failure(session.fetch("/api/quotes/NIFTY"));
    assert.throws(() => late.waitUntil(Promise.resolve()), TypeError);
  });

  for (const [words, body] of [
    ["no JSON", "<!doctype html>"],
    ["an array", "[]"],
    ["members that are none", JSON.stringify({ vault: "service:../x", provider: 7, how: "popup", login_url: "https://evil.example/", since: "now", who: ["you"], detail: null })],
    ["a login elsewhere", JSON.stringify({ vault: VAULT, login_url: "//evil.example/service/breeze/login", how: ["popup", "telepathy"] })],
  ]) {
    test(`whose answer is ${words} is of the vault of its upstream, and nothing odd of it is used`, async () => {
      const world = brokerWorld();
      world.serve = () => new Response(body, { status: 409, headers: { "everlit-code": "reauth_required" } });
      const { session } = await world.opened();
      const error = await failure(session.fetch("/api/quotes/NIFTY"));
      const { vault, ...rest } = error.reauth;
      assert.equal(vault, VAULT);
      for (const name of Object.keys(rest)) assert.ok(name === "how" && rest.how.every((way) => way === "popup"), name);
    });
  }

  test("a 409 of the resource server is delivered, and one of the Worker's with another code", async () => {
    const world = brokerWorld();
    for (const headers of [{}, { "everlit-code": "something_new" }]) {
      world.serve = () => new Response("conflict", { status: 409, headers });
      const { session } = await world.opened();
      assert.equal(await (await session.fetch("/api/quotes/NIFTY")).text(), "conflict");
    }
  });

  test("whose body is a stream rejects at once, but a person is called; one that is made anew waits", async () => {
    const { world, session, people, one } = await desk();
    const stream = new ReadableStream({ start: (sink) => (sink.enqueue(new TextEncoder().encode("all")), sink.close()) });
    assert.equal((await failure(session.fetch("/api/quotes/a", { method: "POST", body: stream, duplex: "half" }))).code, "ERR_SESSION_REAUTH");
    await calm();
    assert.deepEqual([one().open, one().waiting], [true, 0]);
    const made = session.fetch("/api/quotes/b", { method: "POST", body: () => "fresh" });
    await calm();
    assert.equal(one().waiting, 1);
    await people.submit(VAULT, "right");
    assert.equal((await made).status, 200);
    assert.deepEqual(world.effects, ["POST /api/quotes/b fresh"]);
  });
});

describe("a crowd of calls", () => {
  test("has one dialog, and with the token each goes on exactly once, with its own parameters", async () => {
    const { world, session, people, one } = await desk();
    const calls = Array.from({ length: 20 }, (_, at) => session.fetch(`/api/quotes/${at}`, { method: "POST", body: `${at}` }).then((response) => response.json()));
    await calm();
    assert.deepEqual([people.asked.length, one().waiting, one().phase, one().open], [1, 20, "asking", true]);
    assert.deepEqual([one().title, one().who, one().how, one().loginUrl], ["ICICI Breeze", "you", ["popup", "paste"], "/service/breeze/login"]);
    await people.submit(VAULT, " right ");
    assert.equal(one().phase, "done");
    const texts = (await Promise.all(calls)).map(({ text }) => text);
    assert.deepEqual(texts, Array.from({ length: 20 }, (_, at) => `POST /api/quotes/${at} ${at}`));
    assert.deepEqual([...world.effects].sort(), [...texts].sort(), "nothing twice");
    assert.deepEqual(world.handed, [" right "], "as it was typed");
    await world.pass(1_500);
    assert.deepEqual(people.asked, []);
  });

  test("in the middle of an operation keeps its place and its log: no step is done twice, and none before the one that waits", async () => {
    const { world, session, people, one } = await desk();
    world.valid = true;
    const log = [];
    const operation = (async () => {
      for (const step of ["price", "chain", "order"]) {
        const deadline = AbortSignal.timeout(60_000);
        const { text } = await (await session.fetch(`/api/quotes/${step}`, { method: "POST", body: `after ${log.length}`, signal: deadline })).json();
        log.push(text);
        // The broker's day ends after the first step.
        if (step === "price") world.valid = false;
      }
    })();
    await calm();
    await calm();
    assert.deepEqual([log, one().waiting], [["POST /api/quotes/price after 0"], 1]);
    await people.submit(VAULT, "right");
    await operation;
    assert.deepEqual(log, ["POST /api/quotes/price after 0", "POST /api/quotes/chain after 1", "POST /api/quotes/order after 2"]);
    assert.deepEqual(world.effects, log);
  });

  test("is rejected by cancel, in this tab only; nothing is sent, and the next call asks anew", async () => {
    const world = brokerWorld();
    const [one, two] = [await desk(world), await desk(world)];
    const errors = [1, 2, 3].map((at) => failure(one.session.fetch(`/api/quotes/${at}`)));
    const other = two.session.fetch("/api/quotes/other");
    await calm();
    const sent = world.calls.length;
    one.people.cancel(VAULT);
    assert.deepEqual((await Promise.all(errors)).map(({ code }) => code), Array(3).fill("ERR_SESSION_CANCELLED"));
    await calm();
    assert.deepEqual([one.people.asked, two.one().waiting, world.calls.length, world.effects], [[], 1, sent, []]);
    const again = one.session.fetch("/api/quotes/again");
    await calm();
    assert.equal(one.one().waiting, 1);
    await one.people.submit(VAULT, "right");
    await Promise.all([again, other]);
    assert.deepEqual(world.effects.sort(), ["GET /api/quotes/again", "GET /api/quotes/other"]);
  });

  test("keeps the signals of its calls, and each ends once: completed, cancelled or aborted", async () => {
    const { world, session, people, one } = await desk();
    const ends = { completed: 0, cancelled: 0, aborted: 0, other: 0 };
    const signals = Array.from({ length: 12 }, () => new AbortController());
    const all = signals.map(({ signal }, at) =>
      session.fetch(`/api/quotes/${at}`, { signal }).then(() => (ends.completed += 1), (error) => (ends[error === "left" ? "aborted" : error.code === "ERR_SESSION_CANCELLED" ? "cancelled" : "other"] += 1)),
    );
    await calm();
    for (const each of signals.slice(0, 4)) each.abort("left");
    await calm();
    assert.equal(one().waiting, 8);
    await people.submit(VAULT, "right");
    for (const each of signals) each.abort("left");
    people.cancel(VAULT);
    await Promise.all(all);
    assert.deepEqual([ends.other, ends.aborted >= 4, ends.completed + ends.aborted], [0, true, 12]);
    assert.equal(new Set(world.effects).size, world.effects.length);
  });

  test("leaves nothing on a signal that lives longer than they do", async () => {
    const { world, session, people } = await desk();
    const { signal } = new AbortController();
    const listens = listensOn(signal);
    for (let at = 0; at < 5; at += 1) {
      world.valid = false;
      // As a call asks, and without one: Node's own Request listens as well.
      const asks = [];
      session.dispatchEvent(Object.assign(new CustomEvent("reauth", { detail: { vault: VAULT, signal } }), { waitUntil: (promise) => asks.push(promise) }));
      await calm();
      assert.deepEqual([asks.length, listens.size], [1, 1]);
      await people.submit(VAULT, "right");
      await Promise.all(asks);
      await world.pass(2_000);
    }
    assert.equal(listens.size, 0);
  });

  test("with a timeout of its own is not held by the dialog", async () => {
    const { session, one } = await desk();
    const own = new AbortController();
    setTimeout(() => own.abort(new DOMException("too late", "TimeoutError")), 20);
    const error = await failure(session.fetch("/api/quotes/1", { signal: own.signal }));
    assert.equal(error.name, "TimeoutError");
    await calm();
    assert.deepEqual([one().waiting, one().open], [0, true], "who types goes on typing");
  });
});

describe("a dialog that was opened though no call waits", () => {
  test("is cancelled, and whoever opened it without listening hears no error", async () => {
    const { session, people, one } = await desk();
    session.dispatchEvent(Object.assign(new CustomEvent("reauth", { detail: { vault: VAULT, signal: AbortSignal.abort() } }), { waitUntil: () => {} }));
    await calm();
    assert.deepEqual([one().phase, one().waiting], ["asking", 0]);
    people.cancel(VAULT);
    // A rejection that nobody handles would fail this test.
    await calm();
    assert.deepEqual(people.asked, []);
  });
});

describe("an hour of questions", () => {
  test("leaves nobody listening for the end of the session", async () => {
    const { world, session, people, one } = await desk();
    const call = failure(session.fetch("/api/quotes/1"));
    await calm();
    const { closed } = await session.desk();
    const listens = listensOn(closed);
    const before = world.effects.length;
    await world.pass(3_600_000);
    assert.deepEqual([one().phase, world.effects.length, listens.size], ["asking", before, 0]);
    people.cancel(VAULT);
    await call;
  });
});

describe("a login that is finished elsewhere", () => {
  test("in another tab closes this one's dialog, and its calls go on", async () => {
    const world = brokerWorld();
    const [one, two] = [await desk(world), await desk(world)];
    const calls = [one, two].map(({ session }, at) => session.fetch(`/api/quotes/${at}`));
    await calm();
    assert.deepEqual([one.people.asked.length, two.people.asked.length], [1, 1]);
    await one.people.submit(VAULT, "right");
    await Promise.all(calls);
    assert.equal(two.one().phase, "done");
    await world.pass(1_500);
    assert.deepEqual([one.people.asked, two.people.asked, browser.open.size], [[], [], 0], "and no channel stays open");
    assert.equal(world.effects.length, 2);
  });

  test("on another device is found within five seconds while somebody looks, at once when they come back, and never asked for while hidden", async () => {
    const { world, tab, session, one } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    tab.hide();
    const asked = world.count("/service/breeze/status");
    await world.pass(3_600_000);
    assert.equal(world.count("/service/breeze/status"), asked, "an hour hidden costs nothing");
    tab.show();
    await calm();
    assert.equal(world.count("/service/breeze/status"), asked + 1);
    world.valid = true;
    await world.pass(5_000);
    assert.equal((await call).status, 200);
    assert.equal(one().phase, "done");
  });

  test("before anybody saw the dialog shows none", async () => {
    const world = brokerWorld();
    const [one, two] = [await desk(world), await desk(world)];
    one.tab.hide();
    const calls = [one, two].map(({ session }, at) => session.fetch(`/api/quotes/${at}`));
    await calm();
    assert.deepEqual([one.one().open, two.one().open], [false, true]);
    await two.people.submit(VAULT, "right");
    await Promise.all(calls);
    await calm();
    assert.deepEqual(one.people.asked, []);
  });

  test("is not believed in other words", async () => {
    const { session, one } = await desk();
    const call = failure(session.fetch("/api/quotes/1"));
    await calm();
    const channel = new BroadcastChannel(CHANNEL);
    for (const word of [null, 7, "answered", { v: 2, vault: VAULT, kind: "answered" }, { v: 1, vault: "service:other", kind: "answered" }, { v: 1, vault: VAULT, kind: "done" }, { v: 1, vault: VAULT, kind: "refused" }, { v: 1, vault: ["service:breeze"], kind: "answered" }]) channel.postMessage(word);
    await calm();
    assert.deepEqual([one().phase, one().problem], ["asking", undefined]);
    channel.postMessage({ v: 1, vault: VAULT, kind: "refused", says: "It is of another account." });
    await calm();
    assert.deepEqual(one().problem, { kind: "refused", says: "It is of another account." });
    reauth(session).cancel(VAULT);
    await call;
  });
});

describe("what a person does", () => {
  for (const [words, answer, kind] of [
    ["another account's token", problem(422, "credential_refused", { verdict: "foreign", detail: "It belongs to another account." }), "foreign"],
    ["yesterday's token", problem(422, "credential_refused", { verdict: "over", detail: "It has ended already." }), "over"],
    ["no token at all", problem(422, "credential_refused", { verdict: "malformed", detail: "It is too short." }), "malformed"],
    ["a token that the provider refuses", problem(422, "credential_refused", { verdict: "refused", class: "grant_refused" }), "refused"],
    ["a code whose answer was lost", problem(422, "credential_refused", { verdict: "lost" }), "lost"],
    ["one that nobody waits for", problem(422, "credential_refused", { verdict: "late" }), "lost"],
    ["one among too many", problem(429, "credential_refused", { verdict: "busy" }), "busy"],
    ["too many tries", problem(429, "throttled"), "busy"],
    ["one that is not proven yet", { status: 202, retryAfter: NaN, body: { verdict: "unproven" } }, "unproven"],
    ["something without a network", nothing, "offline"],
    ["something that is not theirs to bring", problem(403, "forbidden"), "forbidden"],
    ["something to a Worker that cannot", problem(503, "temporarily_unavailable"), "failed"],
    ["something to no Worker at all", { status: 200 + 300, retryAfter: NaN }, "failed"],
  ]) {
    test(`${words} is said in a sentence, and calls go on waiting`, async () => {
      const { world, session, people, one } = await desk();
      const call = session.fetch("/api/quotes/1");
      await calm();
      world.verdict = answer;
      await people.submit(VAULT, "s3cret");
      assert.deepEqual([one().problem.kind, one().phase, one().waiting], [kind, "asking", 1]);
      assert.match(one().problem.says, /^[A-Z].{5,}[.?]$/);
      if (answer.body?.detail) assert.equal(one().problem.says, answer.body.detail, "the Worker's own sentence");
      assert.ok(!JSON.stringify(one()).includes("s3cret"), "what was typed is in nothing that is shown");
      world.verdict = undefined;
      await people.submit(VAULT, "right");
      assert.equal((await call).status, 200);
    });
  }

  test("nothing is sent for nothing, and twice is once", async () => {
    const { world, session, people, one } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    await people.submit(VAULT, "  ");
    assert.deepEqual([world.handed, one().problem.kind], [[], "malformed"]);
    world.held = true;
    const both = [people.submit(VAULT, "right"), people.submit(VAULT, "right")];
    assert.equal(one().phase, "updating");
    world.held = false;
    for (const { say } of world.open.splice(0)) say();
    await Promise.all(both);
    assert.deepEqual(world.handed, ["right"]);
    await call;
    await people.submit(VAULT, "right");
    await people.submit("service:other", "right");
    await people.askApproval("service:other");
    assert.equal(people.openLogin("service:other"), null);
    assert.deepEqual(world.handed, ["right"]);
  });

  test("a token that is proven later is found by itself", async () => {
    const { world, session, people, one } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    world.verdict = { status: 202, retryAfter: NaN, body: { verdict: "unproven" } };
    await people.submit(VAULT, "right");
    assert.equal(one().problem.kind, "unproven");
    world.valid = true;
    await world.pass(5_000);
    assert.equal((await call).status, 200);
  });

  test("a token that is accepted after its user gave up is still told to others", async () => {
    const world = brokerWorld();
    const [one, two] = [await desk(world), await desk(world)];
    const mine = failure(one.session.fetch("/api/quotes/1"));
    const other = two.session.fetch("/api/quotes/2");
    await calm();
    world.held = true;
    void one.people.submit(VAULT, "right");
    one.people.cancel(VAULT);
    assert.equal((await mine).code, "ERR_SESSION_CANCELLED");
    world.held = false;
    for (const { say } of world.open.splice(0)) say();
    assert.equal((await other).status, 200);
  });

  test("an hour with the dialog open, and the network gone for a while: what waits goes on", async () => {
    const { world, session, people, one } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    world.status = () => nothing;
    await world.pass(10_000);
    assert.deepEqual([one().problem.kind, one().phase], ["offline", "asking"]);
    await world.pass(3_600_000);
    world.status = {};
    await world.pass(5_000);
    assert.equal(one().problem, undefined);
    await people.submit(VAULT, "right");
    assert.equal((await call).status, 200);
  });

  test("who may do nothing sees since when somebody was called, and goes on when they have been there", async () => {
    const world = brokerWorld();
    world.status = { how: [], who: "operator" };
    world.serve = () => (world.valid ? new Response("[]") : reauthRequired({ how: [], who: "operator", login_url: undefined }));
    const { session, people, one } = await desk(world);
    const call = session.fetch("/api/quotes/1");
    await calm();
    assert.deepEqual([one().who, one().how, one().since], ["operator", [], 1_790_000_000_000]);
    assert.equal(people.openLogin(VAULT), null);
    world.valid = true;
    await world.pass(5_000);
    assert.equal((await call).status, 200);
  });

  test("an approval is asked for, shown with its time, and refused or over", async () => {
    const world = brokerWorld();
    world.status = { how: ["approval", "paste"] };
    const { session, people, one } = await desk(world);
    const call = session.fetch("/api/quotes/1");
    await calm();
    await world.pass(5_000);
    world.refresh = () => {
      world.pushUntil = world.wall + 60_000;
      return problem(503, "no_token", { reason: "needs_human" });
    };
    await people.askApproval(VAULT);
    await calm();
    assert.deepEqual([one().phase, one().deadline], ["approval", world.wall + 60_000]);
    world.pushUntil = null;
    await world.pass(5_000);
    assert.deepEqual([one().phase, one().problem.kind], ["asking", "approval-refused"]);
    await people.askApproval(VAULT);
    await calm();
    const until = world.pushUntil;
    await world.pass(55_000);
    world.pushUntil = null;
    await world.pass(10_000);
    assert.ok(world.wall > until);
    assert.equal(one().problem.kind, "approval-over");
    world.refresh = () => problem(403, "forbidden");
    await people.askApproval(VAULT);
    assert.equal(one().problem.kind, "forbidden");
    world.valid = true;
    await world.pass(5_000);
    await call;
  });
});

describe("a popup", () => {
  test("leads to the provider's login by the name that its last page knows, and is closed with the dialog", async () => {
    const opened = popups();
    const { world, session, people, one } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    const popup = people.openLogin(VAULT);
    assert.deepEqual([opened.length, popup.went, popup.name, popup.opener, one().phase], [1, `${APP}/service/breeze/login`, "everlit popup", null, "popup"]);
    assert.equal(people.openLogin(VAULT), popup, "it is brought to the front");
    assert.deepEqual([opened.length, popup.focused], [1, 1]);
    world.valid = true;
    new BroadcastChannel(CHANNEL).postMessage({ v: 1, vault: VAULT, kind: "answered" });
    assert.equal((await call).status, 200);
    assert.deepEqual([popup.closed, one().phase], [true, "done"]);
  });

  /** One that cannot be closed after its login has succeeded, until it is let. */
  const stubborn = async () => {
    const opened = popups();
    const { world, session, people } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    const popup = people.openLogin(VAULT);
    const it = { world, popup, opened, away: true, tries: 0 };
    popup.close = () => {
      it.tries += 1;
      popup.closed = !it.away;
    };
    world.valid = true;
    new BroadcastChannel(CHANNEL).postMessage({ v: 1, vault: VAULT, kind: "answered" });
    assert.equal((await call).status, 200);
    return it;
  };

  test("that cannot be closed while it is on its way is closed when it has come back, and then left alone", async (context) => {
    const it = await stubborn();
    // Whoever logged in looks at something else now.
    globalThis.document = { hasFocus: () => false };
    context.after(() => delete globalThis.document);
    await it.world.pass(5_000);
    assert.equal(it.popup.closed, false);
    it.away = false;
    await it.world.pass(1_000);
    assert.equal(it.popup.closed, true);
    await it.world.pass(5_000);
    const sum = it.tries;
    await it.world.pass(60_000);
    assert.deepEqual([it.tries, it.opened.length], [sum, 1]);
  });

  test("that does not come back for a while is left to whoever uses it", async () => {
    const it = await stubborn();
    await it.world.pass(60_000);
    it.away = false;
    await it.world.pass(60_000);
    assert.equal(it.popup.closed, false);
    assert.ok(it.tries > 30, `${it.tries}`);
  });

  test("goes nowhere while it is not known where the login begins", async () => {
    const opened = popups();
    const world = brokerWorld();
    world.serve = () => reauthRequired({ login_url: null, server_time: world.wall });
    const { session, people } = await desk(world);
    const call = failure(session.fetch("/api/quotes/1"));
    await calm();
    people.openLogin(VAULT);
    for (const { went } of opened) assert.doesNotMatch(`${went}`, /undefined$/);
    people.cancel(VAULT);
    await call;
  });

  test("that is blocked says so", async () => {
    popups({ blocked: true });
    const { session, people, one } = await desk();
    const call = failure(session.fetch("/api/quotes/1"));
    await calm();
    assert.equal(people.openLogin(VAULT), null);
    assert.deepEqual([one().problem.kind, one().phase, one().loginUrl], ["popup-blocked", "asking", "/service/breeze/login"]);
    people.cancel(VAULT);
    await call;
  });

  test("that is closed says so, but only where nobody logged in; and not of one that only looks closed", async () => {
    const opened = popups();
    replace("document", { hasFocus: () => opened.focus ?? true });
    const { world, session, people, one } = await desk();
    const call = session.fetch("/api/quotes/1");
    await calm();
    opened.focus = false;
    people.openLogin(VAULT).closed = true;
    await world.pass(4_000);
    assert.equal(one().phase, "popup", "its user is still there");
    opened.focus = true;
    await world.pass(1_000);
    assert.deepEqual([one().phase, one().problem.kind], ["asking", "popup-closed"]);
    people.openLogin(VAULT);
    assert.equal(one().problem, undefined);
    world.valid = true;
    opened[1].closed = true;
    await world.pass(1_000);
    assert.equal((await call).status, 200);
    assert.equal(one().phase, "done");
  });
});

describe("the session's own vaults", () => {
  test("login: the dialog has the page's own login, and calls go on when somebody logged in", async () => {
    const world = new World();
    const tab = await world.opened({ events: false });
    const people = reauth(tab.session);
    world.state = "reauth_required";
    tab.life.restored();
    await calm();
    const call = tab.session.fetch("/api/orders", { method: "POST", body: "one" });
    await calm();
    const [one] = people.asked;
    assert.deepEqual([one.vault, one.how, one.waiting, one.loginUrl], ["login", ["popup", "redirect"], 1, "/auth/login?return_to=%2Forders%3Fpage%3D2%23last"]);
    assert.equal(world.calls.length, 0);
    world.state = "active";
    world.rotate();
    tab.life.restored();
    await calm();
    assert.equal((await call).status, 200);
    assert.deepEqual([world.calls.length, world.calls[0].body, people.asked[0].phase], [1, "one", "done"]);
  });

  test("login: of a window that is forgotten nothing is said while the next one is open", async () => {
    const opened = popups();
    const world = new World();
    world.state = "reauth_required";
    const { session } = await world.opened({ events: false });
    const { desk } = session;
    // The first login brings no account, and the second goes on.
    const ends = [Promise.resolve(), new Promise(() => {})];
    session.desk = async () => ({ ...(await desk.call(session)), popup: () => ends.shift() });
    const people = reauth(session);
    const call = failure(session.fetch("/api/orders"));
    await calm();
    people.openLogin("login");
    await calm();
    people.openLogin("login");
    await world.pass(600);
    assert.deepEqual([opened.map(({ closed }) => closed), people.asked[0].phase, people.asked[0].problem], [[true, false], "popup", undefined]);
    people.cancel("login");
    await call;
  });

  test("login: somebody else's login is not the one that the call was made under", async () => {
    const world = new World();
    const tab = await world.opened({ events: false });
    const people = reauth(tab.session);
    world.state = "reauth_required";
    tab.life.restored();
    await calm();
    const call = failure(tab.session.fetch("/api/orders"));
    await calm();
    world.state = "active";
    world.switch();
    tab.life.restored();
    await calm();
    assert.equal((await call).code, "ERR_SESSION_LOGGED_OUT");
    assert.deepEqual([world.calls.length, people.asked], [0, []]);
  });

  test("login: an upstream's own address waits as well, though nobody says just now which there are", async () => {
    const world = new World();
    world.state = "reauth_required";
    const tab = await world.opened({ events: false });
    reauth(tab.session);
    const call = tab.session.fetch("https://orders.example.com/v1/orders/7");
    await calm();
    world.state = "active";
    world.rotate();
    tab.life.restored();
    await calm();
    assert.equal((await call).status, 200);
    assert.equal(world.calls[0].url, `${APP}/api/orders/7`);
  });

  test("a token for the page waits, too", async () => {
    const world = new World();
    world.state = "reauth_required";
    const tab = await world.opened({ events: false });
    const people = reauth(tab.session);
    const token = failure(tab.session.getAccessToken("bills"));
    await calm();
    assert.equal(people.asked[0].waiting, 1);
    people.cancel("login");
    assert.equal((await token).code, "ERR_SESSION_CANCELLED");
  });

  test("closing the session, or the dialog, ends what waits", async () => {
    const one = await desk();
    const call = failure(one.session.fetch("/api/quotes/1"));
    await calm();
    one.people.close();
    assert.equal((await call).code, "ERR_SESSION_CANCELLED");
    assert.equal((await failure(one.session.fetch("/api/quotes/1"))).code, "ERR_SESSION_REAUTH", "nobody answers for it any more");
    assert.notEqual(reauth(one.session), one.people);
    const other = failure(one.session.fetch("/api/quotes/1"));
    await calm();
    one.session.close();
    assert.equal((await other).code, "ERR_SESSION_DISPOSED");
    await calm();
    assert.equal(browser.open.size, 0);
    assert.throws(() => reauth(undefined), TypeError);
  });
});

describe("an app's own backend", () => {
  const backend = "https://backend.example";
  const foreign = (members, type = "application/problem+json") => new Response(JSON.stringify({ code: "reauth_required", vault: VAULT, provider_title: "Evil", login_url: "/service/evil/login", ...members }), { status: 409, headers: { "content-type": type } });

  test("is believed of whose token is missing, where it is the page's own or one of reauthOrigins, and of nothing else", async () => {
    for (const [url, seams] of [[`${APP}/rows`, {}], [`${backend}/rows`, { reauthOrigins: [backend] }]]) {
      const world = brokerWorld();
      world.serve = () => (world.valid ? new Response("rows") : foreign());
      const { session, people, one } = await desk(world, seams);
      const call = session.fetch(url, { passthrough: true, method: "POST", body: "x" });
      await calm();
      assert.deepEqual([one().title, one().loginUrl, one().waiting], ["ICICI Breeze", "/service/breeze/login", 1], "asked of our own Worker");
      await people.submit(VAULT, "right");
      assert.equal(await (await call).text(), "rows");
      assert.deepEqual(world.calls.map(({ body }) => body), ["x", "x"]);
    }
  });

  for (const [words, answer, seams = { reauthOrigins: [backend] }] of [
    ["of another origin", () => foreign(), {}],
    ["with another type", () => foreign({}, "application/json")],
    ["with another code", () => foreign({ code: "conflict" })],
    ["without a vault that can be one", () => foreign({ vault: "service:../../admin" })],
    ["that is no JSON", () => new Response("{", { status: 409, headers: { "content-type": "application/problem+json" } })],
  ]) {
    test(`${words} is delivered as it is`, async () => {
      const world = brokerWorld();
      world.serve = answer;
      const { session, people } = await desk(world, seams);
      assert.equal((await session.fetch(`${backend}/rows`, { passthrough: true })).status, 409);
      assert.deepEqual(people.asked, []);
    });
  }

  test("that says so once more rejects; so does at once what cannot be sent twice, and nobody is called for anything else", async () => {
    const world = brokerWorld();
    world.serve = () => foreign();
    const { session, people } = await desk(world);
    const told = [];
    session.addEventListener("reauth", ({ detail }) => told.push(detail.vault));
    const again = failure(session.fetch(`${APP}/rows`, { passthrough: true }));
    await calm();
    await people.submit(VAULT, "right");
    const error = await again;
    assert.deepEqual([error.code, error.cause.status, world.calls.length, told], ["ERR_SESSION_REAUTH", 409, 2, [VAULT]]);
    await world.pass(5_000);
    const stream = new ReadableStream({ start: (sink) => (sink.enqueue(new TextEncoder().encode("all")), sink.close()) });
    for (const [input, init] of [[`${APP}/rows`, { method: "POST", body: stream, duplex: "half" }], [new Request(`${APP}/rows`, { method: "POST", body: "x" }), {}]]) {
      told.length = 0;
      assert.equal((await failure(session.fetch(input, { ...init, passthrough: true }))).code, "ERR_SESSION_REAUTH");
      await calm();
      assert.deepEqual(told, [VAULT]);
    }
  });

  test("is delivered where nobody answers for it", async () => {
    const world = brokerWorld();
    world.serve = () => foreign();
    const { session } = await world.opened({ events: false }, { reauthOrigins: [backend] });
    const answer = await session.fetch(`${backend}/rows`, { passthrough: true });
    assert.deepEqual([answer.status, (await answer.json()).code], [409, "reauth_required"]);
  });
});

describe("a chunk that does not come", () => {
  test("leaves the call with what went wrong", async () => {
    const world = new World();
    world.state = "reauth_required";
    const tab = await world.opened({ events: false });
    tab.session.desk = inside.chunk.chunk(async () => {
      throw new Error("no chunk");
    });
    reauth(tab.session);
    const error = await failure(tab.session.fetch("/api/orders"));
    // Nobody has cancelled anything.
    assert.deepEqual([error.code, error.cause.message], ["ERR_SESSION_LOAD", "no chunk"]);
  });

  test("and for which it is closed meanwhile leaves nobody waiting", async () => {
    const world = new World();
    world.state = "reauth_required";
    const { session } = await world.opened({ events: false });
    const { desk } = session;
    const comes = later();
    session.desk = () => comes.promise.then(() => desk.call(session));
    const people = reauth(session);
    const call = failure(session.fetch("/api/orders"));
    await calm();
    people.close();
    comes.resolve();
    assert.equal((await call).code, "ERR_SESSION_CANCELLED");
  });
});

function later() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
