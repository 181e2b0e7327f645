import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { ask, askOn, enterDue, EXPIRED_MS } from "./support/asking.mjs";
import { send } from "./support/browser.mjs";
import { accountState, beginLink, link, startLinkStack } from "./support/link.mjs";
import { begin, enter } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/browser.mjs").Browser} Browser */

/** @type {import("./support/link.mjs").LinkStack} */
let stack;
before(async () => {
  stack = await startLinkStack({ door: true });
  for (const as of [stack.as, stack.other]) as.metadata = { authorization_response_iss_parameter_supported: true };
});
after(() => stack?.close());
beforeEach(() => {
  for (const as of [stack.as, stack.other]) Object.assign(as, { accessTtl: 3600, onToken: () => undefined, onRevocation: () => undefined, claims: {} });
  stack.script.answer = () => ({ json: [{ id: 1 }] });
});

/** The refresh tokens that a server has given out, oldest first. @param {{ issued: string[] }} as */
const refreshTokens = (as) => as.issued.filter((token) => token.startsWith("refresh-"));
const newest = (/** @type {{ issued: string[] }} */ as) => refreshTokens(as).at(-1);
/** The newest access token of a server. @param {{ issued: string[] }} as */
const access = (as) => as.issued.filter((token) => token.startsWith("access-")).at(-1);
/** The token that a call came with. @param {string} path */
const carried = (path) => stack.resource.asked.findLast((asked) => asked.path === path)?.headers.authorization;

/** A session with a further account. @param {Parameters<typeof beginLink>[2]} [options] */
async function linked(options) {
  const entered = await enter(stack);
  await link(stack, entered.browser, options);
  return entered;
}

/** When the accounts' vaults end that are live. */
const ends = async () => (await stack.workerd.each("SESSION_VAULT", "/sql", "SELECT absolute_at FROM session WHERE provider = 'other' AND status = 'live'")).flat().map((row) => row.absolute_at);
/** @param {number} until */
const endAt = (until) => `UPDATE session SET active_at = ${until}, absolute_at = ${until} WHERE provider = 'other' AND status = 'live'`;
/** @param {number} until */
const endAllAt = async (until) => {
  await stack.workerd.each("SESSION_VAULT", "/sql", endAt(until));
  await stack.workerd.each("SESSION_VAULT", "/reset");
  await pause(200);
};

/** Both grants are revoked, by the newest refresh token of each. @param {string} what */
const bothRevoked = (what) => until(what, () => stack.other.revoked.includes(newest(stack.other) ?? "") && stack.as.revoked.includes(newest(stack.as) ?? ""));

