import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { EXPIRED_MS, ask, askOn } from "./support/asking.mjs";
import { Canaries } from "./support/canaries.mjs";
import { diskText } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "./support/stack.mjs";
import { enterByPassword, hiddenOf, openForm, press, signInThere, startSupabaseStack, tokenOf } from "./support/supabase-stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @type {import("./support/supabase-stack.mjs").SupabaseStack} */
let stack;
before(async () => { stack = await startSupabaseStack(); });
after(() => stack?.close());
beforeEach(() => stack.supabase.faults.clear());

const PASSWORD = `p: ${randomBytes(18).toString("base64url")}&+%"<`;
const alert = (/** @type {string} */ page) => /<p role="alert">([^<]*)<\/p>/.exec(page)?.[1];
const mail = (/** @type {string} */ email) => stack.supabase.act("mail", { email });
const counted = (/** @type {string} */ route) => stack.supabase.counters()[route] ?? 0;
const address = () => `${randomBytes(9).toString("hex")}@example.com`;

describe("a login by password", () => {
  test("begins a session of the user that the project names, whose calls carry the project's token", async () => {
    const { browser, landing, session } = await enterByPassword(stack, "Grace@example.com");
    assert.match(landing.text, /href="\/orders"/);
    assert.equal(session.state, "active");
    assert.match(session.user.sub, /^[0-9a-f]{8}-/);
    assert.deepEqual([session.user.email, session.user.name], ["grace@example.com", "Grace@example.com"]);
    assert.equal(await stack.project("user", { token: await tokenOf(stack, browser) }), 200);
  });

  test("that is refused shows the form again: with the address, without the password, and it goes on from there", async () => {
    const browser = stack.browser();
    const email = `o'brien+"<${address()}`;
    const page = await press(browser, await openForm(browser), { way: "password", email, password: "wrong" });
    assert.deepEqual([page.status, alert(page.text)], [400, "E-mail address or password is not right."]);
    assert.match(page.text, /value="o&#39;brien\+&quot;&lt;/);
    assert.doesNotMatch(page.text, /type="password"[^>]*value/);
    assert.equal(browser.cookie(SESSION_COOKIE), undefined);
    assert.equal(hiddenOf(page.text).return_to, "/orders");
    const landing = await press(browser, page, { way: "password", email, password: PASSWORD });
    assert.equal(landing.status, 200, landing.text);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  test("that is sent twice logs in once", async () => {
    const browser = stack.browser();
    const page = await openForm(browser);
    const before = counted("POST /auth/v1/token");
    stack.supabase.faults.add({ kind: "slow", ms: 300, path: "/auth/v1/token" });
    const typed = { way: "password", email: address(), password: PASSWORD };
    const answers = await Promise.all([press(browser, page, typed), press(browser, page, typed)]);
    assert.deepEqual(answers.map(({ status }) => status), [200, 200]);
    const cookies = answers.map(({ headers }) => headers["set-cookie"]?.find((line) => line.startsWith(`${SESSION_COOKIE}=`)));
    assert.ok(cookies[0]);
    assert.equal(cookies[0], cookies[1]);
    assert.equal(counted("POST /auth/v1/token") - before, 1);
  });

  test("that finds the project out of order says so, and leaves no session", async () => {
    for (const [fault, status] of /** @type {const} */ ([
      [{ kind: "html", status: 503 }, 502], [{ kind: "truncated" }, 502], [{ kind: "lost" }, 502],
      [{ kind: "refusal", name: "unexpected_failure" }, 502], [{ kind: "throttled" }, 429],
    ])) {
      const browser = stack.browser();
      const page = await openForm(browser);
      stack.supabase.faults.add({ ...fault, path: "/auth/v1/token" });
      const answer = await press(browser, page, { way: "password", email: address(), password: PASSWORD });
      assert.deepEqual([answer.status, browser.cookie(SESSION_COOKIE)], [status, undefined], JSON.stringify(fault));
      assert.ok(alert(answer.text) && hiddenOf(answer.text).state, "the form is there again");
      assert.equal(answer.headers["retry-after"] !== undefined, status === 429);
    }
  });
});

describe("a login by mail", () => {
  test("with a code asks for the code, tells a wrong one, and takes the right one", async () => {
    const browser = stack.browser();
    const email = address();
    const asked = await press(browser, await openForm(browser), { way: "code", email });
    assert.deepEqual([asked.status, alert(asked.text)], [200, "If this address is known, a mail with a code is on its way."]);
    assert.match(asked.text, /autocomplete="one-time-code"/);
    assert.ok(asked.text.includes(`value="${email}"`));
    const { token } = await mail(email);
    const wrong = await press(browser, asked, { way: "code", email, code: token === "000000" ? "111111" : "000000" });
    assert.deepEqual([wrong.status, alert(wrong.text)], [400, "The code is not right, or it is too old."]);
    const landing = await press(browser, wrong, { way: "code", email, code: ` ${token} ` });
    assert.equal(landing.status, 200, landing.text);
    assert.equal((await browser.call("/auth/session")).json.user.email, email);
  });

  test("with a link comes back in the same browser, once, and a reload finds the same session", async () => {
    const browser = stack.browser();
    const email = address();
    const page = await press(browser, await openForm(browser, "/deep?x=1"), { way: "link", email });
    assert.equal(page.status, 200);
    assert.match(alert(page.text) ?? "", /a mail with a link is on its way/);
    const { link } = await mail(email);
    const followed = await fetch(link, { redirect: "manual" });
    const back = followed.headers.get("location") ?? "";
    assert.match(back, /\/auth\/callback\/shop\?code=[0-9a-f]+$/);
    const landing = await browser.navigate(back, { site: "cross-site" });
    assert.equal(landing.status, 200, landing.text);
    assert.match(landing.text, /href="\/deep\?x=1"/);
    const cookie = browser.cookie(SESSION_COOKIE);
    assert.equal((await browser.call("/auth/session")).json.user.email, email);
    assert.equal((await browser.navigate(back, { site: "cross-site" })).status, 200);
    assert.equal(browser.cookie(SESSION_COOKIE), cookie);
  });

  test("with a link that is opened in another browser logs nobody in there", async () => {
    const [browser, other] = [stack.browser(), stack.browser()];
    const email = address();
    await press(browser, await openForm(browser), { way: "link", email });
    const followed = await fetch((await mail(email)).link, { redirect: "manual" });
    // It has begun a login of its own.
    await press(other, await openForm(other), { way: "link", email: address() });
    const answer = await other.navigate(followed.headers.get("location") ?? "", { site: "cross-site" });
    assert.deepEqual([answer.status, other.cookie(SESSION_COOKIE)], [400, undefined]);
    const stranger = await stack.browser().navigate(followed.headers.get("location") ?? "", { site: "cross-site" });
    assert.equal(stranger.status, 400);
  });

  test("tells nobody which addresses there are, and everybody when too many were sent", async () => {
    const browser = stack.browser();
    for (const name of ["validation_failed", "invalid_credentials"]) {
      stack.supabase.faults.add({ kind: "refusal", name, path: "/auth/v1/otp" });
      const page = await press(browser, await openForm(browser), { way: "code", email: address() });
      assert.deepEqual([page.status, alert(page.text)], [200, "If this address is known, a mail with a code is on its way."], name);
    }
    stack.supabase.faults.add({ kind: "throttled", retryAfter: 7, path: "/auth/v1/otp" });
    const email = address();
    const page = await press(browser, await openForm(browser), { way: "link", email });
    assert.deepEqual([page.status, page.headers["retry-after"]], [429, "7"]);
    assert.ok(page.text.includes(`value="${email}"`));
  });
});

describe("a login at the project's provider", () => {
  const begin = async (/** @type {any} */ browser) => {
    const redirect = await browser.navigate("/auth/login?return_to=%2Forders&with=redirect", { site: "same-origin" });
    assert.equal(redirect.status, 302, redirect.text);
    return new URL(redirect.headers.location);
  };

  test("goes there with PKCE, and comes back by a code alone", async () => {
    const browser = stack.browser();
    const form = await openForm(browser);
    assert.match(form.text, /href="\/auth\/login\?provider=shop&amp;return_to=%2Forders&amp;with=redirect">Continue with github</);
    const there = await begin(browser);
    assert.equal(there.origin + there.pathname, `${stack.supabase.origin}/auth/v1/authorize`);
    assert.deepEqual(Object.fromEntries(there.searchParams), {
      provider: "github", redirect_to: `${stack.app}/auth/callback/shop`, code_challenge: there.searchParams.get("code_challenge"), code_challenge_method: "s256",
    });
    const back = await signInThere(stack, there.href, "alan");
    assert.deepEqual([...back.searchParams.keys()], ["code"]);
    const landing = await browser.navigate(back, { site: "cross-site" });
    assert.equal(landing.status, 200, landing.text);
    assert.equal((await browser.call("/auth/session")).json.user.email, "alan@example.com");
  });

  test("that is brought another user's code takes nothing of it", async () => {
    const [browser, other] = [stack.browser(), stack.browser()];
    await begin(browser);
    const back = await signInThere(stack, (await begin(other)).href, "mallory");
    const page = await browser.navigate(back, { site: "cross-site" });
    assert.deepEqual([page.status, browser.cookie(SESSION_COOKIE)], [400, undefined]);
    assert.equal((await other.navigate(back, { site: "cross-site" })).status, 200, "it is still its owner's");
  });

  test("that is refused there, or has a state of its own, is told", async () => {
    const browser = stack.browser();
    await begin(browser);
    const state = "A".repeat(43);
    assert.equal((await browser.navigate(`/auth/callback/shop?code=x&state=${state}`, { site: "cross-site" })).status, 400);
    const page = await browser.navigate("/auth/callback/shop?error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid", { site: "cross-site" });
    assert.equal(page.status, 400);
    assert.doesNotMatch(page.text, /Email link is invalid/);
  });
});

describe("a session", () => {
  /** Tokens live for a second here, so that whoever asks has a new one fetched. @type {import("./support/supabase-stack.mjs").SupabaseStack} */
  let short;
  before(async () => { short = await startSupabaseStack({ standIn: { accessTtl: 1 } }); });
  after(() => short?.close());

  /** A session whose token has expired. @param {any} [where] */
  async function expired(where = short) {
    const entered = await enterByPassword(where, address());
    await pause(EXPIRED_MS);
    return entered;
  }

  test("is refreshed by the project's own rules", async () => {
    const { browser, session } = await enterByPassword(stack);
    const first = await tokenOf(stack, browser);
    const { status, json } = await askOn(browser, session, "forced");
    assert.deepEqual([status, json.generation], [200, session.generation + 1]);
    const second = await tokenOf(stack, browser);
    assert.notEqual(second, first);
    assert.equal(await stack.project("user", { token: second }), 200);
  });

  test("whose answer is lost shows its refresh token again, and lives on, in both generations of tokens", async (t) => {
    await Promise.all(/** @type {const} */ (["v1", "v2"]).map(async (generation) => {
      const own = await startSupabaseStack({ standIn: { generation, reuseInterval: 0, accessTtl: 2 } });
      t.after(() => own.close());
      const requests = () => own.supabase.counters()["POST /auth/v1/token"];
      const { browser, session } = await enterByPassword(own);
      own.supabase.faults.add({ kind: "lost", path: "/auth/v1/token" });
      await until("the request whose answer is lost", async () => (await ask(browser, session, "deadline")) && requests() === 2, 10_000);
      // Until it is known that nobody sends it any more.
      const current = await until("the token that was lost", async () => {
        const { json } = await ask(browser, session, "deadline");
        return json.generation > session.generation && json;
      }, 60_000);
      assert.deepEqual([current.generation, requests()], [session.generation + 1, 3], "the same refresh token again, once");
      assert.equal((await askOn(browser, current)).json.generation, session.generation + 2);
      assert.equal((await browser.call("/auth/session")).json.state, "active");
    }));
  });

  test("outlives whatever the project says that is no end", async () => {
    for (const fault of /** @type {const} */ ([
      { kind: "refusal", name: "conflict" }, { kind: "refusal", name: "unexpected_failure" }, { kind: "refusal", name: "request_timeout" },
      { kind: "throttled" }, { kind: "throttled", retryAfter: 1 }, { kind: "html", status: 503 },
    ])) {
      const { browser, session } = await expired();
      short.supabase.faults.add({ ...fault, path: "/auth/v1/token" });
      const { status, json } = await askOn(browser, session);
      assert.deepEqual([status, json.generation], [200, session.generation + 1], JSON.stringify(fault));
    }
  });

  test("that the project has ended is over for its user, who logs in again and goes on", async () => {
    for (const name of ["refresh_token_already_used", "session_not_found", "session_expired", "user_banned", "validation_failed"]) {
      const { browser, session } = await expired();
      short.supabase.faults.add({ kind: "refusal", name, path: "/auth/v1/token" });
      const { status, json } = await askOn(browser, session);
      assert.deepEqual([status, json.code], [401, "reauth_required"], name);
      assert.deepEqual(json.silent, [], "there is no silent way at a project");
    }
    const { browser, session } = await enterByPassword(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    assert.equal(await stack.project("logout?scope=global", { token: await tokenOf(stack, browser), method: "POST" }), 204);
    assert.equal((await askOn(browser, session, "forced")).json.code, "reauth_required");
    const { session: again } = await enterByPassword(stack, "ada@example.com", browser);
    assert.deepEqual([again.state, again.epoch, again.generation, browser.cookie(SESSION_COOKIE)], ["active", session.epoch, session.generation + 1, cookie]);
  });

  test("is logged out at the project as well, and no other of its user", async () => {
    const email = address();
    const { browser } = await enterByPassword(stack, email);
    const { browser: other } = await enterByPassword(stack, email);
    const [token, others] = [await tokenOf(stack, browser), await tokenOf(stack, other)];
    assert.deepEqual([await stack.project("user", { token }), await stack.project("user", { token: others })], [200, 200]);
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).json.state, "logged_out");
    await until("the end of the session there", async () => (await stack.project("user", { token })) === 403);
    assert.equal(await stack.project("user", { token: others }), 200);
    assert.equal((await ask(other, (await other.call("/auth/session")).json, "resume")).status, 200);
  });

  test("whose logout is not taken at once is logged out later", async () => {
    const { browser } = await enterByPassword(stack, address());
    const token = await tokenOf(stack, browser);
    stack.supabase.faults.add({ kind: "refusal", name: "unexpected_failure", path: "/auth/v1/logout" });
    stack.supabase.faults.add({ kind: "lost", path: "/auth/v1/token" });
    await browser.call("/auth/logout", { method: "POST" });
    await until("the end of the session there", async () => (await stack.project("user", { token })) === 403, 30_000);
  });
});

describe("a form", () => {
  test("that another site sends, or that comes without this browser's cookie, logs nobody in", async () => {
    const browser = stack.browser();
    const page = await openForm(browser);
    const typed = { way: "password", email: "mallory@example.com", password: PASSWORD };
    const before = counted("POST /auth/v1/token");
    for (const site of /** @type {const} */ (["cross-site", "same-site", "none"])) {
      const answer = await press(browser, page, typed, { site });
      assert.deepEqual([answer.status, answer.json?.code], [403, "cross_site"], site);
    }
    for (const headers of /** @type {Record<string, string>[]} */ ([{ origin: "https://evil.example" }, { origin: "null" }, {}])) {
      const answer = await browser.navigate("/auth/login", { method: "POST", form: { ...hiddenOf(page.text), ...typed }, headers: { ...headers, "sec-fetch-site": "" } });
      assert.equal(answer.status, 403, JSON.stringify(headers));
    }
    const binding = browser.cookie(BINDING_COOKIE) ?? "";
    browser.dropCookie(BINDING_COOKIE);
    const stale = await press(browser, page, typed);
    assert.deepEqual([stale.status, alert(stale.text)], [400, "This page was open for too long. Please try again."]);
    assert.ok(stale.text.includes("mallory@example.com"));
    browser.setCookie(BINDING_COOKIE, binding, "lax");
    for (const state of ["", "x", "A".repeat(44)]) assert.equal((await press(browser, page, { ...typed, state })).status, 400);
    assert.equal(counted("POST /auth/v1/token"), before, "the project has heard of none of it");
    assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  });

  test("that is not filled in is shown again, and one that is none is refused", async () => {
    const browser = stack.browser();
    const page = await openForm(browser);
    for (const [typed, status, said] of /** @type {const} */ ([
      [{ way: "password", email: "", password: PASSWORD }, 400, "Please type your e-mail address."],
      [{ way: "code", email: " " }, 400, "Please type your e-mail address."],
      [{ way: "link", email: `${"é".repeat(200)}@example.com` }, 400, "Please type your e-mail address."],
      [{ way: "password", email: "ada@example.com", password: "" }, 400, "Please type your password."],
      [{ way: "sms", email: "ada@example.com" }, 400, undefined],
      [{ email: "ada@example.com" }, 400, undefined],
      [{ way: "password", email: "ada@example.com", password: "x".repeat(5_000) }, 413, undefined],
    ])) {
      const answer = await press(browser, page, /** @type {any} */ (typed));
      assert.deepEqual([answer.status, alert(answer.text)], [status, said], JSON.stringify(typed).slice(0, 80));
    }
  });

  test("runs no script, goes nowhere but to us, and needs no width", async () => {
    const { headers, text } = await openForm(stack.browser());
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'/);
    assert.deepEqual([headers["cache-control"], headers["referrer-policy"], headers["x-frame-options"]], ["no-store", "no-referrer", "DENY"]);
    assert.doesNotMatch(text, /<script|style="/);
    assert.match(text, /autocomplete="username"/);
    assert.match(text, /autocomplete="current-password"/);
  });

  test("is counted as every login is", async (t) => {
    const own = await startSupabaseStack({ limits: { logins_per_browser: "2/1m" } });
    t.after(() => own.close());
    const browser = own.browser();
    const statuses = [];
    for (let time = 0; time < 3; time += 1) {
      const { status, text } = await press(browser, await openForm(browser), { way: "password", email: "ada@example.com", password: "wrong" });
      statuses.push(status);
      assert.ok(text.includes("ada@example.com"));
    }
    assert.deepEqual(statuses, [400, 400, 429]);
  });

  test("is there with what is configured only", async (t) => {
    const codes = await startSupabaseStack({ provider: { provider: undefined, form: ["code"] } });
    t.after(() => codes.close());
    const page = await openForm(codes.browser());
    assert.doesNotMatch(page.text, /type="password"|Continue with|value="link"/);
    const browser = codes.browser();
    assert.equal((await press(browser, await openForm(browser), { way: "password", email: "a@b.c", password: "x" })).status, 400);
    const without = await startSupabaseStack({ provider: { form: undefined } });
    t.after(() => without.close());
    const redirect = await without.browser().navigate("/auth/login", { site: "same-origin" });
    assert.equal(redirect.status, 302);
    assert.equal((await without.browser().navigate("/auth/login", { method: "POST", site: "same-origin", form: { way: "password" } })).status, 404);
  });
});

test("what is typed is in no log, no row and no answer, and in no address", async () => {
  const own = await startSupabaseStack();
  try {
    const canaries = new Canaries();
    const password = `canary ${randomBytes(18).toString("base64url")}`;
    const wrong = `wrong ${randomBytes(18).toString("base64url")}`;
    const code = `code${randomBytes(6).toString("hex")}`;
    for (const [what, value] of [["the password", password], ["a wrong password", wrong], ["a code", code], ["the project's key", own.key]]) canaries.add(what ?? "", value);
    const browser = own.browser();
    let page = await openForm(browser);
    own.supabase.faults.add({ kind: "refusal", name: "invalid_credentials", path: "/auth/v1/token" });
    page = await press(browser, page, { way: "password", email: "ada@example.com", password: wrong });
    assert.equal(page.status, 400);
    own.supabase.faults.add({ kind: "html", status: 503, path: "/auth/v1/token" });
    page = await press(browser, page, { way: "password", email: "ada@example.com", password });
    assert.equal(page.status, 502);
    assert.equal((await press(browser, page, { way: "password", email: "ada@example.com", password })).status, 200);
    const later = own.browser();
    page = await press(later, await openForm(later), { way: "code", email: "eve@example.com" });
    page = await press(later, page, { way: "code", email: "eve@example.com", code });
    assert.equal(page.status, 400);
    canaries.add("an access token", await tokenOf(own, browser));
    const answers = own.browsers.flatMap((one) => one.seen).map((answer) => ({ place: `the answer of ${answer.url.pathname}`, text: `${answer.url}\n${JSON.stringify(answer.headers)}\n${answer.text}` }));
    assert.ok(answers.length > 5);
    const disk = await diskText(own.workerd);
    assert.ok(disk.length > 1_000);
    assert.deepEqual(canaries.search([...answers, { place: "the log", text: own.workerd.output }, { place: "the disk", text: disk }]), []);
    for (const word of ["ada@example.com", "eve@example.com"]) assert.ok(!own.workerd.output.includes(word), "the log names nobody");
  } finally {
    await own.close();
  }
});
