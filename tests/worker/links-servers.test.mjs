import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { startServers } from "everlit-tests-servers";
import { startDjango } from "everlit-tests-servers/django";

import { ask, askOn } from "./support/asking.mjs";
import { Browser } from "./support/browser.mjs";
import { authorize, logIn } from "./support/person.mjs";
import { freePort } from "./support/ports.mjs";
import { DJANGO_WINDOW } from "./support/real-stack.mjs";
import { secretText, variables } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";
import { Workerd } from "./support/workerd.mjs";

/** Seconds: due from its half on. */
const ACCESS_TTL = 10;

/** The login is `oidc-provider`'s, which rotates strictly; the further account is `django-oauth-toolkit`'s. */
/** @type {Awaited<ReturnType<typeof startServers>>} */ let own;
/** @type {Awaited<ReturnType<typeof startDjango>>} */ let other;
/** @type {Workerd} */ let workerd;
let app = "";
before(async () => {
  const port = await freePort();
  app = `http://localhost:${port}`;
  const [clientSecret, otherSecret] = [secretText(), secretText()];
  own = await startServers({ clientSecret, redirectUris: [`${app}/auth/callback/demo`], accessTtl: ACCESS_TTL });
  other = await startDjango({ clientSecret: otherSecret, redirectUris: [`${app}/auth/callback/other`], accessTtl: ACCESS_TTL, grace: DJANGO_WINDOW });
  const given = variables({ app, issuer: own.issuer, resource: own.resource, clientSecret });
  workerd = await Workerd.start({
    port,
    variables: {
      ...given,
      PROVIDER_DEMO: { ...given.PROVIDER_DEMO, login: true, grace: "oidc-provider" },
      PROVIDER_OTHER: { ...given.PROVIDER_DEMO, issuer: other.issuer, login: false, scopes: ["openid", "profile", "email"], grace: { profile: "django-oauth-toolkit", window: `${DJANGO_WINDOW}s` } },
      SECRET_OTHER_CLIENT_SECRET: otherSecret,
      UPSTREAM_ELSEWHERE: { ...given.UPSTREAM_ORDERS, origin: other.resource, vault: "linked:other" },
    },
  });
});
after(async () => {
  await workerd?.close();
  await own?.close();
  await other?.close();
});

test("two real servers: each upstream takes its own token, each vault refreshes its own, and a logout ends both grants", async () => {
  const browser = new Browser(app);
  assert.equal((await logIn(browser)).status, 200);
  const begun = await browser.navigate("/auth/login?provider=other&return_to=/", { site: "same-origin" });
  assert.equal(begun.status, 302, begun.text);
  const callback = await authorize(browser, { begin: begun });
  assert.equal(callback.pathname, "/auth/callback/other");
  assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 200);

  const shown = (await browser.call("/auth/session")).json;
  assert.deepEqual(shown.providers, [{ name: "demo", state: "ready", own: true }, { name: "other", state: "ready" }]);
  for (const path of ["/api/orders", "/api/elsewhere"]) {
    const answer = await browser.call(path);
    assert.equal(answer.status, 200, `${path} ${answer.text}`);
    assert.ok(answer.json.length > 0);
  }

  // The one account is refreshed, ten callers at once; the other has not asked.
  const { json: held } = await ask(browser, undefined, "resume", { provider: "other" });
  await pause(Math.max(0, held.expires_in - ACCESS_TTL / 2) * 1000 + 200);
  const before = [(await own.counters()).refresh_grants, (await other.counters()).refresh_grants];
  const answers = await Promise.all(Array.from({ length: 10 }, () => askOn(browser, held, "deadline", { provider: "other" })));
  assert.deepEqual([...new Set(answers.map(({ json }) => json.generation))], [held.generation + 1]);
  assert.deepEqual([(await own.counters()).refresh_grants, (await other.counters()).refresh_grants], [before[0], (before[1] ?? 0) + 1]);
  assert.equal((await browser.call("/api/elsewhere")).status, 200);

  assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
  await until("both revocations", async () => (await own.counters()).revocations >= 1 && (await other.counters()).revocations >= 1);
});

test("a person who says no links nothing, and stays logged in", async () => {
  const browser = new Browser(app);
  await logIn(browser);
  const begun = await browser.navigate("/auth/login?provider=other&return_to=/", { site: "same-origin" });
  const callback = await authorize(browser, { begin: begun, decide: "deny" });
  assert.equal((await browser.navigate(callback, { site: "cross-site" })).status, 400);
  const shown = (await browser.call("/auth/session")).json;
  assert.deepEqual([shown.state, shown.providers[1].state], ["active", "unavailable"]);
});
