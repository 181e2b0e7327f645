/** Whatever is killed, reset or lost, and whenever: nothing that was promised is gone, and no code is shown twice. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { pause, until } from "../worker/support/until.mjs";
import { OPERATOR_KEY } from "./support/services.mjs";
import { MINUTE, ROUTES, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

const { exchange, validate } = ROUTES.upstox;
/** An attempt that nothing is heard of is given up after this. */
const GIVEN_UP = 31_000;
/** The proofs of what was handed in have used up the calls of so long. */
const BUDGET = 5 * MINUTE;
const KEY_2 = Buffer.alloc(32, 9).toString("base64url");

/** Where callers are: a token and its place. @param {Stack} on */
async function place(on) {
  const { status, json } = await on.services.token(on.name);
  return { status, token: json.access_token, epoch: json.epoch, generation: json.generation };
}

/** What was promised is in the other object too. @param {Stack} on */
async function copied(on) {
  await until("the copy", async () => {
    const names = await on.services.object("VAULT", on.name, "names");
    const kept = await on.services.object("VAULT", on.name, "bytes", "SELECT name, hex(value) AS value FROM kept ORDER BY name");
    const rows = await on.services.object("BACKUP", on.name, "bytes", "SELECT kept FROM copy");
    const copy = JSON.parse(rows[0]?.kept ?? "[]").map((/** @type {string[]} */ [name, value = ""]) => [name, Buffer.from(value, "base64url").toString("hex").toUpperCase()]);
    const is = kept.map((/** @type {{ name: string, value: string }} */ { name, value }) => [name, value]);
    return names.length > 0 && JSON.stringify(copy) === JSON.stringify(is);
  });
}

/** The vault forgets all that it ever kept. @param {Stack} on */
async function lose(on) {
  await copied(on);
  await on.services.object("VAULT", on.name, "lose");
  await on.services.object("VAULT", on.name, "reset");
}

/** Whether the vault lives again: a reset comes a moment after it was asked for. @param {Stack} on */
const alive = (on) => until("the vault", async () => (await on.services.ask("GET", `${on.name}/status`)).status === 200);

test("a code whose exchange was cut off by a kill is lost, is said to be, and is never shown again", async (t) => {
  const on = await stack(t, "upstox");
  const code = await on.code();
  on.standIn.faults.add({ kind: "slow", ms: 60_000, path: "/v2/login/authorization/token" });
  const handed = on.services.handIn("upstox", code, { kind: "code" }).catch(() => undefined);
  await until("the exchange", () => on.count(exchange) === 1);
  await on.services.restart();
  await handed;
  assert.equal((await on.services.status("upstox")).attempt.job, "exchange");
  await on.pass(GIVEN_UP);
  await on.until("it to be given up", ({ attempt }) => attempt === null);
  const again = await on.services.handIn("upstox", code, { kind: "code" });
  assert.deepEqual([again.status, again.json.verdict], [422, "lost"]);
  assert.match(again.json.detail, /answer was lost\. Log in again/);
  await on.pass(60 * MINUTE);
  await on.services.status("upstox");
  assert.equal(on.count(exchange), 1);
  assert.equal((await on.accepted()).json.verdict, "accepted");
});

test("a code whose answer was lost on its way is lost, at once; Breeze's can be shown again, and is", async (t) => {
  const on = await stack(t, "upstox");
  const code = await on.code();
  on.standIn.faults.add({ kind: "lost", path: "/v2/login/authorization/token" });
  const answers = [await on.services.handIn("upstox", code, { kind: "code" }), await on.services.handIn("upstox", code, { kind: "code" })];
  assert.deepEqual(answers.map(({ status, json }) => [status, json.verdict]), [[422, "lost"], [422, "lost"]]);
  assert.equal(on.count(exchange), 1);

  const breeze = await stack(t, "breeze");
  breeze.standIn.faults.add({ kind: "lost", path: "/breezeapi/api/v1/customerdetails" });
  const handed = breeze.services.handIn("breeze", await breeze.code());
  await breeze.until("the first answer", ({ trouble }) => trouble);
  await breeze.pass(3_000);
  assert.equal((await handed).status, 200);
  assert.equal(breeze.count(ROUTES.breeze.exchange), 2);
});

