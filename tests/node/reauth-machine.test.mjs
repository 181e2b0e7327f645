// The machine behind `everlit/reauth`: every event in every state that there is within six steps, the laws after each, and the stories by name.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inside } from "./inside.mjs";

const { step: stepOf, On, Do, START, POLL_MS, DONE_MS, shown } = inside.reauthMachine;
/** One step, in words: in the package what happens, and what is to be done, has a number. */
const step = (state, { kind, ...event }) => {
  const [next, effects] = stepOf(state, { ...event, kind: On[kind[0].toUpperCase() + kind.slice(1)] });
  return [next, effects.map(({ kind, ...effect }) => ({ ...effect, kind: Do[kind].toLowerCase() }))];
};
const SERVICE = "service:breeze";
const LOGIN = "login";
const need = { provider: "breeze", providerTitle: "ICICI Breeze", how: ["popup", "paste"], who: "you", loginUrl: "/service/breeze/login", serverTime: 100 };

/** What can happen. A call gets a number of its own. */
const EVENTS = {
  called: ({ calls }) => ({ kind: "called", vault: SERVICE, need, call: calls + 1 }),
  "called without a word": ({ calls }) => ({ kind: "called", vault: SERVICE, need: {}, call: calls + 1 }),
  "called by who does not wait": ({ calls }) => ({ kind: "called", vault: SERVICE, need, call: -1 - calls }),
  "called late": ({ calls }) => ({ kind: "called", vault: SERVICE, need: { ...need, serverTime: 9_999 }, call: calls + 1 }),
  "called for the login": ({ calls }) => ({ kind: "called", vault: LOGIN, need: { how: ["popup"] }, call: calls + 1 }),
  left: ({ waiting }) => ({ kind: "left", call: [...waiting][0] ?? 99 }),
  valid: ({ id }) => ({ kind: "status", vault: SERVICE, id, status: { valid: true, serverTime: 200 } }),
  invalid: ({ id }) => ({ kind: "status", vault: SERVICE, id, status: { valid: false, how: ["approval", "paste"], serverTime: 150 } }),
  pushed: ({ id }) => ({ kind: "status", vault: SERVICE, id, status: { valid: false, deadline: 500, serverTime: 150 } }),
  offline: ({ id }) => ({ kind: "status", vault: SERVICE, id, status: { kind: "offline", says: "no" } }),
  barred: ({ id }) => ({ kind: "status", vault: SERVICE, id, status: { kind: "forbidden", says: "no" } }),
  odd: ({ id }) => ({ kind: "status", vault: SERVICE, id, status: undefined }),
  stale: ({ id }) => ({ kind: "status", vault: SERVICE, id: id - 1, status: { valid: true } }),
  answered: () => ({ kind: "answered", vault: SERVICE, now: 200 }),
  "logged in": () => ({ kind: "answered", vault: LOGIN, here: true }),
  refused: () => ({ kind: "refused", vault: SERVICE, says: "no" }),
  submitted: () => ({ kind: "submitted", vault: SERVICE, text: " yesterday's " }),
  blank: () => ({ kind: "submitted", vault: SERVICE, text: " \n" }),
  accepted: ({ id }) => ({ kind: "judged", vault: SERVICE, id, verdict: "accepted", now: 200 }),
  wrong: ({ id }) => ({ kind: "judged", vault: SERVICE, id, verdict: { kind: "over", says: "no" } }),
  "wrong, late": ({ id }) => ({ kind: "judged", vault: SERVICE, id: id - 1, verdict: { kind: "over", says: "no" } }),
  asked: ({ id }) => ({ kind: "judged", vault: SERVICE, id, verdict: "asked" }),
  approval: () => ({ kind: "approval", vault: SERVICE }),
  opened: () => ({ kind: "opened", vault: SERVICE, blocked: false }),
  blocked: () => ({ kind: "opened", vault: SERVICE, blocked: true }),
  closed: () => ({ kind: "closed", vault: SERVICE }),
  "closed for the login": () => ({ kind: "closed", vault: LOGIN }),
  cancelled: () => ({ kind: "cancelled", vault: SERVICE }),
  shown: () => ({ kind: "seen", seen: true }),
  hidden: () => ({ kind: "seen", seen: false }),
  online: () => ({ kind: "online" }),
  due: ({ id }) => ({ kind: "due", vault: SERVICE, id }),
  "due, stale": ({ id }) => ({ kind: "due", vault: SERVICE, id: id - 1 }),
};

