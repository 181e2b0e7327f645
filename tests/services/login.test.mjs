/** An operator logs in at the provider: by a ticket, in one browser, once. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Browser as Visitor } from "../servers/support/browser.mjs";
import { Browser, send } from "../worker/support/browser.mjs";
import { KEY, OPERATOR_KEY, SECRET } from "./support/services.mjs";
import { MINUTE, ROUTES, stack } from "./support/stack.mjs";

/** @typedef {import("./support/stack.mjs").Stack} Stack */

const COOKIE = "__Host-Http-everlit-service";

/** @param {Stack} on */
async function ticket(on) {
  const { status, json } = await on.services.ask("POST", `${on.name}/login`, "", OPERATOR_KEY);
  assert.deepEqual([status, json.expires_in], [200, 120]);
  return new URL(json.login_url);
}

/** A login as far as the provider's page: the browser, and where it was sent. @param {Stack} on @param {Browser} [browser] */
async function begun(on, browser = new Browser(on.services.origin)) {
  const link = await ticket(on);
  const answer = await browser.navigate(link);
  assert.equal(answer.status, 303, answer.text);
  return { browser, link, page: new URL(answer.headers.location ?? ""), answer };
}

/** Signs in there, and says where that leads back to. @param {Stack} on @param {URL} page @param {string} [who] */
async function signedIn(on, page, who = "ada") {
  return (await new Visitor(on.standIn.origin).authorize(page, who)).page.url;
}

/** The browser comes back with what the login brought, as far as the last page. @param {Browser} browser @param {URL | string} url */
async function come(browser, url) {
  const answer = await browser.navigate(url, { site: "cross-site" });
  const { location } = answer.headers;
  return location === undefined ? answer : browser.navigate(location, { site: "cross-site" });
}

/** What a page says: its status and title. @param {import("../worker/support/browser.mjs").Answer} answer */
const said = ({ status, text }) => [status, /<h1>([^<]*)<\/h1>/.exec(text)?.[1]];

const OVER = [400, "This login is no longer valid"];

for (const provider of /** @type {const} */ (["upstox", "breeze", "kite"])) {
  test(`${provider}: a ticket leads to the provider, and what it brings back is the token that callers get`, async (t) => {
    const on = await stack(t, provider);
    const { browser, link, page, answer } = await begun(on);
    assert.match(link.href, new RegExp(`^${on.services.origin}/service/${provider}/login\\?ticket=[\\w-]{43}$`));
    const [cookie = "", ...others] = answer.headers["set-cookie"] ?? [];
    assert.deepEqual(others, []);
    assert.match(cookie, new RegExp(`^${COOKIE}=[\\w-]{43}; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$`));
    assert.equal(answer.headers["cache-control"], "no-store");
    assert.equal(page.origin, on.standIn.origin);

    const back = await signedIn(on, page);
    const code = back.searchParams.get({ upstox: "code", breeze: "apisession", kite: "request_token" }[provider]) ?? "";
    const done = await browser.navigate(back, { site: "cross-site" });
    // The page at the end has an address of its own: what was brought stands in none that the browser keeps.
    assert.deepEqual([done.status, done.headers.location, done.text], [303, `/service/${provider}/callback`, ""]);
    assert.ok(code.length > 3 && !JSON.stringify(done.headers).includes(code));
    assert.equal(browser.cookie(COOKIE), undefined);
    const shown = () => browser.navigate(`/service/${provider}/callback`, { site: "cross-site" });
    assert.deepEqual(said(await shown()), [200, "Connected"]);
    assert.deepEqual(said(await shown()), [200, "Connected"], "loaded again");
    assert.deepEqual(said(await new Browser(on.services.origin).navigate(`/service/${provider}/callback`)), OVER, "in no other browser");
    const status = await on.services.status(provider);
    assert.deepEqual([status.source, status.status, status.validated?.valid ?? true], ["logged_in", "active", true]);
    const { json } = await on.services.token(provider);
    assert.equal(json.expires_at - on.clock.now() > 0, true);
    assert.equal(on.count(ROUTES[provider].exchange), 1);
    await on.pass(MINUTE + 1_000);
    const later = await shown();
    assert.deepEqual(said(later), OVER, "after a while there is nothing to be said of it");
    assert.match(later.text, /Start it again if it has not told you that you are connected/);
  });
}

