import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { logIn } from "./support/person.mjs";
import { startRealStack } from "./support/real-stack.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { BINDING_COOKIE } from "./support/stack.mjs";

const LEAVE = "/auth/end-session";
const BACK = "/auth/logged-out";

/** @typedef {import("./support/browser.mjs").Browser} Browser */
/** @typedef {import("./support/browser.mjs").Answer} Answer */

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => {
  stack = await startScriptedStack({ door: true });
  stack.as.metadata = { end_session_endpoint: `${stack.as.issuer}/end?x=1&y=2` };
});
after(() => stack?.close());

const name = () => randomBytes(32).toString("base64url");
/** The ID Tokens that were given out, newest last. */
const idTokens = () => stack.as.issued.filter((token) => token.split(".").length === 3);

/** @param {Browser} browser @param {unknown} [json] */
const logout = (browser, json = { v: 1, return_to: "/orders?open=7#total" }) => browser.call("/auth/logout", { method: "POST", json });

/** @param {Browser} browser @param {Parameters<Browser["navigate"]>[1]} [options] */
const leave = (browser, options = {}) => browser.navigate(LEAVE, { site: "same-origin", ...options });

/** @param {Browser} browser @param {string} state */
const back = (browser, state) => browser.navigate(`${BACK}?${new URLSearchParams({ state })}`, { site: "cross-site" });

const unescaped = (/** @type {string} */ text) => text.replaceAll("&amp;", "&").replaceAll("&quot;", '"');

/** The one form of a page. @param {Answer} page */
function formOf({ status, text }) {
  assert.equal(status, 200, text);
  const forms = [...text.matchAll(/<form method="post" action="([^"]+)">/g)];
  assert.equal(forms.length, 1);
  const fields = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, key = "", value = ""]) => [key, unescaped(value)]);
  return { action: unescaped(forms[0]?.[1] ?? ""), fields: Object.fromEntries(fields) };
}

/** The same of a URL. @param {string} location */
const formOfUrl = (location) => ({ action: location, fields: Object.fromEntries(new URL(location).searchParams) });

/** Where a page of ours leads back to. @param {Answer} page */
const wayBack = (page) => unescaped(/ id="go" href="([^"]+)"/.exec(page.text)?.[1] ?? "");

/** @param {Answer} page */
const isRefused = (page) => {
  assert.equal(page.status, 400);
  assert.match(page.text, /No sign-out is under way/);
  assert.doesNotMatch(page.text, /<form|id="go"/);
};

/** A login and a logout, and the form that it leads to. */
async function depart(browser = stack.browser()) {
  await enter(stack, browser);
  assert.equal((await logout(browser)).json.end_session, LEAVE);
  return { browser, form: formOf(await leave(browser)) };
}

test("a logout goes on at the server by a form, with nothing in a URL, and comes back to where its user was", async () => {
  const { browser } = await enter(stack);
  const ended = await logout(browser);
  assert.deepEqual(ended.json, { v: 1, state: "logged_out", end_session: LEAVE });
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  const page = await leave(browser);
  const { action, fields } = formOf(page);
  assert.equal(action, `${stack.as.issuer}/end?x=1&y=2`);
  const { state, ...rest } = fields;
  assert.deepEqual(rest, { id_token_hint: idTokens().at(-1), client_id: stack.as.clientId, post_logout_redirect_uri: `${stack.app}${BACK}` });
  assert.match(state, /^[\w-]{43}$/);
  assert.match(page.text, /<button>/);
  const policy = String(page.headers["content-security-policy"]);
  assert.deepEqual([.../form-action ([^;]+)/.exec(policy)?.slice(1) ?? []], [`${stack.as.issuer} 'self'`]);
  assert.match(policy, /default-src 'none'.*script-src 'sha256-[^']+';.*frame-ancestors 'none'/);
  assert.equal(page.headers["cache-control"], "no-store");
  const landing = await back(browser, state);
  assert.equal(landing.status, 200);
  assert.equal(wayBack(landing), "/orders?open=7#total");
});

test("a server without an end_session_endpoint is not gone to", async () => {
  const plain = await startScriptedStack();
  try {
    const { browser } = await enter(plain);
    browser.dropCookie(BINDING_COOKIE);
    assert.deepEqual((await logout(browser)).json, { v: 1, state: "logged_out" });
    assert.equal(browser.cookie(BINDING_COOKIE), undefined);
    isRefused(await leave(browser));
  } finally {
    await plain.close();
  }
});

