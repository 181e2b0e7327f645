import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import { askOn } from "./support/asking.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { ask, ledTo, policy, told, where } from "./support/silent.mjs";
import { SESSION_COOKIE, question } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/browser.mjs").Browser} Browser */
/** @typedef {import("./support/silent.mjs").Way} Way */

const WAYS = /** @type {Way[]} */ (["frame", "popup", "redirect"]);
/** Those that the page itself outlives. */
const APART = /** @type {Way[]} */ (["frame", "popup"]);
const REFUSALS = ["login_required", "interaction_required", "consent_required", "account_selection_required", "access_denied"];

/** Seconds. */
const ACCESS_TTL = 1;

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
/** The same with nothing said of silent re-login. @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let plain;
before(async () => {
  stack = await startScriptedStack({ door: true, change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, silent: WAYS } }) });
  plain = await startScriptedStack();
  for (const { as } of [stack, plain]) as.accessTtl = ACCESS_TTL;
});
after(async () => {
  await stack?.close();
  await plain?.close();
});
afterEach(() => Object.assign(stack.as, { onToken: () => undefined, claims: {} }));

/** @param {Browser} browser @param {any} path @param {string} [body] */
const vault = (browser, path, body) => stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), path, body);

/** Ends the grant, as a server does that refuses the refresh token. @param {Browser} browser */
async function endGrant(browser, { as } = stack) {
  await pause(ACCESS_TTL * 1_000 + 100);
  as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined);
  const { json: held } = await browser.call("/auth/session");
  const { json } = await askOn(browser, held);
  assert.equal(json.code, "reauth_required");
  as.onToken = () => undefined;
  return { held, json };
}

/** A session that waits for its user. */
async function enterWaiting(where = stack) {
  const { browser } = await enter(where);
  return { browser, ...(await endGrant(browser, where)) };
}

/** Sends the browser back, as the authorization server would. @param {Browser} browser @param {Way} via @param {import("./support/browser.mjs").Answer} answer @param {Record<string, string>} [response] */
async function comeBack(browser, via, answer, response) {
  assert.equal(answer.status, 302, answer.text);
  const request = stack.as.take(answer.headers.location);
  assert.equal(request.prompt, "none");
  assert.ok(!JSON.stringify(request).includes("scripted-user"), "who it is about is in no URL");
  const code = `code-${randomBytes(24).toString("base64url")}`;
  stack.as.issued.push(code);
  const query = new URLSearchParams({ ...(response ?? { code }), state: request.state ?? "", iss: stack.as.issuer });
  const callback = `/auth/callback/demo?${query}`;
  const page = await browser.navigate(callback, { site: "cross-site", headers: where(via) });
  for (const secret of [code, request.state, request.nonce, ...stack.as.issued]) assert.ok(!page.text.includes(secret ?? "?"), "the page holds a secret");
  return { page, callback, code };
}

/** A whole one. @param {Browser} browser @param {Way} via @param {Record<string, string>} [response] */
async function relogin(browser, via, response) {
  const { answer, relogin } = await ask(browser, via);
  return { relogin, ...(await comeBack(browser, via, answer, response)) };
}

const session = async (/** @type {Browser} */ browser) => (await browser.call("/auth/session")).json;

/** How the page at the end of a way must be. @param {Way} via @param {string} relogin @param {string} outcome */
const end = (via, relogin, outcome) => ({ relogin, outcome, via, ancestors: via === "frame" ? "'self'" : "'none'", options: via === "frame" ? "SAMEORIGIN" : "DENY" });

