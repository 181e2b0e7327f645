// The chunks that are loaded when they are needed: silent re-login, and the event socket with its SharedWorker.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { inside, runShared } from "./inside.mjs";
import { failure, settled } from "./world.mjs";

const { ReloginAnswer, Way } = inside.abi;
const ORIGIN = "https://app.example";
const before = new Map();

function replace(name, value) {
  if (!before.has(name)) before.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

let page;
beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  page = new EventTarget();
  replace("addEventListener", page.addEventListener.bind(page));
  replace("location", { origin: ORIGIN });
});
afterEach(() => {
  mock.timers.reset();
  for (const [name, descriptor] of before) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else delete globalThis[name];
  }
  before.clear();
});

/** BroadcastChannels that deliver in the same turn. */
function fakeChannels() {
  const open = new Set();
  replace("BroadcastChannel", class {
    constructor(name) {
      this.name = name;
      open.add(this);
    }
    close() {
      open.delete(this);
    }
  });
  const say = (data) => [...open].forEach((channel) => channel.name === "everlit 1 relogin" && channel.onmessage({ data }));
  return { open, say };
}

const here = { here: () => `${ORIGIN}/orders?page=2#last` };
const idOf = (address) => new URL(address, ORIGIN).searchParams.get("relogin");

describe("a popup", () => {
  const popup = () => ({ closed: false, went: [], location: { replace: (to) => popup.last.push(to) }, close() { this.closed = true; } });
  function begin() {
    popup.last = [];
    const [shown, answers, given] = [popup(), [], new AbortController()];
    inside.silent.silent(Way.Popup, shown, here, given.signal, (answer) => answers.push(answer));
    return { shown, answers, given, id: idOf(popup.last[0]), address: popup.last[0] };
  }

  test("goes to the Worker, and ends with what the result page says to it alone", () => {
    const { say, open } = fakeChannels();
    const { shown, answers, id, address } = begin();
    assert.match(address, /^https:\/\/app\.example\/auth\/login\?prompt=none&via=popup&return_to=%2Forders%3Fpage%3D2%23last&relogin=[0-9a-f]{1,32}$/);
    for (const noise of [undefined, null, 7, "done", {}, { everlit: 2, relogin: id, outcome: "done" }, { everlit: 1, relogin: "other", outcome: "done" }, { everlit: 1, relogin: id, outcome: "constructor" }, { everlit: 1, relogin: id }]) {
      say(noise);
    }
    assert.deepEqual(answers, []);
    say({ everlit: 1, relogin: id, outcome: "done" });
    say({ everlit: 1, relogin: id, outcome: "refused" });
    assert.deepEqual([answers, shown.closed, open.size], [[ReloginAnswer.Done], true, 0]);
  });

  test("is believed by message only from that very window and our origin", () => {
    replace("BroadcastChannel", undefined);
    const { shown, answers, id } = begin();
    const say = (source, origin) => page.dispatchEvent(Object.assign(new Event("message"), { source, origin, data: { everlit: 1, relogin: id, outcome: "refused" } }));
    say({}, ORIGIN);
    say(shown, "https://evil.example");
    assert.deepEqual(answers, []);
    say(shown, ORIGIN);
    assert.deepEqual(answers, [ReloginAnswer.Refused]);
  });

  test("that its user closes is a way that is closed; one that only seems closed for a moment is not", () => {
    fakeChannels();
    replace("document", { hasFocus: () => true });
    const { shown, answers } = begin();
    shown.closed = true;
    mock.timers.tick(1_000);
    shown.closed = false;
    mock.timers.tick(5_000);
    assert.deepEqual(answers, []);
    shown.closed = true;
    mock.timers.tick(3_000);
    assert.deepEqual(answers, [ReloginAnswer.Unavailable]);
  });

  test("whose page cuts itself off from its opener looks closed, and is waited for until its user is back at this page", () => {
    const { say } = fakeChannels();
    let focused = false;
    replace("document", { hasFocus: () => focused });
    const [done, left] = [begin(), begin()];
    for (const { shown } of [done, left]) shown.closed = true;
    mock.timers.tick(60_000);
    assert.deepEqual([done.answers, left.answers], [[], []]);
    say({ everlit: 1, relogin: done.id, outcome: "done" });
    assert.deepEqual(done.answers, [ReloginAnswer.Done]);
    focused = true;
    mock.timers.tick(3_000);
    assert.deepEqual(left.answers, [ReloginAnswer.Unavailable]);
  });

  test("is closed when it is given up, and says nothing more", () => {
    const { say, open } = fakeChannels();
    const { shown, answers, given, id } = begin();
    given.abort();
    say({ everlit: 1, relogin: id, outcome: "done" });
    assert.deepEqual([answers, shown.closed, open.size], [[], true, 0]);
  });

  test("that is blocked is a way that is closed", () => {
    replace("open", () => null);
    const answers = [];
    inside.relogin.relogin(Way.Popup, here, new AbortController().signal, (answer) => answers.push(answer));
    assert.deepEqual(answers, [ReloginAnswer.Unavailable]);
  });

  for (const crypto of [undefined, {}]) {
    test(`is the same where crypto is ${crypto ? "empty" : "missing"}`, () => {
      const { say } = fakeChannels();
      replace("crypto", crypto);
      const { shown, answers, id } = begin();
      say({ everlit: 1, relogin: id, outcome: "done" });
      assert.deepEqual([answers, shown.closed], [[ReloginAnswer.Done], true]);
    });
  }
});

