/** Accounts whose tokens are had without anybody: at a real authorization server that forgives nothing, at Supabase Auth, and at Kite for an app that is approved. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { createClock } from "../servers/stand-ins/clock.mjs";
import { startSupabase } from "../servers/stand-ins/supabase/index.mjs";
import { startServers } from "../servers/servers.mjs";
import { App, CLIENT_SECRET } from "../servers/support/app.mjs";
import { until } from "../worker/support/until.mjs";
import { receiver } from "./support/receiver.mjs";
import { OPERATOR_KEY, Services } from "./support/services.mjs";
import { india, stack } from "./support/stack.mjs";

const MINUTE = 60_000;
const PROJECT_KEY = "anon-key";

/** @param {string} provider @param {object} table @param {string} secret */
const service = (provider, table, secret) => ({
  // What is waited for here is asked about more often than any program asks.
  [`SERVICE_${provider.toUpperCase()}`]: { provider, client_id: "everlit-demo", rate: "6000/1m", ...table },
  [`SECRET_${provider.toUpperCase()}_CLIENT_SECRET`]: secret,
  CALLER_REPORTS: { services: [provider] },
  CALLER_OPERATOR: { services: [provider], operator: true },
});

/** An account at oidc-provider, which rotates and takes a second use for a theft. @param {any} t @param {object} [more] */
async function atServer(t, more = {}) {
  const servers = await startServers({ clientSecret: CLIENT_SECRET });
  t.after(() => servers.close());
  const app = await App.discover(servers.issuer);
  const services = await Services.start(service("oidc", { token_url: app.metadata.token_endpoint, ...more }, CLIENT_SECRET), t);
  const orders = async (/** @type {string} */ token) =>
    (await fetch(`${servers.resource}/orders`, { headers: { authorization: `Bearer ${token}` } })).status;
  /** The Worker's clock goes on; the server has its own. @param {number} ms */
  const pass = (ms) => services.clockAhead(services.ahead + ms);
  return { servers, app, services, orders, pass };
}

test("where no login page brings a token here nobody is led to one, and it is said what to do instead", async (t) => {
  const { services } = await atServer(t);
  const asked = await services.ask("POST", "oidc/login", {}, OPERATOR_KEY);
  assert.deepEqual([asked.status, asked.json.code, asked.json.login_url], [404, "not_found", undefined]);
  assert.match(asked.json.detail, /no login page .* PUT \/service\/\{name\}\/credential/);
  // Who may not ask learns nothing of that.
  assert.equal((await services.ask("POST", "oidc/login", {})).status, 403);
  assert.equal((await services.ask("POST", "oidc/login", {}, null)).status, 401);
  // Nor is there a ticket that would lead anywhere.
  assert.equal((await services.ask("GET", "oidc/login?ticket=anything", undefined, null)).status, 400);
  assert.deepEqual((await services.object("VAULT", "oidc", "names")).map((/** @type {any} */ { name }) => name).filter((/** @type {string} */ name) => /ticket|login/.test(name)), []);
});

test("a refresh token is handed in once, and from then on the next token is there before the last one ends", async (t) => {
  const { servers, app, services, orders, pass } = await atServer(t);
  assert.equal((await services.status("oidc")).need.reason, "first_token");
  const { tokens } = await app.logIn();
  const before = servers.counters().refresh_grants;
  const handed = await services.handIn("oidc", ` "${tokens.refresh_token}"\n`);
  assert.deepEqual([handed.status, handed.json.verdict], [200, "accepted"]);
  const first = (await services.token("oidc")).json;
  assert.equal(await orders(first.access_token), 200);
  const status = await services.status("oidc");
  assert.deepEqual([status.automatic.possible, status.automatic.how, status.need], [true, "refresh", null]);

  let held = first;
  for (let renewal = 1; renewal <= 3; renewal += 1) {
    await pass(35_000);
    const next = await until(`renewal ${renewal}`, async () => {
      const { status: answered, json } = await services.token("oidc");
      assert.equal(answered, 200, "there is always one");
      return json.generation > held.generation && json;
    });
    assert.equal(await orders(next.access_token), 200);
    held = next;
  }
  assert.equal(servers.counters().refresh_grants - before, 4, "one for each token");
  assert.equal(servers.counters().reuse_detected ?? 0, 0);
  const { renewals } = await services.status("oidc");
  assert.deepEqual(renewals.slice(-3).map((/** @type {any} */ { source, outcome }) => [source, outcome]), Array(3).fill(["refresh", "ok"]));
  assert.ok(!services.output.includes(tokens.refresh_token) && !services.output.includes(held.access_token));
});

