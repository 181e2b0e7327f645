import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { createClient } from "@supabase/supabase-js";

import { createClock } from "../servers/stand-ins/clock.mjs";
import { startSupabase } from "../servers/stand-ins/supabase/index.mjs";
import { signIn, standing } from "./support/standing.mjs";

const KEY = "anon-key";
const BACK = "http://localhost:8787/auth/callback/supabase";
const EMAIL = "ada@example.com";

/** @param {any} t @param {Partial<Parameters<typeof startSupabase>[0]>} [options] */
async function start(t, options = {}) {
  const clock = createClock();
  const supabase = await standing(t, startSupabase({ clientSecret: KEY, clock, ...options }));
  return { supabase, clock, open: () => openClient(supabase.origin) };
}

/** The SDK, told where to call by its first argument. @param {string} origin */
function openClient(origin) {
  /** @type {Map<string, string>} */
  const kept = new Map();
  const storage = {
    getItem: (/** @type {string} */ key) => kept.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => { kept.set(key, value); },
    removeItem: (/** @type {string} */ key) => { kept.delete(key); },
  };
  // Its event socket is for its database, and wants a newer Node; nothing here opens one.
  const transport = /** @type {any} */ (class {});
  return createClient(origin, KEY, { auth: { flowType: "pkce", autoRefreshToken: false, detectSessionInUrl: false, storage }, realtime: { transport } }).auth;
}

/** @param {{ data: any, error: any }} answer @returns {any} */
function well({ data, error }) {
  assert.equal(error, null);
  return data;
}

/** @param {{ error: any }} answer @param {number} status @param {string} code @param {string} [name] */
function failed({ error }, status, code, name = "AuthApiError") {
  assert.deepEqual([error?.name, error?.status, error?.code], [name, status, code]);
}

describe("its SDK logs in", () => {
  test("with PKCE at another provider, and comes back with a code", async (t) => {
    const { supabase, open } = await start(t);
    const auth = open();
    const { url } = well(await auth.signInWithOAuth({ provider: "github", options: { redirectTo: BACK, skipBrowserRedirect: true } }));
    const back = await signIn(supabase, url ?? "", "ada");
    const { session } = well(await auth.exchangeCodeForSession(back.searchParams.get("code") ?? ""));
    assert.equal(well(await auth.getUser()).user?.email, session?.user.email);
    failed(await auth.getUser("made.up.token"), 403, "bad_jwt");
  });

  test("with a password, and is told of a wrong one", async (t) => {
    const { open } = await start(t);
    const auth = open();
    failed(await auth.signInWithPassword({ email: EMAIL, password: "wrong" }), 400, "invalid_credentials");
    assert.equal(well(await auth.signInWithPassword({ email: EMAIL, password: "any" })).user?.email, EMAIL);
  });

  test("with the code and with the link of a mail", async (t) => {
    const { supabase, open } = await start(t);
    const auth = open();
    well(await auth.signInWithOtp({ email: EMAIL, options: { emailRedirectTo: BACK } }));
    const { token } = await supabase.act("mail", { email: EMAIL });
    failed(await auth.verifyOtp({ type: "email", email: EMAIL, token: "nope" }), 403, "otp_expired");
    assert.equal(well(await auth.verifyOtp({ type: "email", email: EMAIL, token })).user?.email, EMAIL);

    well(await auth.signInWithOtp({ email: EMAIL, options: { emailRedirectTo: BACK } }));
    const { link } = await supabase.act("mail", { email: EMAIL });
    const location = (await fetch(link, { redirect: "manual" })).headers.get("location") ?? "";
    assert.equal(well(await auth.exchangeCodeForSession(new URL(location).searchParams.get("code") ?? "")).user?.email, EMAIL);
  });
});

for (const generation of /** @type {const} */ (["v1", "v2"])) {
  test(`its SDK sees an access token expire, and refreshes (${generation})`, async (t) => {
    const { clock, open } = await start(t, { generation });
    const auth = open();
    const { session } = well(await auth.signInWithPassword({ email: EMAIL, password: "any" }));
    clock.advance(3_600_000);
    failed(await auth.getUser(), 403, "bad_jwt");
    const fresh = well(await auth.refreshSession()).session;
    assert.notEqual(fresh?.refresh_token, session?.refresh_token);
    assert.equal(well(await auth.getUser()).user?.email, EMAIL);
  });

  test(`its SDK converges after a lost answer, and is out after a reuse (${generation})`, async (t) => {
    const { supabase, clock, open } = await start(t, { generation });
    const auth = open();
    const first = well(await auth.signInWithPassword({ email: EMAIL, password: "any" })).session?.refresh_token ?? "";
    const second = well(await auth.refreshSession()).session?.refresh_token ?? "";
    clock.advance(60_000);
    assert.equal(well(await auth.refreshSession({ refresh_token: first })).session?.refresh_token, second);
    well(await auth.refreshSession({ refresh_token: second }));
    clock.advance(60_000);
    failed(await auth.refreshSession({ refresh_token: first }), 400, "refresh_token_already_used");
    clock.advance(60_000);
    failed(await auth.refreshSession(), 400, generation === "v1" ? "refresh_token_already_used" : "refresh_token_not_found");
    assert.ok(well(await auth.getSession()).session, "it keeps its session for as long as the access token is good");
    assert.equal(supabase.counters()["POST /auth/v1/token"], 6);
  });
}

test("its SDK logs out: here, elsewhere, everywhere", async (t) => {
  const { open } = await start(t);
  const [one, two] = [open(), open()];
  for (const auth of [one, two]) well(await auth.signInWithPassword({ email: EMAIL, password: "any" }));
  assert.equal((await one.signOut({ scope: "others" })).error, null);
  // It takes this one for the end of its session, not for an error of a call.
  failed(await two.getUser(), 400, /** @type {any} */ (undefined), "AuthSessionMissingError");
  well(await one.getUser());
  assert.equal((await one.signOut()).error, null);
  assert.equal(well(await one.getSession()).session, null);
});

test("its SDK keeps its session through what passes, and says so", async (t) => {
  const { supabase, open } = await start(t);
  const auth = open();
  const { session } = well(await auth.signInWithPassword({ email: EMAIL, password: "any" }));
  for (const [name, status] of /** @type {[string, number][]} */ ([["conflict", 409], ["over_request_rate_limit", 429]])) {
    supabase.faults.add({ kind: "refusal", name });
    failed(await auth.getUser(), status, name);
  }
  for (const [name, status] of /** @type {[string, number][]} */ ([["unexpected_failure", 500], ["request_timeout", 504]])) {
    supabase.faults.add({ kind: "refusal", name });
    failed(await auth.getUser(), status, /** @type {any} */ (undefined), "AuthRetryableFetchError");
  }
  assert.equal(well(await auth.getSession()).session?.access_token, session?.access_token);
});
