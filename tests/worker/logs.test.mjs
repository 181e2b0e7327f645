import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { askOn, callOn, enterDue, enterExpired } from "./support/asking.mjs";
import { enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE, question } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack({ door: true }); });
after(() => stack?.close());

/** The trace of a question with this name, as `worker/README.md` describes it: FNV-1a, its upper 53 bits. @param {string} name */
function traceOf(name) {
  const hash = Buffer.from(name).reduce((hash, byte) => ((hash ^ BigInt(byte)) * 0x0000_0100_0000_01b3n) & 0xffff_ffff_ffff_ffffn, 0xcbf2_9ce4_8422_2325n);
  return (hash >> 11n).toString(16).padStart(14, "0");
}

const lines = () => stack.workerd.log;
const under = (/** @type {string} */ trace) => lines().filter((line) => line.trace === trace).map(({ event }) => event);

test("every line is one of JSON that begins with its event and its trace", async () => {
  const { browser } = await enter(stack);
  await browser.call("/auth/nothing");
  await until("the lines", () => lines().some(({ event, route }) => event === "refused" && route === "unknown"));
  const written = stack.workerd.output.split("\n").filter((line) => line.startsWith("{"));
  assert.ok(written.length > 3);
  for (const line of written) assert.match(line, /^\{"event":"[a-z_]+","trace":"[0-9a-f]{14}","at":\d{13}[,}]/);
});

test("a decision says route, outcome, status and how long it took", async () => {
  const { browser, session } = await enter(stack);
  // A question that is answered with what there is decides nothing, and has no line.
  await browser.call("/auth/token", { method: "POST", json: question(session, "resume", { op_id: "told-1" }) });
  await browser.call("/auth/logout", { method: "POST" });
  const [line] = await until("the line", () => { const found = lines().filter(({ event, route }) => event === "answered" && route === "/auth/logout"); return found.length > 0 && found; });
  assert.deepEqual(under(traceOf("told-1")), []);
  const { outcome, status, ms } = line ?? {};
  assert.deepEqual({ outcome, status }, { outcome: "ok", status: 200 });
  assert.ok(Number.isInteger(ms) && ms >= 0 && ms < 40_000, `${ms}`);
});

test("the name of a question is followed from the tab over the vault to the rotator, and to nothing else", async () => {
  const third = await enter(stack);
  const [one, other] = [await enterDue(stack, 40), await enterDue(stack, 40)];
  const asked = Promise.all([
    askOn(one.browser, one.session, "deadline", { op_id: "followed-1", tab_state: "hidden" }),
    askOn(other.browser, other.session, "deadline", { op_id: "followed-2" }),
  ]);
  // Whoever asks meanwhile has traces of their own.
  await Promise.all([third, third].map(({ browser }) => browser.call("/api/orders")));
  for (const { status } of await asked) assert.equal(status, 200);
  const done = (/** @type {string} */ name) => until("its lines", () => { const found = under(traceOf(name)); return found.includes("outcome") && found; });
  for (const name of ["followed-1", "followed-2"]) {
    const events = new Set(await done(name));
    const asks = name === "followed-1" ? ["asked"] : [];
    // The Worker's where a tab says how it is, the rotator's, the vault's.
    assert.deepEqual([...events].sort(), [...asks, "outcome", "token_answered"].sort(), name);
    assert.equal(under(traceOf(name)).filter((event) => event === "token_answered").length, 1);
    assert.equal(under(traceOf(name)).filter((event) => event === "outcome").length, 1);
  }
  // Every rotation is somebody's, and nobody's is another's.
  const traces = lines().filter(({ event }) => event === "token_answered").map(({ trace }) => trace);
  assert.equal(new Set(traces).size, traces.length);
});

test("a call has a trace of its own, and so has what it has done", async () => {
  const { browser } = await enterExpired(stack);
  const before = lines().length;
  assert.equal((await callOn(browser, "/api/orders")).status, 200);
  const outcome = await until("the outcome", () => lines().slice(before).find(({ event }) => event === "outcome"));
  const answered = lines().slice(before).find(({ event }) => event === "token_answered");
  assert.equal(answered?.trace, outcome.trace);
  assert.ok(!lines().slice(0, before).some(({ trace }) => trace === outcome.trace));
});

test("a rotation that outlives its object is still under the name of the question", async () => {
  const { browser, session } = await enterDue(stack, 40);
  const sent = stack.as.requests("refresh_token").length;
  /** @type {() => void} */
  let go = () => {};
  const held = new Promise((resolve) => { go = () => resolve(undefined); });
  stack.as.onToken = async () => { await held; return undefined; };
  const before = lines().length;
  const lost = browser.call("/auth/token", { method: "POST", json: question(session, "deadline", { op_id: "outlived" }) });
  await until("the token request", () => stack.as.requests("refresh_token").length > sent);
  await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/reset");
  go();
  stack.as.onToken = () => undefined;
  // Whoever comes next has another name, and finds the end of the first.
  assert.equal((await askOn(browser, session, "deadline", { op_id: "later" })).status, 200);
  await lost;
  const outcome = await until("the outcome", () => lines().slice(before).find(({ event }) => event === "outcome"));
  assert.deepEqual([outcome.outcome, outcome.trace], ["recovered_from_escrow", traceOf("outlived")]);
  assert.equal(stack.as.requests("refresh_token").length, sent + 1);
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