test("many who ask while the next token is had cause one refresh, and a restart in the middle of it none more", async (t) => {
  const { servers, app, services, pass } = await atServer(t);
  await services.handIn("oidc", (await app.logIn()).tokens.refresh_token);
  const before = servers.counters().refresh_grants;
  await pass(35_000);
  const answers = await Promise.all(Array.from({ length: 20 }, () => services.token("oidc")));
  assert.ok(answers.every(({ status }) => status === 200));
  await until("the next token", async () => (await services.status("oidc")).generation >= 2);
  assert.equal(servers.counters().refresh_grants - before, 1);
  const { json } = await services.token("oidc");
  await services.restart();
  const after = (await services.token("oidc")).json;
  assert.deepEqual([after.access_token, after.generation], [json.access_token, json.generation]);
  assert.equal(servers.counters().refresh_grants - before, 1);
});

test("a grant that is over calls a person, once, and a new refresh token goes on", async (t) => {
  const { app, services, pass } = await atServer(t);
  const { tokens } = await app.logIn();
  await services.handIn("oidc", tokens.refresh_token);
  // Somebody uses what the service has left behind: the server ends the whole grant.
  await app.refresh(tokens.refresh_token);
  await pass(70_000);
  const over = await until("that a person is needed", async () => {
    const status = await services.status("oidc");
    return status.status === "needs_human" && status;
  });
  assert.deepEqual([over.need.reason, over.automatic.possible, over.automatic.reason], ["grant_over", false, "closed"]);
  const none = await services.token("oidc");
  assert.deepEqual([none.status, none.json.reason], [503, "needs_human"]);
  const again = await services.handIn("oidc", (await app.logIn()).tokens.refresh_token);
  assert.equal(again.status, 200);
  assert.deepEqual([(await services.token("oidc")).status, (await services.status("oidc")).automatic.possible], [200, true]);
});

test("a refresh token of nobody's is refused in words, and what is in use stays", async (t) => {
  const { app, services } = await atServer(t);
  await services.handIn("oidc", (await app.logIn()).tokens.refresh_token);
  const held = (await services.token("oidc")).json;
  const refused = await services.handIn("oidc", "a-refresh-token-of-nobody");
  assert.deepEqual([refused.status, refused.json.verdict, refused.json.class], [422, "refused", "reauth_required"]);
  assert.match(refused.json.detail, /Log in again/);
  assert.equal((await services.token("oidc")).json.access_token, held.access_token);
  const logout = await services.ask("DELETE", "oidc/credential", undefined, OPERATOR_KEY);
  assert.equal(logout.status, 204);
  assert.equal((await services.token("oidc")).json.reason, "needs_human", "and nothing brings it back");
});

test("an app's own secret brings a token without anybody, and a wrong one calls an operator", async (t) => {
  // A token endpoint of the client-credentials kind, in front of a key that is checked; no server here has that grant.
  let secret = CLIENT_SECRET;
  let minted = 0;
  const endpoint = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const form = new URLSearchParams(text);
    const encode = (/** @type {string} */ of) => new URLSearchParams({ "": of }).toString().slice(1);
    const shown = `Basic ${Buffer.from(`everlit-demo:${encode(secret)}`).toString("base64")}`;
    const isGood = request.headers.authorization === shown && form.get("grant_type") === "client_credentials" && form.get("scope") === "orders:read";
    if (isGood) minted += 1;
    const body = isGood ? { access_token: `at-${minted}`, token_type: "Bearer", expires_in: 600 } : { error: "invalid_client" };
    response.writeHead(isGood ? 200 : 401, { "content-type": "application/json" }).end(JSON.stringify(body));
  }).listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  t.after(() => endpoint.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (endpoint.address());
  const table = { token_url: `http://127.0.0.1:${port}/token`, grant: "client_credentials", scopes: ["orders:read"] };
  const services = await Services.start(service("oidc", table, CLIENT_SECRET), t);
  const first = await until("a token", async () => {
    const { status, json } = await services.token("oidc");
    return status === 200 && json;
  });
  assert.equal(first.access_token, "at-1");
  await services.clockAhead(6 * MINUTE);
  await until("the next one", async () => (await services.token("oidc")).json.access_token === "at-2");
  secret = "another";
  await services.clockAhead(20 * MINUTE);
  const told = await until("that an operator is needed", async () => {
    const { status, json } = await services.token("oidc");
    return status === 503 && json.reason === "needs_operator" && json;
  });
  assert.equal(told.code, "no_token");
  assert.equal((await services.status("oidc")).status, "expired");
  secret = CLIENT_SECRET;
  const forced = await services.ask("POST", "oidc/refresh", {}, OPERATOR_KEY);
  assert.equal(forced.status, 200, "an operator has it tried again");
});

