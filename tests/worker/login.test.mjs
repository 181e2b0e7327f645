import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { isVerifierOf } from "./support/scripted-as.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack(); });
after(() => stack?.close());

/** @param {import("./support/browser.mjs").Answer} page @param {number} status @param {string} [returnTo] */
function assertWayBack(page, status, returnTo = "/") {
  assert.equal(page.status, status, page.text);
  assert.match(page.headers["content-type"] ?? "", /^text\/html/);
  const href = `/auth/login?${new URLSearchParams({ provider: "demo", return_to: returnTo })}`.replace("&", "&amp;");
  assert.ok(page.text.includes(`href="${href}"`), page.text);
  assert.equal(page.headers["set-cookie"], undefined);
  assert.doesNotMatch(page.text, /panick|stack|\.rs|undefined/);
}

test("the authorization request carries PKCE, state and nonce, and the token request its verifier", async () => {
  const browser = stack.browser();
  const { request, code, callback } = await begin(stack, browser, { returnTo: "/x?y#z" });
  assert.equal(request.response_type, "code");
  assert.equal(request.code_challenge_method, "S256");
  assert.equal(request.redirect_uri, `${stack.app}/auth/callback/demo`);
  assert.ok(request.state && request.state.length >= 43 && request.nonce && request.nonce !== request.state);
  const landing = await browser.navigate(callback, { site: "cross-site" });
  assert.equal(landing.status, 200, landing.text);
  const exchange = stack.as.requests("authorization_code").at(-1);
  assert.equal(exchange?.get("code"), code);
  assert.ok(isVerifierOf(exchange?.get("code_verifier") ?? null, request.code_challenge));
});

test("return_to leads nowhere but to a path of ours", async () => {
  for (const hostile of ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/auth/login", "/./auth/login", "/x/%2e%2e/api/orders"]) {
    const { landing } = await enter(stack, stack.browser(), { returnTo: hostile });
    assert.match(landing.text, /<a id="go" href="\/">/, hostile);
  }
});

test("rejects a callback without a state, with an unknown one, and with none of its parameters", async () => {
  const browser = stack.browser();
  await begin(stack, browser);
  for (const query of ["code=x", "", `code=x&state=${"A".repeat(43)}`, "code=x&state=short", `state=${"A".repeat(43)}`]) {
    assertWayBack(await browser.navigate(`/auth/callback/demo?${query}`, { site: "cross-site" }), 400);
  }
});

test("rejects a callback in another browser, with and without a login of its own", async () => {
  const { callback } = await begin(stack, stack.browser());
  const stranger = stack.browser();
  assertWayBack(await stranger.navigate(callback, { site: "cross-site" }), 400);
  await begin(stack, stranger);
  assertWayBack(await stranger.navigate(callback, { site: "cross-site" }), 400);
});

test("gives the same landing page to the same browser and state, and spends the code once", async () => {
  const browser = stack.browser();
  const { code, callback } = await begin(stack, browser, { returnTo: "/again" });
  const first = await browser.navigate(callback, { site: "cross-site" });
  const cookie = browser.cookie(SESSION_COOKIE);
  const second = await browser.navigate(callback, { site: "cross-site" });
  assert.deepEqual([second.status, second.text, browser.cookie(SESSION_COOKIE)], [200, first.text, cookie]);
  assert.equal(stack.as.requests("authorization_code").filter((form) => form.get("code") === code).length, 1);
});

test("two callbacks at once spend the code once and land on the same session", async () => {
  const browser = stack.browser();
  const { code, callback } = await begin(stack, browser);
  stack.as.onToken = async (form) => ({ delayMs: 300, json: await stack.as.tokens(form) });
  const pages = await Promise.all([1, 2, 3].map(() => browser.navigate(callback, { site: "cross-site" })));
  stack.as.onToken = () => undefined;
  assert.deepEqual(pages.map((page) => page.status), [200, 200, 200]);
  const cookies = pages.map((page) => page.headers["set-cookie"]?.[0]?.split(";")[0]);
  assert.equal(new Set(cookies).size, 1);
  assert.equal(stack.as.requests("authorization_code").filter((form) => form.get("code") === code).length, 1);
});

test("does not hand out a session again that has ended since", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  await browser.navigate(callback, { site: "cross-site" });
  await browser.call("/auth/logout", { method: "POST" });
  assertWayBack(await browser.navigate(callback, { site: "cross-site" }), 400);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
});

