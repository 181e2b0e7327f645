import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { SignJWT, UnsecuredJWT, generateKeyPair } from "jose";

import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => {
  // What is left of a login that failed is revoked where that ends no other login.
  stack = await startScriptedStack({ change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, grants: "per_login" } }) });
});
after(() => stack?.close());
beforeEach(() => Object.assign(stack.as, { onToken: () => undefined, sign: undefined, claims: {}, withoutRefreshToken: false }));

/** A login that must fail, with a page and a way back. @param {number} status */
async function fail(status) {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { returnTo: "/cart" });
  const page = await browser.navigate(callback, { site: "cross-site" });
  assert.equal(page.status, status, page.text);
  assert.match(page.headers["content-type"] ?? "", /^text\/html/);
  assert.match(page.text, /href="\/auth\/login\?provider=demo&amp;return_to=%2Fcart"/);
  assert.doesNotMatch(page.text, /canary/);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  return { browser, page, callback };
}

const ANSWERS = /** @type {[string, number, import("./support/scripted-server.mjs").Given][]} */ ([
  ["a page of HTML", 502, { headers: { "content-type": "text/html" }, body: "<h1>canary</h1>" }],
  ["HTML that claims to be JSON", 502, { headers: { "content-type": "application/json" }, body: "<h1>canary</h1>" }],
  ["500", 502, { status: 500, json: { error: "server_error", canary: true } }],
  ["503 with Retry-After", 502, { status: 503, headers: { "retry-after": "30" }, body: "canary" }],
  ["429", 502, { status: 429, json: { error: "slow_down" } }],
  ["a truncated answer", 502, { headers: { "content-type": "application/json" }, body: "{\"access_token\": \"canary", cut: true }],
  ["half a document", 502, { headers: { "content-type": "application/json" }, body: "{\"access_token\": \"canary" }],
  ["a redirect", 502, { status: 307, headers: { location: "/token-elsewhere" } }],
  ["an answer without end", 502, { headers: { "content-type": "application/json" }, body: `{"a": "${"x".repeat(400_000)}"}` }],
  ["no access token", 502, { json: { token_type: "Bearer" } }],
  ["tokens of another type", 502, { json: { access_token: "canary", token_type: "mac" } }],
  ["no ID Token", 502, { json: { access_token: "canary", token_type: "Bearer", expires_in: 60 } }],
  ["invalid_client", 502, { status: 401, json: { error: "invalid_client" } }],
  ["invalid_grant", 400, { status: 400, json: { error: "invalid_grant", error_description: "canary" } }],
]);

for (const [name, status, given] of ANSWERS) {
  test(`a code that is answered with ${name} ends in a page`, async () => {
    stack.as.onToken = () => given;
    const { browser, callback } = await fail(status);
    assert.equal(stack.as.hits("/token-elsewhere"), 0);
    // The code is spent, whatever came of it: a reload does not spend it again.
    const requests = stack.as.requests("authorization_code").length;
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 400);
    assert.equal(stack.as.requests("authorization_code").length, requests);
  });
}

test("a code that is answered with a refresh token of more than 16 KB begins no session", async () => {
  stack.as.onToken = async (form) => ({ json: { ...(await stack.as.tokens(form)), refresh_token: "r".repeat(16_385) } });
  await fail(502);
  assert.equal(stack.workerd.log.findLast((line) => line.event === "login_failed")?.reason, "a refresh token of more than 16 KB");
});

const now = () => Math.floor(Date.now() / 1000);

for (const [name, claims] of /** @type {[string, Record<string, unknown>][]} */ ([
  ["another nonce", { nonce: "canary" }],
  ["no nonce", { nonce: undefined }],
  ["another audience", { aud: "canary" }],
  ["several audiences and no azp", { aud: ["everlit-demo", "canary"] }],
  ["another party", { azp: "canary" }],
  ["another issuer", { iss: "https://canary.example" }],
  ["an end that has passed", { exp: now() - 300, iat: now() - 600 }],
  ["no end", { exp: undefined }],
  ["a beginning in the future", { iat: now() + 600, exp: now() + 900 }],
  ["no subject", { sub: undefined }],
])) {
  test(`rejects an ID Token with ${name}, and revokes what came with it`, async () => {
    stack.as.claims = claims;
    await fail(502);
    const refreshToken = stack.as.issued.findLast((token) => token.startsWith("refresh-"));
    await until("the revocation", () => stack.as.revoked.includes(refreshToken ?? ""));
  });
}

test("leaves what came with an ID Token that is rejected where logins share their grant: others live by it", async () => {
  const shared = await startScriptedStack();
  try {
    const { callback } = await begin(shared, shared.browser());
    shared.as.claims = { nonce: "canary" };
    assert.equal((await shared.browsers[0]?.navigate(callback, { site: "cross-site" }))?.status, 502);
    assert.ok(shared.workerd.log.some((line) => line.event === "grant_left_to_lapse"));
    await pause(500);
    assert.deepEqual(shared.as.revoked, []);
    assertNothingLeaked(shared, shared.as.issued);
  } finally {
    await shared.close();
  }
});

test("rejects an ID Token with a wrong signature", async () => {
  const { privateKey } = await generateKeyPair("ES256");
  stack.as.sign = (claims) => stack.as.signed(claims, { privateKey });
  await fail(502);
});

test("rejects an ID Token that was changed after it was signed", async () => {
  stack.as.sign = async (claims) => {
    const [header, , signature] = (await stack.as.signed(claims)).split(".");
    return [header, Buffer.from(JSON.stringify({ ...claims, sub: "another" })).toString("base64url"), signature].join(".");
  };
  await fail(502);
});

test("rejects an ID Token with alg none", async () => {
  stack.as.sign = (claims) => new UnsecuredJWT(claims).encode();
  await fail(502);
});

test("rejects an ID Token that is signed with the client secret or with the public key", async () => {
  for (const key of [stack.secrets[0] ?? "", JSON.stringify(stack.as.keys[0]?.jwk)]) {
    stack.as.sign = (claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: stack.as.keys[0]?.kid }).sign(Buffer.from(key));
    await fail(502);
  }
});

test("rejects an ID Token of an unknown key, after it has asked for the keys once more", async () => {
  stack.as.sign = (claims) => stack.as.signed(claims, { kid: "nobody" });
  await enter(stack, stack.browser()).catch(() => {});
  const hits = stack.as.hits("/jwks");
  await fail(502);
  assert.equal(stack.as.hits("/jwks"), hits + 1);
});

test("takes the keys of a provider that has changed them", async () => {
  await enter(stack);
  await stack.as.rotateKeys();
  const { session } = await enter(stack);
  assert.equal(session.state, "active");
});

test("a login that failed leaves no session behind and the next one works", async () => {
  stack.as.onToken = () => ({ status: 500 });
  const { browser } = await fail(502);
  stack.as.onToken = () => undefined;
  const { session } = await enter(stack, browser);
  assert.equal(session.state, "active");
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
