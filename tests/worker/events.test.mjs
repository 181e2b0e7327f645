import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { askOn, enterExpired } from "./support/asking.mjs";
import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { open, refusal } from "./support/socket.mjs";
import { SESSION_COOKIE, question } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** After this the runtime has put an object without work out of memory: it does so after ten seconds. */
const ASLEEP_MS = 25_000;

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
/** Everything that any socket ever heard. @type {import("./support/socket.mjs").Socket[]} */
const opened = [];
before(async () => { stack = await startScriptedStack({ door: true }); });
after(() => stack?.close());

/** @param {import("./support/browser.mjs").Browser} browser */
async function listen(browser) {
  const socket = await open(browser);
  opened.push(socket);
  return socket;
}

/** @param {import("./support/browser.mjs").Browser} browser @param {any} path @param {string} [body] */
const vault = (browser, path, body) => stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), path, body);

test("who opens one is told where the session stands, and hears an answer to a ping without the object being asked", async () => {
  const { browser, session } = await enter(stack);
  const socket = await listen(browser);
  assert.deepEqual(JSON.parse(socket.first), { v: 1, kind: "moved", epoch: session.epoch, generation: 1 });
  for (let times = 0; times < 3; times += 1) socket.say("ping");
  await until("the answers", () => socket.heard.length === 3);
  assert.deepEqual(socket.heard, ["pong", "pong", "pong"]);
  assert.equal((await vault(browser, "/counts")).messages, 0);
  assert.equal(socket.closed, undefined);
});

test("what somebody has missed who comes back is the first word, also of an object that was just made", async () => {
  const { browser, session } = await enterExpired(stack);
  const socket = await listen(browser);
  socket.drop();
  assert.equal((await askOn(browser, session)).json.generation, 2);
  assert.deepEqual(JSON.parse((await listen(browser)).first), { v: 1, kind: "moved", epoch: session.epoch, generation: 2 });
  await vault(browser, "/reset");
  assert.deepEqual(JSON.parse((await listen(browser)).first), { v: 1, kind: "moved", epoch: session.epoch, generation: 2 });
});

test("a logout in one tab ends all of them within a second", async () => {
  const { browser, session } = await enter(stack);
  const sockets = await Promise.all([1, 2, 3].map(() => listen(browser)));
  await browser.call("/auth/logout", { method: "POST" });
  const began = Date.now();
  for (const socket of sockets) {
    assert.deepEqual(await socket.notice("logged_out"), { v: 1, kind: "logged_out", epoch: session.epoch, generation: session.generation });
    assert.equal(await socket.end(), 1000);
  }
  assert.ok(Date.now() - began < 1_000);
});

test("a rotation is told to everybody, once and with the new generation, and so is a login of the same user", async () => {
  const { browser, session } = await enterExpired(stack);
  const sockets = await Promise.all([1, 2].map(() => listen(browser)));
  assert.equal((await askOn(browser, session)).json.generation, 2);
  for (const socket of sockets) assert.deepEqual(await socket.notice("moved"), { v: 1, kind: "moved", epoch: session.epoch, generation: 2 });
  // Who is behind is given the current one: nothing has changed.
  assert.equal((await askOn(browser, session)).json.generation, 2);
  assert.equal((await browser.call("/api/orders")).status, 200);
  await enter(stack, browser);
  for (const socket of sockets) {
    await until("the second", () => socket.notices.length === 2);
    assert.deepEqual(socket.notices.map(({ kind, generation }) => [kind, generation]), [["moved", 2], ["moved", 3]]);
    assert.equal(socket.closed, undefined);
  }
});

test("another session's sockets hear nothing of it", async () => {
  const { browser } = await enter(stack);
  const { browser: other } = await enter(stack);
  const [socket, stranger] = [await listen(browser), await listen(other)];
  await browser.call("/auth/logout", { method: "POST" });
  await socket.end();
  stranger.say("ping");
  await until("the answer", () => stranger.heard.length > 0);
  assert.deepEqual(stranger.heard, ["pong"]);
});