test("a login of the same user renews the session that the browser has", async () => {
  const browser = stack.browser();
  const before = (await enter(stack, browser)).session;
  const [cookie, revokedBefore] = [browser.cookie(SESSION_COOKIE), stack.as.revoked.length];
  const { callback } = await begin(stack, browser);
  await browser.navigate(callback, { site: "cross-site" });
  const after = (await browser.call("/auth/session")).json;
  assert.equal(browser.cookie(SESSION_COOKIE), cookie);
  assert.deepEqual([after.epoch, after.generation], [before.epoch, before.generation + 1]);

  // Played again, it is the same login: nothing moves, and no token of it is put back.
  await browser.navigate(callback, { site: "cross-site" });
  assert.equal((await browser.call("/auth/session")).json.generation, after.generation);
  // The authorization server may revoke a whole grant with one of its tokens, and the new one can be part of it.
  assert.equal(stack.as.revoked.length, revokedBefore);
});

test("a login of another user replaces the session that the browser has, and its older callback does not bring that back", async () => {
  const browser = stack.browser();
  const older = await begin(stack, browser);
  await browser.navigate(older.callback, { site: "cross-site" });
  const [oldCookie, oldSession] = [browser.cookie(SESSION_COOKIE), (await browser.call("/auth/session")).json];
  stack.as.claims = { sub: "somebody-else" };
  const { session } = await enter(stack, browser).finally(() => (stack.as.claims = {}));
  assert.notEqual(browser.cookie(SESSION_COOKIE), oldCookie);
  assert.ok(session.epoch > oldSession.epoch);
  const page = await browser.navigate(older.callback, { site: "cross-site" });
  assert.equal(page.status, 400, page.text);
  assert.equal((await browser.call("/auth/session")).json.epoch, session.epoch);

  const left = stack.browser();
  left.setCookie(SESSION_COOKIE, oldCookie ?? "");
  const ended = await until("the end of the older session", async () => {
    const answer = await left.call("/auth/token", { method: "POST", json: { v: 1, reason: "resume" } });
    return answer.status !== 200 && answer;
  });
  assert.deepEqual([ended.status, ended.json.code], [401, "session_ended"]);
});

test("an error response ends in a page with a way back", async () => {
  for (const error of ["access_denied", "temporarily_unavailable", "<script>alert(1)</script>", "invalid_scope"]) {
    const browser = stack.browser();
    const response = { code: undefined, error, error_description: "canary-description-of-the-server" };
    const { callback } = await begin(stack, browser, { returnTo: "/cart", response });
    const page = await browser.navigate(callback, { site: "cross-site" });
    assertWayBack(page, 400, "/cart");
    assert.doesNotMatch(page.text, /canary|alert/);
    // It is over: the same state brings no code any more.
    assertWayBack(await browser.navigate(callback.replace(/error=[^&]*/, "code=later"), { site: "cross-site" }), 400, "/cart");
  }
});

test("rejects an authorization response when iss differs", async () => {
  const mixed = stack.browser();
  const { callback } = await begin(stack, mixed, { response: { iss: "https://another.example" } });
  const exchanges = stack.as.requests("authorization_code").length;
  assertWayBack(await mixed.navigate(callback, { site: "cross-site" }), 400);
  assert.equal(stack.as.requests("authorization_code").length, exchanges);
});

test("rejects an authorization response without iss where the provider announced it", async () => {
  const announcing = await startScriptedStack();
  try {
    announcing.as.metadata = { authorization_response_iss_parameter_supported: true };
    const browser = announcing.browser();
    const { callback } = await begin(announcing, browser, { response: { iss: undefined } });
    assertWayBack(await browser.navigate(callback, { site: "cross-site" }), 400);
    assert.equal(announcing.as.requests("authorization_code").length, 0);
    await enter(announcing, browser);
  } finally {
    await announcing.close();
  }
  // Where nobody announced it, it may be missing.
  await enter(stack, stack.browser(), { response: { iss: undefined } });
});

test("rejects a response without code and error, and one with both", async () => {
  for (const response of [{ code: undefined }, { error: "access_denied" }]) {
    const browser = stack.browser();
    const { callback } = await begin(stack, browser, { response });
    assertWayBack(await browser.navigate(callback, { site: "cross-site" }), 400);
  }
});