/** An account at Supabase Auth, whose user has logged in. @param {any} t @param {object} [variables] */
async function atSupabase(t, variables = {}) {
  const clock = createClock();
  const supabase = await startSupabase({ clientSecret: PROJECT_KEY, clock });
  t.after(() => supabase.close());
  const services = await Services.start({ ...service("supabase", { origin: supabase.origin }, PROJECT_KEY), ...variables }, t);
  const login = await fetch(`${supabase.origin}/auth/v1/token?grant_type=password`, {
    method: "POST",
    headers: { apikey: PROJECT_KEY, "content-type": "application/json" },
    body: JSON.stringify({ email: "ada@example.com", password: "any" }),
  });
  const { refresh_token: refreshToken } = /** @type {any} */ (await login.json());
  /** Both clocks go on. @param {number} ms */
  const pass = async (ms) => {
    clock.advance(ms);
    await services.clockAhead(services.ahead + ms);
  };
  return { supabase, services, refreshToken, pass };
}

test("Supabase Auth: a refresh whose answer was lost is made again, and the grant lives", async (t) => {
  const { supabase, services, refreshToken, pass } = await atSupabase(t);
  assert.equal((await services.handIn("supabase", refreshToken)).status, 200);
  const held = (await services.token("supabase")).json;
  supabase.faults.add({ kind: "lost", path: "/auth/v1/token" });
  await pass(46 * MINUTE);
  const next = await until("the next token", async () => {
    const { status, json } = await services.token("supabase");
    assert.equal(status, 200, "the last one lives meanwhile");
    return json.generation > held.generation && json;
  });
  const user = await fetch(`${supabase.origin}/auth/v1/user`, { headers: { apikey: PROJECT_KEY, authorization: `Bearer ${next.access_token}` } });
  assert.equal(user.status, 200);
  const attempts = services.log.filter(({ event, job }) => event === "service_attempted" && job === "refresh");
  assert.deepEqual(attempts.map(({ number, outcome }) => [number, outcome]), [[1, "outcome_unknown"], [2, "ok"]]);
});

test("that a refresh came to nothing, that it goes on so, and that it works again is told, each once", async (t) => {
  const told = await receiver(t);
  const key = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const { supabase, services, refreshToken, pass } = await atSupabase(t, { ALERT_OPS: { url: told.url, kinds: ["renewal_failed", "failed_repeatedly", "renewed"] }, SECRET_ALERT_OPS_SIGNING_KEY: key });
  assert.equal((await services.handIn("supabase", refreshToken)).status, 200);
  supabase.faults.add({ kind: "html", status: 503, path: "/auth/v1/token", rate: 1 });
  await pass(44 * MINUTE);
  /** @param {string} kind */
  const hears = (kind) => until(`the alert ${kind}`, async () => {
    // No time passes while something is under way: a slow machine is no slow provider.
    const { alerts_waiting: waiting, attempt } = await services.status("supabase");
    if (!waiting && !attempt) await pass(MINUTE / 6);
    return told.kinds().includes(kind);
  });
  await hears("renewal_failed");
  const status = await services.status("supabase");
  assert.deepEqual([status.valid, status.failed_rounds, status.trouble], [true, 1, "transient"], "the token lives meanwhile");
  await hears("failed_repeatedly");
  supabase.faults.clear();
  await hears("renewed");
  await pass(6 * MINUTE);
  const now = Date.now() + services.ahead;
  await until("a check of after that", async () => {
    const { checked_at: checked, alerts_waiting: waiting } = await services.status("supabase");
    return checked >= now - MINUTE && waiting === 0;
  });
  assert.deepEqual(told.kinds(), ["renewal_failed", "failed_repeatedly", "renewed"]);
  for (const { json } of told.posts) assert.deepEqual([json.data.service, json.data.provider], ["supabase", "supabase"]);
  assert.equal((await services.token("supabase")).status, 200);
});

const RENEWAL = "POST /session/refresh_token";