describe("a silent re-login", { concurrency: false }, () => {
  /** @type {Browser} */
  let browser;
  /** @type {any} */
  let held;
  before(async () => {
    const entered = await enterWaiting();
    ({ browser, held } = entered);
    assert.deepEqual(entered.json.silent, WAYS);
  });

  test("is offered wherever the session says that it waits", async () => {
    assert.deepEqual([(await session(browser)).state, (await session(browser)).silent], ["reauth_required", WAYS]);
    assert.deepEqual((await browser.call("/auth/token", { method: "POST", json: question(held, "deadline") })).json.silent, WAYS);
    assert.deepEqual((await browser.call("/api/orders")).json.silent, WAYS);
  });

  for (const via of WAYS) {
    test(`by ${via} keeps cookie and epoch, and moves the generation`, async () => {
      const before = await session(browser);
      const cookie = browser.cookie(SESSION_COOKIE);
      const { page, relogin: name, callback, code } = await relogin(browser, via);
      assert.equal(page.status, 200, page.text);
      if (via === "redirect") assert.equal(ledTo(page), "/orders");
      else assert.deepEqual(told(page), end(via, name, "done"));
      const now = await session(browser);
      assert.deepEqual([now.state, now.epoch, now.generation, browser.cookie(SESSION_COOKIE)], ["active", before.epoch, before.generation + 1, cookie]);
      // Played again it is the same one.
      const again = await browser.navigate(callback, { site: "cross-site", headers: where(via) });
      assert.deepEqual([again.status, again.text], [200, page.text]);
      assert.equal((await session(browser)).generation, now.generation);
      assert.equal(stack.as.requests("authorization_code").filter((form) => form.get("code") === code).length, 1);
    });
  }

  test("that fails otherwise, in a frame or a popup, is noted nowhere: another time it may work", async () => {
    await endGrant(browser);
    for (const error of ["server_error", "temporarily_unavailable", "invalid_scope", "surprise"]) {
      for (const via of APART) {
        const { page, relogin: name } = await relogin(browser, via, { error });
        assert.deepEqual(told(page), end(via, name, "failed"));
      }
    }
    stack.as.onToken = () => ({ status: 503 });
    const { page } = await relogin(browser, "popup");
    assert.equal(told(page)?.outcome, "failed");
    assert.deepEqual((await session(browser)).silent, WAYS);
  });

  test("that is refused in a frame leaves popup and redirect, also after a restart", async () => {
    const { page, relogin: name, callback } = await relogin(browser, "frame", { error: "login_required" });
    assert.deepEqual([page.status, told(page)], [200, end("frame", name, "refused")]);
    assert.deepEqual((await session(browser)).silent, ["popup", "redirect"]);
    assert.deepEqual((await browser.call("/api/orders")).json.silent, ["popup", "redirect"]);
    await stack.workerd.kill();
    await stack.workerd.begin();
    assert.deepEqual((await session(browser)).silent, ["popup", "redirect"]);
    // Nobody goes there again, whatever a page believes.
    const before = stack.as.hits("/.well-known/openid-configuration");
    const { answer, relogin: other } = await ask(browser, "frame");
    assert.deepEqual([answer.status, told(answer)], [200, end("frame", other, "refused")]);
    assert.equal(stack.as.hits("/.well-known/openid-configuration"), before);
    const again = await browser.navigate(callback, { site: "cross-site", headers: where("frame") });
    assert.equal(told(again)?.outcome, "failed", "a callback that comes twice says nothing new");
  });

  test("that is refused at the top level leaves a person, who opens every way again", async () => {
    const { page } = await relogin(browser, "redirect", { error: "interaction_required" });
    assert.deepEqual([page.status, ledTo(page)], [200, "/orders"]);
    assert.deepEqual((await session(browser)).silent, []);
    for (const via of WAYS) {
      const { answer } = await ask(browser, via);
      assert.equal(answer.status, 200);
      if (via === "redirect") assert.equal(ledTo(answer), "/orders");
      else assert.equal(told(answer)?.outcome, "refused");
    }
    await enter(stack, browser);
    assert.equal((await session(browser)).state, "active");
    await endGrant(browser);
    assert.deepEqual((await session(browser)).silent, WAYS);
  });

  test("knows every word by which a server asks for the user", async () => {
    for (const error of REFUSALS) {
      await vault(browser, "/sql", "UPDATE session SET refused = 0");
      await vault(browser, "/reset");
      await pause(200);
      const { page } = await relogin(browser, "popup", { error });
      assert.equal(told(page)?.outcome, "refused", error);
      assert.deepEqual((await session(browser)).silent, ["frame"], error);
    }
  });

  test("is noted in a table that was made before there was a place for it", async () => {
    await vault(browser, "/sql", "ALTER TABLE session DROP COLUMN refused");
    await vault(browser, "/reset");
    await pause(200);
    assert.deepEqual((await session(browser)).silent, WAYS);
    const { page } = await relogin(browser, "popup", { error: "login_required" });
    assert.equal(told(page)?.outcome, "refused");
    await vault(browser, "/reset");
    await pause(200);
    assert.deepEqual((await session(browser)).silent, ["frame"]);
    assert.deepEqual((await vault(browser, "/sql", "SELECT refused, shape FROM session"))[0], { refused: 2, shape: 2 });
    const { page: done } = await relogin(browser, "frame");
    assert.equal(told(done)?.outcome, "done");
    assert.equal((await vault(browser, "/sql", "SELECT refused FROM session"))[0].refused, 0);
  });
});