for (const provider of /** @type {const} */ (["breeze", "kite"])) {
  test(`${provider}: a code of another account's that another site brings to a login under way is refused, and changes nothing`, async (t) => {
    const on = await stack(t, provider);
    const parameter = { breeze: "apisession", kite: "request_token" }[provider];
    const planted = async (/** @type {Browser} */ browser) => come(browser, `/service/${provider}/callback?${parameter}=${await on.code("mallory")}&status=success`);

    // Before there was ever a token.
    const first = await begun(on);
    const refused = await planted(first.browser);
    assert.deepEqual(said(refused), [400, "Not connected"]);
    assert.match(refused.text, /another account/);
    assert.deepEqual([(await on.services.token(provider)).json.reason, (await on.services.status(provider)).epoch], ["needs_human", null]);
    // That login is used up: what is brought of the operator's own comes to a new one.
    assert.deepEqual(said(await come(first.browser, await signedIn(on, first.page))), OVER);

    // With one in use.
    const { browser, page } = await begun(on);
    assert.deepEqual(said(await come(browser, await signedIn(on, page))), [200, "Connected"]);
    const { json: before } = await on.services.token(provider);
    const again = await planted((await begun(on)).browser);
    assert.deepEqual([...said(again), /another account/.test(again.text)], [400, "Not connected", true]);
    const { json: after } = await on.services.token(provider);
    assert.deepEqual([after.access_token, after.generation], [before.access_token, before.generation]);
    assert.equal((await on.services.status(provider)).status, "active");
  });

  test(`${provider}: whose account it is must be configured`, async (t) => {
    const on = await stack(t, provider);
    const name = `SERVICE_${provider.toUpperCase()}`;
    await on.services.configure({ [name]: { provider, client_id: "everlit-demo" } });
    await on.services.restart();
    const { status, json } = await on.services.ask("POST", `${provider}/login`, "", OPERATOR_KEY);
    assert.deepEqual([status, json.code], [503, "misconfigured"]);
    assert.match(json.detail, new RegExp(`^${name}\\.account: is missing; expected whose account it is`));
  });
}

test("a login that was begun before a logout cannot be finished after it", async (t) => {
  const on = await stack(t, "upstox");
  const { browser, page } = await begun(on);
  const link = await ticket(on);
  assert.equal((await on.services.ask("DELETE", "upstox/credential", undefined, OPERATOR_KEY)).status, 204);
  assert.deepEqual(said(await browser.navigate(await signedIn(on, page), { site: "cross-site" })), OVER);
  assert.equal((await new Browser(on.services.origin).navigate(link)).status, 400, "nor begun with a ticket of before");
  assert.deepEqual([on.count(ROUTES.upstox.exchange), (await on.services.token("upstox")).status], [0, 503]);
});

test("Breeze comes back by a form: it is answered by a redirect to our own GET, which brings the cookie", async (t) => {
  const on = await stack(t, "breeze", { choices: { callback: "post" } });
  const { browser, page } = await begun(on);
  const visitor = new Visitor(on.standIn.origin);
  const handOver = await visitor.press(await visitor.visit(page), "sign-in", { login: "ada", password: "any" });
  const API_Session = /name="API_Session" value="(\d+)"/.exec(handOver.text)?.[1] ?? "";
  const callback = /action="([^"]+)"/.exec(handOver.text)?.[1] ?? "";
  assert.equal(new URL(callback).pathname, "/service/breeze/callback");

  const posted = await browser.navigate(callback, { site: "cross-site", method: "POST", form: { API_Session } });
  assert.deepEqual([posted.status, posted.headers.location], [303, "/service/breeze/callback"]);
  assert.ok(!JSON.stringify(posted.headers).includes(API_Session));
  assert.match((posted.headers["set-cookie"] ?? [])[0] ?? "", /; HttpOnly; SameSite=Lax$/);
  assert.equal(on.count(ROUTES.breeze.exchange), 0, "a form that another site sends does nothing by itself");
  assert.deepEqual(said(await come(browser, "/service/breeze/callback")), [200, "Connected"]);
  assert.equal((await on.services.token("breeze")).status, 200);

  // Nor does a form say how a login has ended.
  const forger = new Browser(on.services.origin);
  const forged = await send(callback, { method: "POST", headers: { "content-type": "text/plain" }, body: "200\nConnected\nAll is well." });
  forger.setCookie(`${COOKIE}-response`, /-response=([\w-]+);/.exec(String(forged.headers["set-cookie"]))?.[1] ?? "", "lax");
  assert.deepEqual(said(await forger.navigate("/service/breeze/callback", { site: "cross-site" })), OVER);

  // The same form, from a browser that has begun nothing: it is nobody's.
  const stranger = new Browser(on.services.origin);
  await stranger.navigate(callback, { site: "cross-site", method: "POST", form: { API_Session } });
  assert.deepEqual(said(await stranger.navigate("/service/breeze/callback", { site: "cross-site" })), OVER);
  const long = await stranger.navigate(callback, { site: "cross-site", method: "POST", form: { API_Session: "1".repeat(5_000) } });
  assert.equal(long.status, 413);
});

