// A server that has the browser post its response (OAuth 2.0 Form Post Response Mode), instead of sending it along in a URL.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { logIn } from "./support/person.mjs";
import { send } from "./support/browser.mjs";
import { begin, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, startStack } from "./support/stack.mjs";

const RESPONSE_COOKIE = "__Host-Http-everlit-response";
const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, response_mode: "form_post" } });

/** @type {Awaited<ReturnType<typeof startScriptedStack>>} */
let stack;
before(async () => {
  stack = await startScriptedStack({ change });
});
after(() => stack?.close());

/** What the server has the browser post. @param {import("./support/browser.mjs").Browser} browser @param {string} callback */
const post = (browser, callback) => {
  const url = new URL(callback, stack.app);
  return browser.navigate(url.pathname, { site: "cross-site", method: "POST", form: Object.fromEntries(url.searchParams) });
};

test("a login ends that is posted: by 303 and a GET, which brings the cookies that a form of another site does not", async () => {
  const browser = stack.browser();
  const { request, code, callback } = await begin(stack, browser);
  assert.equal(request.response_mode, "form_post");
  const sent = await post(browser, callback);
  assert.deepEqual([sent.status, sent.headers.location, sent.text], [303, "/auth/callback/demo", ""]);
  const [cookie = ""] = sent.headers["set-cookie"] ?? [];
  assert.match(cookie, new RegExp(`^${RESPONSE_COOKIE}=[\\w-]+; Path=/; Max-Age=60; Secure; HttpOnly; SameSite=Lax$`));
  assert.ok(!JSON.stringify(sent.headers).includes(code), "the code is sealed");
  assert.equal(stack.as.requests("authorization_code").length, 0, "nothing is spent by the form itself");

  for (const time of ["first", "again"]) {
    const landing = await browser.navigate(sent.headers.location ?? "", { site: "cross-site" });
    assert.equal(landing.status, 200, time);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  }
  assert.equal(stack.as.requests("authorization_code").length, 1, "the code is spent once");
  assertNothingLeaked(stack, stack.as.issued);
});

test("whoever posts makes no object, and what they post counts in no browser but the one that began", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  const before = stack.as.requests("authorization_code").length;
  const other = stack.browser();
  const sent = await post(other, callback);
  assert.equal(sent.status, 303);
  assert.equal(other.cookie(BINDING_COOKIE), undefined);
  assert.equal((await other.navigate(sent.headers.location ?? "", { site: "cross-site" })).status, 400);
  assert.deepEqual([stack.as.requests("authorization_code").length, other.cookie(SESSION_COOKIE)], [before, undefined]);
  // And it is still there for whom it is meant.
  assert.equal((await browser.navigate((await post(browser, callback)).headers.location ?? "", { site: "cross-site" })).status, 200);
});

test("an error is posted as well, and shown", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { response: { code: undefined, error: "access_denied" } });
  const sent = await post(browser, callback);
  const page = await browser.navigate(sent.headers.location ?? "", { site: "cross-site" });
  assert.equal(page.status, 400, page.text);
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
});

for (const [what, body, status] of /** @type {const} */ ([
  ["without anything", "", 400],
  ["without a state", "code=abc", 400],
  ["with two codes", `code=a&code=b&state=${"A".repeat(43)}`, 400],
  ["that is no text", Buffer.from([0x63, 0x3d, 0xff, 0xfe]), 400],
  ["with a code that no cookie holds", `code=${"c".repeat(3_000)}&state=${"A".repeat(43)}`, 400],
  ["that is far too long", "x".repeat(100_000), 413],
])) test(`a form ${what} is refused`, async () => {
  const headers = { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" };
  const answer = await send(`${stack.app}/auth/callback/demo`, { method: "POST", headers, body });
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers["set-cookie"], undefined);
});

test("there is nothing to post to for a provider that is not there, or that does not post", async () => {
  const posted = (/** @type {string} */ app, /** @type {string} */ provider) =>
    send(`${app}/auth/callback/${provider}`, { method: "POST", headers: {}, body: `code=a&state=${"A".repeat(43)}` });
  assert.deepEqual([(await posted(stack.app, "demo")).status, (await posted(stack.app, "nobody")).status], [303, 404]);
  const other = await startScriptedStack();
  try {
    assert.equal((await posted(other.app, "demo")).status, 404);
  } finally {
    await other.close();
  }
});

test("oidc-provider posts, and the login ends", async () => {
  const real = await startStack({ change });
  try {
    const browser = real.browser();
    await logIn(browser, { login: "user@example.com" });
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    assert.ok(browser.seen.some(({ url, status }) => url.pathname === "/auth/callback/demo" && status === 303));
  } finally {
    await real.close();
  }
});
