import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";

import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from "jose";

import { askOn, callOn, due, enterDue } from "./support/asking.mjs";
import { clientKey, withKey } from "./support/client-key.mjs";
import { logIn } from "./support/person.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked, diskText } from "./support/secrets.mjs";
import { SESSION_COOKIE, startStack } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-server.mjs").Asked} Asked */

const ACCESS_TTL = 6;

describe("oidc-provider and a resource server that checks proofs", { concurrency: 2 }, () => {
  for (const dpop of /** @type {const} */ (["offered", "nonce"])) {
    for (const par of /** @type {const} */ (["required", "never"])) {
      test(`take a session whose tokens are bound (${dpop}, par ${par}), over rotations`, async () => {
        const key = await clientKey("ES256");
        const clientAuth = { method: /** @type {const} */ ("private_key_jwt"), jwks: { keys: [key.jwk] } };
        const stack = await startStack({ accessTtl: ACCESS_TTL, change: withKey(key, { dpop: "required", par }), server: { clientAuth, dpop, par } });
        try {
          const browser = stack.browser();
          const landing = await logIn(browser);
          assert.equal(landing.status, 200, landing.text);
          let { json: held } = await browser.call("/auth/session");
          for (let rotation = 1; rotation <= 2; rotation += 1) {
            for (const path of ["/api/orders", "/api/orders?page=2"]) {
              const orders = await browser.call(path);
              assert.equal(orders.status, 200, orders.text);
              assert.equal(orders.headers["dpop-nonce"], undefined);
            }
            const placed = await browser.call("/api/orders", { method: "POST", json: { item: "lamp", quantity: 1 } });
            assert.equal(placed.status, 201, placed.text);
            await due(held);
            const { json } = await askOn(browser, held);
            assert.equal(json.generation, held.generation + 1);
            held = json;
          }
          const { reuse_detected, resource_401 } = stack.servers.counters();
          // A nonce is learned with the first call, and used with every other.
          assert.deepEqual([reuse_detected, resource_401], [0, dpop === "nonce" ? 1 : 0]);
          await browser.call("/auth/logout", { method: "POST" });
          await until("the revocation", () => stack.servers.counters().revocations === 1);
        } finally {
          await stack.close();
        }
      });
    }
  }

  test("are asked for other tokens where the configuration says never", async () => {
    const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, dpop: "never" } });
    const stack = await startStack({ change, server: { dpop: "offered" } });
    try {
      const browser = stack.browser();
      assert.equal((await logIn(browser)).status, 200);
      assert.equal((await browser.call("/api/orders")).status, 200);
    } finally {
      await stack.close();
    }
  });

  test("begin no login where it is required and not offered", async () => {
    const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, dpop: "required" } });
    const stack = await startStack({ change, server: { dpop: "never" } });
    try {
      assert.equal((await stack.browser().navigate("/auth/login", { site: "same-origin" })).status, 502);
      assert.equal(stack.workerd.log.findLast((line) => line.event === "login_not_begun")?.reason, "the provider does not offer DPoP with ES256");
    } finally {
      await stack.close();
    }
  });
});