/** A machine, and what its driver would know. */
const begin = () => ({ state: START, calls: 0, waiting: new Set(), ended: new Map(), timers: new Map() });

/** One event, with every law looked at. */
function play(before, name) {
  const ask = before.state.asks.find(({ vault }) => vault === SERVICE);
  const event = EVENTS[name]({ ...before, id: ask?.id ?? before.state.last });
  const frozen = JSON.stringify(before.state);
  const [state, effects] = step(before.state, event);
  assert.equal(JSON.stringify(before.state), frozen, "a state is a value");
  assert.deepEqual(step(before.state, event), [state, effects], "the same again comes to the same");
  const waiting = new Set(before.waiting);
  const timers = new Map(before.timers);
  let { calls } = before;
  if (event.kind === "called" && event.call) {
    waiting.add(event.call);
    calls = Math.abs(event.call);
  }
  if (event.kind === "left") waiting.delete(event.call);
  for (const effect of effects) {
    if (effect.kind === "resume" || effect.kind === "reject") {
      for (const call of effect.calls) assert.ok(waiting.delete(call), `call ${call} ends once, by ${name}`);
      if (effect.kind === "reject") assert.equal(event.kind, "cancelled", "only a person rejects");
      else assert.ok(event.kind === "called" || event.kind === "answered" || event.status?.valid || event.verdict === "accepted", `calls go on with a token: ${name}`);
    }
    if (effect.kind === "arm") timers.set(effect.vault, effect.delay);
    if (effect.kind === "poll") assert.ok(state.seen, "a hidden tab asks nobody");
    if (effect.kind === "put") assert.equal(event.kind, "submitted");
    if (effect.kind === "push") assert.equal(event.kind, "approval");
    if (["poll", "put", "push"].includes(effect.kind)) assert.ok(effect.vault.startsWith("service:"));
  }
  if (event.kind === "due" && ask?.id === event.id) timers.delete(SERVICE);
  const vaults = state.asks.map(({ vault }) => vault);
  assert.equal(new Set(vaults).size, vaults.length, "one dialog for each vault");
  assert.deepEqual(state.asks.flatMap((each) => each.calls).sort(), [...waiting].sort(), `whoever waits is known: ${name}`);
  for (const each of state.asks) {
    const was = before.state.asks.find(({ id }) => id === each.id);
    if (was?.open) assert.ok(each.open, "what is open stays so");
    if (state.seen) assert.ok(each.open, "what is asked is shown in a tab that is looked at");
    if (each.phase === "done") assert.deepEqual([each.calls, each.problem], [[], undefined], "what is done waits for nothing");
    if (each.phase === "done") assert.equal(timers.get(each.vault), DONE_MS, "and goes away by itself");
    if (each.phase === "approval") assert.ok(each.deadline !== undefined || each.calling);
    const { waiting: count, ...seen } = shown(each);
    assert.deepEqual([count, Object.keys(seen).filter((key) => /^(id|calls|leaving|calling|doneAt)$/.test(key))], [each.calls.filter((call) => call > 0).length, []]);
  }
  // One answer of the Worker, or one timer, is always to come while it is looked at.
  return { state, calls, waiting, timers, effects };
}

/** What makes states different, whatever numbers they have. */
const keyOf = ({ state, waiting }) => JSON.stringify([state.seen, waiting.size, state.asks.map(({ id: _, calls, ...rest }) => [calls.length, rest])]);