test("end_session = \"never\" is obeyed", async () => {
  const never = await startScriptedStack({ change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, end_session: "never" } }) });
  try {
    never.as.metadata = { end_session_endpoint: `${never.as.issuer}/end` };
    const { browser } = await enter(never);
    assert.deepEqual((await logout(browser)).json, { v: 1, state: "logged_out" });
    isRefused(await leave(browser));
  } finally {
    await never.close();
  }
});

test("another state is refused, and the right one is taken after it", async () => {
  const { browser, form } = await depart();
  for (const state of [name(), "", "x", form.fields.state.slice(1)]) isRefused(await back(browser, state));
  isRefused(await browser.navigate(BACK, { site: "cross-site" }));
  isRefused(await browser.navigate(`${BACK}?state=${form.fields.state}&state=${form.fields.state}`, { site: "cross-site" }));
  assert.equal(wayBack(await back(browser, form.fields.state)), "/orders?open=7#total");
});

test("the way there and the way back are gone once", async () => {
  const { browser, form } = await depart();
  isRefused(await leave(browser));
  assert.equal((await back(browser, form.fields.state)).status, 200);
  isRefused(await back(browser, form.fields.state));
  isRefused(await leave(browser));
});

test("another browser has neither", async () => {
  const { browser } = await enter(stack);
  await logout(browser);
  const strangers = [stack.browser(), (await enter(stack)).browser];
  for (const stranger of strangers) isRefused(await leave(stranger));
  const { fields } = formOf(await leave(browser));
  for (const stranger of strangers) isRefused(await back(stranger, fields.state));
  assert.equal((await back(browser, fields.state)).status, 200);
});

test("nobody comes back who has not gone", async () => {
  const { browser, form } = await depart();
  await enter(stack, browser);
  await logout(browser);
  // The logout of now has taken the place of the one before.
  isRefused(await back(browser, form.fields.state));
  const now = formOf(await leave(browser));
  assert.notEqual(now.fields.state, form.fields.state);
  assert.equal(now.fields.id_token_hint, idTokens().at(-1));
});

test("only a whole page of ours is led there, and who looks ahead spends nothing", async () => {
  const { browser } = await enter(stack);
  await logout(browser);
  for (const site of /** @type {const} */ (["none", "same-site", "cross-site"])) assert.equal((await leave(browser, { site })).status, 403, site);
  for (const [header, value] of Object.entries({ "sec-fetch-mode": "cors", "sec-fetch-dest": "iframe" })) {
    assert.equal((await leave(browser, { headers: { [header]: value } })).status, 403, header);
  }
  assert.equal((await leave(browser, { headers: { "sec-purpose": "prefetch" } })).status, 204);
  const { fields } = formOf(await leave(browser));
  const ahead = await browser.navigate(`${BACK}?state=${fields.state}`, { site: "cross-site", headers: { "sec-purpose": "prefetch;prerender" } });
  assert.equal(ahead.status, 204);
  assert.equal((await back(browser, fields.state)).status, 200);
});

test("the state of a logout is none of a login, nor the other way round", async () => {
  const { browser, form } = await depart();
  const callback = await browser.navigate(`/auth/callback/demo?${new URLSearchParams({ code: "c", state: form.fields.state, iss: stack.as.issuer })}`, { site: "cross-site" });
  assert.equal(callback.status, 400);
  const begun = await begin(stack, browser);
  isRefused(await back(browser, begun.request.state ?? ""));
  assert.equal((await back(browser, form.fields.state)).status, 200);
  assert.equal((await browser.navigate(begun.callback, { site: "cross-site" })).status, 200, "and the login goes on");
});

test("what is said of the way back is a path of the app, or its root", async () => {
  for (const [json, expected] of /** @type {[unknown, string][]} */ ([
    [{ v: 1 }, "/"], [{ v: 1, return_to: "//evil.example" }, "/"], [{ v: 1, return_to: "https://evil.example/" }, "/"], [{ v: 1, return_to: 7 }, "/"], ["x", "/"],
    [{ v: 1, return_to: "/a" }, "/a"],
  ])) {
    const { browser } = await enter(stack);
    assert.equal((await logout(browser, json)).json.end_session, LEAVE);
    assert.equal(wayBack(await back(browser, formOf(await leave(browser)).fields.state)), expected, JSON.stringify(json));
  }
});