describe("a scripted server", () => {
  /** @type {import("./support/scripted-stack.mjs").ScriptedStack} */ let stack;
  /** @type {Awaited<ReturnType<typeof clientKey>>} */ let key;
  before(async () => {
    key = await clientKey("ES256");
    stack = await startScriptedStack({ change: withKey(key), door: true });
    stack.as.metadata = { dpop_signing_alg_values_supported: ["ES256"] };
  });
  after(() => stack?.close());
  beforeEach(() => {
    Object.assign(stack.as, { onToken: bound, accessTtl: 3600 });
    stack.script.answer = () => ({ json: [] });
  });

  /** @param {URLSearchParams} form */
  const bound = async (form) => ({ json: { ...(await stack.as.tokens(form)), token_type: "DPoP" } });
  /** A wish for a nonce. @param {string} nonce */
  const wish = (nonce) => ({ status: 400, headers: { "dpop-nonce": nonce }, json: { error: "use_dpop_nonce" } });

  /** @param {Asked | undefined} asked */
  async function proofOf(asked) {
    const { payload, protectedHeader } = await jwtVerify(String(asked?.headers.dpop), EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"] });
    assert.equal(/** @type {any} */ (protectedHeader.jwk).d, undefined);
    return { ...payload, jkt: await calculateJwkThumbprint(/** @type {any} */ (protectedHeader.jwk)) };
  }
  const refreshes = () => stack.as.heard("/token").filter(({ body }) => body.includes("grant_type=refresh_token"));
  const assertion = (/** @type {Asked | undefined} */ asked) => new URLSearchParams(asked?.body).get("client_assertion");

  test("learns the key with the authorization request, and sees the same one until the next login", async () => {
    const browser = stack.browser();
    const { request, callback } = await begin(stack, browser);
    await browser.navigate(callback, { site: "cross-site" });
    const code = await proofOf(stack.as.heard("/token").at(-1));
    assert.deepEqual([code.jkt, code.htm, code.htu, "ath" in code], [request.dpop_jkt, "POST", `${stack.as.issuer}/token`, false]);
    const token = stack.as.issued.findLast((text) => text.startsWith("access-")) ?? "";
    await browser.call("/api/orders?x=1");
    const call = stack.resource.asked.at(-1);
    const proof = await proofOf(call);
    const ath = createHash("sha256").update(token).digest("base64url");
    assert.deepEqual([call?.headers.authorization, proof.jkt, proof.htm, proof.htu, proof["ath"]], [`DPoP ${token}`, code.jkt, "GET", `${stack.resource.origin}/orders`, ath]);
    const other = await begin(stack, stack.browser());
    assert.notEqual(other.request.dpop_jkt, request.dpop_jkt, "one key for each session");
  });

  test("that wants a nonce at a refresh is asked again once, with a new jti and a new assertion, and nothing was presented", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    let wishes = 0;
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" && wishes++ === 0 ? wish("nonce-1") : bound(form));
    const before = refreshes().length;
    const { json } = await askOn(browser, held);
    assert.equal(json.generation, held.generation + 1);
    const [first, second] = refreshes().slice(before);
    const [one, two] = [await proofOf(first), await proofOf(second)];
    assert.deepEqual([refreshes().length - before, two["nonce"], one.jkt === two.jkt], [2, "nonce-1", true]);
    assert.notEqual(one.jti, two.jti);
    assert.notEqual(assertion(first), assertion(second));
    assert.equal(stack.workerd.log.findLast((line) => line.event === "outcome")?.outcome, "success");
  });

  test("that wants one nonce after the other has seen no refresh token: its later refusal is the first one, and ends the grant as revoked", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    const cookie = browser.cookie(SESSION_COOKIE);
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? wish(`nonce-${Math.random()}`) : bound(form));
    const before = refreshes().length;
    await callOn(browser, "/auth/token", { method: "POST", json: { v: 1, reason: "deadline", epoch: held.epoch, generation: held.generation } });
    await until("the second try", () => refreshes().length - before >= 2);
    await until("the end of it", async () => (await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", "SELECT failures FROM session"))[0]?.failures >= 1);
    const [row] = await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", "SELECT presented, status FROM session");
    assert.deepEqual(row, { presented: 0, status: "live" });
    stack.as.onToken = (form) => (form.get("grant_type") === "refresh_token" ? { status: 400, json: { error: "invalid_grant" } } : bound(form));
    const refused = await askOn(browser, held);
    assert.deepEqual([refused.json.code, refused.json.reason], ["reauth_required", "revoked"]);
  });

  test("that wants a nonce with the code gets the code again, which it has not spent", async () => {
    let wishes = 0;
    stack.as.onToken = (form) => (wishes++ === 0 ? wish("nonce-code") : bound(form));
    const { session } = await enter(stack);
    assert.deepEqual([session.state, wishes], ["active", 2]);
  });

  test("that wants nonces without end ends a login in a page", async () => {
    let wishes = 0;
    stack.as.onToken = () => wish(`nonce-${wishes++}`);
    const browser = stack.browser();
    const { callback } = await begin(stack, browser);
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 502);
    assert.deepEqual([browser.cookie(SESSION_COOKIE), wishes], [undefined, 2]);
  });

  test("that answers with a Bearer token all the same is believed, and gets no more proofs", async () => {
    stack.as.onToken = async (form) => ({ json: await stack.as.tokens(form) });
    const { browser } = await enter(stack);
    await browser.call("/api/orders");
    const call = stack.resource.asked.at(-1);
    assert.match(call?.headers.authorization ?? "", /^Bearer /);
    assert.equal(call?.headers.dpop, undefined);
  });

  test("that binds no more answers a refresh with a Bearer token: it is taken with its refresh token, and the key goes", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    const cookie = browser.cookie(SESSION_COOKIE);
    stack.as.onToken = async (form) => ({ json: await stack.as.tokens(form) });
    const { json } = await askOn(browser, held);
    assert.equal(json.generation, held.generation + 1);
    const [access, next] = stack.as.issued.slice(-2);
    assert.equal((await browser.call("/api/orders")).status, 200);
    const call = stack.resource.asked.at(-1);
    assert.deepEqual([call?.headers.authorization, call?.headers.dpop], [`Bearer ${access}`, undefined]);
    assert.deepEqual(await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", "SELECT typeof(dpop_key) AS kind FROM session"), [{ kind: "null" }]);
    await askOn(browser, json, "forced");
    const last = refreshes().at(-1);
    assert.deepEqual([new URLSearchParams(last?.body).get("refresh_token"), last?.headers.dpop], [next, undefined], "what was spent is not presented again");
  });

  test("that answers a refresh with a token of no known kind spends no refresh token twice: the old access token serves to its end", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    stack.as.onToken = async (form) => ({ json: { ...(await stack.as.tokens(form)), token_type: "mac" } });
    const before = refreshes().length;
    await callOn(browser, "/auth/token", { method: "POST", json: { v: 1, reason: "deadline", epoch: held.epoch, generation: held.generation } });
    await until("the end of it", () => stack.workerd.log.findLast((line) => line.event === "outcome")?.outcome === "misconfigured");
    const next = stack.as.issued.at(-1);
    stack.as.onToken = bound;
    const { json } = await askOn(browser, { ...held, generation: held.generation + 1 });
    assert.equal(json.generation, held.generation + 2);
    const presented = refreshes().slice(before).map(({ body }) => new URLSearchParams(body).get("refresh_token"));
    assert.equal(presented.at(-1), next);
    assert.equal(new Set(presented).size, presented.length);
  });

  test("an upstream that wants a nonce is called again by the Worker, also with a body that is short; with a long one it is the tab that calls again, and finds the nonce known", async () => {
    const { browser } = await enter(stack);
    let nonce = "up-1";
    stack.script.answer = async (asked) => {
      const { nonce: sent } = await proofOf(asked);
      const headers = { "dpop-nonce": nonce, "www-authenticate": 'DPoP error="use_dpop_nonce"' };
      return sent === nonce ? { headers: { "dpop-nonce": nonce }, json: { method: asked.method, body: asked.body } } : { status: 401, headers };
    };
    const [seen, rotations] = [stack.resource.asked.length, refreshes().length];
    assert.equal((await browser.call("/api/orders")).status, 200);
    assert.equal(stack.resource.asked.length - seen, 2);
    assert.equal((await browser.call("/api/orders", { method: "POST", json: {} })).status, 200);
    nonce = "up-2";
    const short = await browser.call("/api/orders", { method: "POST", json: { item: "lamp" } });
    assert.deepEqual([short.status, short.json.body], [200, '{"item":"lamp"}'], short.text);
    nonce = "up-3";
    const long = { text: "x".repeat(65 * 1024) };
    const refused = await browser.call("/api/orders", { method: "POST", json: long });
    assert.deepEqual([refused.status, refused.json.code], [401, "access_expired"], refused.text);
    assert.equal((await browser.call("/api/orders", { method: "POST", json: long })).status, 200);
    assert.equal(refreshes().length, rotations, "no token was rotated for a nonce");
  });

  test("an upstream that wants nonces without end is asked twice, and its answer is passed on", async () => {
    const { browser } = await enter(stack);
    let wishes = 0;
    stack.script.answer = () => ({ status: 401, headers: { "dpop-nonce": `up-${wishes++}`, "www-authenticate": 'DPoP error="use_dpop_nonce"' } });
    assert.deepEqual([(await browser.call("/api/orders")).status, wishes], [401, 2]);
  });

  test("the key is sealed in the session's row, shown to nobody, and gone with the session", async () => {
    const { browser } = await enter(stack);
    const cookie = browser.cookie(SESSION_COOKIE);
    const sql = (/** @type {string} */ text) => stack.workerd.ask("SESSION_VAULT", cookie, "/sql", text);
    assert.equal((await sql("SELECT typeof(dpop_key) AS kind FROM session"))[0].kind, "blob");
    const shown = [...browser.seen].map(({ text }) => text).join("\n");
    assert.doesNotMatch(shown, /"d"|dpop/i);
    assert.doesNotMatch(await diskText(stack.workerd), /"kty":"EC"/);
    await browser.call("/auth/logout", { method: "POST" });
    assert.equal((await sql("SELECT typeof(dpop_key) AS kind FROM session"))[0].kind, "null");
  });

  test("nothing secret was answered or logged", () => assertNothingLeaked({ ...stack, secrets: [...stack.secrets, JSON.parse(key.secret).d] }, stack.as.issued));
});