describe("an account is linked", () => {
  test("each upstream is called with the token of its own account, and the session stays what it was", async () => {
    const { browser, session } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    assert.equal(await accountState(browser), "unavailable");
    const landing = await link(stack, browser, { returnTo: "/settings" });
    assert.match(landing.text, /href="\/settings"/);
    assert.equal(landing.headers["set-cookie"], undefined, "a link brings no cookie");
    const shown = (await browser.call("/auth/session")).json;
    assert.deepEqual([shown.state, shown.epoch, shown.generation, shown.user], ["active", session.epoch, session.generation, session.user]);
    assert.deepEqual(shown.providers, [{ name: "demo", state: "ready", own: true }, { name: "other", state: "ready" }]);
    assert.deepEqual(shown.upstreams.map((/** @type {any} */ { name, vault }) => [name, vault]), [["calendar", "linked:other"], ["orders", "login"]]);
    assert.equal(browser.cookie(SESSION_COOKIE), cookie);

    assert.equal((await browser.call("/api/orders")).status, 200);
    assert.equal(carried("/orders"), `Bearer ${access(stack.as)}`);
    assert.equal((await browser.call("/api/calendar", { headers: { "everlit-epoch": String(session.epoch) } })).status, 200);
    assert.equal(carried("/calendar"), `Bearer ${access(stack.other)}`);
  });

  test("a page that was opened for another login does not call its upstream", async () => {
    const { browser, session } = await linked();
    const answer = await browser.call("/api/calendar", { headers: { "everlit-epoch": String(session.epoch + 1) } });
    assert.deepEqual([answer.status, answer.json.code], [401, "logged_out"]);
  });

  test("a token that one upstream refuses is refreshed in its own vault, and the other is left alone", async () => {
    const { browser, session } = await linked();
    const old = `Bearer ${access(stack.other)}`;
    const before = [stack.as, stack.other].map((as) => as.requests("refresh_token").length);
    // Younger than ten seconds: not for this reason alone.
    await pause(10_100);
    stack.script.answer = ({ path, headers }) => (path === "/calendar" && headers.authorization === old ? { status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' } } : { json: [] });
    assert.equal((await browser.call("/api/calendar")).status, 200);
    assert.equal(carried("/calendar"), `Bearer ${access(stack.other)}`);
    assert.notEqual(carried("/calendar"), old);
    assert.deepEqual([stack.as, stack.other].map((as) => as.requests("refresh_token").length), [before[0], (before[1] ?? 0) + 1]);
    assert.equal((await browser.call("/auth/session")).json.generation, session.generation);
  });

  test("a question for its token is answered with its own stamp and the session's limits", async () => {
    const { browser, session } = await linked();
    const { status, json } = await ask(browser, undefined, "resume", { provider: "other" });
    assert.deepEqual([status, json.generation, json.lifetime], [200, 1, 3600]);
    assert.ok(json.epoch > session.epoch, "a login of its own");
    assert.ok(Math.abs(json.absolute_left - session.absolute_left) < 60 && Math.abs(json.idle_left - session.idle_left) < 60);
    const own = await ask(browser, undefined, "resume", { provider: "demo" });
    assert.equal(own.json.epoch, session.epoch);
    assert.equal((await ask(browser, undefined, "resume", { provider: "nobody" })).status, 404);
  });

  test("ten questions at once for a token that is due refresh it once", async () => {
    const { browser } = await enter(stack);
    stack.other.accessTtl = 12;
    await link(stack, browser);
    const { json: held } = await ask(browser, undefined, "resume", { provider: "other" });
    const before = stack.other.requests("refresh_token").length;
    await pause(Math.max(0, held.expires_in - 5) * 1000 + 200);
    const answers = await Promise.all(Array.from({ length: 10 }, () => askOn(browser, held, "deadline", { provider: "other" })));
    assert.deepEqual([...new Set(answers.map(({ json }) => json.generation))], [2]);
    assert.equal(stack.other.requests("refresh_token").length, before + 1);
  });

  test("a callback that comes twice links once, and sets no cookie", async () => {
    const { browser } = await enter(stack);
    const codes = stack.other.requests("authorization_code").length;
    const { callback } = await beginLink(stack, browser, { returnTo: "/there" });
    for (const _ of [1, 2]) {
      const landing = await browser.navigate(callback, { site: "cross-site" });
      assert.deepEqual([landing.status, landing.headers["set-cookie"]], [200, undefined]);
      assert.match(landing.text, /href="\/there"/);
    }
    assert.equal(stack.other.requests("authorization_code").length, codes + 1);
  });

  test("its names are sealed, and a restart changes nothing", async () => {
    const { browser } = await linked({ sub: "a-very-special-account" });
    await stack.workerd.kill();
    const disk = await diskText(stack.workerd);
    assert.ok(!disk.includes("link.") && !disk.includes("a-very-special-account"));
    assert.ok(!disk.includes(access(stack.other) ?? "") && !disk.includes(newest(stack.other) ?? ""));
    await stack.workerd.begin();
    assert.equal((await browser.call("/api/calendar")).status, 200);
    assert.equal(await accountState(browser), "ready");
  });
});

describe("who may link", () => {
  test("nobody who is logged out, and nobody whose session is over: a page leads to the app", async () => {
    const codes = stack.other.hits("/token");
    const stranger = stack.browser();
    const { browser } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    await browser.call("/auth/logout", { method: "POST" });
    const late = stack.browser();
    late.setCookie(SESSION_COOKIE, cookie);
    for (const one of [stranger, late]) {
      const page = await one.navigate("/auth/login?provider=other&return_to=/x", { site: "same-origin" });
      assert.equal(page.status, 403);
      assert.match(page.text, /Sign in first[\s\S]*href="\/x"/);
    }
    assert.equal(stack.other.hits("/token"), codes);
  });

  for (const site of /** @type {const} */ (["same-site", "none", "cross-site"])) {
    test(`no navigation that is ${site}: nobody is led to link an account that is not theirs`, async () => {
      const { browser } = await enter(stack);
      const page = await browser.navigate("/auth/login?provider=other", { site });
      assert.equal(page.status, 403);
      assert.doesNotMatch(page.text, /\/auth\/login/, "not by one more click either");
      assert.equal(page.headers.location, undefined);
    });
  }

  test("no browser that does not say where it comes from, no frame, and nobody silently", async () => {
    const { browser } = await enter(stack);
    const bare = await browser.call("/auth/login?provider=other", { headers: { "sec-fetch-site": undefined, "sec-fetch-mode": undefined, "sec-fetch-dest": undefined } });
    assert.equal(bare.status, 403);
    const framed = await browser.navigate("/auth/login?provider=other", { site: "same-origin", headers: { "sec-fetch-dest": "iframe" } });
    assert.equal(framed.status, 403);
    const silent = await browser.navigate("/auth/login?provider=other&prompt=none&via=popup&relogin=ab", { site: "same-origin" });
    assert.equal(silent.status, 400);
  });

  test("a callback in a browser that began nothing links nothing", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    const { browser: victim } = await enter(stack);
    const page = await victim.navigate(callback, { site: "cross-site" });
    assert.deepEqual([page.status, await accountState(victim)], [400, "unavailable"]);
  });

  test("a session that waits for its user may", async () => {
    const { browser } = await enterDue(stack, 4);
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined);
    await until("the session to wait", async () => { await ask(browser, (await browser.call("/auth/session")).json); return (await browser.call("/auth/session")).json.state === "reauth_required"; });
    await link(stack, browser);
    assert.equal(await accountState(browser), "ready");
    assert.equal((await browser.call("/api/calendar")).status, 200);
  });
});