test("a proof that was cut off by a kill is made again, and its token counts without anybody", async (t) => {
  const on = await stack(t, "upstox");
  const token = await on.token();
  on.standIn.faults.add({ kind: "slow", ms: 60_000, path: "/v2/user/profile" });
  const handed = on.services.handIn("upstox", token).catch(() => undefined);
  await until("the proof", () => on.count(validate) === 1);
  await on.services.restart();
  await handed;
  await on.pass(GIVEN_UP);
  await on.until("another", ({ attempt, valid }) => valid || attempt === null);
  await on.pass(5_000);
  await on.until("the token", ({ valid }) => valid);
  assert.equal((await place(on)).token, token);
  assert.equal(on.count(validate), 2);
});

test("killed at whatever moment of handing in: an answer that was given holds, and what was not answered can be handed in again", async (t) => {
  const on = await stack(t, "upstox");
  let newest = 0;
  for (const ms of [0, 1, 2, 4, 6, 8, 12, 16, 24, 32, 48]) {
    const token = await on.token();
    const handed = on.services.handIn("upstox", token).catch(() => undefined);
    // The moment is by chance, and what must hold does at each of them.
    await pause(ms);
    await on.services.restart();
    const answer = await handed;
    if (answer?.status === 200) {
      const now = await place(on);
      assert.deepEqual([now.token, now.epoch, now.generation], [token, answer.json.epoch, answer.json.generation], `${ms} ms`);
    }
    await on.pass(GIVEN_UP);
    await on.until("what was begun to be given up", ({ attempt }) => attempt === null);
    await on.pass(3_000);
    await on.until("the next of its round", ({ attempt }) => attempt === null);
    assert.equal((await on.services.handIn("upstox", token)).status, 200, `${ms} ms`);
    const now = await place(on);
    assert.equal(now.token, token, `${ms} ms`);
    assert.ok(now.generation > newest, `${ms} ms`);
    newest = now.generation;
  }
});

test("killed right after it was accepted, or reset, or without its alarm: the token is there, and so is the alarm", async (t) => {
  const on = await stack(t, "upstox");
  const { token, json } = await on.accepted();
  await on.services.restart();
  const was = { status: 200, token, epoch: json.epoch, generation: json.generation };
  assert.deepEqual(await place(on), was);
  await on.services.object("VAULT", "upstox", "reset");
  await alive(on);
  assert.deepEqual(await place(on), was);

  await on.services.object("VAULT", "upstox", "lose-alarm");
  await on.services.object("VAULT", "upstox", "reset");
  await until("the alarm to be armed again", async () => {
    await on.services.scheduled();
    return on.services.object("VAULT", "upstox", "alarm");
  });
  // Lost while the object lives: whoever comes when it is late does what is due, and arms another.
  await on.services.object("VAULT", "upstox", "lose-alarm");
  await on.pass(40 * MINUTE);
  const checked = await on.services.status("upstox");
  assert.ok(checked.checked_at >= on.clock.now() - MINUTE);
  assert.ok(await on.services.object("VAULT", "upstox", "alarm"));
});

test("all of the vault's storage lost: the copy serves, the provider is asked about it, and the next token is newer than any before", async (t) => {
  const on = await stack(t, "upstox");
  await on.accepted();
  const { token, json } = await on.accepted();
  const before = await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY);
  await lose(on);
  const asked = on.count(validate);
  await alive(on);
  const restored = await place(on);
  assert.deepEqual([restored.token, restored.epoch, restored.generation], [token, json.epoch, json.generation]);
  await on.pass(BUDGET);
  await until("the provider to be asked", () => on.count(validate) === asked + 1);
  await on.until("its word", ({ validated }) => validated?.valid && validated.at > before.json.validated.at);
  assert.ok(on.services.log.some(({ event }) => event === "service_restored"));
  const { json: after } = await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY);
  assert.equal(after.notify_path, before.json.notify_path, "what is registered at the provider stays good");
  assert.deepEqual(after.renewals, before.json.renewals);
  const next = await on.accepted();
  assert.ok(next.json.epoch > json.epoch);

  // A copy of a token that is over by now: the provider says so, and it is served no longer.
  await lose(on);
  await on.standIn.act("endTokens");
  await alive(on);
  await on.pass(BUDGET);
  await on.until("the provider's word", ({ valid }) => !valid);
  assert.equal((await place(on)).status, 503);
});

test("a clock that was set back does not leave the copy as it was", async (t) => {
  const on = await stack(t, "upstox");
  await on.accepted();
  await copied(on);
  await on.pass(-2 * 24 * 60 * MINUTE);
  await on.services.restart();
  const { token } = await on.accepted();
  await lose(on);
  await alive(on);
  assert.equal((await place(on)).token, token);
});

