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
    const timer = createTimer(() => {
      fired += 1;
      if (fired < 3) timer.arm(fired * 100);
    });
    timer.arm(50);
    for (const [count, delay] of [[0, [50]], [1, [100]], [2, [200]], [3, []]]) {
      assert.deepEqual([fired, delays()], [count, delay]);
      fire();
    }
    timer.free();
  });

  test("has one thing to wait for at a time", () => {
    const { timers, fire, delays } = fakeTimers();
    let fired = 0;
    const timer = createTimer(() => (fired += 1));
    timer.arm(5_000);
    timer.arm(10);
    assert.deepEqual(delays(), [10]);
    timer.arm(Infinity);
    assert.equal(timers.size, 0);
    timer.arm(20);
    timer.free();
    assert.equal(timers.size, 0, "nothing when it is gone");
    fire();
    assert.equal(fired, 0);
  });

  test("never overflows what setTimeout counts in, and takes any number", () => {
    const { delays } = fakeTimers();
    const timer = createTimer(() => {});
    for (const [asked, set] of [[2 ** 31, [2 ** 31 - 1]], [1e300, [2 ** 31 - 1]], [-5, [0]], [0.9, [0]], [NaN, []], [-Infinity, []]]) {
      timer.arm(asked);
      assert.deepEqual(delays(), set, `${asked}`);
    }
    timer.free();
  });

  test("survives what throws in it", () => {
    const { fire, timers } = fakeTimers();
    let fired = 0;
    const timer = createTimer(() => {
      fired += 1;
      throw new Error("mine");
    });
    timer.arm(1);
    fire();
    timer.arm(1);
    fire();
    assert.deepEqual([fired, timers.size], [2, 0]);
    timer.free();
  });
});

