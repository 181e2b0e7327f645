// What everlit/debug writes down of a session, and what it leaves out.

import assert from "node:assert/strict";
import { test } from "node:test";
import { report, watch } from "everlit/debug";
import { createTestSession } from "everlit/testing";

/** Of each entry what tells it from others. */
const told = (recording) => recording.timeline().map(({ kind, from, to, reason, code, generation, presence }) => [kind, from && `${from}>${to}`, reason ?? code ?? generation ?? presence].filter((part) => part !== undefined).join(" "));

test("a recording has every transition with its reason, in order, and when it was by both clocks", async () => {
  const kit = await createTestSession({ lifetime: "5m", now: "2030-01-01T00:00:00Z" });
  const recording = watch(kit.session);
  assert.deepEqual(recording.timeline(), []);
  await kit.advance("5m");
  const moves = told(recording).filter((line) => !line.startsWith("providerchange"));
  assert.deepEqual(moves.slice(0, 3), ["statechange active>refreshing deadline", "statechange refreshing>active refreshed", "refresh 2"]);
  assert.ok(told(recording).includes("providerchange ready>renewing deadline"));
  await kit.logoutElsewhere();
  assert.ok(told(recording).includes("loggedout logout-elsewhere"), told(recording).join("\n"));
  const all = recording.timeline();
  assert.deepEqual(all.map(({ number }) => number), all.map((_, at) => at + 1));
  const [first] = all;
  const since = first.serverTime - Date.parse("2030-01-01T00:00:00Z");
  assert.ok(since > 200_000 && since < 300_000, `${since} ms by the Worker's clock`);
  assert.ok(Math.abs(first.at - 5_000 - since) < 2_000, `${first.at} ms of the page's`);
  assert.equal(recording.snapshot().heard.tabs, 1);
  kit.close();
});

test("a problem is written down before what it led to, and the timeline goes on to the recovery", async () => {
  const kit = await createTestSession();
  const recording = watch(kit.session);
  kit.unavailable();
  await assert.rejects(kit.session.refresh());
  const lines = told(recording);
  const problem = lines.indexOf("problem temporarily_unavailable");
  assert.ok(problem >= 0 && problem < lines.indexOf("statechange refreshing>degraded unreachable"), lines.join("\n"));
  assert.deepEqual(recording.snapshot().problem, { code: "temporarily_unavailable" });
  assert.ok(recording.snapshot().health.reasons.includes("unreachable"));
  kit.recover();
  await kit.advance("1m");
  assert.equal(recording.snapshot().state, "active");
  assert.ok(told(recording).some((line) => /^statechange \S+>active/.test(line)));
  kit.close();
});

test("a ring keeps the newest entries, and the report says how many made room", async () => {
  const kit = await createTestSession();
  const recording = watch(kit.session, { limit: 3 });
  for (let turn = 0; turn < 4; turn += 1) {
    kit.expireToken();
    await kit.session.refresh();
    await kit.advance("1m");
  }
  const all = recording.timeline();
  assert.equal(all.length, 3);
  assert.equal(report(kit.session).dropped, all[0].number - 1);
  assert.ok(all[0].number > 3);
  kit.close();
});

test("the timeline is the same list until something is added, and listeners are told", async () => {
  const kit = await createTestSession();
  const recording = watch(kit.session);
  let times = 0;
  const stop = recording.subscribe(() => (times += 1));
  const before = recording.timeline();
  await kit.advance("1s");
  assert.equal(recording.timeline(), before);
  await kit.session.refresh();
  assert.notEqual(recording.timeline(), before);
  assert.equal(times, recording.timeline().length);
  stop();
  await kit.logoutElsewhere();
  assert.ok(recording.timeline().length > times);
  kit.close();
});

test("a recording that was stopped has let go of the session, and keeps what it has", async () => {
  const kit = await createTestSession();
  const listeners = new Set();
  const { addEventListener } = kit.session;
  kit.session.addEventListener = function (type, listener, options) {
    listeners.add(listener);
    options.signal.addEventListener("abort", () => listeners.delete(listener));
    addEventListener.call(this, type, listener, options);
  };
  const recording = watch(kit.session);
  assert.ok(listeners.size >= 7);
  await kit.session.refresh();
  const before = recording.timeline();
  assert.ok(before.length > 0);
  const requests = kit.requests.length;
  recording.stop();
  assert.equal(listeners.size, 0);
  await kit.logoutElsewhere();
  assert.equal(recording.timeline(), before);
  assert.equal(kit.requests.length, requests, "it asks nobody anything");
  kit.close();
});

test("a token that another tab fetched, a login and a logout there are told apart from this tab's own, and from the Worker's word", async () => {
  const kit = await createTestSession();
  const recording = watch(kit.session);
  const other = await kit.openTab();
  const heard = () => recording.snapshot().heard;
  await kit.session.refresh();
  await kit.settle();
  assert.deepEqual(heard(), { tabs: 0, worker: 0 }, "its own");
  await kit.advance("20s");
  await other.session.refresh();
  await kit.settle();
  assert.deepEqual(heard(), { tabs: 1, worker: 0 });
  const refreshes = recording.timeline().filter(({ kind }) => kind === "refresh").map(({ generation, elsewhere }) => [generation, elsewhere]);
  assert.deepEqual(refreshes, [[2, undefined], [3, true]]);
  await other.session.logout();
  await kit.settle();
  assert.deepEqual(heard(), { tabs: 2, worker: 0 });
  await kit.loginAs({ sub: "2" });
  const { tabs } = heard();
  await kit.endSession();
  assert.deepEqual(heard(), { tabs, worker: 1 });
  kit.close();
});

