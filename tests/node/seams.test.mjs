// Each platform seam alone, on a platform that is there, missing, broken or hostile.

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { inside } from "./inside.mjs";
import { settled } from "./world.mjs";

const before = new Map();

/** Puts something in the place of a global until the test is over. */
function replace(name, value) {
  if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

afterEach(() => {
  for (const [name, descriptor] of before) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  before.clear();
});

/** Timers that fire when told to. */
function fakeTimers() {
  const timers = new Map();
  let last = 0;
  replace("setTimeout", (due, delay) => {
    timers.set((last += 1), { due, delay });
    return last;
  });
  replace("clearTimeout", (id) => timers.delete(id));
  const fire = () => {
    for (const [id, { due }] of [...timers]) {
      timers.delete(id);
      due();
    }
  };
  return { timers, fire, delays: () => [...timers.values()].map(({ delay }) => delay) };
}

describe("the lock", () => {
  const { underLock } = inside.lock;
  /** One exclusive lock, as the specification has it. */
  function fakeLocks() {
    let last = Promise.resolve();
    const locks = {
      asked: [],
      request: (name, { signal }, callback) => {
        locks.asked.push(name);
        const turn = last.then(() => {
          signal.throwIfAborted();
          return callback();
        });
        last = turn.catch(() => {});
        return new Promise((resolve, reject) => {
          turn.then(resolve, reject);
          signal.addEventListener("abort", () => reject(signal.reason));
        });
      },
    };
    replace("navigator", { locks });
    return locks;
  }
  const never = new AbortController().signal;

  test("lets one work at a time, and lets go after it", async () => {
    fakeLocks();
    fakeTimers();
    const order = [];
    const work = (name) => async () => {
      order.push(`${name} begins`);
      await settled();
      order.push(`${name} ends`);
    };
    await Promise.all([underLock(never, work("one")), underLock(never, work("two"))]);
    assert.deepEqual(order, ["one begins", "one ends", "two begins", "two ends"]);
  });

  test("is waited for eight seconds, and then done without", async () => {
    const locks = fakeLocks();
    const { timers, fire, delays } = fakeTimers();
    let free;
    void locks.request("everlit", { signal: never }, () => new Promise((resolve) => (free = resolve)));
    await settled();
    let done = 0;
    const working = underLock(never, async () => void (done += 1));
    await settled();
    assert.deepEqual([done, delays()], [0, [8_000]]);
    fire();
    await working;
    assert.equal(done, 1);
    free();
    await settled();
    assert.deepEqual([done, timers.size], [1, 0], "and not once more when it is free");
  });

  test("is not waited for by a question that nobody wants any more", async () => {
    const locks = fakeLocks();
    const { timers } = fakeTimers();
    void locks.request("everlit", { signal: never }, () => new Promise(() => {}));
    const controller = new AbortController();
    let done = 0;
    const working = underLock(controller.signal, async () => void (done += 1));
    controller.abort();
    await working;
    assert.deepEqual([done, timers.size], [0, 0]);
  });

  for (const [name, navigator] of [
    ["missing", undefined],
    ["not a part of this browser", {}],
    ["forbidden here", { locks: { request: () => Promise.reject(new DOMException("no", "SecurityError")) } }],
    [
      "broken in a way of its own",
      {
        locks: {
          request() {
            throw new Error("boom");
          },
        },
      },
    ],
  ]) {
    test(`is done without where it is ${name}`, async () => {
      replace("navigator", navigator);
      const { timers } = fakeTimers();
      let done = 0;
      await underLock(never, async () => void (done += 1));
      assert.deepEqual([done, timers.size], [1, 0]);
    });
  }

  test("may be taken away during the work: it goes on, once, and is waited for", async () => {
    replace("navigator", {
      locks: {
        request: (_, __, callback) => {
          void callback();
          return Promise.reject(new DOMException("stolen", "AbortError"));
        },
      },
    });
    fakeTimers();
    const order = [];
    let finish;
    const working = underLock(never, async () => {
      order.push("begins");
      await new Promise((resolve) => (finish = resolve));
      order.push("ends");
    }).then(() => order.push("resolved"));
    await settled();
    finish();
    await working;
    assert.deepEqual(order, ["begins", "ends", "resolved"]);
  });
});

describe("the timer", () => {
  const { createTimer } = inside.timer;

  test("fires once, and can be armed again from where it fires", () => {
    const { fire, delays } = fakeTimers();
    let fired = 0;
    const arm = createTimer(() => {
      fired += 1;
      if (fired < 3) arm(fired * 100);
    });
    arm(50);
    for (const [count, delay] of [[0, [50]], [1, [100]], [2, [200]], [3, []]]) {
      assert.deepEqual([fired, delays()], [count, delay]);
      fire();
    }
  });

  test("has one thing to wait for at a time", () => {
    const { timers, delays } = fakeTimers();
    const arm = createTimer(() => {});
    arm(5_000);
    arm(10);
    assert.deepEqual(delays(), [10]);
    arm(Infinity);
    assert.equal(timers.size, 0);
  });

  test("never overflows what setTimeout counts in, takes any number, and is never early", () => {
    const { delays } = fakeTimers();
    const arm = createTimer(() => {});
    // What is below zero is zero to every browser (HTML, timer initialization steps).
    for (const [asked, set] of [[2 ** 31, [2e9]], [1e300, [2e9]], [-5, [-5]], [0.1, [1]], [NaN, []], [-Infinity, []]]) {
      arm(asked);
      assert.deepEqual(delays(), set, `${asked}`);
    }
  });
});

describe("the channel", () => {
  const { createChannel } = inside.channel;

  /** A `localStorage` of two tabs, whose events reach everybody who listens. */
  function fakeStorage() {
    const items = new Map();
    const page = new EventTarget();
    replace("addEventListener", page.addEventListener.bind(page));
    replace("localStorage", {
      getItem: (key) => items.get(key) ?? null,
      setItem(key, newValue) {
        items.set(key, newValue);
        page.dispatchEvent(Object.assign(new Event("storage"), { key, newValue }));
      },
    });
    return items;
  }

  test("brings what one tab tells to the others", async () => {
    const heard = [];
    const [one, two] = [createChannel(() => heard.push("echo")), createChannel((message) => heard.push(message))];
    one.open();
    two.open();
    one.tell([1, 1_790_000_000_123]);
    while (!heard.length) await settled();
    assert.deepEqual(heard, [[1, 1_790_000_000_123]]);
    two.close();
    one.tell([1, 2]);
    one.close();
    one.tell([1, 3]);
    await settled();
    assert.equal(heard.length, 1);
  });

  test("lets nothing through that is no message, from wherever it comes", () => {
    let made;
    replace("BroadcastChannel", class {
      constructor(name) {
        this.name = name;
        made = this;
      }
      close() {}
    });
    const hostile = { length: 2, 0: 1, 1: 1, every: () => true };
    const garbage = [undefined, null, "logout", 7, {}, hostile, [], [1], [1, "2"], [1, 2.5], [1, -2], [1, NaN], [1, 2 ** 53], [1, 2, 3, 4, 5, 6], [[1], 2]];
    const heard = [];
    const channel = createChannel((message) => heard.push(message));
    const kept = [...garbage, undefined];
    replace("localStorage", { getItem: () => JSON.stringify(kept.pop()) });
    while (kept.length) channel.open();
    assert.match(made.name, /\b1\b/, "tabs of another wire version are on another channel");
    for (const data of garbage) made.onmessage({ data });
    assert.deepEqual(heard, []);
    made.onmessage({ data: [0, 1, 2, 3, 4] });
    assert.equal(heard.length, 1);
  });

  const broken = class {
    constructor() {
      throw new DOMException("no", "SecurityError");
    }
  };
  for (const [name, BroadcastChannel] of [["missing", undefined], ["forbidden here", broken]]) {
    test(`is done without where it is ${name}: storage brings the same`, () => {
      replace("BroadcastChannel", BroadcastChannel);
      fakeStorage();
      const heard = [];
      const [one, two] = [createChannel(() => {}), createChannel((message) => heard.push(message))];
      one.open();
      two.open();
      one.tell([0, 1_790_000_000_123, 2, 5, 5]);
      assert.deepEqual(heard, [[0, 1_790_000_000_123, 2, 5, 5]]);
      localStorage.setItem("everlit 1 0", "{ garbage");
      localStorage.setItem("everlit 2 0", "[1,2]");
      localStorage.setItem("of the app", "[1,2]");
      two.close();
      one.tell([1, 7]);
      assert.equal(heard.length, 1);
    });
  }

  test("brings a tab that opens later what still holds, and nothing else", () => {
    replace("BroadcastChannel", undefined);
    const items = fakeStorage();
    const channel = createChannel(() => {});
    channel.open();
    for (const message of [[0, 1, 1, 1, 1], [1, 5], [2, 6], [3, 7, 8], [4, 1, 1, 0], [5, 1, 2]]) channel.tell(message);
    channel.close();
    const heard = [];
    createChannel((message) => heard.push(message)).open();
    assert.deepEqual(heard, [[3, 7, 8]], "when the user was active; of all else the Worker tells");
    for (const garbage of ['{"at":5}', "<!doctype html>"]) {
      items.set("everlit 1 3", garbage);
      createChannel((message) => heard.push(message)).open();
    }
    assert.equal(heard.length, 1, "what is garbage is not heard");
  });

  const throwing = () => {
    throw new DOMException("no", "SecurityError");
  };
  for (const [name, storage] of [
    ["missing", undefined],
    ["forbidden", { getItem: throwing, setItem: throwing }],
    ["full", { getItem: () => null, setItem: throwing }],
  ]) {
    test(`is done without where storage is ${name}, too`, () => {
      replace("BroadcastChannel", undefined);
      fakeStorage();
      replace("localStorage", storage);
      const channel = createChannel(() => assert.fail());
      channel.open();
      channel.tell([1, 2]);
      channel.close();
    });
  }
});

describe("the transport", () => {
  const { ask } = inside.transport;
  const { signal } = new AbortController();

  test("asks in the way that the Worker's cross-site rule wants, and no other site can", async () => {
    const asked = [];
    replace("fetch", async (...call) => {
      asked.push(call);
      return Response.json({ v: 1 });
    });
    assert.deepEqual(await ask("/auth/session", signal), { status: 200, retryAfter: NaN, body: { v: 1 } });
    await ask("/auth/token", signal, () => ({ v: 1, reason: "resume" }));
    const [[path, get], [, post]] = asked;
    assert.equal(path, "/auth/session");
    assert.deepEqual([get.method, get.body, get.headers["everlit-version"]], [undefined, undefined, "1"]);
    // Its cookie is sent along also where the Worker is at an origin of its own.
    assert.deepEqual([get.credentials, get.cache, get.redirect], ["include", "no-store", "manual"]);
    assert.deepEqual([post.method, post.body, post.headers["everlit-version"]], ["POST", '{"v":1,"reason":"resume"}', "1"]);
  });

  test("takes no answer, and one that is no JSON, for what they are", async () => {
    replace("fetch", () => Promise.reject(new TypeError("offline")));
    assert.deepEqual(await ask("/auth/session", signal), { status: 0, retryAfter: NaN });
    replace("fetch", () => {
      throw new Error("blocked by an extension");
    });
    assert.deepEqual(await ask("/auth/session", signal), { status: 0, retryAfter: NaN });
    const unspeakable = () => {
      throw new Error("there is no question");
    };
    replace("fetch", async () => Response.json({}));
    assert.deepEqual(await ask("/auth/token", signal, unspeakable), { status: 0, retryAfter: NaN });
    replace("fetch", async () => new Response("<!doctype html><title>Welcome to our network</title>"));
    assert.deepEqual(await ask("/auth/session", signal), { status: 200, retryAfter: NaN, body: undefined });
  });

  test("reads both forms of Retry-After, the date by the clock that wrote it", async () => {
    const [date, soon, past] = ["Sat, 21 Nov 2026 12:00:00 GMT", "Sat, 21 Nov 2026 12:00:30 GMT", "Sat, 21 Nov 2026 11:00:00 GMT"];
    for (const [header, wait] of [
      ["120", 120_000],
      ["0", 0],
      [`1${"0".repeat(20)}`, 9e12],
      ["9".repeat(400), 9e12],
      [soon, 30_000],
      [past, 0],
      ["soon", NaN],
    ]) {
      const headers = { "retry-after": header, date };
      replace("fetch", async () => new Response("{}", { status: 503, headers }));
      assert.equal((await ask("/auth/token", signal, () => ({}))).retryAfter, wait, header);
    }
    replace("fetch", async () => new Response("{}", { status: 503, headers: { "retry-after": soon } }));
    assert.equal((await ask("/auth/token", signal, () => ({}))).retryAfter, NaN, "whose clock would that be?");
  });
});

describe("the user's activity", () => {
  const { watchActivity } = inside.activity;

  test("is what only a person does, and is told with whether a popup may follow", () => {
    const listeners = new Map();
    replace("addEventListener", (type, listener, { passive, capture, signal }) => {
      assert.deepEqual([passive, capture], [true, true], type);
      listeners.set(type, listener);
      signal.addEventListener("abort", () => listeners.delete(type));
    });
    const watch = new AbortController();
    const seen = [];
    watchActivity((gesture) => seen.push(gesture), watch.signal);
    assert.deepEqual([...listeners.keys()].sort(), ["keydown", "pointerdown", "pointerup", "touchstart", "wheel"]);
    for (const listener of listeners.values()) listener({ isTrusted: false });
    assert.deepEqual(seen, [], "a script is nobody");
    for (const active of [true, false]) {
      replace("navigator", { userActivation: { isActive: active } });
      listeners.get("wheel")({ isTrusted: true });
      assert.equal(seen.at(-1), active);
    }
    replace("navigator", {});
    for (const [type, gesture] of [["keydown", true], ["pointerup", true], ["wheel", false], ["touchstart", false]]) {
      listeners.get(type)({ isTrusted: true });
      assert.equal(seen.at(-1), gesture, type);
    }
    watch.abort();
    assert.equal(listeners.size, 0);
  });
});

describe("the name of a question", () => {
  const { nameOperation } = inside.operation;

  for (const [words, crypto] of [["as ever", globalThis.crypto], ["missing", undefined], ["a part of itself", {}]]) {
    test(`is another one each time, where crypto is ${words}, and one that the Worker takes`, () => {
      replace("crypto", crypto);
      const names = new Set(Array.from({ length: 10_000 }, nameOperation));
      assert.equal(names.size, 10_000);
      for (const name of names) assert.match(name, /^[0-9a-f]{1,32}$/);
    });
  }

  test("is one at the ends of the range, too", (context) => {
    for (const number of [0, Number.EPSILON / 2, 0.5, 1 - Number.EPSILON / 2]) {
      context.mock.method(Math, "random", () => number);
      assert.match(nameOperation(), /^[0-9a-f]{1,32}$/, String(number));
    }
  });
});

describe("the page's life", () => {
  const { watchPage } = inside.lifecycle;
  const { EventKind } = inside.abi;

  test("is told in few words, until nobody listens any more", () => {
    const document = Object.assign(new EventTarget(), { hidden: false });
    const page = new EventTarget();
    replace("document", document);
    const listened = new Set();
    replace("addEventListener", (type, ...more) => {
      listened.add(type);
      page.addEventListener(type, ...more);
    });
    const told = [];
    const watch = new AbortController();
    const life = { on: (kind) => told.push(EventKind[kind]), restored: () => told.push("restored"), left: () => told.push("left") };
    watchPage(life, watch.signal);
    const happen = (target, type, members) => target.dispatchEvent(Object.assign(new Event(type), members));
    const all = () => {
      happen(document, "visibilitychange");
      happen(page, "focus");
      happen(page, "online");
      happen(page, "pageshow", { persisted: true });
      happen(document, "freeze");
      happen(document, "resume");
      happen(page, "pagehide");
    };
    all();
    assert.deepEqual(told, ["Shown", "Shown", "Online", "restored", "left", "restored", "left"]);
    document.hidden = true;
    happen(document, "visibilitychange");
    happen(page, "pageshow", { persisted: false });
    assert.deepEqual(told.slice(7), ["Hidden"], "a page that is simply new is nothing to act on");
    watch.abort();
    all();
    assert.equal(told.length, 8);
    assert.ok(!listened.has("unload") && !listened.has("beforeunload"), "either keeps a page out of the back/forward cache");
  });
});