describe("what comes between", () => {
  test("a logout: the account is not linked, and its grant is revoked", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    await browser.call("/auth/logout", { method: "POST" });
    const page = await browser.navigate(callback, { site: "cross-site" });
    assert.equal(page.status, 400, page.text);
    assert.equal(browser.cookie(SESSION_COOKIE), undefined, "nobody is logged in again by it");
    await until("the revocation", () => stack.other.revoked.includes(newest(stack.other) ?? ""));
  });

  test("another user: the account is not linked to them", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    stack.as.claims = { sub: "somebody-else" };
    await enter(stack, browser);
    const page = await browser.navigate(callback, { site: "cross-site" });
    assert.equal(page.status, 400);
    assert.equal(await accountState(browser), "unavailable");
    await until("the revocation", () => stack.other.revoked.includes(newest(stack.other) ?? ""));
  });

  test("a link that was begun in another login, or in another user's name, is not taken by the session's own vault either", async () => {
    const { browser, session } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    const made = (/** @type {object} */ more) => JSON.stringify({ made: { of: session.epoch, sub: session.user.sub, link: { provider: "other", vault: "link.of-nobody", made: Date.now() }, ...more } });
    for (const more of [{ of: session.epoch + 1 }, { of: session.epoch - 1 }, { sub: "somebody-else" }, { sub: "" }]) {
      assert.deepEqual((await stack.workerd.ask("SESSION_VAULT", cookie, "/link", made(more))).links, []);
    }
    assert.equal((await stack.workerd.ask("SESSION_VAULT", cookie, "/link", made({}))).links.length, 1, "its own is");
  });

  test("the same user who logs in again: it is linked, and stays", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    await enter(stack, browser);
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);
    await enter(stack, browser);
    assert.equal(await accountState(browser), "ready");
    // Who goes back to the callback in the browser's history finds the session that it led to.
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);
  });

  test("a logout while the account's vault begins: nobody takes it, and it ends", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    await stack.workerd.befall("/establish-link", { delayMs: 1_500, times: 1 });
    const finished = browser.navigate(callback, { site: "cross-site" });
    await until("the code", () => stack.other.issued.some((token) => token === newest(stack.other)) && stack.other.requests("authorization_code").at(-1));
    await pause(500);
    await browser.call("/auth/logout", { method: "POST" });
    assert.equal((await finished).status, 400);
    await bothRevoked("both revocations");
  });

  test("a login vault that does not answer: what nobody has taken ends by itself, and is revoked", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    await stack.workerd.befall("/link", { drop: true, times: 4 });
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 503);
    assert.deepEqual([await accountState(browser), (await browser.call("/api/calendar")).status], ["unavailable", 409]);
    const token = newest(stack.other) ?? "";
    const soon = (await ends()).filter((at) => at < Date.now() + 601_000);
    assert.deepEqual([soon.length, stack.other.revoked.includes(token)], [1, false]);
    await endAllAt(Date.now());
    await stack.workerd.each("SESSION_VAULT", "/ring", "0");
    await until("the revocation", () => stack.other.revoked.includes(token));
  });

  test("an account's vault that was not told how long it lives is told by whoever uses it", async () => {
    const { browser } = await linked();
    await endAllAt(Date.now() + 300_000);
    assert.equal((await browser.call("/api/calendar")).status, 200);
    await until("it to be told", async () => (await ends()).some((at) => at > Date.now() + 80 * 86_400_000));
  });
});

