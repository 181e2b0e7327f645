import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "everlit/store";
import { createTestSession } from "everlit/testing";

/** A session and its store; how often somebody was told of a change. */
async function opened(options) {
  const kit = await createTestSession(options);
  const store = createStore(kit.session);
  const heard = [];
  return { ...kit, kit, store, heard, listen: () => store.subscribe(() => heard.push(store.snapshot().state)) };
}

/** How many listeners a session has, counted as they come and go. */
function counted(session) {
  const held = { listeners: 0 };
  const add = session.addEventListener;
  session.addEventListener = (type, listener, options) => {
    held.listeners += 1;
    options.signal.addEventListener("abort", () => (held.listeners -= 1));
    add.call(session, type, listener, options);
  };
  return held;
}

test("what is no session is refused, by what came", () => {
  for (const [given, named] of [[undefined, "undefined"], [Promise.resolve(), "[object Promise]"], ["session", "session"]]) {
    assert.throws(() => createStore(given), { name: "TypeError", message: `everlit: a Session is wanted, of await openSession(), and what came is ${named}` });
  }
});

test("a snapshot is frozen, says what the session says, and is the same object until something changes", async () => {
  const { kit, store } = await opened({ user: { sub: "1", name: "Ada" } });
  const before = store.snapshot();
  assert.ok(Object.isFrozen(before));
  const { state, user, providers, health, presence } = kit.session;
  assert.deepEqual({ ...before }, { state, user, providers, health, presence, idleEndsAt: undefined });
  assert.equal(before.state, "active");
  await kit.advance("10s");
  assert.equal(store.snapshot(), before);
  await kit.logoutElsewhere();
  assert.notEqual(store.snapshot(), before);
  assert.deepEqual([store.snapshot().state, store.snapshot().user], ["logged-out", undefined]);
  assert.equal(before.state, "active", "what was read stays as it was");
  kit.close();
});

test("a change is told once, though the session says it in several events", async () => {
  const { kit, listen, heard } = await opened();
  listen();
  await kit.logoutElsewhere();
  assert.deepEqual(heard, ["logged-out"]);
  kit.close();
});

test("what changed before the first subscription is in the snapshot, and what follows is told", async () => {
  const { kit, store, listen, heard } = await opened();
  store.snapshot();
  await kit.logoutElsewhere();
  listen();
  assert.equal(store.snapshot().state, "logged-out");
  await kit.loginAs({ sub: "2", name: "Grace" });
  assert.equal(heard.at(-1), "active");
  assert.equal(store.snapshot().user.name, "Grace");
  kit.close();
});

test("a change is told also where somebody else has read it before", async () => {
  const kit = await createTestSession();
  let store;
  kit.session.addEventListener("statechange", () => store.snapshot());
  store = createStore(kit.session);
  let told = 0;
  store.subscribe(() => (told += 1));
  await kit.logoutElsewhere();
  assert.equal(told, 1);
  kit.close();
});

test("it listens to the session only while somebody is subscribed", async () => {
  const { kit, store, listen } = await opened();
  const held = counted(kit.session);
  assert.equal(held.listeners, 0);
  const [one, two] = [listen(), listen()];
  const busy = held.listeners;
  assert.ok(busy > 0);
  one();
  one();
  assert.equal(held.listeners, busy, "ended twice is ended once");
  two();
  assert.equal(held.listeners, 0);
  const again = listen();
  assert.equal(held.listeners, busy);
  await kit.logoutElsewhere();
  assert.equal(store.snapshot().state, "logged-out");
  again();
  kit.close();
});

test("a listener that throws stops no other, and its error is not swallowed", async () => {
  const { kit, store, heard, listen } = await opened();
  const errors = [];
  const others = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => errors.push(error.message));
  store.subscribe(() => {
    throw new Error("one listener's own");
  });
  listen();
  await kit.logoutElsewhere();
  process.removeAllListeners("uncaughtException");
  for (const other of others) process.on("uncaughtException", other);
  assert.deepEqual(heard, ["logged-out"]);
  assert.deepEqual(errors, ["one listener's own"]);
  kit.close();
});

test("the same function may be subscribed twice, and each ends by itself", async () => {
  const { kit, store } = await opened();
  let told = 0;
  const listener = () => (told += 1);
  const first = store.subscribe(listener);
  store.subscribe(listener);
  await kit.logoutElsewhere();
  assert.equal(told, 2);
  first();
  await kit.loginAs({ sub: "2" });
  assert.ok(told > 2);
  kit.close();
});

test("while the user is asked for, it says when the session ends", async () => {
  const { kit, store, listen } = await opened({ idleLimit: "30m", options: { idle: { prompt: 60_000 } } });
  listen();
  await kit.advance("29m");
  await kit.advance("1s");
  const { presence, idleEndsAt } = store.snapshot();
  assert.equal(presence, "prompted");
  assert.ok(idleEndsAt > 0);
  kit.session.activity();
  assert.deepEqual([store.snapshot().presence, store.snapshot().idleEndsAt], ["present", undefined]);
  kit.close();
});
