import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn } from "./support/asking.mjs";
import { logIn } from "./support/person.mjs";
import { startRealStack } from "./support/real-stack.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { SESSION_COOKIE, startStack } from "./support/stack.mjs";

const RESOURCE = "https://bills.example/v1";
const SCOPES = ["openid", "offline_access", "profile", "email", "bills:read", "bills:write", "notes"];

/** Two upstreams that the page calls by itself, beside the one that the Worker calls. @param {any} given */
const mediating = (given) => ({
  ...given,
  PROVIDER_DEMO: { ...given.PROVIDER_DEMO, scopes: SCOPES },
  UPSTREAM_BILLS: { origin: "https://bills.example", path: "/v1", mode: "mediating", scopes: ["bills:read", "bills:write"], resource: RESOURCE },
  UPSTREAM_NOTES: { origin: "https://notes.example", mode: "mediating", scopes: ["notes"] },
});

/** @typedef {import("./support/browser.mjs").Browser} Browser */

/** @param {Browser} browser @param {any} held @param {string} [reason] @param {string} [upstream] */
const handed = (browser, held, reason = "resume", upstream = "bills") => ask(browser, held, reason, { upstream });

/** A stack of its own for each: they wait, so they wait together. @param {string} name @param {(stack: import("./support/scripted-stack.mjs").ScriptedStack) => Promise<void>} body */
const play = (name, body) => test(name, async () => {
  const stack = await startScriptedStack({ change: mediating });
  try {
    await body(stack);
    // What was handed out is in the answers that were asked for it, and nothing of it anywhere else.
    const asked = stack.browsers.flatMap((browser) => browser.seen).filter(({ url }) => url.pathname === "/auth/token").flatMap((answer) => answer.json?.access_token ?? []);
    assertNothingLeaked(stack, stack.as.issued.filter((token) => !asked.includes(token)));
    const disk = await diskText(stack.workerd);
    for (const token of asked) {
      assert.ok(!stack.workerd.output.includes(token) && !disk.includes(token), "it is in the log or on the disk");
      const places = stack.browsers.flatMap((browser) => browser.seen).filter(({ headers, text }) => `${JSON.stringify(headers)}${text}`.includes(token));
      assert.ok(places.every(({ url, json }) => url.pathname === "/auth/token" && json.access_token === token));
    }
  } catch (error) {
    console.error(`${name}: ${stack.workerd.output}`);
    throw error;
  } finally {
    await stack.close();
  }
});