test("many come at once while the copy is fetched: it is taken over once, and what was begun on it stands", async (t) => {
  const on = await stack(t, "upstox");
  const { token } = await on.accepted();
  await on.pass(BUDGET);
  await lose(on);
  const asked = on.count(validate);
  on.standIn.faults.add({ kind: "slow", ms: 60_000, path: "/v2/user/profile" });
  const answers = await Promise.all(Array.from({ length: 12 }, () => on.services.token("upstox")));
  for (const { status, json } of answers) assert.ok(status === 503 || json.access_token === token);
  await until("the provider to be asked", () => on.count(validate) === asked + 1);
  assert.equal((await on.services.status("upstox")).attempt.job, "validate");
  await on.services.object("VAULT", "upstox", "reset");
  await alive(on);
  assert.equal((await on.services.status("upstox")).attempt?.job, "validate", "that it was begun is written down");
  await on.pass(GIVEN_UP);
  await on.pass(BUDGET);
  await until("it to be asked again", () => on.count(validate) === asked + 2);
});

test("a copy that cannot be asked for is no reason to begin anew: callers come again, and then it is all there", async (t) => {
  const on = await stack(t, "upstox");
  const { token } = await on.accepted();
  await copied(on);
  await on.services.object("BACKUP", "upstox", "deaf", "true");
  await lose({ ...on, name: "upstox" }).catch(() => undefined);
  await until("the reset", async () => (await on.services.token("upstox")).status === 503);
  for (const answer of [await on.services.token("upstox"), await on.services.handIn("upstox", "some-token-0123"), await on.services.ask("GET", "upstox/status")]) {
    assert.deepEqual([answer.status, answer.json.code, answer.headers["retry-after"]], [503, "temporarily_unavailable", "1"]);
  }
  await on.services.scheduled();
  assert.deepEqual(await on.services.object("VAULT", "upstox", "bytes", "SELECT name FROM sqlite_master WHERE name = 'kept'"), []);
  await on.services.object("BACKUP", "upstox", "deaf", "false");
  assert.equal((await place(on)).token, token);
});

test("who comes first to a service that there never was finds one, however many come at once", async (t) => {
  const on = await stack(t, "upstox");
  const paths = await Promise.all(Array.from({ length: 12 }, () => on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY)));
  const path = paths[0]?.json.notify_path;
  assert.deepEqual([...new Set(paths.map(({ json }) => json.notify_path))], [path]);
  await on.services.restart();
  assert.equal((await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY)).json.notify_path, path);
});

test("a new session key seals all of it anew, in both places, and the old one can go", async (t) => {
  const on = await stack(t, "upstox");
  const { token } = await on.accepted();
  const sealed = () => on.services.object("VAULT", "upstox", "bytes", "SELECT name, substr(hex(value), 1, 4) AS head FROM kept WHERE name <> 'service'");
  const first = new Set((await sealed()).map((/** @type {any} */ { head }) => head));
  await on.services.configure({ SECRET_SESSION_KEY_2: KEY_2 });
  await on.services.restart();
  assert.equal((await place(on)).token, token);
  await on.pass(31 * MINUTE);
  await until("all to be sealed anew", () => on.services.log.some(({ event }) => event === "service_rewrapped"));
  assert.ok((await sealed()).every((/** @type {any} */ { head }) => !first.has(head)));
  await copied(on);

  await on.services.configure({ SECRET_SESSION_KEY: undefined });
  await on.services.restart();
  assert.equal((await place(on)).token, token);
  await lose(on);
  await alive(on);
  assert.equal((await place(on)).token, token, "the copy opens as well");
});

test("with a wrong session key nothing is changed, and with the right one all is there again", async (t) => {
  const on = await stack(t, "upstox");
  const { token } = await on.accepted();
  const { notify_path: path } = (await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY)).json;
  const right = Buffer.alloc(32, 7).toString("base64url");
  await on.services.configure({ SECRET_SESSION_KEY: Buffer.alloc(32, 9).toString("base64url") });
  await on.services.restart();
  assert.equal((await on.services.token("upstox")).status, 503);
  assert.equal((await on.services.handIn("upstox", token, { kind: "token" })).status, 503);
  await on.services.configure({ SECRET_SESSION_KEY: right });
  await on.services.restart();
  assert.equal((await on.services.token("upstox")).json.access_token, token);
  assert.equal((await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY)).json.notify_path, path);
});