/** An app that is said to be approved for refresh tokens, and somebody who has logged in. @param {any} t @param {{ renews?: boolean, variables?: object }} [how] */
async function approved(t, { renews = true, variables = {} } = {}) {
  const on = await stack(t, "kite", { choices: { renews }, more: { grant: "refresh_token", rate: "6000/1m" }, variables });
  const handed = await on.services.handIn("kite", await on.code(), { kind: "code" });
  assert.deepEqual([handed.status, handed.json.verdict, handed.json.expires_at], [200, "accepted", india("06:00", 1)]);
  return on;
}

/** @param {Awaited<ReturnType<typeof stack>>} on @param {string} token */
const profile = async (on, token) => (await fetch(`${on.standIn.origin}/user/profile`, { headers: { authorization: `token everlit-demo:${token}`, "x-kite-version": "3" } })).status;

test("Kite, an approved app: the next token is there at six in the morning, day after day, and none is asked for before", async (t) => {
  const told = await receiver(t);
  const key = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const on = await approved(t, { variables: { ALERT_OPS: { url: told.url, kinds: ["expiring_soon", "human_needed", "renewal_failed"] }, SECRET_ALERT_OPS_SIGNING_KEY: key } });
  const first = await on.services.status("kite");
  assert.deepEqual([first.automatic.possible, first.automatic.how, first.source], [true, "refresh", "pasted"]);
  await until("that it was told", () => told.kinds().length === 1);
  let held = (await on.services.token("kite")).json;
  for (const day of [1, 2, 3]) {
    await on.go(india("05:59", day));
    const last = await on.services.token("kite");
    assert.deepEqual([last.json.access_token, on.count(RENEWAL)], [held.access_token, day - 1], "one that is had before ends with it");
    await on.go(india("06:00", day));
    // Whoever asks at that moment waits for it, and gets it.
    const next = await on.services.token("kite");
    assert.deepEqual([next.status, next.json.generation, next.json.expires_at], [200, held.generation + 1, india("06:00", day + 1)]);
    assert.deepEqual([await profile(on, held.access_token), await profile(on, next.json.access_token), on.count(RENEWAL)], [403, 200, day]);
    held = next.json;
  }
  const { renewals, need } = await on.services.status("kite");
  assert.deepEqual([renewals.slice(-3).map((/** @type {any} */ { source, outcome }) => [source, outcome]), need], [Array(3).fill(["refresh", "ok"]), null]);
  assert.deepEqual(told.kinds(), ["human_needed"], "for the first token, and nobody is warned or called again");
  // A logout ends both: the refresh token would bring another.
  await on.services.ask("DELETE", "kite/credential", undefined, OPERATOR_KEY);
  await on.until("that both are ended", ({ revocations }) => revocations.waiting === 0 && revocations.last);
  assert.deepEqual([on.count("DELETE /session/token"), await profile(on, held.access_token)], [2, 403]);
});

test("Kite, an approved app: what fails at six is tried again, and where a lost answer has spent the refresh token a person is called", async (t) => {
  const on = await approved(t);
  on.standIn.faults.add({ kind: "html", status: 503, path: "/session/refresh_token" });
  await on.go(india("06:00", 1));
  const mended = await on.until("the second attempt", ({ valid }) => valid);
  assert.deepEqual([on.count(RENEWAL), mended.renewals.at(-1).attempts], [2, 2]);
  on.standIn.faults.add({ kind: "lost", path: "/session/refresh_token" });
  await on.go(india("06:00", 2));
  const over = await on.until("that a person is needed", ({ need }) => need);
  assert.deepEqual([over.need.reason, over.automatic.reason, on.count(RENEWAL)], ["grant_over", "closed", 4]);
  assert.equal((await on.services.handIn("kite", await on.code(), { kind: "code" })).status, 200);
  assert.equal((await on.services.status("kite")).automatic.possible, true, "with a login comes another");
});

test("Kite, an app that is not approved after all: that is said, and a person is warned and called as without it", async (t) => {
  const on = await approved(t, { renews: false });
  const status = await on.services.status("kite");
  assert.deepEqual([status.automatic.possible, status.automatic.reason], [false, "no_refresh_token"]);
  assert.match(status.automatic.why, /without a refresh token/);
  await on.go(india("06:00", 1));
  const over = await on.until("that a person is needed", ({ need }) => need);
  assert.deepEqual([over.need.reason, on.count(RENEWAL)], ["lapsed", 0]);
});