describe("a Worker that is killed", () => {
  test("before the session has taken the account: nobody gets at it, and its grant is revoked", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    const codes = stack.other.requests("authorization_code").length;
    await stack.workerd.befall("/establish-link", { delayMs: 20_000, times: 1 });
    const hungUp = assert.rejects(browser.navigate(callback, { site: "cross-site" }));
    await until("the code", () => stack.other.requests("authorization_code").length > codes);
    await until("its vault", async () => (await ends()).some((at) => at < Date.now() + 601_000));
    const token = newest(stack.other) ?? "";
    // Its ten minutes are over soon: what its object has in memory goes with the Worker.
    await stack.workerd.each("SESSION_VAULT", "/sql", endAt(Date.now() + 500));
    await stack.workerd.each("SESSION_VAULT", "/ring", "1500");
    await stack.workerd.kill();
    await hungUp;
    assert.ok(!stack.other.revoked.includes(token));
    await stack.workerd.begin();
    assert.deepEqual([await accountState(browser), (await browser.call("/api/calendar")).status], ["unavailable", 409]);
    await until("the revocation", () => stack.other.revoked.includes(token), 30_000);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  test("when the session has taken the account, and that was not told: it is linked, and lives as long as the session", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    await stack.workerd.befall("/link", { delayMs: 20_000, times: 1 });
    const hungUp = assert.rejects(browser.navigate(callback, { site: "cross-site" }));
    await until("the session to take it", async () => (await accountState(browser)) === "ready");
    await stack.workerd.kill();
    await hungUp;
    await stack.workerd.begin();
    assert.deepEqual([await accountState(browser), (await browser.call("/api/calendar")).status], ["ready", 200]);
    await until("it to be told", async () => (await ends()).some((at) => at > Date.now() + 80 * 86_400_000));
    await browser.call("/auth/logout", { method: "POST" });
    await bothRevoked("both revocations");
  });
});

