import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { ScriptedAs } from "./support/scripted-as.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { SESSION_COOKIE, secretText } from "./support/stack.mjs";

/** The provider that logs people in, and one beside it. */
/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */ let stack;
/** @type {ScriptedAs} */ let other;
/** @type {Record<string, any>} */ let given;
before(async () => {
  other = await ScriptedAs.start();
  stack = await startScriptedStack({
    change: (/** @type {any} */ variables) => {
      const { PROVIDER_DEMO } = variables;
      given = {
        ...variables, PROVIDER_DEMO: { ...PROVIDER_DEMO, login: true }, SECRET_OTHER_CLIENT_SECRET: secretText(),
        PROVIDER_OTHER: { ...PROVIDER_DEMO, issuer: other.issuer, login: false },
      };
      return given;
    },
  });
});
after(async () => {
  await stack?.close();
  await other?.close();
});
beforeEach(() => {
  for (const as of [stack.as, other]) as.metadata = { authorization_response_iss_parameter_supported: true };
});

/** How many codes each of the two has been shown. */
const shown = () => [stack.as, other].map((as) => as.requests("authorization_code").length);

/** A response that must lead to no session and no token request. @param {import("./support/browser.mjs").Browser} browser @param {string} callback @param {number} status */
async function refused(browser, callback, status) {
  const codes = shown();
  const page = await browser.navigate(callback, { site: "cross-site" });
  assert.equal(page.status, status, page.text);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  assert.deepEqual(shown(), codes, "a code was carried on");
}

test("each provider has a redirect URI of its own", async () => {
  const { request } = await begin(stack, stack.browser());
  assert.equal(request.redirect_uri, `${stack.app}/auth/callback/demo`);
});

test("a response of the other provider is refused by its iss, and its code goes to nobody", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { response: { iss: other.issuer } });
  await refused(browser, callback, 400);
});

test("an error of the other provider is refused by its iss as well", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { response: { iss: other.issuer, code: undefined, error: "access_denied" } });
  await refused(browser, callback, 400);
  assert.equal(stack.workerd.log.findLast((line) => line.event === "login_failed")?.reason, "the response is another issuer's");
});

test("a response without iss of a provider that declares it is refused", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { response: { iss: undefined } });
  await refused(browser, callback, 400);
});

test("an iss that differs in its last character is another one", async () => {
  for (const iss of [`${stack.as.issuer}/`, stack.as.issuer.toUpperCase(), stack.as.issuer.slice(0, -1), ""]) {
    const browser = stack.browser();
    const { callback } = await begin(stack, browser, { response: { iss } });
    await refused(browser, callback, 400);
  }
});

test("two of them are refused, whichever comes first", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  await refused(browser, `${callback}&iss=${encodeURIComponent(other.issuer)}`, 400);
});

test("the other provider's callback takes nothing, and the login goes on where it belongs", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { response: { iss: other.issuer } });
  await refused(browser, callback.replace("/callback/demo", "/callback/other"), 400);
  const login = await begin(stack, browser);
  await refused(browser, login.callback.replace("/callback/demo", "/callback/other"), 400);
  assert.equal((await browser.navigate(login.callback, { site: "cross-site" })).status, 200);
});

test("a provider that calls itself by the other's name begins no login", async () => {
  const lying = await startScriptedStack();
  try {
    lying.as.metadata = { issuer: other.issuer };
    assert.equal((await lying.browser().navigate("/auth/login", { site: "same-origin" })).status, 502);
  } finally {
    await lying.close();
  }
});

test("an ID Token of the other provider is refused, also where it signs it well", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  other.nonce = stack.as.nonce;
  stack.as.sign = () => other.idToken();
  try {
    assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 502);
    assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  } finally {
    stack.as.sign = undefined;
  }
  assert.deepEqual([other.hits("/token"), other.hits("/jwks")], [0, 0]);
});

test("a login that began with one provider does not end at the other's callback, also if that one logs people in by then", async () => {
  const browser = stack.browser();
  const { callback } = await begin(stack, browser, { response: { iss: other.issuer } });
  const { PROVIDER_DEMO, PROVIDER_OTHER } = given;
  await stack.workerd.kill();
  await stack.workerd.configure({ PROVIDER_DEMO: { ...PROVIDER_DEMO, login: false }, PROVIDER_OTHER: { ...PROVIDER_OTHER, login: true } });
  await stack.workerd.begin();
  await refused(browser, callback.replace("/callback/demo", "/callback/other"), 400);
  assert.equal(stack.workerd.log.findLast((line) => line.event === "callback_refused")?.reason, "the state is unknown, or another provider's");

  // The other one's own login, at its own redirect URI.
  const redirect = await browser.navigate("/auth/login", { site: "same-origin" });
  const { state, redirect_uri } = other.take(redirect.headers.location);
  assert.equal(redirect_uri, `${stack.app}/auth/callback/other`);
  const query = new URLSearchParams({ code: "a-code-of-the-other-one", state: state ?? "", iss: other.issuer });
  assert.equal((await browser.navigate(`/auth/callback/other?${query}`, { site: "cross-site" })).status, 200);
  assert.deepEqual([(await browser.call("/auth/session")).json.state, other.requests("authorization_code").length], ["active", 1]);
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, [...stack.as.issued, ...other.issued]));