test("a callback is good in the browser that began, with its state, once, for ten minutes", async (t) => {
  const on = await stack(t, "upstox");
  // Another browser: without a cookie, and with one of a login of its own.
  const { browser, page } = await begun(on);
  const back = await signedIn(on, page);
  assert.deepEqual(said(await come(new Browser(on.services.origin), back)), OVER);
  const other = new Browser(on.services.origin);
  other.setCookie(COOKIE, "A".repeat(43), "lax");
  assert.deepEqual(said(await come(other, back)), OVER);
  assert.equal(on.count(ROUTES.upstox.exchange), 0);

  // Another state, or none: the login is still open after that, so nobody can end it from outside.
  for (const state of ["x", null]) {
    const wrong = new URL(back);
    wrong.searchParams.delete("state");
    if (state) wrong.searchParams.set("state", state);
    assert.deepEqual(said(await come(browser, wrong)), OVER);
  }
  assert.equal(on.count(ROUTES.upstox.exchange), 0);
  const cookie = browser.cookie(COOKIE) ?? "";
  assert.deepEqual(said(await come(browser, back)), [200, "Connected"]);

  // Twice: the cookie is gone, and with the cookie the login is.
  assert.deepEqual(said(await come(browser, back)), OVER);
  browser.setCookie(COOKIE, cookie, "lax");
  assert.deepEqual(said(await come(browser, back)), OVER);
  assert.equal(on.count(ROUTES.upstox.exchange), 1);

  // After ten minutes. The provider's code lives as long, so only our limit is seen.
  const late = await begun(on);
  const lateBack = await signedIn(on, late.page);
  await on.pass(10 * MINUTE + 1_000);
  assert.deepEqual(said(await come(late.browser, lateBack)), OVER);
  assert.equal(on.count(ROUTES.upstox.exchange), 1);

  // A second login takes the place of the first.
  const [first, second] = [await begun(on), await begun(on)];
  const firstBack = await signedIn(on, first.page);
  assert.deepEqual(said(await come(first.browser, firstBack)), OVER);
  assert.deepEqual(said(await come(second.browser, await signedIn(on, second.page))), [200, "Connected"]);
});

test("a login with another account, or one that was not completed, says so and changes nothing", async (t) => {
  const on = await stack(t, "upstox");
  const { token } = await on.accepted();
  const mallory = await begun(on);
  const foreign = await come(mallory.browser, await signedIn(on, mallory.page, "mallory"));
  assert.deepEqual(said(foreign), [400, "Not connected"]);
  assert.match(foreign.text, /another account/);

  for (const query of ["", "error=access_denied", "code=", "code=a&code=b"]) {
    const { browser, page } = await begun(on);
    const back = `/service/upstox/callback?${query}&state=${page.searchParams.get("state")}`;
    const answer = await come(browser, back);
    assert.equal(answer.status, 400, query);
    assert.match(answer.text, /<h1>(Not connected|This login is no longer valid)<\/h1>/, query);
  }
  const { browser, page } = await begun(on);
  const spent = `/service/upstox/callback?code=nope42&state=${page.searchParams.get("state")}`;
  const refused = await come(browser, spent);
  assert.deepEqual(said(refused), [400, "Not connected"]);
  assert.equal((await on.services.token("upstox")).json.access_token, token);
  assert.equal((await on.services.status("upstox")).status, "active");
});

