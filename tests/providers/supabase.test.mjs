import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { describe, test } from "node:test";

import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { startSupabase } from "../servers/stand-ins/supabase/index.mjs";
import { read, signIn, standing } from "./support/standing.mjs";

const KEY = "anon-key";
const BACK = "http://localhost:8787/auth/callback/supabase";
const NOON = Date.parse("2026-10-02T12:00:00Z");
const HOUR = 3_600_000;

/** @param {any} t @param {Partial<Parameters<typeof startSupabase>[0]>} [options] */
const start = (t, options = {}) => standing(t, startSupabase({ clientSecret: KEY, clock: stoppedClock(NOON), ...options }));

/** @param {{ origin: string }} supabase @param {string} path @param {{ body?: unknown, token?: string, headers?: Record<string, string> }} [how] */
const call = async (supabase, path, { body, token, headers = {} } = {}) => read(await fetch(`${supabase.origin}/auth/v1/${path}`, {
  method: body === undefined ? "GET" : "POST",
  headers: { apikey: KEY, "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }), ...headers },
  ...(body !== undefined && { body: JSON.stringify(body) }),
}));

/** @param {{ origin: string }} supabase @param {string} [email] */
const logIn = async (supabase, email = "ada@example.com") => (await call(supabase, "token?grant_type=password", { body: { email, password: "any" } })).body;

/** @param {{ origin: string }} supabase @param {string} token */
const refresh = (supabase, token) => call(supabase, "token?grant_type=refresh_token", { body: { refresh_token: token } });

/** @param {{ origin: string }} supabase @param {string} token */
const user = async (supabase, token) => (await call(supabase, "user", { token })).status;

for (const generation of /** @type {const} */ (["v1", "v2"])) {
  describe(`a refresh token of ${generation}`, () => {
    test("rotates, and says until when the access token lives", async (t) => {
      const supabase = await start(t, { generation });
      const first = await logIn(supabase);
      const { status, body } = await refresh(supabase, first.refresh_token);
      assert.deepEqual([status, body.token_type, body.expires_in, body.expires_at], [200, "bearer", 3600, NOON / 1000 + 3600]);
      assert.notEqual(body.refresh_token, first.refresh_token);
    });

    test("whose answer was lost gives the same successor, however late", async (t) => {
      const supabase = await start(t, { generation });
      const first = await logIn(supabase);
      const lost = (await refresh(supabase, first.refresh_token)).body.refresh_token;
      supabase.clock.advance(HOUR);
      assert.equal((await refresh(supabase, first.refresh_token)).body.refresh_token, lost);
      assert.equal((await refresh(supabase, lost)).status, 200);
    });

    /** Three in a row. @param {any} supabase */
    async function chain(supabase) {
      const tokens = [(await logIn(supabase)).refresh_token];
      for (let n = 0; n < 2; n += 1) tokens.push((await refresh(supabase, tokens[n])).body.refresh_token);
      return tokens;
    }

    test("that is two behind is allowed within the interval", async (t) => {
      const supabase = await start(t, { generation });
      const [oldest, , newest] = await chain(supabase);
      supabase.clock.advance(9_999);
      const { status, body } = await refresh(supabase, oldest);
      assert.deepEqual([status, body.refresh_token === newest], [200, generation === "v2"], "v1 gives a new one, v2 the newest");
      assert.equal((await refresh(supabase, newest)).status, 200);
    });

    test("that is two behind ends the family after the interval", async (t) => {
      const supabase = await start(t, { generation });
      const [oldest, , newest] = await chain(supabase);
      supabase.clock.advance(10_001);
      const late = await refresh(supabase, oldest);
      assert.deepEqual([late.status, late.headers.get("x-sb-error-code")], [400, "refresh_token_already_used"]);
      supabase.clock.advance(10_001);
      assert.equal((await refresh(supabase, newest)).status, 400, "the newest is over too");
    });

    test("with no interval is refused when it is two behind, at once", async (t) => {
      const supabase = await start(t, { generation, reuseInterval: 0 });
      const first = await logIn(supabase);
      const second = (await refresh(supabase, first.refresh_token)).body;
      await refresh(supabase, second.refresh_token);
      supabase.clock.advance(1);
      assert.equal((await refresh(supabase, first.refresh_token)).body.error_code, "refresh_token_already_used");
    });

    test("that was never issued is not found", async (t) => {
      const supabase = await start(t, { generation });
      await logIn(supabase);
      assert.deepEqual((await refresh(supabase, "made-up")).body, { code: 400, error_code: "refresh_token_not_found", msg: "Invalid Refresh Token: Refresh Token Not Found" });
    });
  });
}

test("of v1, the newest of a family that was ended opens it again within the interval: as the real one does", async (t) => {
  const supabase = await start(t, { generation: "v1" });
  const first = await logIn(supabase);
  const second = (await refresh(supabase, first.refresh_token)).body;
  const third = (await refresh(supabase, second.refresh_token)).body;
  supabase.clock.advance(10_001);
  assert.equal((await refresh(supabase, first.refresh_token)).status, 400);
  supabase.clock.advance(10_000);
  assert.equal((await refresh(supabase, first.refresh_token)).status, 400, "the one that was refused does not");
  assert.equal((await refresh(supabase, third.refresh_token)).status, 200);
});

test("of v2, racers within the interval all get the same token, and the headers say why", async (t) => {
  const supabase = await start(t, { generation: "v2" });
  const first = await logIn(supabase);
  const answers = await Promise.all([1, 2, 3].map(() => refresh(supabase, first.refresh_token)));
  assert.equal(new Set(answers.map(({ body }) => body.refresh_token)).size, 1);
  assert.deepEqual(answers.map(({ headers }) => headers.get("sb-auth-refresh-token-reuse-cause")).sort(), ["concurrent-refresh,fail-to-save", "concurrent-refresh,fail-to-save", null].sort());
  assert.equal(answers.filter(({ headers }) => headers.get("sb-auth-refresh-token-reuse") === "false").length, 1);
  assert.ok(answers.every(({ headers }) => headers.get("sb-auth-refresh-token-counter") === "1"));
});

test("of v2, a reuse that is refused ends the session, and its access tokens with it; of v1, those live on", async (t) => {
  for (const generation of /** @type {const} */ (["v1", "v2"])) {
    const supabase = await start(t, { generation });
    const first = await logIn(supabase);
    const second = (await refresh(supabase, first.refresh_token)).body;
    const third = (await refresh(supabase, second.refresh_token)).body;
    supabase.clock.advance(60_000);
    await refresh(supabase, first.refresh_token);
    assert.equal(await user(supabase, third.access_token), generation === "v1" ? 200 : 403);
  }
});

test("an error has the form of the version that was asked for", async (t) => {
  const supabase = await start(t);
  const body = { refresh_token: "made-up" };
  const old = await call(supabase, "token?grant_type=refresh_token", { body });
  assert.deepEqual(old.body, { code: 400, error_code: "refresh_token_not_found", msg: "Invalid Refresh Token: Refresh Token Not Found" });
  const versioned = await call(supabase, "token?grant_type=refresh_token", { body, headers: { "x-supabase-api-version": "2024-01-01" } });
  assert.deepEqual(versioned.body, { code: "refresh_token_not_found", message: "Invalid Refresh Token: Refresh Token Not Found" });
  assert.deepEqual(versioned.headers.get("x-supabase-api-version"), "2024-01-01");
});

for (const [code, status] of /** @type {[string, number][]} */ ([
  ["conflict", 409], ["over_request_rate_limit", 429], ["unexpected_failure", 500], ["request_timeout", 504], ["session_expired", 400], ["user_banned", 400],
])) {
  test(`${code} is ${status}, and never invalid_grant`, async (t) => {
    const supabase = await start(t);
    const { refresh_token: token } = await logIn(supabase);
    supabase.faults.add({ kind: "refusal", name: code });
    const answer = await refresh(supabase, token);
    assert.deepEqual([answer.status, answer.body.error_code, answer.headers.get("retry-after")], [status, code, null]);
    assert.equal((await refresh(supabase, token)).status, 200, "the token is as good as before");
  });
}

test("more than 150 refreshes in five minutes are too many, and nothing says until when", async (t) => {
  const supabase = await start(t);
  let { refresh_token: token } = await logIn(supabase);
  for (let n = 0; n < 150; n += 1) token = (await refresh(supabase, token)).body.refresh_token;
  const over = await refresh(supabase, token);
  assert.deepEqual([over.status, over.body.error_code, over.headers.get("retry-after")], [429, "over_request_rate_limit", null]);
  supabase.clock.advance(5 * 60_000);
  assert.equal((await refresh(supabase, token)).status, 200);
});

describe("an access token", () => {
  test("dies after its hour, and is known by its signature", async (t) => {
    const supabase = await start(t);
    const { access_token: token } = await logIn(supabase);
    supabase.clock.advance(HOUR - 1);
    assert.equal(await user(supabase, token), 200);
    supabase.clock.advance(1);
    assert.equal(await user(supabase, token), 403);
    assert.equal(await user(supabase, `${token.slice(0, -4)}AAAA`), 403);
    assert.equal((await call(supabase, "user")).status, 401);
  });

  test("of a session that was logged out is refused: this one, all others, or all", async (t) => {
    for (const [scope, expected] of /** @type {[string, number[]][]} */ ([["local", [403, 200]], ["others", [200, 403]], ["global", [403, 403]]])) {
      const supabase = await start(t);
      const [one, two, bob] = [await logIn(supabase), await logIn(supabase), await logIn(supabase, "bob@example.com")];
      assert.equal((await call(supabase, `logout?scope=${scope}`, { body: {}, token: one.access_token })).status, 204);
      assert.deepEqual([await user(supabase, one.access_token), await user(supabase, two.access_token)], expected, scope);
      assert.equal(await user(supabase, bob.access_token), 200);
    }
  });

  test("is not asked for without the project's key", async (t) => {
    const supabase = await start(t);
    assert.equal((await call(supabase, "token?grant_type=password", { body: {}, headers: { apikey: "other" } })).status, 401);
  });
});

describe("a login", () => {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");

  /** @param {{ origin: string }} supabase @param {string} code @param {string} [by] */
  const exchange = (supabase, code, by = verifier) => call(supabase, "token?grant_type=pkce", { body: { auth_code: code, code_verifier: by } });

  test("with PKCE comes back with a code that its verifier opens, once", async (t) => {
    const supabase = await start(t);
    const address = `${supabase.origin}/auth/v1/authorize?${new URLSearchParams({ provider: "github", redirect_to: BACK, code_challenge: challenge, code_challenge_method: "s256" })}`;
    const back = await signIn(supabase, address, "ada");
    assert.equal(back.origin + back.pathname, BACK);
    const code = back.searchParams.get("code") ?? "";
    assert.equal((await exchange(supabase, code, "wrong")).body.error_code, "bad_code_verifier");
    assert.equal((await exchange(supabase, code)).status, 200);
    assert.deepEqual([(await exchange(supabase, code)).status, (await exchange(supabase, code)).body.error_code], [404, "flow_state_not_found"]);
  });

  test("leads to no address that is not registered", async (t) => {
    const supabase = await start(t);
    const address = `${supabase.origin}/auth/v1/authorize?${new URLSearchParams({ provider: "github", redirect_to: "https://evil.example/", code_challenge: challenge, code_challenge_method: "s256" })}`;
    assert.equal((await signIn(supabase, address, "ada")).origin, "http://localhost:8787");
  });

  test("with a wrong password is refused", async (t) => {
    const supabase = await start(t);
    const { status, body } = await call(supabase, "token?grant_type=password", { body: { email: "ada@example.com", password: "wrong" } });
    assert.deepEqual([status, body.error_code, body.msg], [400, "invalid_credentials", "Invalid login credentials"]);
  });

  test("by a mail works by its code or by its link, once, and for an hour", async (t) => {
    const supabase = await start(t);
    const email = "ada@example.com";
    const send = async () => {
      assert.equal((await call(supabase, `otp?redirect_to=${encodeURIComponent(BACK)}`, { body: { email, code_challenge: challenge, code_challenge_method: "s256" } })).status, 200);
      return supabase.act("mail", { email });
    };
    const enter = (/** @type {string} */ token) => call(supabase, "verify", { body: { type: "email", email, token } });
    const follow = async (/** @type {string} */ link) => new URL((await fetch(link, { redirect: "manual" })).headers.get("location") ?? "");

    const { token } = await send();
    assert.match(token, /^\d{6}$/);
    assert.equal((await enter(token)).status, 200);
    assert.deepEqual([(await enter(token)).status, (await enter(token)).body.error_code], [403, "otp_expired"]);

    const { link } = await send();
    const code = (await follow(link)).searchParams.get("code") ?? "";
    assert.equal((await exchange(supabase, code)).body.user.email, email);
    assert.equal((await follow(link)).searchParams.get("error_code"), "otp_expired");

    const late = await send();
    supabase.clock.advance(HOUR);
    assert.equal((await enter(late.token)).body.error_code, "otp_expired");
    assert.equal((await follow(late.link)).searchParams.get("error"), "access_denied");
  });
});