test("every event in every state that six events lead to keeps the laws", () => {
  let front = [begin()];
  const known = new Set(front.map(keyOf));
  let tried = 0;
  for (let depth = 0; depth < 6; depth += 1) {
    const next = [];
    for (const before of front) {
      for (const name of Object.keys(EVENTS)) {
        tried += 1;
        const after = play(before, name);
        // More calls that wait alike show nothing new.
        if (after.waiting.size > 2 || known.has(keyOf(after))) continue;
        known.add(keyOf(after));
        next.push(after);
      }
    }
    front = next;
  }
  assert.ok(known.size > 300 && tried > 10_000, `${known.size} states, ${tried} steps`);
});

test("a law that is broken is seen", () => {
  // A step that forgets whom it lets go on.
  const before = play(play(begin(), "shown"), "called");
  assert.throws(() => play({ ...before, waiting: new Set() }, "accepted"), /ends once/);
});

test("from every such state a token lets all go on, and cancelling rejects all, with nothing left of it", () => {
  const seen = new Set();
  const walk = (before, depth) => {
    if (seen.has(keyOf(before)) || depth > 4) return;
    seen.add(keyOf(before));
    const ask = before.state.asks.find(({ vault }) => vault === SERVICE);
    if (ask) {
      const done = play(before, "accepted");
      assert.ok(!done.state.asks.some(({ vault, phase }) => vault === SERVICE && phase !== "done"));
      const gone = play(done, "due");
      assert.ok(!gone.state.asks.some(({ vault }) => vault === SERVICE));
      const cancelled = play(before, "cancelled");
      assert.ok(!cancelled.state.asks.some(({ vault }) => vault === SERVICE));
      assert.ok(!cancelled.effects.some(({ kind }) => kind === "resume" || kind === "tell"), "nothing is made again");
    }
    for (const name of Object.keys(EVENTS)) {
      const after = play(before, name);
      if (after.waiting.size < 2) walk(after, depth + 1);
    }
  };
  walk(begin(), 0);
  assert.ok(seen.size > 100, `${seen.size}`);
});

/** What a story comes to: the dialog, and the effects of its last event. */
function story(...names) {
  let now = begin();
  for (const name of names) now = play(now, name);
  const ask = now.state.asks.find(({ vault }) => vault === SERVICE);
  return { ...now, ask, effects: now.effects.map(({ kind }) => kind) };
}