describe("the account's own grant", () => {
  test("one that is dead leaves the session and its other upstreams alone, and says which account", async () => {
    const { browser } = await enter(stack);
    stack.other.accessTtl = 1;
    await link(stack, browser);
    await pause(EXPIRED_MS);
    stack.other.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : undefined);
    const refused = await until("the refusal", async () => { const answer = await browser.call("/api/calendar"); return answer.status === 409 && answer; });
    assert.deepEqual([refused.json.code, refused.json.provider, refused.json.reason, refused.headers["everlit-code"]], ["link_required", "other", "revoked", "link_required"]);
    assert.deepEqual([refused.json.vault, refused.json.how, refused.json.login_url, refused.json.who], ["linked:other", ["popup", "redirect"], "/auth/login?provider=other", "you"]);
    const asked = await ask(browser, undefined, "resume", { provider: "other" });
    assert.deepEqual([asked.status, asked.json.code, asked.json.provider], [409, "link_required", "other"]);
    const shown = (await browser.call("/auth/session")).json;
    assert.deepEqual([shown.state, shown.providers[1].state], ["active", "needs_human"]);
    assert.equal((await browser.call("/api/orders")).status, 200);

    // The same account again.
    stack.other.onToken = () => undefined;
    stack.other.accessTtl = 3600;
    await link(stack, browser);
    assert.deepEqual([await accountState(browser), (await browser.call("/api/calendar")).status], ["ready", 200]);
  });

  test("another account at the provider takes the place of the first, whose grant is revoked", async () => {
    const { browser } = await linked({ sub: "first-account" });
    const first = newest(stack.other);
    await link(stack, browser, { sub: "second-account" });
    await until("the revocation", () => stack.other.revoked.includes(first ?? ""));
    assert.ok(!stack.other.revoked.includes(newest(stack.other) ?? ""));
    assert.equal((await browser.call("/api/calendar")).status, 200);
    assert.equal(carried("/calendar"), `Bearer ${access(stack.other)}`);
  });

  test("one that is unlinked is revoked, also if it is said twice, and may be linked again", async () => {
    const { browser } = await linked();
    const token = newest(stack.other);
    for (const _ of [1, 2]) assert.equal((await browser.call("/auth/links/other", { method: "DELETE" })).status, 204);
    await until("the revocation", () => stack.other.revoked.includes(token ?? ""));
    assert.equal(await accountState(browser), "unavailable");
    const call = await browser.call("/api/calendar");
    assert.deepEqual([call.status, call.json.code, call.json.provider, call.json.reason], [409, "link_required", "other", undefined]);
    await link(stack, browser);
    assert.deepEqual([await accountState(browser), (await browser.call("/api/calendar")).status], ["ready", 200]);
  });

  test("nobody unlinks from elsewhere, at the login's provider, or at one that is not there", async () => {
    const { browser } = await linked();
    for (const site of ["same-site", "cross-site", "none"]) {
      assert.equal((await browser.call("/auth/links/other", { method: "DELETE", headers: { "sec-fetch-site": site } })).status, 403);
    }
    assert.equal((await browser.call("/auth/links/other", { method: "DELETE", headers: { "everlit-version": undefined } })).status, 403);
    for (const name of ["demo", "nobody", "", "../other"]) assert.equal((await browser.call(`/auth/links/${name}`, { method: "DELETE" })).status, 404, name);
    assert.equal((await stack.browser().call("/auth/links/other", { method: "DELETE" })).status, 401);
    assert.equal(await accountState(browser), "ready");
  });
});

