import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";

import { jwtVerify } from "jose";

import { askOn, due, enterDue } from "./support/asking.mjs";
import { clientKey, withKey } from "./support/client-key.mjs";
import { logIn } from "./support/person.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE, startStack } from "./support/stack.mjs";
import { until } from "./support/until.mjs";

/** @typedef {import("everlit-tests-servers").ClientAuth} ClientAuth */

/** Short enough to see a rotation. */
const ACCESS_TTL = 6;

/** The main job, with every request that a client makes. @param {ClientAuth} clientAuth @param {(given: any) => any} change */
async function play(clientAuth, change) {
  const stack = await startStack({ accessTtl: ACCESS_TTL, change, server: { clientAuth } });
  try {
    const browser = stack.browser();
    const landing = await logIn(browser);
    assert.equal(landing.status, 200, landing.text);
    const { json: held } = await browser.call("/auth/session");
    await due(held);
    const { json: renewed } = await askOn(browser, held);
    assert.equal(renewed.generation, held.generation + 1);
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
    await until("the revocation", () => stack.servers.counters().revocations === 1);
    const { code_grants, refresh_grants, refresh_errors } = stack.servers.counters();
    assert.deepEqual([code_grants, refresh_grants, refresh_errors], [1, 1, 0]);
  } finally {
    await stack.close();
  }
}

describe("oidc-provider takes the client for who it is", { concurrency: 2 }, () => {
  for (const alg of /** @type {const} */ (["ES256", "EdDSA", "PS256", "RS256"])) {
    test(`by private_key_jwt with ${alg}, at every endpoint`, async () => {
      const key = await clientKey(alg);
      await play({ method: "private_key_jwt", jwks: { keys: [key.jwk] } }, withKey(key));
    });
  }

  test("by private_key_jwt for the token endpoint", async () => {
    const key = await clientKey("ES256");
    await play({ method: "private_key_jwt", jwks: { keys: [key.jwk] } }, withKey(key, { assertion_audience: "token_endpoint" }));
  });

  for (const method of /** @type {const} */ (["client_secret_basic", "client_secret_post"])) {
    test(`by ${method}, at every endpoint`, () =>
      play({ method }, (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, client_auth: method } })));
  }

  for (const [par, event, reason] of /** @type {const} */ ([["never", "login_failed", "invalid_client"], ["required", "login_not_begun", "pushed: invalid_client"]])) {
    test(`and refuses one whose key it does not know, which ends in a page (par: ${par})`, async () => {
      const [known, ours] = [await clientKey("ES256"), await clientKey("ES256")];
      const stack = await startStack({ change: withKey(ours, { par }), server: { clientAuth: { method: "private_key_jwt", jwks: { keys: [known.jwk] } } } });
      try {
        const browser = stack.browser();
        const page = par === "never" ? await logIn(browser) : await browser.navigate("/auth/login", { site: "same-origin" });
        assert.equal(page.status, 502, page.text);
        assert.match(page.text, /href="\/auth\/login\?provider=demo/);
        assert.equal(browser.cookie(SESSION_COOKIE), undefined);
        assert.equal(stack.workerd.log.findLast((line) => line.event === event)?.reason, reason);
      } finally {
        await stack.close();
      }
    });
  }
});

describe("an assertion", () => {
  /** @type {import("./support/scripted-stack.mjs").ScriptedStack} */ let stack;
  /** @type {Awaited<ReturnType<typeof clientKey>>} */ let key;
  before(async () => {
    key = await clientKey("ES256");
    stack = await startScriptedStack({ change: withKey(key) });
  });
  after(() => stack?.close());
  beforeEach(() => Object.assign(stack.as, { onToken: () => undefined, onRevocation: () => undefined, accessTtl: 3600 }));

  /** What the server reads of it. @param {URLSearchParams | undefined} form @param {string} audience */
  async function read(form, audience = stack.as.issuer) {
    assert.equal(form?.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert.deepEqual([form?.get("client_id"), form?.get("client_secret")], [stack.as.clientId, null]);
    const { payload, protectedHeader } = await jwtVerify(form?.get("client_assertion") ?? "", key.publicKey, { algorithms: ["ES256"] });
    assert.equal(protectedHeader.kid, key.kid);
    // One audience, and not a list: it is for nobody else.
    assert.deepEqual([payload.iss, payload.sub, payload.aud], [stack.as.clientId, stack.as.clientId, audience]);
    assert.ok((payload.exp ?? 0) - Date.now() / 1000 <= 60 && (payload.exp ?? 0) - Date.now() / 1000 > 30);
    return payload.jti;
  }

  test("is fresh at every request: code, refresh and each try of a revocation", async () => {
    let refusals = 2;
    stack.as.onRevocation = () => (refusals-- > 0 ? { status: 503 } : undefined);
    const { browser, session: held } = await enterDue(stack, 10);
    const { json: renewed } = await askOn(browser, held);
    assert.equal(renewed.generation, held.generation + 1);
    await browser.call("/auth/logout", { method: "POST" });
    await until("the third try", () => stack.as.forms("/revoke").length === 3, 20_000);
    const forms = [...stack.as.forms("/token"), ...stack.as.forms("/revoke")];
    const jtis = await Promise.all(forms.map((form) => read(form)));
    assert.equal(jtis.length, 5);
    assert.equal(new Set(jtis).size, 5);
  });

  test("that is refused at a refresh ends no session, and the next one is taken", async () => {
    const { browser, session: held } = await enterDue(stack, 10);
    let refused = 0;
    stack.as.onToken = (form) => {
      if (form.get("grant_type") !== "refresh_token" || refused > 0) return undefined;
      refused += 1;
      return { status: 401, json: { error: "invalid_client" } };
    };
    const { status, json } = await askOn(browser, held);
    assert.deepEqual([status, json.generation, refused], [200, held.generation + 1, 1]);
    const jtis = await Promise.all(stack.as.requests("refresh_token").slice(-2).map((form) => read(form)));
    assert.equal(new Set(jtis).size, 2);
  });

  test("that is refused with the code ends in a page", async () => {
    stack.as.onToken = () => ({ status: 401, json: { error: "invalid_client" } });
    const browser = stack.browser();
    const { callback } = await begin(stack, browser);
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 502);
    assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  });

  test("is for the token endpoint where the configuration says so", async () => {
    const other = await startScriptedStack({ change: withKey(key, { assertion_audience: "token_endpoint" }) });
    try {
      await enter(other);
      const form = other.as.requests("authorization_code")[0];
      const { payload } = await jwtVerify(form?.get("client_assertion") ?? "", key.publicKey);
      assert.equal(payload.aud, `${other.as.issuer}/token`);
    } finally {
      await other.close();
    }
  });

  test("shows no key, in no answer and no log", () => assertNothingLeaked({ ...stack, secrets: [...stack.secrets, JSON.parse(key.secret).d] }, stack.as.issued));
});