describe("frames", () => {
  let frames;
  beforeEach(() => {
    frames = [];
    replace("document", {
      createElement: () => ({ contentWindow: {}, remove() { frames.splice(frames.indexOf(this), 1); } }),
      documentElement: { append: (frame) => frames.push(frame) },
    });
  });
  const begin = (given = new AbortController()) => {
    const answers = [];
    inside.silent.silent(Way.Frame, undefined, here, given.signal, (answer) => answers.push(answer));
    return { answers, given };
  };
  /** One exclusive lock. */
  function fakeLocks() {
    let last = Promise.resolve();
    replace("navigator", {
      locks: {
        request: (name, { signal }, work) => {
          assert.equal(name, "everlit relogin");
          const turn = last.then(() => {
            signal.throwIfAborted();
            return work();
          });
          last = turn.catch(() => {});
          return turn;
        },
      },
    });
  }

  test("of twenty tabs are one, whose result is everybody's", async () => {
    fakeLocks();
    const { say } = fakeChannels();
    const tabs = Array.from({ length: 20 }, () => begin());
    await settled();
    assert.equal(frames.length, 1);
    say({ everlit: 1, relogin: idOf(frames[0].src), outcome: "done" });
    assert.deepEqual(tabs.map(({ answers }) => answers), Array(20).fill([ReloginAnswer.Done]));
    mock.timers.tick(200);
    await settled();
    assert.deepEqual(frames, [], "and no other tab begins one");
  });

  for (const [name, navigator] of [
    ["missing", {}],
    ["forbidden", { locks: { request: () => Promise.reject(new DOMException("no", "SecurityError")) } }],
    ["broken", { locks: { request() { throw new Error("boom"); } } }],
  ]) {
    test(`are one per tab where locks are ${name}`, async () => {
      replace("navigator", navigator);
      const { say } = fakeChannels();
      const [one, two] = [begin(), begin()];
      await settled();
      assert.equal(frames.length, 2);
      say({ everlit: 1, relogin: idOf(frames[1].src), outcome: "refused" });
      assert.deepEqual([one.answers, two.answers], [[], [ReloginAnswer.Refused]]);
      one.given.abort();
      assert.deepEqual(frames, []);
    });
  }
});

