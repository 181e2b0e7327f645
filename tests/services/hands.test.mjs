/** What people hand in: good or bad, once or often, while the provider is there and while it is not. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { personOf } from "../servers/stand-ins/people.mjs";
import { OPERATOR_KEY } from "./support/services.mjs";
import { MINUTE, ROUTES, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

const HTML = "<!doctype html><html><body>Please wait</body></html>";
/** A token of the form that says itself when it ends. @param {number} exp in seconds */
const jwt = (exp) => ["{\"alg\":\"HS256\"}", JSON.stringify({ sub: "AB1234", exp }), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");

/**
 * What is handed in, and what becomes of it: status, verdict, class, words of the sentence, and whether the provider was asked.
 *
 * @typedef {[what: string, text: (on: Stack) => string | Promise<string>, status: number, verdict: string, class_: string | undefined, says: RegExp, asked: number]} Case
 */

/** The same for all. @type {Case[]} */
const ALL = [
  ["nothing", () => "", 422, "malformed", undefined, /Nothing was pasted/, 0],
  ["white space", () => " \n\t ", 422, "malformed", undefined, /Nothing was pasted/, 0],
  ["a page of HTML", () => HTML, 422, "malformed", undefined, /not a token/, 0],
  ["an address that carries none", () => "https://app.example/settings", 422, "malformed", undefined, /carries no session/, 0],
  ["40 kB", () => "a".repeat(40 * 1_024), 422, "malformed", undefined, /far too long/, 0],
];

/** @type {Record<"upstox" | "breeze" | "kite", Case[]>} */
const OWN = {
  upstox: [
    ["a token that was never one", () => "never-was-a-token-of-upstox", 422, "refused", "reauth_required", /Log in again/, 1],
    ["the first half of one", async (on) => (await on.token()).slice(0, 20), 422, "refused", "reauth_required", /Log in again/, 1],
    ["the first letters of one", () => "abc", 422, "malformed", undefined, /part of it is missing/, 0],
    ["one that says itself that it is old", (on) => jwt(Math.floor(on.clock.now() / 1_000) - 60), 422, "over", undefined, /has expired/, 0],
    ["half of one that says when it ends", (on) => jwt(Math.floor(on.clock.now() / 1_000) + 600).slice(0, -14), 422, "malformed", undefined, /part of it is missing/, 0],
    ["another account's", (on) => on.token("mallory"), 422, "foreign", undefined, /another account/, 1],
    ["a code that was never one, in an address", () => "https://app.example/?code=nope42&state=x", 422, "refused", "reauth_required", /Log in again/, 1],
    ["two codes in an address", () => "https://app.example/?code=one111&code=two222", 422, "malformed", undefined, /damaged|more than one/, 0],
  ],
  breeze: [
    ["an API_Session that was never one", () => "12345678", 422, "refused", "reauth_required", /Log in again/, 1],
    ["a session token that was never one", () => Buffer.from("AB1234:00000000").toString("base64"), 422, "foreign", undefined, /another account/, 0],
    ["three digits", () => "123", 422, "malformed", undefined, /part of it is missing/, 0],
    ["another account's session token", (on) => on.token("mallory"), 422, "foreign", undefined, /another account/, 0],
    ["another account's API_Session", (on) => on.code("mallory"), 422, "foreign", undefined, /another account/, 1],
    ["this account's, with another key", () => Buffer.from(`${personOf("ada").id}:00000000`).toString("base64"), 422, "refused", "reauth_required", /Log in again/, 1],
    ["what others call a token", () => jwt(4_000_000_000), 422, "malformed", undefined, /not a token/, 0],
  ],
  kite: [
    ["a request token that was never one", () => "a".repeat(32), 422, "refused", "reauth_required", /Log in again/, 1],
    ["another account's", (on) => on.code("mallory"), 422, "foreign", undefined, /another account/, 1],
  ],
};

for (const provider of /** @type {const} */ (["upstox", "breeze", "kite"])) {
  describe(provider, () => {
    test("each bad input is refused with its verdict and a sentence, and the good token stays in use meanwhile", async (t) => {
      const on = await stack(t, provider);
      const { token } = await on.accepted();
      const { exchange, validate } = ROUTES[provider];
      const secret = [];
      for (const [what, text, status, verdict, class_, says, asked] of [...ALL, ...OWN[provider]]) {
        const given = await text(on);
        const before = on.count(exchange) + on.count(validate);
        const answer = await on.services.handIn(provider, given);
        const { json } = answer;
        assert.deepEqual([answer.status, json.code, json.verdict, json.class], [status, "credential_refused", verdict, class_], `${what}: ${answer.text}`);
        assert.match(json.detail, says, what);
        assert.equal(on.count(exchange) + on.count(validate) - before, asked, what);
        if (given.trim().length >= 8) assert.ok(!answer.text.includes(given.trim()), what);
        secret.push(given.trim());
        assert.equal((await on.services.token(provider)).json.access_token, token, what);
      }
      for (const given of secret.filter((text) => text.length >= 8)) assert.ok(!on.services.output.includes(given));
      assert.equal((await on.services.status(provider)).status, "active");
    });
  });
}

/** As it comes out of a clipboard, a chat, an address bar. @type {Record<"upstox" | "breeze" | "kite", [string, (on: Stack) => Promise<string>, object?][]>} */
const GOOD = {
  upstox: [
    ["a token", (on) => on.token()],
    ["a token in quotes, with white space around it and a line break inside", async (on) => { const token = await on.token(); return ` \n"${token.slice(0, 9)}\n  ${token.slice(9)}" `; }],
    ["a token after Bearer", async (on) => `Bearer ${await on.token()}`],
    ["the whole address", async (on) => String(await on.address())],
    ["the whole address in quotes", async (on) => `'${await on.address()}'\n`],
    ["a code that is said to be one", (on) => on.code(), { kind: "code" }],
  ],
  breeze: [
    ["a session token", (on) => on.token()],
    ["an API_Session", (on) => on.code()],
    ["an API_Session in quotes, with white space", async (on) => `\t"${await on.code()}"\n`],
    ["the whole address", async (on) => String(await on.address())],
    ["the part of a form that counts", async (on) => `API_Session=${await on.code()}`],
  ],
  kite: [
    ["a request token", (on) => on.code()],
    ["the whole address", async (on) => String(await on.address())],
    ["an access token that is said to be one", (on) => on.token(), { kind: "token" }],
    ["an access token of a file", (on) => on.token(), { source: "imported" }],
  ],
};

test("what is good is taken, however it was copied, and each time callers get the new one", async (t) => {
  for (const provider of /** @type {const} */ (["upstox", "breeze", "kite"])) {
    const on = await stack(t, provider);
    let newest = 0;
    const seen = new Set();
    for (const [what, text, more] of GOOD[provider]) {
      const answer = await on.services.handIn(provider, await text(on), more);
      assert.deepEqual([answer.status, answer.json.verdict], [200, "accepted"], `${provider}, ${what}: ${answer.text}`);
      const { json } = await on.services.token(provider);
      assert.deepEqual([json.epoch, json.generation, json.expires_at - answer.json.expires_at <= 1], [answer.json.epoch, answer.json.generation, true]);
      assert.ok(json.generation + json.epoch > newest, what);
      newest = json.generation + json.epoch;
      seen.add(json.access_token);
    }
    // At Breeze each login is a session of its own; at Upstox and Kite each exchange is a token.
    assert.equal(seen.size, GOOD[provider].length, provider);
  }
});

test("what the provider answers to a proof decides: a sentence for whoever handed it in, and the token in use stays", async (t) => {
  for (const [provider, path, cases] of /** @type {const} */ ([
    ["upstox", "/v2/user/profile", [
      ["UDAPI100050", "reauth_required", /Log in again/],
      ["UDAPI100016", "client_misconfigured", /operator|configuration|secret/i],
      ["UDAPI100058", "user_action_required", /log in again does not help/],
      ["UDAPI100067", "wrong_token", /token/i],
    ]],
    ["breeze", "/breezeapi/api/v1/funds", [
      ["Invalid session.", "reauth_required", /Log in again/],
      ["Public Key does not exist.", "client_misconfigured", /operator|configuration|secret/i],
      ["Authentication Fail :: Invalid Checksum.", "client_misconfigured", /operator|configuration|secret/i],
    ]],
  ])) {
    const on = await stack(t, provider);
    const { token } = await on.accepted();
    for (const [name, class_, says] of cases) {
      const another = await on.token();
      on.standIn.faults.add({ kind: "refusal", name, path });
      const answer = await on.services.handIn(provider, another, { kind: "token" });
      assert.deepEqual([answer.status, answer.json.verdict, answer.json.class], [422, "refused", class_], `${name}: ${answer.text}`);
      assert.match(answer.json.detail, says, name);
      assert.equal((await on.services.token(provider)).json.access_token, token, name);
    }
  }
});

test("Resource not available twice is a refusal, once is nothing", async (t) => {
  const on = await stack(t, "breeze");
  const unlucky = await on.token();
  on.standIn.faults.add({ kind: "refusal", name: "Resource not available.", path: "/breezeapi/api/v1/funds" });
  const first = on.services.handIn("breeze", unlucky);
  await on.until("the first answer", ({ trouble }) => trouble === "ambiguous");
  await on.pass(3_000);
  assert.equal((await first).status, 200);

  const bad = await on.token();
  on.standIn.faults.add({ kind: "refusal", name: "Resource not available.", path: "/breezeapi/api/v1/funds", times: 2 });
  const second = on.services.handIn("breeze", bad);
  await on.until("the first answer", ({ trouble }) => trouble === "ambiguous");
  await on.pass(3_000);
  const { status, json } = await second;
  assert.deepEqual([status, json.verdict, json.class], [422, "refused", "ambiguous"]);
  assert.equal((await on.services.token("breeze")).json.access_token, unlucky);
});

test("the same one twice, one after the other and at once, is proven once and is one token", async (t) => {
  for (const provider of /** @type {const} */ (["upstox", "breeze"])) {
    const on = await stack(t, provider);
    const token = await on.token();
    const before = on.count(ROUTES[provider].validate);
    const answers = await Promise.all(Array.from({ length: 6 }, () => on.services.handIn(provider, token)));
    answers.push(await on.services.handIn(provider, ` "${token}" `));
    assert.deepEqual([...new Set(answers.map(({ status, json }) => `${status} ${json.epoch} ${json.generation}`))].length, 1, JSON.stringify(answers.map(({ text }) => text)));
    assert.equal(answers[0]?.status, 200);
    assert.equal(on.count(ROUTES[provider].validate) - before, 1);
  }
});

test("four different ones at once are all taken, one after the other; the fifth is told to come again", async (t) => {
  const on = await stack(t, "upstox");
  const tokens = [];
  for (let n = 0; n < 5; n += 1) tokens.push(await on.token());
  on.standIn.faults.add({ kind: "slow", ms: 400, path: "/v2/user/profile" });
  const answers = await Promise.all(tokens.map((token) => on.services.handIn("upstox", token)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 429]);
  const busy = answers.find(({ status }) => status === 429);
  assert.deepEqual([busy?.json.code, busy?.json.verdict], ["credential_refused", "busy"]);
  const places = answers.filter(({ status }) => status === 200).map(({ json }) => json.generation);
  assert.equal(new Set(places).size, 4);
  const { json } = await on.services.token("upstox");
  assert.equal(json.generation, Math.max(...places));
  // Whoever was told to come again comes again.
  const late = tokens[answers.findIndex(({ status }) => status === 429)] ?? "";
  assert.equal((await on.services.handIn("upstox", late)).status, 200);
});

test("while the provider is down what was handed in is kept, said to be unproven, and taken by itself later", async (t) => {
  const on = await stack(t, "upstox");
  const { token: old } = await on.accepted();
  const token = await on.token();
  on.standIn.faults.add({ kind: "html", status: 503, times: 1_000 });
  const handed = on.services.handIn("upstox", token);
  await on.until("the first answer", ({ trouble }) => trouble === "transient");
  await on.pass(5_000);
  const { status, json } = await handed;
  assert.deepEqual([status, json], [202, { verdict: "unproven", detail: "The provider has not answered yet. It is kept, and looked at again by itself." }]);
  assert.equal((await on.services.token("upstox")).json.access_token, old);

  // The round ends in vain; nothing is tried before the next check.
  await on.pass(6_000);
  await on.until("the end of the round", ({ attempt, trouble }) => attempt === null && trouble === "transient");
  const asked = on.count(ROUTES.upstox.validate);
  await on.pass(MINUTE);
  await on.services.status("upstox");
  assert.equal(on.count(ROUTES.upstox.validate), asked);
  on.standIn.faults.clear();
  await on.pass(31 * MINUTE);
  const now = await on.until("the new token", ({ generation, epoch }) => epoch + generation > 0 && on.count(ROUTES.upstox.validate) > asked);
  assert.equal(now.status, "active");
  const served = await on.until("it to be served", async () => (await on.services.token("upstox")).json.access_token === token);
  assert.equal(served.source, "pasted");
  assert.equal((await on.services.handIn("upstox", token)).json.epoch, served.epoch);
});

test("what is no request to hand something in is told what it should be", async (t) => {
  const on = await stack(t, "upstox");
  const put = (/** @type {object | string} */ body) => on.services.ask("PUT", "upstox/credential", body, OPERATOR_KEY);
  for (const [body, status, says] of /** @type {const} */ ([
    ["", 400, /credential is missing/],
    ["{", 400, /no JSON object/],
    ["[]", 400, /no JSON object/],
    ["null", 400, /no JSON object/],
    [{ credential: 7 }, 400, /credential is missing/],
    [{ credential: "abcdefgh", source: "found" }, 400, /"pasted" or "imported"/],
    [{ credential: "abcdefgh", source: 1 }, 400, /"pasted" or "imported"/],
    [{ credential: "abcdefgh", kind: "cookie" }, 400, /"code" or "token"/],
    [{ credential: "abcdefgh", expires_at: "tomorrow" }, 400, /milliseconds since 1970/],
    [{ credential: "abcdefgh", expires_at: -1 }, 400, /milliseconds since 1970/],
    [{ credential: "a".repeat(100 * 1_024) }, 413, /^$/],
  ])) {
    const answer = await put(body);
    const what = JSON.stringify(body).slice(0, 80);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [status, "application/problem+json"], what);
    assert.match(answer.json.detail ?? "", says, what);
  }
  assert.equal((await put({ credential: "abcdefghijk", expires_at: on.clock.now() - 1 })).json.verdict, "over");
  assert.equal((await on.services.ask("PUT", "upstox/credential", { credential: "abcdefghijk" })).status, 403);
  assert.equal(on.count(ROUTES.upstox.validate), 0);
});