describe("a redirect that fails leads back to what its user had open, and the page that comes back does not leave again", { concurrency: false }, () => {
  /** @type {Browser} */
  let browser;
  before(async () => { ({ browser } = await enterWaiting()); });
  beforeEach(async () => {
    await vault(browser, "/sql", "UPDATE session SET refused = 0");
    await vault(browser, "/reset");
    await until("a vault that knows of nothing", async () => (await session(browser)).silent?.length === 3);
  });
  /** @param {import("./support/browser.mjs").Answer} page */
  const assertBack = async (page) => {
    assert.deepEqual([page.status, ledTo(page), page.headers["set-cookie"]], [200, "/orders", undefined], page.text);
    const { state, silent } = await session(browser);
    assert.deepEqual([state, silent], ["reauth_required", ["frame"]]);
    const { answer } = await ask(browser, "redirect");
    assert.deepEqual([answer.status, ledTo(answer)], [200, "/orders"], "nor would it get further than this");
  };

  for (const error of ["server_error", "temporarily_unavailable", "invalid_scope"]) {
    test(`where the server answers ${error}`, async () => assertBack((await relogin(browser, "redirect", { error })).page));
  }

  test("where the code is not exchanged", async () => {
    stack.as.onToken = () => ({ status: 503 });
    await assertBack((await relogin(browser, "redirect")).page);
  });

  test("where the server is not even found", async () => {
    await stack.workerd.kill();
    stack.as.metadata = { issuer: "https://elsewhere.example" };
    await stack.workerd.begin();
    const { answer } = await ask(browser, "redirect");
    stack.as.metadata = {};
    await assertBack(answer);
    // The server is there again: a person's login is what opens every way.
    await enter(stack, browser);
    await endGrant(browser);
    assert.deepEqual((await session(browser)).silent, WAYS);
  });

  test("but shows a person why where the session cannot be told: the page would begin it again", async () => {
    const { answer } = await ask(browser, "redirect");
    await stack.workerd.befall("/refused", { drop: true });
    const { page } = await comeBack(browser, "redirect", answer, { error: "server_error" });
    await stack.workerd.befall("/refused", {});
    assert.deepEqual([page.status, ledTo(page), page.text.includes("Sign in again")], [400, undefined, true]);
    assert.deepEqual((await session(browser)).silent, WAYS);
  });
});

test("a session that lives is renewed as well, and what was refused meanwhile is not held against it", async () => {
  const { browser, session: before } = await enter(stack);
  const { answer } = await ask(browser, "popup");
  const refused = await relogin(browser, "popup", { error: "login_required" });
  assert.equal(told(refused.page)?.outcome, "refused");
  const { page } = await comeBack(browser, "popup", answer);
  assert.equal(told(page)?.outcome, "done");
  const now = await session(browser);
  assert.deepEqual([now.epoch, now.generation], [before.epoch, before.generation + 1]);
});

test("another user's is a change of user", async () => {
  const { browser, session: before } = await enter(stack);
  const old = browser.cookie(SESSION_COOKIE);
  const held = stack.as.issued.findLast((token) => token.startsWith("refresh-"));
  stack.as.claims = { sub: "somebody-else", name: "Linus", email: "linus@example.com" };
  const { page } = await relogin(browser, "popup");
  assert.equal(told(page)?.outcome, "done");
  const now = await session(browser);
  assert.notEqual(browser.cookie(SESSION_COOKIE), old);
  assert.ok(now.epoch > before.epoch);
  assert.deepEqual([now.user.sub, now.generation], ["somebody-else", 1]);
  const replaced = () => stack.workerd.log.some(({ event, ended }) => event === "session_replaced" && ended);
  await until("the end of the first session", replaced);
  const first = stack.browser();
  first.setCookie(SESSION_COOKIE, old ?? "");
  assert.equal((await first.call("/auth/session")).json.state, "logged_out");
  // Who was signed in has not logged out: with the grant other devices of theirs go on. An outbox is there from its first errand on.
  const rows = await stack.workerd.ask("SESSION_VAULT", old, "/sql", "SELECT status, outbox FROM session");
  assert.deepEqual(rows, [{ status: "ended:other_device", outbox: null }]);
  assert.ok(held && !stack.as.revoked.includes(held));
});

test("it brings nobody back who has logged out meanwhile", async () => {
  for (const claims of [{}, { sub: "somebody-else" }]) {
    const { browser } = await enter(stack);
    const { answer } = await ask(browser, "popup");
    await browser.call("/auth/logout", { method: "POST" });
    stack.as.claims = claims;
    const { page } = await comeBack(browser, "popup", answer);
    assert.deepEqual([told(page)?.outcome, page.headers["set-cookie"]], ["failed", undefined]);
    assert.equal((await session(browser)).state, "logged_out");
    stack.as.claims = {};
  }
});