test("a ticket is good once, for two minutes, and only an operator is given one", async (t) => {
  const on = await stack(t, "upstox");
  const open = (/** @type {URL | string} */ link) => new Browser(on.services.origin).navigate(link);
  const GONE = [400, "This link is no longer valid"];

  const once = await ticket(on);
  assert.equal((await open(once)).status, 303);
  assert.deepEqual(said(await open(once)), GONE);

  const old = await ticket(on);
  await on.pass(2 * MINUTE + 1_000);
  assert.deepEqual(said(await open(old)), GONE);

  const [replaced, newer] = [await ticket(on), await ticket(on)];
  assert.deepEqual(said(await open(replaced)), GONE);
  assert.equal((await open(newer)).status, 303);

  assert.equal((await on.services.ask("POST", "upstox/login", "", KEY)).status, 403);
  assert.equal((await on.services.ask("POST", "upstox/login", "", null)).status, 401);
  assert.equal((await on.services.ask("GET", "upstox/login", undefined, null)).status, 401);
  assert.equal((await on.services.ask("GET", "upstox/login", undefined, KEY)).status, 401);

  // A stranger learns nothing of which services there are.
  for (const path of ["login?ticket=nope", "login", "callback?code=x&state=y", "callback"]) {
    const [here, nowhere] = [await open(`/service/upstox/${path}`), await open(`/service/kite/${path}`)];
    assert.deepEqual([here.status, here.text], [nowhere.status, nowhere.text], path);
  }
});

test("nothing that is secret is in the log, nor in an answer where it does not belong", async (t) => {
  /** @type {Set<string>} */
  const secrets = new Set([KEY, OPERATOR_KEY, SECRET, Buffer.alloc(32, 7).toString("base64url")]);
  const on = await stack(t, "upstox");
  const link = await ticket(on);
  const browser = new Browser(on.services.origin);
  const page = new URL((await browser.navigate(link)).headers.location ?? "");
  const back = await signedIn(on, page);
  const binding = browser.cookie(COOKIE) ?? "";
  for (const text of [link.searchParams.get("ticket"), page.searchParams.get("state"), back.searchParams.get("code"), binding]) secrets.add(text ?? "");
  await come(browser, back);
  const { token } = await on.accepted();
  const bad = "not-a-token-but-secret-all-the-same";
  const answers = [
    await on.services.handIn("upstox", bad),
    await on.services.handIn("upstox", await on.token("mallory")),
    await on.services.ask("GET", "upstox/status", undefined, "somebody-elses-key-0123456789abcdef"),
    await on.services.ask("GET", "upstox/status"),
    await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY),
    await on.services.ask("POST", "upstox/token", "{"),
    await on.services.ask("POST", "upstox/notify/somebody-tries-this", { access_token: bad }, null),
    ...browser.seen.slice(1),
  ];
  const { json: served } = await on.services.token("upstox");
  assert.equal(served.access_token, token);
  const status = await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY);
  const capability = status.json.notify_path.split("/").pop();
  for (const text of [token, bad, "somebody-elses-key-0123456789abcdef", "somebody-tries-this", capability]) secrets.add(text);
  await on.services.ask("DELETE", "upstox/credential", undefined, OPERATOR_KEY);
  await on.pass(2 * 60 * MINUTE);

  assert.ok(on.services.log.length > 5);
  for (const secret of secrets) {
    assert.ok(secret.length >= 6);
    assert.ok(!on.services.output.includes(secret), `the log has ${secret}`);
    for (const { status: code, text } of answers) assert.ok(!text.includes(secret) || (secret === capability && code === 200), `an answer (${code}) has ${secret}`);
  }
  // An account's own name is nobody else's business either.
  assert.doesNotMatch(on.services.output, /[A-Z]{2}\d{4}(?!\d)/);
});