describe("a dialog", () => {
  test("opens in a tab that is looked at, and in another one when that is", () => {
    assert.equal(story("shown", "called").ask.open, true);
    assert.equal(story("called").ask.open, false);
    const later = story("called", "shown");
    assert.deepEqual([later.ask.open, later.effects], [true, ["poll"]]);
    assert.equal(story("called", "shown", "hidden").ask.open, true, "and stays");
  });

  test("asks at once where the Worker has not said it itself, and else in five seconds", () => {
    assert.deepEqual(story("shown", "called without a word").effects, ["poll"]);
    assert.deepEqual(story("shown", "called").effects, ["arm"]);
    assert.equal(story("shown", "called").timers.get(SERVICE), POLL_MS);
    assert.deepEqual(story("shown", "called", "invalid", "due").effects, ["poll"]);
    assert.deepEqual(story("shown", "called", "hidden", "due").effects, [], "nor while it is hidden");
    assert.deepEqual(story("shown", "called", "online").effects, ["poll"]);
  });

  test("takes one thing at a time, and keeps what is wrong until the next", () => {
    const wrong = story("shown", "called", "submitted", "wrong");
    assert.deepEqual([wrong.ask.phase, wrong.ask.problem.kind, wrong.waiting.size], ["asking", "over", 1]);
    assert.deepEqual(story("shown", "called", "submitted", "submitted").effects, [], "twice is once");
    assert.deepEqual(story("shown", "called", "submitted", "opened").ask.phase, "updating");
    assert.equal(story("shown", "called", "submitted", "wrong", "submitted").ask.problem, undefined);
    assert.equal(story("shown", "called", "blank").ask.problem.kind, "malformed");
    assert.equal(story("shown", "called", "submitted", "wrong", "offline").ask.problem.kind, "over", "what the user did last is what they want to hear of");
    assert.equal(story("shown", "called", "offline").ask.problem.kind, "offline");
    assert.equal(story("shown", "called", "offline", "invalid").ask.problem, undefined);
  });

  test("is done by whoever brought the token, and says so for a moment", () => {
    for (const by of ["accepted", "valid", "answered"]) {
      const { ask, effects } = story("shown", "called", by);
      assert.equal(ask.phase, "done");
      assert.deepEqual(effects.filter((kind) => kind === "resume" || kind === "tell"), by === "accepted" ? ["tell", "resume"] : ["resume"]);
      assert.equal(story("shown", "called", by, "due").ask, undefined);
      assert.equal(story("called", by).ask, undefined, "where nobody saw it there is nothing to say");
    }
  });

  test("that is done lets through what had gone out before, and asks anew for what went out after", () => {
    assert.deepEqual(story("shown", "called", "accepted", "called").effects, ["resume"]);
    const anew = story("shown", "called", "accepted", "called late");
    assert.deepEqual([anew.ask.phase, anew.waiting.size], ["asking", 1]);
  });

  test("tells of a popup that is blocked or closed, but not of one that closed because the login is done", () => {
    assert.equal(story("shown", "called", "blocked").ask.problem.kind, "popup-blocked");
    const closed = story("shown", "called", "opened", "closed");
    assert.deepEqual([closed.ask.phase, closed.ask.problem, closed.effects], ["popup", undefined, ["poll"]]);
    assert.equal(story("shown", "called", "opened", "closed", "invalid").ask.problem.kind, "popup-closed");
    assert.equal(story("shown", "called", "opened", "closed", "valid").ask.phase, "done");
    const refused = story("shown", "called", "opened", "refused");
    assert.deepEqual([refused.ask.phase, refused.ask.problem.kind, refused.effects], ["asking", "refused", ["shut"]]);
  });

  test("follows an approval: asked, given, refused, and over", () => {
    const start = ["shown", "called", "invalid"];
    assert.deepEqual(story(...start, "approval").effects, ["push"]);
    assert.deepEqual(story(...start, "approval", "asked").effects, ["poll"]);
    const asked = story(...start, "approval", "asked", "pushed");
    assert.deepEqual([asked.ask.phase, asked.ask.deadline], ["approval", 500]);
    assert.equal(story(...start, "approval", "asked", "pushed", "valid").ask.phase, "done");
    assert.equal(story(...start, "approval", "asked", "pushed", "invalid").ask.problem.kind, "approval-refused", "before its time is over");
    const [late] = step(asked.state, { kind: "status", vault: SERVICE, id: asked.ask.id, status: { valid: false, serverTime: 501 } });
    assert.deepEqual([late.asks[0].phase, late.asks[0].problem.kind], ["asking", "approval-over"]);
    assert.equal(story(...start, "approval", "asked", "invalid").ask.problem.kind, "failed", "the telephone was not asked");
    assert.equal(story("shown", "called", "approval").ask.phase, "asking", "where there is no such way");
  });

  test("of whom may do nothing says so", () => {
    const { ask } = story("shown", "called", "submitted", "barred");
    assert.deepEqual([ask.how, ask.who, ask.problem.kind], [[], "operator", "forbidden"]);
  });

  test("that nobody needs any more goes where nobody has seen it, and stays where somebody types", () => {
    assert.equal(story("called", "left").ask, undefined);
    assert.equal(story("shown", "called", "left").ask.phase, "asking");
  });
});