describe("the end of the session ends its accounts", () => {
  /** The account's vault is over, whoever asks. @param {Browser} browser */
  const isOver = async (browser) => {
    const call = await browser.call("/api/calendar");
    assert.equal(call.status, 401, call.text);
  };

  test("a logout", async () => {
    const { browser } = await linked();
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    await browser.call("/auth/logout", { method: "POST" });
    browser.setCookie(SESSION_COOKIE, cookie);
    await isOver(browser);
    await bothRevoked("both revocations");
  });

  test("another device", async () => {
    const { browser } = await linked();
    const { browser: second } = await enter(stack);
    assert.equal((await second.call("/auth/sessions", { method: "DELETE" })).status, 204);
    await isOver(browser);
    await until("the revocation", () => stack.other.revoked.includes(newest(stack.other) ?? ""));
  });

  test("not a Logout Token of the account's own provider, which is about its own users", async () => {
    const { browser } = await linked({ sub: "an-account-that-logs-out" });
    const now = Math.floor(Date.now() / 1000);
    const said = { iss: stack.other.issuer, aud: stack.other.clientId, iat: now, exp: now + 120, jti: randomBytes(12).toString("hex"), sub: "an-account-that-logs-out", events: { "http://schemas.openid.net/event/backchannel-logout": {} } };
    const body = new URLSearchParams({ logout_token: await stack.other.signed(said) }).toString();
    const answer = await send(`${stack.app}/auth/backchannel-logout`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([await accountState(browser), (await browser.call("/auth/session")).json.state], ["ready", "active"]);
  });

  test("another user in the same browser", async () => {
    const { browser } = await linked();
    stack.as.claims = { sub: "another-user" };
    await enter(stack, browser);
    assert.deepEqual([await accountState(browser), (await browser.call("/api/calendar")).status], ["unavailable", 409]);
    await until("the revocation", () => stack.other.revoked.includes(newest(stack.other) ?? ""));
  });

  test("a limit, though nobody comes any more", async () => {
    const { browser } = await linked();
    const cookie = browser.cookie(SESSION_COOKIE);
    await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", `UPDATE session SET active_at = 0, absolute_at = ${Date.now() + 300}`);
    await stack.workerd.ask("SESSION_VAULT", cookie, "/reset");
    await pause(400);
    await isOver(browser);
    await until("the revocation", () => stack.other.revoked.includes(newest(stack.other) ?? ""));
    // What a limit has ended was not ended by the user: the grant of the login may be that of other devices.
    assert.ok(!stack.as.revoked.includes(newest(stack.as) ?? ""));
  });

  test("an account that does not hear it is told again, also by a Worker that was killed in between", async () => {
    const { browser } = await linked();
    const token = newest(stack.other) ?? "";
    // Who ends an account tells it as a logout is told, so the session itself is ended past the Worker.
    await stack.workerd.befall("/logout", { drop: true });
    await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/revoke?by=admin");
    await isOver(browser);
    await pause(300);
    await stack.workerd.kill();
    assert.ok(!stack.other.revoked.includes(token));
    await stack.workerd.begin();
    await until("the revocation", () => stack.other.revoked.includes(token), 60_000);
  });
});

describe("mix-up between the two", () => {
  /** @param {Browser} browser @param {string} callback */
  async function refused(browser, callback) {
    const codes = [stack.as, stack.other].map((as) => as.requests("authorization_code").length);
    const page = await browser.navigate(callback, { site: "cross-site" });
    assert.equal(page.status, 400, page.text);
    assert.deepEqual([stack.as, stack.other].map((as) => as.requests("authorization_code").length), codes, "a code was carried on");
    assert.equal(await accountState(browser), "unavailable");
  }

  test("a response of the login's provider in a link, with its iss, another's or none", async () => {
    const { browser } = await enter(stack);
    for (const iss of [stack.as.issuer, `${stack.other.issuer}/`, undefined]) {
      await refused(browser, (await beginLink(stack, browser, { response: { iss } })).callback);
    }
  });

  test("a link at the login's callback, and a login at the link's", async () => {
    const { browser, session } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    await refused(browser, callback.replace("/callback/other", "/callback/demo"));
    const login = await begin(stack, browser);
    await refused(browser, login.callback.replace("/callback/demo", "/callback/other"));
    assert.equal((await browser.call("/auth/session")).json.generation, session.generation);
  });

  test("an ID Token of the login's provider in a link, well signed", async () => {
    const { browser } = await enter(stack);
    const { callback } = await beginLink(stack, browser);
    stack.as.nonce = stack.other.nonce;
    stack.other.sign = () => stack.as.idToken();
    try {
      assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 502);
    } finally {
      stack.other.sign = undefined;
    }
    assert.equal(await accountState(browser), "unavailable");
  });

  test("each provider has a redirect URI of its own", async () => {
    const { browser } = await enter(stack);
    const { request } = await beginLink(stack, browser);
    assert.equal(request.redirect_uri, `${stack.app}/auth/callback/other`);
  });
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, [...stack.as.issued, ...stack.other.issued]));