test("a snapshot counts down to the end that the user is asked about", async () => {
  const kit = await createTestSession({ idleLimit: "30m", lifetime: "10m", options: { idle: { prompt: 60_000 } } });
  const recording = watch(kit.session);
  assert.equal(recording.snapshot().idleEndsIn, undefined);
  let advanced = 0;
  while (kit.session.presence !== "prompted" && advanced < 60) {
    await kit.advance("30s");
    advanced += 1;
  }
  const { idleEndsIn } = recording.snapshot();
  assert.ok(idleEndsIn > 0 && idleEndsIn <= 60_000, `${idleEndsIn}`);
  await kit.advance("10s");
  assert.equal(recording.snapshot().idleEndsIn, idleEndsIn - 10_000);
  kit.close();
});

test("a report is versioned JSON: timing, health and providers, and nothing that names the user or is a secret", async () => {
  const canaries = {
    sub: "canary-sub-4711",
    name: "Canary Nightingale",
    email: "canary.mail@birds.example",
    opaque: "cAnArYtOkEn0123456789abcdefXYZ",
    jwt: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlMTIz",
    query: "canary_query=1",
    address: "https://cdn.example/canary-path/everlit.wasm",
    retry: "canary in a function",
  };
  const { sub, name, email, opaque, jwt, query } = canaries;
  const kit = await createTestSession({ user: { sub, name, email } });
  const { session } = kit;
  const options = { lead: 7_000, idle: { prompt: 60_000 }, silent: ["frame", opaque], wasm: canaries.address, retry: () => canaries.retry, signal: new AbortController().signal, unheard: opaque, healthCheck: opaque };
  const recording = watch(session, { options });
  // Whatever a Worker, or what stands in its place, could say; and an event that says more than it should.
  let detail = `GET https://app.example/auth/session?${query}#${opaque} for ${email} (${name}, ${sub}) with ${opaque} and ${jwt}`;
  Object.defineProperty(session, "problem", { get: () => ({ code: "misconfigured", title: `${name} ${jwt}`, detail, status: 503, access_token: opaque }) });
  session.dispatchEvent(new CustomEvent("refresh", { detail: { epoch: 1, generation: 9, access_token: opaque } }));
  session.dispatchEvent(new CustomEvent("providerchange", { detail: { name: email, from: "ready", to: "expiring", reason: "deadline", sequence: 1, token: jwt } }));
  session.dispatchEvent(new CustomEvent("healthchange", { detail: { score: 50, grade: "fair", reasons: ["slow"], user: session.user } }));
  await session.refresh();
  // Who has left is not named either.
  await kit.logoutElsewhere();
  session.dispatchEvent(new CustomEvent("statechange", { detail: { from: "active", to: "ended", reason: "told", sequence: 9, user: sub } }));

  const text = JSON.stringify(report(session));
  for (const [which, value] of Object.entries(canaries)) assert.ok(!text.includes(value), `${which} is in ${text}`);
  assert.ok(!/canary/i.test(text), text);
  const made = JSON.parse(text);
  assert.equal(made["everlit-report"], 1);
  assert.deepEqual(made.options, { lead: 7_000, "idle.prompt": 60_000, silent: ["frame"], wasm: "given", signal: "given", retry: "given" });
  assert.match(made.snapshot.problem.detail, /^GET https:\/\/app\.example\/auth\/session…/);
  assert.deepEqual(made.snapshot.providers, [{ name: "demo", state: "unavailable" }]);
  assert.deepEqual(made.timeline.map(({ kind }) => kind).filter((kind) => kind === "refresh").length, 2);
  assert.equal(made.timeline.length, recording.timeline().length);
  // The same canaries, where nothing is left out: the search would find them.
  detail = JSON.stringify(canaries);
  assert.match(JSON.stringify(session.problem), /canary/i);
  kit.close();
});

test("a report of a session that nobody watched says where it stands, also of who is not to be named", async () => {
  const kit = await createTestSession({ user: { sub: "canary-9" } });
  Object.defineProperty(kit.session, "problem", { value: { code: "internal", title: "", detail: "of canary-9" } });
  const { watched, snapshot, timeline, options } = report(kit.session);
  assert.deepEqual([watched, options, snapshot.state, snapshot.loggedIn], [0, undefined, "active", true]);
  assert.deepEqual(snapshot.problem, { code: "internal", detail: "of …" });
  assert.ok(timeline.every(({ kind }) => kind === "problem"));
  assert.equal(snapshot.token.generation, 1);
  kit.close();
});

test("what cannot be watched is refused, by name", async () => {
  assert.throws(() => watch(undefined), /^TypeError: watch takes the session of await openSession\(\), not undefined$/);
  assert.throws(() => watch(Promise.resolve()), /^TypeError: watch takes the session of await openSession\(\), not the promise of one: await it$/);
  const kit = await createTestSession();
  assert.throws(() => watch(kit.session, { limit: 0 }), /^TypeError: watch: limit is 0; it takes a whole number from 1$/);
  kit.close();
});

test("a report can be made of a session that was closed, by the session itself", async () => {
  const test = await createTestSession();
  const { session } = test;
  const recording = watch(session);
  await session.refresh();
  session.close();
  const made = await session.report();
  assert.equal(made.snapshot.state, "active", "where it stood");
  assert.ok(made.timeline.some(({ kind }) => kind === "refresh"), "and what had happened");
  await assert.rejects(session.debug(), { code: "ERR_SESSION_DISPOSED" });
  recording.stop();
  test.close();
});