describe("the channel", () => {
  const { createChannel } = inside.channel;

  test("brings what one tab tells to the others", async () => {
    const heard = [];
    const [one, two] = [createChannel(() => heard.push("echo")), createChannel((message) => heard.push(message))];
    one.open();
    two.open();
    one.tell([1, 1_790_000_000_123]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(heard, [[1, 1_790_000_000_123]]);
    two.close();
    one.tell([1, 2]);
    one.close();
    one.tell([1, 3]);
    await settled();
    assert.equal(heard.length, 1);
  });

  test("lets nothing through that is no message", () => {
    let made;
    replace("BroadcastChannel", class {
      constructor(name) {
        this.name = name;
        made = this;
      }
      close() {}
    });
    const heard = [];
    const channel = createChannel((message) => heard.push(message));
    channel.open();
    assert.match(made.name, /\b1\b/, "tabs of another wire version are on another channel");
    const hostile = { length: 2, 0: 1, 1: 1, every: () => true };
    for (const data of [undefined, null, "logout", 7, {}, hostile, [], [1], [1, "2"], [1, 2.5], [1, -2], [1, NaN], [1, 2 ** 53], [1, 2, 3, 4, 5, 6], [[1], 2]]) {
      made.onmessage({ data });
    }
    assert.deepEqual(heard, []);
    made.onmessage({ data: [0, 1, 2, 3, 4] });
    assert.equal(heard.length, 1);
  });

  for (const [name, BroadcastChannel] of [
    ["missing", undefined],
    [
      "forbidden here",
      class {
        constructor() {
          throw new DOMException("no", "SecurityError");
        }
      },
    ],
  ]) {
    test(`is done without where it is ${name}`, () => {
      replace("BroadcastChannel", BroadcastChannel);
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
    await ask("/auth/token", signal, { v: 1, reason: "resume" });
    const [[path, get], [, post]] = asked;
    assert.equal(path, "/auth/session");
    assert.deepEqual([get.method, get.body, get.headers["everlit-version"]], [undefined, undefined, "1"]);
    assert.deepEqual([get.credentials, get.cache, get.redirect], ["same-origin", "no-store", "error"]);
    assert.deepEqual([post.method, post.body, post.headers["everlit-version"]], ["POST", '{"v":1,"reason":"resume"}', "1"]);
  });

  test("takes no answer, and one that is no JSON, for what they are", async () => {
    replace("fetch", () => Promise.reject(new TypeError("offline")));
    assert.deepEqual(await ask("/auth/session", signal), { status: 0, retryAfter: NaN });
    replace("fetch", () => {
      throw new Error("blocked by an extension");
    });
    assert.deepEqual(await ask("/auth/session", signal), { status: 0, retryAfter: NaN });
    replace("fetch", async () => new Response("<!doctype html><title>Welcome to our network</title>"));
    assert.deepEqual(await ask("/auth/session", signal), { status: 200, retryAfter: NaN, body: undefined });
  });

  test("reads both forms of Retry-After, the date by the clock that wrote it", async () => {
    const [date, soon, past] = ["Sat, 21 Nov 2026 12:00:00 GMT", "Sat, 21 Nov 2026 12:00:30 GMT", "Sat, 21 Nov 2026 11:00:00 GMT"];
    for (const [header, wait] of [
      ["120", 120_000],
      ["0", 0],
      [`1${"0".repeat(20)}`, Number.MAX_SAFE_INTEGER],
      ["9".repeat(400), NaN],
      [soon, 30_000],
      [past, 0],
      ["soon", NaN],
    ]) {
      const headers = { "retry-after": header, date };
      replace("fetch", async () => new Response("{}", { status: 503, headers }));
      assert.equal((await ask("/auth/token", signal, {})).retryAfter, wait, header);
    }
    replace("fetch", async () => new Response("{}", { status: 503, headers: { "retry-after": soon } }));
    assert.equal((await ask("/auth/token", signal, {})).retryAfter, NaN, "whose clock would that be?");
  });
});

describe("the user's activity", () => {
  const { watchActivity } = inside.activity;

  test("is what only a person does, and as old as the clock says that ran on", () => {
    const listeners = new Map();
    replace("addEventListener", (type, listener, options) => {
      assert.deepEqual([options.passive, options.capture], [true, true], type);
      listeners.set(type, listener);
      options.signal.addEventListener("abort", () => listeners.delete(type));
    });
    const now = { wall: 1e12, mono: 5e3, entropy: 0 };
    const activity = watchActivity(() => ({ ...now }));
    assert.deepEqual([...listeners.keys()].sort(), ["keydown", "pointerdown", "touchstart", "wheel"]);
    const pass = (wall, mono) => Object.assign(now, { wall: now.wall + wall, mono: now.mono + mono });
    for (const listener of listeners.values()) listener({ isTrusted: false });
    assert.equal(activity.ago(), undefined, "a script is nobody");
    for (const listener of listeners.values()) {
      listener({ isTrusted: true });
      assert.equal(activity.ago(), 0);
      pass(1_000, 1_000);
      assert.equal(activity.ago(), 1_000);
    }
    pass(60_000, 0);
    assert.equal(activity.ago(), 61_000, "a sleep counts");
    pass(-3_600_000, 500);
    assert.equal(activity.ago(), 1_500, "a wall clock that is set back makes nobody active in the future");
    activity.stop();
    assert.equal(listeners.size, 0);
  });
});

describe("the name of a question", () => {
  const { nameOperation } = inside.operation;

  test("is another one each time, and none where there is no randomness", () => {
    const names = new Set(Array.from({ length: 100 }, nameOperation));
    assert.equal(names.size, 100);
    for (const name of names) assert.match(name, /^[0-9a-f]{16}$/);
    for (const missing of [undefined, {}]) {
      replace("crypto", missing);
      assert.equal(nameOperation(), undefined);
    }
  });
});

describe("the page's life", () => {
  const { watchPage } = inside.lifecycle;

  test("is told in three words, until nobody listens any more", () => {
    const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
    const page = new EventTarget();
    replace("document", document);
    replace("addEventListener", page.addEventListener.bind(page));
    const told = [];
    const stop = watchPage({ nudged: () => told.push("nudged"), restored: () => told.push("restored"), left: () => told.push("left") });
    const happen = (target, type, members) => target.dispatchEvent(Object.assign(new Event(type), members));
    const all = () => {
      happen(document, "visibilitychange");
      happen(page, "focus");
      happen(page, "online");
      happen(page, "pageshow", { persisted: true });
      happen(document, "resume");
      happen(page, "pagehide");
    };
    all();
    assert.deepEqual(told, ["nudged", "nudged", "nudged", "restored", "restored", "left"]);
    document.visibilityState = "hidden";
    happen(document, "visibilitychange");
    happen(page, "pageshow", { persisted: false });
    assert.equal(told.length, 6, "hiding, and a page that is simply new, are nothing to act on");
    stop();
    all();
    assert.equal(told.length, 6);
  });
});