test("without a session there is nothing to renew", async () => {
  const browser = stack.browser();
  const hits = stack.as.hits("/.well-known/openid-configuration");
  for (const via of WAYS) {
    const { answer, relogin: name } = await ask(browser, via, { returnTo: "/x?y=1" });
    assert.equal(answer.status, 200);
    if (via === "redirect") assert.equal(ledTo(answer), "/x?y=1");
    else assert.deepEqual(told(answer), end(via, name, "failed"));
    assert.equal(answer.headers["set-cookie"], undefined, "and no login is begun");
  }
  assert.equal(stack.as.hits("/.well-known/openid-configuration"), hits);
});

test("only our own pages may ask: no frame of a stranger's, no popup of a sibling's", async () => {
  const { browser } = await enter(stack);
  for (const site of /** @type {const} */ (["cross-site", "same-site", "none"])) {
    const { answer } = await ask(browser, "frame", { site });
    assert.deepEqual([answer.status, answer.json?.code], [403, "cross_site"], site);
    for (const via of /** @type {const} */ (["popup", "redirect"])) {
      const { answer: other } = await ask(browser, via, { site });
      assert.equal(other.headers["set-cookie"], undefined, "no login was begun");
      if (via === "popup") assert.deepEqual([other.status, told(other)?.outcome], [200, "failed"], site);
      // Led back, a page that is ours and did not say so would leave again at once.
      else assert.deepEqual([other.status, ledTo(other)], [400, undefined], site);
    }
  }
  for (const [path, dest] of [["/auth/login", "iframe"], ["/auth/login?prompt=none", "iframe"], ["/auth/login?prompt=none&via=popup&relogin=a", "iframe"], ["/auth/login?prompt=none&via=redirect", "iframe"], ["/auth/login?prompt=none&via=frame&relogin=a", "document"], ["/auth/login?prompt=none&via=frame&relogin=a", "frame"], ["/auth/login?prompt=none&via=frame&relogin=a", "embed"]]) {
    const answer = await browser.navigate(path ?? "", { site: "same-origin", headers: { "sec-fetch-dest": dest ?? "" } });
    assert.deepEqual([answer.status, answer.json?.code], [403, "cross_site"], `${path} ${dest}`);
  }
});

test("a way is asked for with silence, by its name, and for an attempt that has one", async () => {
  const { browser } = await enter(stack);
  for (const query of ["via=popup&relogin=a", "via=popup&relogin=a&prompt=login", "prompt=none&via=popup", "prompt=none&via=popup&relogin=A", "prompt=none&via=popup&relogin=x%22%3E", `prompt=none&via=popup&relogin=${"a".repeat(33)}`, "prompt=none&via=window&relogin=a", "prompt=none&via=popup&via=popup&relogin=a"]) {
    const answer = await browser.navigate(`/auth/login?${query}`, { site: "same-origin" });
    assert.deepEqual([answer.status, answer.json?.code], [400, "bad_request"], query);
  }
});

test("left out of the configuration it is popup and redirect where app and server are two sites; [] turns it off", async () => {
  const { browser, json } = await enterWaiting(plain);
  assert.deepEqual(json.silent, ["popup", "redirect"]);
  const { answer } = await ask(browser, "frame");
  assert.equal(told(answer)?.outcome, "failed");
  const off = await startScriptedStack({ change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, silent: [] } }) });
  try {
    const entered = await enter(off);
    for (const via of WAYS) {
      const { answer: refused } = await ask(entered.browser, via);
      if (via === "redirect") assert.equal(ledTo(refused), "/orders");
      else assert.equal(told(refused)?.outcome, "failed");
    }
  } finally {
    await off.close();
  }
});

test("nothing but the end of a frame may be framed, and the script of no page but by its hash", async () => {
  const { browser } = await enter(stack);
  const framed = await relogin(browser, "frame");
  const apart = await relogin(browser, "popup");
  const gone = await relogin(browser, "redirect");
  const login = await begin(stack, browser);
  const pages = [apart.page, gone.page, await browser.navigate(login.callback, { site: "cross-site" }), await browser.navigate("/auth/callback/demo?code=x", { site: "cross-site" }), await browser.call("/auth/session"), await browser.navigate("/auth/login?via=x", { site: "same-origin" })];
  assert.match(policy(framed.page.headers), /frame-ancestors 'self'$/);
  assert.equal(framed.page.headers["x-frame-options"], "SAMEORIGIN");
  for (const page of pages) {
    assert.match(policy(page.headers), /frame-ancestors 'none'$/, page.url.pathname);
    assert.equal(page.headers["x-frame-options"], "DENY");
  }
  for (const page of [framed.page, apart.page]) {
    assert.match(policy(page.headers), /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors '(self|none)'$/);
    assert.deepEqual([page.headers["cache-control"], page.headers["referrer-policy"]], ["no-store", "no-referrer"]);
  }
});

test("nothing secret was answered or logged", () => {
  for (const where of [stack, plain]) assertNothingLeaked(where, where.as.issued);
});
