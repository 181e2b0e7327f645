/** What Upstox says by itself: a token that somebody approved on the telephone, and whatever somebody else sends to the same place. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { personOf } from "../servers/stand-ins/people.mjs";
import { send } from "../worker/support/browser.mjs";
import { OPERATOR_KEY } from "./support/services.mjs";
import { HOUR, MINUTE, ROUTES, india, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

const ASK = "POST /v3/login/auth/token/request/{client_id}";
const VALIDATE = ROUTES.upstox.validate;
const OK = [200, '{"ok":true}'];

/** A service that nobody has a token for, so that its owner is asked. @param {import("node:test").TestContext} t @param {object} [more] */
async function asking(t, more = {}) {
  const on = await stack(t, "upstox", { more });
  const { json } = await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY);
  const path = json.notify_path;
  await on.standIn.act("configure", { notifierUrl: on.services.origin + path });
  const status = await on.until("its owner to be asked", ({ push_until }) => push_until);
  /** A message like a true one. @param {object} [more] @returns {Record<string, string>} */
  const message = (more = {}) => ({
    client_id: "everlit-demo", user_id: personOf("ada").id, access_token: "forged-token-0123456789", token_type: "Bearer",
    issued_at: String(on.clock.now()), expires_at: String(status.push_until), message_type: "access_token", ...more,
  });
  /** @param {string | object} body @param {string} [where] @param {string} [method] */
  const post = async (body, where = path, method = "POST") => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await send(on.services.origin + where, { method, headers: { "content-type": "application/json" }, body: text });
    return [answer.status, answer.text];
  };
  return { ...on, path, status, message, post };
}

test("its owner is asked once, approves, and the token is in use after the provider was asked about it", async (t) => {
  const on = await asking(t);
  assert.match(on.path, /^\/service\/upstox\/notify\/[\w-]{24}$/);
  assert.equal((await on.services.ask("GET", "upstox/status")).json.notify_path, undefined, "no caller sees where");
  assert.deepEqual([on.count(ASK), on.status.status, on.status.push_until], [1, "needs_human", india("03:30", 1)]);
  const { answers } = await on.standIn.act("approve", { times: 3 });
  assert.deepEqual(answers.map((/** @type {any} */ { status, text }) => [status, text]), [OK, OK, OK]);
  const status = await on.services.status("upstox");
  assert.deepEqual([status.source, status.status, status.renewals.length], ["approved", "active", 1]);
  assert.equal(on.count(VALIDATE), 1, "the same message three times is one token, proven once");
  await on.pass(HOUR);
  await on.services.status("upstox");
  assert.equal(on.count(ASK), 1);
  assert.equal((await on.services.token("upstox")).json.expires_at, india("03:30", 1));
});