describe("where bound tokens are required", () => {
  /** @type {import("./support/scripted-stack.mjs").ScriptedStack} */ let stack;
  before(async () => {
    const key = await clientKey("ES256");
    stack = await startScriptedStack({ change: withKey(key, { dpop: "required", grants: "per_login" }), door: true });
    stack.as.metadata = { dpop_signing_alg_values_supported: ["ES256"] };
  });
  after(() => stack?.close());
  beforeEach(() => {
    stack.as.onToken = async (form) => ({ json: { ...(await stack.as.tokens(form)), token_type: "DPoP" } });
  });

  test("a login that is answered with a Bearer token is refused, and its refresh token revoked", async () => {
    stack.as.onToken = async (form) => ({ json: await stack.as.tokens(form) });
    const browser = stack.browser();
    const { callback } = await begin(stack, browser);
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 502);
    const refused = stack.as.issued.findLast((text) => text.startsWith("refresh-"));
    await until("the revocation", () => stack.as.revoked.includes(refused ?? ""));
  });

  test("a refresh that is answered with a Bearer token leaves the old access token, and the next one presents the successor", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    const old = stack.as.issued.findLast((text) => text.startsWith("access-"));
    stack.as.onToken = async (form) => ({ json: await stack.as.tokens(form) });
    await callOn(browser, "/auth/token", { method: "POST", json: { v: 1, reason: "deadline", epoch: held.epoch, generation: held.generation } });
    await until("the end of it", () => stack.workerd.log.findLast((line) => line.event === "outcome")?.outcome === "misconfigured");
    await browser.call("/api/orders");
    assert.equal(stack.resource.asked.at(-1)?.headers.authorization, `DPoP ${old}`, "never the one that is bound to nothing");
    const next = stack.as.issued.findLast((text) => text.startsWith("refresh-"));
    stack.as.onToken = async (form) => ({ json: { ...(await stack.as.tokens(form)), token_type: "DPoP" } });
    await askOn(browser, { ...held, generation: held.generation + 1 });
    assert.equal(stack.as.requests("refresh_token").at(-1)?.get("refresh_token"), next);
  });

  test("a session from before asks for a login, and its refresh token is revoked, not presented", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    const cookie = browser.cookie(SESSION_COOKIE);
    await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", "UPDATE session SET dpop_key = NULL");
    await stack.workerd.kill();
    await stack.workerd.begin();
    const [old, before] = [stack.as.issued.findLast((text) => text.startsWith("refresh-")), stack.as.requests("refresh_token").length];
    const refused = await askOn(browser, held);
    assert.equal(refused.json.code, "reauth_required", refused.text);
    assert.equal(stack.as.requests("refresh_token").length, before);
    assert.ok(stack.as.revoked.includes(old ?? ""));
  });
});