test("a prefetch has no effect", async () => {
  const browser = stack.browser();
  for (const headers of [{ "sec-purpose": "prefetch" }, { "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }]) {
    const login = await browser.navigate("/auth/login", { headers: /** @type {any} */ (headers) });
    assert.deepEqual([login.status, login.headers["set-cookie"]], [204, undefined]);
  }
  const { callback } = await begin(stack, browser);
  const guess = await browser.navigate(callback, { headers: { "sec-purpose": "prefetch" } });
  assert.deepEqual([guess.status, guess.headers["set-cookie"]], [204, undefined]);
  assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);
});

test("nothing but a navigation of the whole page begins a login", async () => {
  const browser = stack.browser();
  for (const headers of [{ "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }, { "sec-fetch-dest": "iframe" }, { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }]) {
    const answer = await browser.navigate("/auth/login", { site: "cross-site", headers: /** @type {any} */ (headers) });
    assert.deepEqual([answer.status, answer.json?.code, answer.headers["set-cookie"]], [403, "cross_site", undefined]);
  }
  assert.equal((await browser.navigate("/auth/login", { site: "cross-site" })).status, 302);
});

test("keeps eight pending logins of a browser; the oldest makes room", async () => {
  const browser = stack.browser();
  const begun = [];
  for (let at = 0; at < 9; at += 1) begun.push({ ...(await begin(stack, browser)), nonce: stack.as.nonce });
  const [first, second] = begun;
  assertWayBack(await browser.navigate(first?.callback ?? "", { site: "cross-site" }), 400);
  stack.as.nonce = second?.nonce ?? "";
  assert.equal((await browser.navigate(second?.callback ?? "", { site: "cross-site" })).status, 200);
});

test("a binding cookie that was tampered with is another browser's", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  const binding = browser.cookie(BINDING_COOKIE) ?? "";
  browser.setCookie(BINDING_COOKIE, `${binding.slice(0, -2)}${binding.endsWith("AA") ? "BB" : "AA"}`, "lax");
  assertWayBack(await browser.navigate(callback, { site: "cross-site" }), 400);
  browser.setCookie(BINDING_COOKIE, binding, "lax");
  assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);
});

test("an unknown provider is not found", async () => {
  const browser = stack.browser();
  assert.equal((await browser.navigate("/auth/login?provider=nobody")).status, 404);
  assert.equal((await browser.navigate("/auth/callback/nobody?code=x&state=y")).status, 404);
  assert.equal((await browser.navigate("/auth/login?provider=demo&provider=demo")).status, 400);
});

test("a provider that is not the one of the login logs nobody in", async () => {
  const change = (/** @type {any} */ { PROVIDER_DEMO, ...given }) => ({
    ...given, PROVIDER_DEMO: { ...PROVIDER_DEMO, login: true }, PROVIDER_B: { ...PROVIDER_DEMO, login: false }, SECRET_B_CLIENT_SECRET: given.SECRET_DEMO_CLIENT_SECRET,
  });
  const two = await startScriptedStack({ change });
  try {
    const browser = two.browser();
    const login = await browser.navigate("/auth/login?provider=b");
    assert.deepEqual([login.status, login.headers.location, login.headers["set-cookie"]], [403, undefined, undefined], "there is an account to be linked, by who is logged in");
    const { callback } = await begin(two, browser);
    const other = await browser.navigate(callback.replace("/callback/demo", "/callback/b"), { site: "cross-site" });
    assert.deepEqual([other.status, browser.cookie(SESSION_COOKIE)], [400, undefined]);
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);
    assert.equal((await browser.navigate("/auth/login?provider=demo")).status, 302);
  } finally {
    await two.close();
  }
});

test("a login on another host of ours begins on the canonical one, where the callback will be", async () => {
  const several = await startScriptedStack({ change: (given) => ({ ...given, ORIGINS: [...given.ORIGINS, given.ORIGINS[0]?.replace("localhost", "127.0.0.1")] }) });
  try {
    const browser = several.browser();
    const query = "provider=demo&return_to=%2Fx%3Fy%23z";
    const other = await browser.navigate(`${several.app.replace("localhost", "127.0.0.1")}/auth/login?${query}`);
    assert.deepEqual([other.status, other.headers.location, other.headers["set-cookie"]], [302, `${several.app}/auth/login?${query}`, undefined]);
    const begun = await browser.navigate(other.headers.location ?? "");
    assert.ok(begun.headers.location?.startsWith(`${several.as.issuer}/authorize`), begun.headers.location);
    assert.ok(browser.cookie(BINDING_COOKIE));
    const bare = await browser.navigate(`${several.app.replace("localhost", "127.0.0.1")}/auth/login`);
    assert.equal(bare.headers.location, `${several.app}/auth/login`);
  } finally {
    await several.close();
  }
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