test("whatever else is sent there is answered the same, changes nothing, and the true answer still counts", async (t) => {
  const on = await asking(t, { account: personOf("ada").id });
  const { message } = on;
  const future = String(on.clock.now() + HOUR);
  for (const [what, body, where] of /** @type {[string, string | object, string?][]} */ ([
    ["another app's", message({ client_id: "another" })],
    ["another user's", message({ user_id: personOf("mallory").id })],
    ["of another kind", message({ message_type: "order" })],
    ["one with another type of token", message({ token_type: "mac" })],
    ["one that has ended", message({ expires_at: String(on.clock.now() - 1) })],
    ["one that was issued later than now", message({ issued_at: future })],
    ["one for a year", message({ expires_at: String(on.clock.now() + 365 * 24 * HOUR) })],
    ["one without a token", message({ access_token: "" })],
    ["one whose times are no numbers", message({ issued_at: "yesterday" })],
    ["a list", []],
    ["no JSON", "client_id=everlit-demo"],
    ["nothing", ""],
    ["100 kB", message({ access_token: "a".repeat(100 * 1_024) })],
    ["60 kB of what JSON writes at length", "\u0001".repeat(60 * 1_024)],
    ["60 kB of quotes", '"'.repeat(60 * 1_024)],
    ["a true one at another path", message(), "/service/upstox/notify/another-path-0123456789"],
    ["a true one at the path of no service", message(), on.path.replace("upstox", "kite")],
  ])) {
    assert.deepEqual(await on.post(body, where), OK, what);
  }
  assert.equal(on.count(VALIDATE), 0, "none of it was worth a question");
  assert.deepEqual(await on.post("", on.path, "GET").then(([status]) => status), 405);

  // One that could be true is shown to the provider, which does not know it.
  assert.deepEqual(await on.post(message()), OK);
  assert.deepEqual(await on.post(message()), OK);
  assert.equal(on.count(VALIDATE), 1);
  const status = await on.services.status("upstox");
  assert.deepEqual([status.valid, status.source, status.push_until], [false, null, on.status.push_until]);
  assert.equal((await on.services.token("upstox")).status, 503);

  // A token of another account that lives, under the name of this one.
  const foreign = await on.token("mallory");
  assert.deepEqual(await on.post(message({ access_token: foreign })), OK);
  assert.equal((await on.services.token("upstox")).status, 503);

  const { answers } = await on.standIn.act("approve");
  assert.deepEqual([answers[0].status, answers[0].text], OK);
  assert.equal((await on.services.status("upstox")).source, "approved");
  assert.doesNotMatch(on.services.output, /forged-token|another-path/);
});

test("one that comes when nobody was asked, or too late, is not even looked at", async (t) => {
  const on = await asking(t);
  const late = await on.token();
  await on.standIn.act("approve");
  const { epoch, generation } = (await on.services.token("upstox")).json;
  const asked = on.count(VALIDATE);
  // There is a token: nobody is asked.
  assert.deepEqual(await on.post(on.message({ access_token: late })), OK);
  const { json } = await on.services.token("upstox");
  assert.deepEqual([json.epoch, json.generation, on.count(VALIDATE)], [epoch, generation, asked]);
});

test("one that is rejected brings nothing: callers hear who is needed, and after the question's end its owner is not asked again", async (t) => {
  const on = await asking(t);
  await on.standIn.act("reject");
  const none = await on.services.token("upstox");
  assert.deepEqual([none.status, none.json.reason], [503, "needs_human"]);
  await on.go(india("03:31", 1));
  await on.until("the question's end", ({ push_until }) => push_until === null);
  assert.deepEqual(await on.post(on.message({ access_token: await on.token(), expires_at: String(india("03:30", 2)) })), OK);
  assert.equal((await on.services.token("upstox")).status, 503);
  assert.equal(on.count(VALIDATE), 0);
  await on.pass(6 * HOUR);
  await on.services.status("upstox");
  assert.equal(on.count(ASK), 1, "a person who was asked and did not answer is not asked again for the same cause");
  // An operator may have them asked again.
  const forced = await on.services.ask("POST", "upstox/refresh", {}, OPERATOR_KEY);
  assert.equal(forced.status, 503);
  await on.until("another question", () => on.count(ASK) === 2);
  await on.until("it to be open", ({ push_until }) => push_until);
  await on.standIn.act("approve");
  assert.equal((await on.services.token("upstox")).status, 200);
});

test("an answer that comes while the provider is down is kept, and proven once it is back", async (t) => {
  const on = await asking(t);
  on.standIn.faults.add({ kind: "html", status: 502, path: "/v2/", times: 1_000 });
  const approved = on.standIn.act("approve");
  await on.until("the first answer", ({ trouble }) => trouble === "transient");
  await on.pass(5_000);
  const { answers } = await approved;
  assert.deepEqual([answers[0].status, answers[0].text], OK);
  assert.equal((await on.services.status("upstox")).valid, false);
  on.standIn.faults.clear();
  await on.pass(40 * MINUTE);
  await on.until("the token", ({ source, valid }) => valid && source === "approved");
});