describe("beside other devices of the user", () => {
  /** A stack whose accounts are configured so. @param {object} other @param {object} more @param {(stack: import("./support/link.mjs").LinkStack) => Promise<void>} body */
  async function apart(other, more, body) {
    const own = await startLinkStack({ door: true, change: (/** @type {any} */ given) => ({ ...given, PROVIDER_OTHER: { ...given.PROVIDER_OTHER, ...other }, ...more }) });
    try {
      await body(own);
    } finally {
      await own.close();
    }
  }

  test("an account ends with its device, and its grant goes on where another device shares it", () => apart({ grants: "shared" }, {}, async (own) => {
    const [{ browser: laptop }, { browser: phone }] = [await enter(own), await enter(own)];
    for (const browser of [laptop, phone]) await link(own, browser);
    const kept = newest(own.other) ?? "";
    const list = (await laptop.call("/auth/sessions")).json.sessions;
    const other = list.find((/** @type {any} */ { current }) => !current);
    assert.equal((await laptop.call(`/auth/sessions/${other.id}`, { method: "DELETE" })).status, 204);
    const over = () => own.workerd.log.some(({ event, told }) => event === "link_ended" && told);
    await until("the account of that device to be told", over);
    assert.equal((await phone.call("/auth/session")).json.state, "logged_out");
    assert.deepEqual([own.other.revoked, await accountState(laptop)], [[], "ready"]);
    // Its user's own word ends it for all of them.
    assert.equal((await laptop.call("/auth/logout", { method: "POST" })).status, 200);
    await until("the revocation", () => own.other.revoked.length === 1);
    assert.notEqual(own.other.revoked[0], kept, "it was the laptop's");
  }));

  const scopes = ["openid", "offline_access", "notes"];
  const upstream = { UPSTREAM_NOTES: { origin: "https://notes.example", mode: "mediating", scopes: ["notes"], vault: "linked:other" } };

  test("a page is handed a token of an account for what it calls by itself, and of no other vault", () => apart({ scopes }, upstream, async (own) => {
    const { browser, session } = await enter(own);
    const handed = (/** @type {object} */ more) => ask(browser, session, "resume", { upstream: "notes", ...more });
    assert.deepEqual([(await handed({})).status, (await handed({})).json.code], [409, "link_required"]);
    await link(own, browser);
    const shown = (await browser.call("/auth/session")).json;
    assert.deepEqual(shown.mediating, [{ name: "notes", origin: "https://notes.example", path: "", vault: "linked:other", scopes: ["notes"] }]);
    for (const provider of [undefined, "other"]) {
      const answer = await handed({ provider });
      assert.deepEqual([answer.status, answer.json.scope], [200, "notes"], answer.text);
      assert.ok(own.other.issued.includes(answer.json.access_token) && !own.as.issued.includes(answer.json.access_token));
    }
    assert.deepEqual(own.other.requests("refresh_token").map((form) => form.get("scope")), ["notes"], "asked for once");
    assert.equal(own.as.requests("refresh_token").length, 0);
    // Whoever names another provider than that of the upstream is told that there is no such thing.
    assert.equal((await handed({ provider: "demo" })).status, 404);
  }));
});