test("a grant that dies is told; the socket stays, and hears of the login that mends it", async () => {
  const { browser, session } = await enterExpired(stack);
  const socket = await listen(browser);
  stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined);
  assert.equal((await askOn(browser, session)).json.code, "reauth_required");
  stack.as.onToken = () => undefined;
  assert.deepEqual(await socket.notice("reauth_required"), { v: 1, kind: "reauth_required", epoch: session.epoch, generation: 1 });
  const second = await listen(browser);
  assert.deepEqual(JSON.parse(second.first), { v: 1, kind: "reauth_required", epoch: session.epoch, generation: 1 });
  await enter(stack, browser);
  for (const each of [socket, second]) assert.equal((await each.notice("moved")).generation, 2);
  assert.equal(socket.closed, undefined);
});

test("the end by a revocation is told to those that listen", async () => {
  const { browser, session } = await enter(stack);
  const socket = await listen(browser);
  await vault(browser, "/revoke?by=backchannel");
  assert.deepEqual(await socket.notice("ended"), { v: 1, kind: "ended", epoch: session.epoch, generation: 1 });
  assert.equal(await socket.end(), 1000);
});

test("an end that came while nobody listened is the first word of the next socket, and the last", async () => {
  const logout = (/** @type {import("./support/browser.mjs").Browser} */ browser) => browser.call("/auth/logout", { method: "POST" });
  const ends = /** @type {[string, (browser: import("./support/browser.mjs").Browser) => Promise<unknown>][]} */ ([
    ["ended", (browser) => vault(browser, "/revoke?by=backchannel")],
    ["ended", async (browser) => {
      // The limit has passed, and nobody has noticed yet.
      await vault(browser, "/sql", "UPDATE session SET active_at = 0");
      await vault(browser, "/reset");
    }],
    ["logged_out", logout],
  ]);
  for (const [kind, end] of ends) {
    const { browser, session } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    await end(browser);
    browser.setCookie(SESSION_COOKIE, cookie);
    for (const time of ["once", "again"]) {
      const socket = await listen(browser);
      assert.deepEqual(JSON.parse(socket.first), { v: 1, kind, epoch: session.epoch, generation: 1 }, time);
      assert.equal(await socket.end(), 1000);
      assert.deepEqual(socket.heard, []);
    }
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  }
});

test("a limit that passes while nobody asks is told by the alarm", async () => {
  const short = await startScriptedStack({ change: (given) => ({ ...given, LIMITS: { idle: "8s", absolute: "90d" } }) });
  try {
    const { browser } = await enter(short);
    const socket = await open(browser);
    assert.equal((await socket.notice("ended", 20_000)).kind, "ended");
    assert.equal(await socket.end(), 1000);
    assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  } finally {
    await short.close();
  }
});

test("a handshake needs our origin and our cookie of a session that left a trace", async () => {
  const { browser } = await enter(stack);
  const good = browser.cookie(SESSION_COOKIE) ?? "";
  const [id = "", tag = ""] = good.split(".");
  const cookie = (/** @type {string | undefined} */ value) => ({ headers: { cookie: value && `${SESSION_COOKIE}=${value}` } });
  const forged = `${id}.${tag.startsWith("A") ? "B" : "A"}${tag.slice(1)}`;
  const cases = /** @type {[any, number, string][]} */ ([
    [{ headers: { origin: undefined } }, 403, "cross_site"],
    [{ headers: { origin: "https://evil.example" } }, 403, "cross_site"],
    [{ headers: { origin: "null" } }, 403, "cross_site"],
    [{ headers: { origin: stack.app.replace("localhost", "127.0.0.1") } }, 403, "cross_site"],
    [{ headers: { "sec-fetch-site": "same-site" } }, 403, "cross_site"],
    [{ headers: { "sec-fetch-site": "cross-site" } }, 403, "cross_site"],
    [cookie(undefined), 401, "logged_out"],
    [cookie(forged), 401, "logged_out"],
    [cookie(`${"A".repeat(24)}.${tag}`), 401, "logged_out"],
    [{ headers: { upgrade: "h2c" } }, 426, "upgrade_required"],
  ]);
  for (const [options, status, code] of cases) {
    const refused = await refusal(browser, options);
    assert.deepEqual([refused.status, refused.json.code, refused.headers["content-type"]], [status, code, "application/problem+json"], JSON.stringify(options));
  }
  const plain = await browser.call("/auth/events");
  assert.deepEqual([plain.status, plain.json.code], [426, "upgrade_required"]);
  await browser.call("/auth/logout", { method: "POST" });
  browser.setCookie(SESSION_COOKIE, good);
  await vault(browser, "/sql", "DELETE FROM session");
  await vault(browser, "/reset");
  assert.deepEqual((await refusal(browser)).json.code, "logged_out");
});