describe("a token for an upstream that the page calls by itself", { concurrency: 3 }, () => {
  play("is asked for with exactly its scopes and its resource, and handed out with both", async (stack) => {
    const { as } = stack;
    const browser = stack.browser();
    const { request, callback } = await begin(stack, browser);
    assert.deepEqual([request.scope, request.resource], [SCOPES.join(" "), RESOURCE], "RFC 8707, section 2.1");
    await browser.navigate(callback, { site: "cross-site" });
    const session = (await browser.call("/auth/session")).json;
    assert.deepEqual(session.upstreams.map((/** @type {any} */ { name }) => name), ["orders"]);
    assert.deepEqual(session.mediating, [
      { name: "bills", origin: "https://bills.example", path: "/v1", vault: "login", scopes: ["bills:read", "bills:write"] },
      { name: "notes", origin: "https://notes.example", path: "", vault: "login", scopes: ["notes"] },
    ]);

    const answer = await handed(browser, session);
    assert.equal(answer.status, 200, answer.text);
    const [form] = as.requests("refresh_token");
    assert.deepEqual([form?.get("scope"), form?.get("resource")], ["bills:read bills:write", RESOURCE]);
    assert.ok(as.issued.includes(answer.json.access_token));
    assert.deepEqual([answer.json.token_type, answer.json.scope, answer.json.generation], ["Bearer", "bills:read bills:write", 2]);
    assert.ok(answer.json.expires_in > as.accessTtl - 5 && answer.json.idle_left > 0, answer.text);
    assert.equal(answer.headers["cache-control"], "no-store");

    // It is kept, one for each upstream; the grant's own is another, and of that a page learns its life.
    assert.equal((await handed(browser, session)).json.access_token, answer.json.access_token);
    const notes = await handed(browser, session, "resume", "notes");
    assert.notEqual(notes.json.access_token, answer.json.access_token);
    assert.deepEqual([notes.json.scope, as.requests("refresh_token")[1]?.has("resource")], ["notes", false]);
    const own = await ask(browser, session);
    assert.deepEqual([own.status, own.json.access_token, own.json.scope, own.json.token_type], [200, undefined, undefined, undefined]);
    assert.equal((await browser.call("/api/orders")).status, 200);
    const carried = stack.resource.asked.at(-1)?.headers.authorization;
    assert.ok(carried !== `Bearer ${answer.json.access_token}` && carried !== `Bearer ${notes.json.access_token}`);
    // Each presented what came of the one before: one family.
    const presented = as.requests("refresh_token").map((each) => each.get("refresh_token"));
    assert.deepEqual([presented.length, new Set(presented).size], [2, 2]);
  });

  play("is nobody else's, and the proxy has no part in it", async (stack) => {
    const { browser, session } = await enter(stack);
    for (const upstream of ["orders", "nobody", ""]) assert.equal((await handed(browser, session, "resume", upstream)).json.code, "not_found", upstream);
    assert.equal((await browser.call("/api/bills/7")).json.code, "not_found");
    assert.equal((await stack.browser().call("/auth/token", { method: "POST", json: { v: 1, reason: "resume", upstream: "bills" } })).json.code, "logged_out");
    for (const site of ["cross-site", "same-site", "none"]) {
      const answer = await browser.call("/auth/token", { method: "POST", json: { v: 1, reason: "resume", upstream: "bills" }, headers: { "sec-fetch-site": site } });
      assert.equal(answer.json.code, "cross_site", site);
    }
    assert.deepEqual(stack.as.requests("refresh_token"), []);
  });

  play("is asked for once for ten callers, and once for each of two upstreams", async (stack) => {
    const { browser, session } = await enter(stack);
    stack.as.onToken = async () => { await new Promise((resolve) => setTimeout(resolve, 300)); return undefined; };
    const upstreams = Array.from({ length: 20 }, (_, at) => (at % 2 ? "notes" : "bills"));
    const answers = await Promise.all(upstreams.map((upstream) => handed(browser, session, "resume", upstream)));
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const tokens = (/** @type {string} */ wanted) => new Set(answers.filter((_, at) => upstreams[at] === wanted).map(({ json }) => json.access_token));
    assert.deepEqual([tokens("bills").size, tokens("notes").size, stack.as.requests("refresh_token").length], [1, 1, 2]);
    assert.notDeepEqual(tokens("bills"), tokens("notes"));
  });

  play("is not handed out where the server grants more than was asked for, and the session goes on", async (stack) => {
    const { as } = stack;
    const { browser, session } = await enter(stack);
    /** @type {string | undefined} */ let scope = "bills:read bills:write openid";
    as.onToken = async (form) => ({ json: { ...(await as.tokens(form)), ...(form.get("scope")?.startsWith("bills") && { scope }) } });
    const answer = await handed(browser, session);
    assert.deepEqual([answer.status, answer.json.code, answer.json.access_token], [503, "temporarily_unavailable", undefined]);
    assert.ok(stack.workerd.log.some(({ event, reason }) => event === "token_answered" && reason === "more scope than was asked for"));
    assert.ok(stack.workerd.log.some(({ event, outcome }) => event === "outcome" && outcome === "misconfigured"));
    // Its refresh token is the one of the grant; the others are served by it.
    assert.equal((await handed(browser, session, "resume", "notes")).status, 200);
    const [first, second] = as.requests("refresh_token");
    assert.ok(first?.get("refresh_token") !== second?.get("refresh_token") && as.issued.includes(second?.get("refresh_token") ?? ""));
    assert.equal((await browser.call("/api/orders")).status, 200);

    // A part of what was asked for is handed out as what it is.
    scope = "bills:read";
    const narrower = await askOn(browser, session, "resume", { upstream: "bills" });
    assert.deepEqual([narrower.status, narrower.json.scope], [200, "bills:read"], narrower.text);
  });

  play("is the operator's matter where a login brings no refresh token, and the session goes on", async (stack) => {
    const { as } = stack;
    as.onToken = async (form) => ({ json: { ...(await as.tokens(form)), refresh_token: undefined } });
    const { browser, session } = await enter(stack);
    const answer = await handed(browser, session);
    assert.deepEqual([answer.status, answer.json.code, answer.json.detail], [503, "misconfigured", "the authorization server gave no refresh token"]);
    assert.equal(as.requests("refresh_token").length, 0);
    assert.deepEqual([(await browser.call("/auth/session")).json.state, (await browser.call("/api/orders")).status], ["active", 200]);
  });

  play("that the server refuses holds up no other", async (stack) => {
    const { as } = stack;
    const { browser, session } = await enter(stack);
    as.onToken = (form) => (form.get("scope")?.startsWith("bills") ? { status: 400, json: { error: "invalid_scope" } } : undefined);
    for (let at = 0; at < 3; at++) assert.equal((await handed(browser, session)).status, 503);
    assert.equal(as.requests("refresh_token").length, 1, "it is not asked for again at once");
    assert.equal((await handed(browser, session, "resume", "notes")).status, 200);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  play("that was refused by its API is renewed, once", async (stack) => {
    const { as } = stack;
    as.accessTtl = 3600;
    const { browser, session } = await enter(stack);
    const first = (await handed(browser, session)).json;
    assert.equal((await handed(browser, first, "unauthorized")).json.access_token, first.access_token, "it is younger than ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 10_100));
    const answers = await Promise.all(Array.from({ length: 5 }, () => handed(browser, first, "unauthorized")));
    const second = new Set(answers.map(({ json }) => json.access_token));
    assert.ok(second.size === 1 && !second.has(first.access_token));
    assert.equal((await handed(browser, first, "unauthorized")).json.access_token, [...second][0]);
    assert.equal(as.requests("refresh_token").length, 2);
  });

  play("goes with the session", async (stack) => {
    const { browser, session } = await enter(stack);
    assert.equal((await handed(browser, session)).status, 200);
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
    assert.ok(["logged_out", "session_ended"].includes((await handed(browser, session)).json.code));
    const successor = stack.as.issued.findLast((token) => token.startsWith("refresh-"));
    assert.ok(stack.as.revoked.includes(successor ?? ""), "the newest refresh token, which came with it, is revoked");
  });
});

/** What a server says of a token. @param {string} issuer @param {string} clientSecret @param {string} token */
async function introspected(issuer, clientSecret, token) {
  const { introspection_endpoint: url } = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const secret = Buffer.from(`everlit-demo:${encodeURIComponent(clientSecret)}`).toString("base64");
  const answer = await fetch(url, { method: "POST", headers: { authorization: `Basic ${secret}` }, body: new URLSearchParams({ token }) });
  return answer.json();
}

test("a refresh for a page writes as many rows as any other, and a token that is there none", async () => {
  const stack = await startScriptedStack({ change: mediating, door: true });
  try {
    const { browser, session } = await enter(stack);
    const rows = async () => {
      const [vault, escrow] = await Promise.all(["SESSION_VAULT", "ESCROW"].map((kind) => stack.workerd.ask(/** @type {any} */ (kind), browser.cookie(SESSION_COOKIE), "/counts")));
      return vault.rowsWritten + vault.armedOutside + escrow.rowsWritten + escrow.armedOutside;
    };
    const before = await rows();
    assert.equal((await handed(browser, session)).status, 200);
    const after = await rows();
    assert.ok(after - before >= 4 && after - before <= 5, `${after - before} rows`);
    assert.equal((await handed(browser, session)).status, 200);
    assert.equal(await rows(), after);
  } finally {
    await stack.close();
  }
});

describe("on oidc-provider", { concurrency: 2 }, () => {
  for (const { what, resource, scopes, known, dpop } of [
    { what: "a resource", resource: RESOURCE, scopes: ["bills:read", "bills:write"], known: { [RESOURCE]: "bills:read bills:write bills:admin" } },
    { what: "no resource", scopes: ["email"], known: undefined },
    { what: "a session whose own are bound to a key", scopes: ["email"], known: undefined, dpop: /** @type {const} */ ("offered") },
  ]) {
    test(`a token for ${what} has the scope and the audience that it was asked for, and no other`, async () => {
      const change = (/** @type {any} */ given) => ({
        ...given,
        PROVIDER_DEMO: { ...given.PROVIDER_DEMO, scopes: [...new Set([...given.PROVIDER_DEMO.scopes, ...scopes])] },
        UPSTREAM_BILLS: { origin: "https://bills.example", mode: "mediating", scopes, ...(resource && { resource }) },
      });
      const stack = await startStack({ change, server: { resources: known, dpop } });
      try {
        const browser = stack.browser();
        assert.equal((await logIn(browser)).status, 200);
        const session = (await browser.call("/auth/session")).json;
        const bills = (await handed(browser, session)).json;
        assert.equal(bills.scope, scopes.join(" "), JSON.stringify(bills));
        const seen = await introspected(stack.servers.issuer, stack.clientSecret, bills.access_token);
        assert.deepEqual([seen.active, seen.aud, seen.scope, seen.token_type, bills.token_type], [true, resource, scopes.join(" "), "Bearer", "Bearer"]);

        // The grant has lost nothing by it, and the strictest server there is has seen each refresh token once.
        assert.equal((await browser.call("/api/orders")).status, 200);
        assert.equal((await handed(browser, session)).json.access_token, bills.access_token);
        const { refresh_grants, refresh_errors } = stack.servers.counters();
        assert.deepEqual([refresh_grants, refresh_errors], [1, 0]);
      } finally {
        await stack.close();
      }
    });
  }
});

describe("on django-oauth-toolkit", () => {
  const change = (/** @type {any} */ given) => ({
    ...given,
    UPSTREAM_BILLS: { origin: "https://bills.example", mode: "mediating", scopes: ["profile"] },
    PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...given.narrowing },
  });

  test("its profile is refused: what one token is asked for narrows the grant for good, and ends the token before it", async () => {
    const shipped = await startRealStack("django-oauth-toolkit", { accessTtl: 60, change });
    try {
      const answer = await shipped.browser().call("/auth/session");
      assert.deepEqual([answer.status, answer.json.code], [503, "misconfigured"]);
      assert.match(answer.json.detail, /^UPSTREAM_BILLS\.mode: /);
    } finally {
      await shipped.close();
    }
    // Who says nothing of the server but that its refresh ends the others gets the token, and sees the grant become smaller.
    const grace = { window: "12s", replay: "same_pair", depth: "previous", blast: "family" };
    const stack = await startRealStack("django-oauth-toolkit", { accessTtl: 60, change: (given) => change({ ...given, narrowing: { grace, refresh_ends_tokens: true } }) });
    try {
      const browser = stack.browser();
      assert.equal((await logIn(browser)).status, 200);
      const session = (await browser.call("/auth/session")).json;
      const first = (await handed(browser, session)).json;
      assert.equal(first.scope, "profile", JSON.stringify(first));
      const orders = async (/** @type {string} */ token) => (await fetch(`${stack.servers.resource}/orders`, { headers: { authorization: `Bearer ${token}` } })).status;
      assert.equal(await orders(first.access_token), 200, "it lives");
      // The grant's own was ended with it: the Worker does not send it on, but asks for another, which ends this one.
      assert.equal((await browser.call("/api/orders")).status, 200);
      assert.equal(await orders(first.access_token), 401);
      const second = (await handed(browser, first)).json;
      assert.notEqual(second.access_token, first.access_token, "which nobody is told to use any more");
      assert.equal(await orders(second.access_token), 200);
    } finally {
      await stack.close();
    }
  });
});