describe("a redirect", () => {
  test("takes the page there, and back to where it was", () => {
    const went = [];
    inside.silent.silent(Way.Redirect, undefined, { ...here, leave: (to) => went.push(to) }, new AbortController().signal, () => assert.fail(), () => false);
    assert.deepEqual(went, ["/auth/login?prompt=none&via=redirect&return_to=%2Forders%3Fpage%3D2%23last"]);
  });
});

describe("a redirect of a page", () => {
  const page = { ...here, leave: () => assert.fail("something would be lost") };
  test("whose calls are under way is a way that is closed", () => {
    const answers = [];
    inside.silent.silent(Way.Redirect, undefined, page, new AbortController().signal, (answer) => answers.push(answer), () => true);
    assert.deepEqual(answers, [ReloginAnswer.Unavailable]);
  });

  test("that has given it up is none", () => {
    inside.silent.silent(Way.Redirect, undefined, page, AbortSignal.abort(), () => assert.fail(), () => false);
  });
});

describe("the event socket", () => {
  let sockets;
  beforeEach(() => {
    sockets = [];
    replace("WebSocket", class {
      readyState = 1;
      sent = [];
      constructor(address) {
        this.address = address;
        sockets.push(this);
      }
      send(text) {
        this.sent.push(text);
      }
      close() {
        this.closed = true;
      }
    });
  });
  const listen = (given = new AbortController()) => {
    const heard = [];
    const hear = (name) => (...what) => heard.push([name, ...what]);
    inside.events.listen({ opened: hear("opened"), closed: hear("closed"), told: hear("told") }, given.signal);
    return { heard, given };
  };

  const throwing = class {
    constructor() {
      throw new DOMException("no", "SecurityError");
    }
  };
  for (const [name, worker] of [["missing", undefined], ["forbidden", throwing]]) {
    test(`is in the page where a SharedWorker is ${name}, and believes nothing that is not as it should be`, () => {
      replace("SharedWorker", worker);
      const { heard, given } = listen();
      const [socket] = sockets;
      assert.equal(socket.address, "wss://app.example/auth/events");
      socket.onopen();
      const notice = { v: 1, kind: "moved", epoch: 5, generation: 2 };
      for (const data of ["", "{", "null", "7", "<!doctype html>", new ArrayBuffer(4), "pong", JSON.stringify({ ...notice, v: 2 }), JSON.stringify({ ...notice, kind: "constructor" }), JSON.stringify({ ...notice, epoch: "5" }), JSON.stringify({ ...notice, generation: 1.5 }), JSON.stringify({ ...notice, kind: "provider" })]) {
        socket.onmessage({ data });
      }
      assert.deepEqual(heard, [["opened", false]]);
      for (const kind of ["moved", "reauth_required", "ended", "logged_out"]) socket.onmessage({ data: JSON.stringify({ ...notice, kind }) });
      assert.deepEqual(heard.slice(1), [["told", 0, 5, 2], ["told", 1, 5, 2], ["told", 2, 5, 2], ["told", 3, 5, 2]]);
      given.abort();
      assert.equal(socket.closed, true, "an open socket keeps a page out of the back/forward cache");
      assert.equal(heard.length, 5, "and nothing is said of it");
    });
  }

  test("that goes dead without a word is noticed", () => {
    replace("SharedWorker", undefined);
    const { heard } = listen();
    mock.timers.tick(30_000);
    sockets[0].onmessage({ data: "pong" });
    mock.timers.tick(30_000);
    assert.deepEqual([sockets[0].sent, heard], [["ping", "ping"], []]);
    mock.timers.tick(30_000);
    assert.deepEqual([sockets[0].closed, heard], [true, [["closed"]]]);
  });

  test("that cannot be made is closed", () => {
    replace("SharedWorker", undefined);
    replace("WebSocket", throwing);
    assert.deepEqual(listen().heard, [["closed"]]);
  });

  test("is in the page where the SharedWorker's script does not load", () => {
    const workers = [];
    replace("SharedWorker", class {
      port = { postMessage() {}, close() {} };
      constructor() {
        workers.push(this);
      }
    });
    listen();
    assert.equal(sockets.length, 0);
    workers[0].onerror();
    assert.equal(sockets.length, 1);
  });

  test("of a SharedWorker wakes it only while a tab listens", async () => {
    const { setInterval: set, clearInterval: clear } = globalThis;
    const running = new Set();
    try {
      globalThis.setInterval = (...given) => {
        const timer = set(...given);
        running.add(timer);
        return timer;
      };
      globalThis.clearInterval = (timer) => {
        running.delete(timer);
        clear(timer);
      };
      replace("SharedWorkerGlobalScope", class {});
      await runShared();
      const [one, two] = Array.from({ length: 2 }, () => ({ postMessage() {} }));
      for (const port of [one, two]) globalThis.onconnect({ ports: [port] });
      assert.equal(running.size, 0, "nobody listens yet");
      const [look, ping] = [1, 1];
      one.onmessage({ data: 1 });
      two.onmessage({ data: 1 });
      assert.equal(running.size, look + ping);
      one.onmessage({ data: 0 });
      assert.equal(running.size, look + ping);
      two.onmessage({ data: 0 });
      assert.equal(running.size, 0, "the last one is gone");
      one.onmessage({ data: 1 });
      assert.equal(running.size, look + ping, "one is back");
      sockets.at(-1).onclose();
      assert.equal(running.size, 0, "the socket is gone, and with it all who listened");
      two.onmessage({ data: 1 });
      mock.timers.tick(60_000);
      assert.equal(running.size, 0, "the last one was killed");
    } finally {
      Object.assign(globalThis, { setInterval: set, clearInterval: clear });
    }
  });

  test("of a SharedWorker is one for all tabs, and is closed when the last one is gone or killed", async () => {
    replace("SharedWorkerGlobalScope", class {});
    await runShared();
    const connect = () => {
      const said = [];
      const port = { said, postMessage: (what) => said.push(what) };
      globalThis.onconnect({ ports: [port] });
      return port;
    };
    const [one, two] = [connect(), connect()];
    one.onmessage({ data: 1 });
    two.onmessage({ data: 1 });
    assert.equal(sockets.length, 1);
    sockets[0].onopen();
    sockets[0].onmessage({ data: "news" });
    assert.deepEqual([one.said, two.said], [[true, "news"], [true, "news"]]);
    const late = connect();
    late.onmessage({ data: 1 });
    assert.deepEqual(late.said, [true, "news"], "who comes later hears where the session stands, as who opens a socket does");
    two.onmessage({ data: 0 });
    late.onmessage({ data: "garbage" });
    assert.equal(sockets[0].closed, undefined);
    // `one` is killed: it answers no more.
    mock.timers.tick(30_000);
    assert.equal(one.said.at(-1), null);
    mock.timers.tick(30_000);
    assert.equal(sockets[0].closed, true);
    two.onmessage({ data: 1 });
    assert.equal(sockets.length, 2);
    sockets[1].onopen();
    one.onmessage({ data: 1 });
    assert.equal(one.said.at(-1), true, "what another socket said is of another time");
    sockets[1].onclose();
    assert.equal(two.said.at(-1), false);
  });
});

describe("a chunk", () => {
  test("that does not load is said, with what to do, and is loaded at the next need, once for all who need it", async () => {
    const gone = new TypeError("Failed to fetch dynamically imported module: https://app.example/calls.js");
    let loads = 0;
    const need = inside.chunk.chunk(async () => {
      if ((loads += 1) === 1) throw gone;
      return "here";
    });
    for (const error of await Promise.all([failure(need()), failure(need())])) {
      assert.deepEqual([error.code, error.message, error.cause], ["ERR_SESSION_LOAD", "load: a chunk of everlit; try again, or reload the page", gone]);
    }
    assert.deepEqual([await Promise.all([need(), need()]), await need(), loads], [["here", "here"], "here", 2]);
  });
});