test("who says anything but ping is closed, and nobody else", async () => {
  const { browser, session } = await enter(stack);
  const quiet = await listen(browser);
  for (const garbage of ["", "pong", " ping", '{"v":1,"kind":"logged_out"}', "x".repeat(1_025), "x".repeat(60_000), Buffer.from("ping")]) {
    const socket = await listen(browser);
    socket.say(garbage);
    assert.equal(await socket.end(), 1008, `${garbage.length} bytes`);
    assert.deepEqual(socket.heard, []);
  }
  assert.equal((await vault(browser, "/counts")).messages, 7);
  assert.equal(quiet.closed, undefined);
  assert.equal((await browser.call("/auth/session")).json.generation, session.generation);
});

test("the thirty-third closes the oldest, and those that went away do not count", async () => {
  const { browser } = await enter(stack);
  const sockets = [];
  for (let times = 0; times < 32; times += 1) sockets.push(await listen(browser));
  assert.ok(sockets.every((socket) => socket.closed === undefined));
  sockets.push(await listen(browser));
  assert.equal(await sockets[0]?.end(), 1013);
  sockets[5]?.close();
  assert.equal(await sockets[5]?.end(), 1000);
  sockets[6]?.drop();
  await pause(200);
  sockets.push(await listen(browser), await listen(browser));
  await pause(200);
  const open = sockets.filter((socket) => socket.closed === undefined);
  assert.equal(open.length, 32);
  assert.equal(sockets[1]?.closed, undefined);
  await browser.call("/auth/logout", { method: "POST" });
  for (const socket of open) await socket.notice("logged_out");
});

test("a reset of the object closes its sockets, and another one is opened", async () => {
  const { browser } = await enter(stack);
  const socket = await listen(browser);
  await vault(browser, "/reset");
  await socket.end(5_000);
  assert.deepEqual(socket.heard, []);
  const again = await listen(browser);
  await browser.call("/auth/logout", { method: "POST" });
  await again.notice("logged_out");
});

test("an object that was put out of memory keeps its sockets, their order, and still tells them", { timeout: 120_000 }, async () => {
  const { browser, session } = await enter(stack);
  /** @type {import("./support/socket.mjs").Socket[]} */
  const sockets = [];
  for (let times = 0; times < 32; times += 1) sockets.push(await listen(browser));
  const { instances } = await vault(browser, "/counts");
  await pause(ASLEEP_MS);
  sockets[3]?.say("ping");
  await until("an answer from sleep", () => sockets[3]?.heard.length === 1);
  sockets.push(await listen(browser));
  assert.equal(JSON.parse(sockets.at(-1)?.first ?? "").generation, 1, "read from its row");
  const { instances: later } = await vault(browser, "/counts");
  assert.equal(later, instances + 1, "it was made anew, once");
  assert.equal(await sockets.shift()?.end(), 1013);
  await browser.call("/auth/token", { method: "POST", json: question(session, "forced") });
  for (const socket of sockets) assert.equal((await socket.notice("moved")).generation, 2);
});

test("a socket costs neither rows nor timers, nor a look at the row that is in memory", async () => {
  const { browser } = await enter(stack);
  const counts = async () => { const { rowsRead, rowsWritten, armedOutside } = await vault(browser, "/counts"); return [rowsRead, rowsWritten, armedOutside]; };
  const before = await counts();
  const socket = await listen(browser);
  socket.say("ping");
  await until("the answer", () => socket.heard.length === 1);
  assert.deepEqual(await counts(), before);
  assert.equal((await browser.call("/healthz")).status, 200);
  assert.equal(await fetch(`${stack.app}/door/timers`).then((answer) => answer.json()), 0);
});

test("no secret in anything that was said", () => {
  const said = opened.flatMap((socket) => [socket.first, ...socket.heard]);
  assert.ok(said.length > 60, "there is something to look in");
  for (const text of said) {
    assert.ok(text === "pong" || Object.keys(JSON.parse(text)).every((key) => ["v", "kind", "epoch", "generation"].includes(key)), text);
    for (const secret of stack.as.issued) assert.ok(!text.includes(secret));
  }
  assertNothingLeaked(stack, stack.as.issued);
});