test("a second logout, and one without a session, lead nowhere", async () => {
  const { browser } = await enter(stack);
  const cookies = browser.cookieHeader("/");
  assert.equal((await logout(browser)).json.end_session, LEAVE);
  assert.deepEqual((await logout(browser)).json, { v: 1, state: "logged_out" });
  const again = await browser.call("/auth/logout", { method: "POST", headers: { cookie: cookies } });
  assert.deepEqual(again.json, { v: 1, state: "logged_out" });
});

test("an ID Token that is too long is not kept, and the server is asked without it", async () => {
  stack.as.claims = { groups: "g".repeat(9_000) };
  const { browser } = await enter(stack);
  stack.as.claims = {};
  await logout(browser);
  const { fields } = formOf(await leave(browser));
  assert.deepEqual(Object.keys(fields), ["client_id", "post_logout_redirect_uri", "state"]);
});

test("the ID Token is sealed where it lies, and in no answer but the form", async () => {
  await enter(stack);
  await depart();
  const disk = await diskText(stack.workerd);
  const tokens = idTokens();
  assert.ok(tokens.length > 3);
  for (const token of tokens) assert.ok(!disk.includes(token) && !stack.workerd.output.includes(token));
  const seen = stack.browsers.flatMap((browser) => browser.seen).filter((answer) => tokens.some((token) => answer.text.includes(token)));
  assert.ok(seen.length > 0);
  assert.deepEqual([...new Set(seen.map((answer) => answer.url.pathname))], [LEAVE]);
  assertNothingLeaked(stack, stack.as.issued.filter((token) => !tokens.includes(token)));
});

test("a server that takes no form is asked by a URL without the ID Token, which is not kept either", async () => {
  const get = await startScriptedStack({ change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, end_session: "get" } }) });
  try {
    get.as.metadata = { end_session_endpoint: `${get.as.issuer}/end?x=1&y=2` };
    const { browser } = await enter(get);
    assert.equal((await logout(browser)).json.end_session, LEAVE);
    const gone = await leave(browser);
    assert.deepEqual([gone.status, gone.text], [302, ""]);
    assert.equal(gone.headers["cache-control"], "no-store");
    const { state, ...rest } = Object.fromEntries(new URL(gone.headers.location ?? "").searchParams);
    assert.deepEqual(rest, { x: "1", y: "2", client_id: get.as.clientId, post_logout_redirect_uri: `${get.app}${BACK}` });
    isRefused(await leave(browser));
    assert.equal(wayBack(await back(browser, state ?? "")), "/orders?open=7#total");
  } finally {
    await get.close();
  }
});

for (const way of /** @type {const} */ (["post", "get"])) test(`oidc-provider logs its user out and sends them back: asked by ${way.toUpperCase()}`, async () => {
  const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, end_session: way } });
  const real = await startRealStack("oidc-provider", { accessTtl: 60, logoutByPost: way === "post", change });
  try {
    const browser = real.browser();
    await logIn(browser);
    const { json } = await logout(browser);
    assert.equal(json.end_session, LEAVE);
    const page = await leave(browser);
    const { action, fields } = way === "post" ? formOf(page) : formOfUrl(page.headers.location ?? "");
    // With the other way this server would answer 404 or know nobody.
    const asked = way === "post"
      ? await browser.navigate(action, { site: "cross-site", method: "POST", form: fields, headers: { origin: "null" } })
      : await browser.navigate(action, { site: "cross-site" });
    assert.equal("id_token_hint" in fields, way === "post");
    assert.equal(asked.status, 200, asked.text);
    assert.match(asked.text, /ada@example.com/, "the server knows who asks");
    const [, next = ""] = / action="([^"]+)"/.exec(asked.text) ?? [];
    const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(asked.text) ?? [];
    const answer = await browser.navigate(new URL(next, asked.url), { site: "same-origin", method: "POST", form: { xsrf, logout: "yes" }, headers: { origin: asked.url.origin } });
    const landing = new URL(answer.headers.location ?? "", answer.url);
    assert.equal(landing.origin + landing.pathname, `${real.app}${BACK}`);
    assert.equal(landing.searchParams.get("state"), fields.state);
    assert.equal(wayBack(await browser.navigate(landing, { site: "cross-site" })), "/orders?open=7#total");
    // Nobody is signed in there any more: the next login asks for a name.
    let login = await browser.navigate("/auth/login", { site: "same-origin" });
    for (let step = 0; step < 4 && login.headers.location; step += 1) login = await browser.navigate(new URL(login.headers.location, login.url), { site: "cross-site" });
    assert.match(login.text, /action="[^"]*\/login"/);
  } finally {
    await real.close();
  }
});
