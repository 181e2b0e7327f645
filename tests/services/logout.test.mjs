/** A logout is final: what is left of a session is ended at the provider, also what comes too late, and until the provider has heard it. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { personOf } from "../servers/stand-ins/people.mjs";
import { createClock } from "../servers/stand-ins/clock.mjs";
import { startSupabase } from "../servers/stand-ins/supabase/index.mjs";
import { startServers } from "../servers/servers.mjs";
import { App, CLIENT_SECRET } from "../servers/support/app.mjs";
import { send } from "../worker/support/browser.mjs";
import { pause, until } from "../worker/support/until.mjs";
import { KEY, OPERATOR_KEY, Services } from "./support/services.mjs";
import { MINUTE, ROUTES, stack } from "./support/stack.mjs";

const PROJECT_KEY = "anon-key";

/** @param {string} provider @param {object} table @param {string} secret */
const service = (provider, table, secret) => ({
  [`SERVICE_${provider.toUpperCase()}`]: { provider, client_id: "everlit-demo", rate: "6000/1m", ...table },
  [`SECRET_${provider.toUpperCase()}_CLIENT_SECRET`]: secret,
  CALLER_REPORTS: { services: [provider] },
  CALLER_OPERATOR: { services: [provider], operator: true },
});

/** @param {Services} services @param {string} name */
const logOut = async (services, name) => {
  const { status } = await services.ask("DELETE", `${name}/credential`, undefined, OPERATOR_KEY);
  assert.equal(status, 204);
};

/** Waits until the provider has heard all. @param {Services} services @param {string} name @returns {Promise<any>} */
const heard = (services, name) =>
  until("the revocation", async () => {
    const { revocations } = await services.status(name);
    return revocations.waiting === 0 && revocations.last;
  });

/** What is kept, by name. @param {Services} services @param {string} name @returns {Promise<string[]>} */
const kept = async (services, name) => (await services.object("VAULT", name, "names")).map((/** @type {any} */ { name: one }) => one);

/** @typedef {{ token: string, hint: string }} Shown what was shown at the revocation endpoint */

/** A door before a server's endpoints: it notes what passes, and does with it what a test says. @param {any} t */
async function door(t) {
  const state = {
    /** @type {Shown[]} */ revoked: [],
    /** @type {any[]} */ given: [],
    /** Whether the revocation endpoint is out of order, or never answers. @type {"" | "down" | "silent" | "gone"} */ trouble: "",
    /** Tokens that are not passed on. @type {(token: string) => boolean} */ swallows: () => false,
    /** What an answer with tokens waits for. @type {Promise<unknown>} */ holds: Promise.resolve(),
  };
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const url = new URL(request.url ?? "/", "http://door");
    const to = url.searchParams.get("to") ?? "";
    const form = new URLSearchParams(text);
    const isRevocation = url.pathname === "/revoke";
    if (isRevocation) {
      state.revoked.push({ token: form.get("token") ?? "", hint: form.get("token_type_hint") ?? "" });
      if (state.trouble === "silent") return;
      if (state.trouble === "gone") return void request.socket.destroy();
      if (state.trouble === "down") return void response.writeHead(503).end();
      if (state.swallows(form.get("token") ?? "")) return void response.writeHead(200).end();
    }
    const headers = { authorization: request.headers.authorization ?? "", "content-type": "application/x-www-form-urlencoded" };
    const answer = await fetch(to, { method: "POST", headers, body: text });
    const body = await answer.text();
    if (!isRevocation) {
      state.given.push(JSON.parse(body));
      await state.holds;
    }
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const at = (/** @type {string} */ path, /** @type {string} */ to) => `http://127.0.0.1:${port}${path}?to=${encodeURIComponent(to)}`;
  return Object.assign(state, { at });
}

/** An account at oidc-provider, behind a door, whose token is in use. @param {any} t */
async function atServer(t) {
  const servers = await startServers({ clientSecret: CLIENT_SECRET });
  t.after(() => servers.close());
  const app = await App.discover(servers.issuer);
  const way = await door(t);
  const { token_endpoint: tokens, revocation_endpoint: revocation } = app.metadata;
  const table = { token_url: way.at("/token", tokens), revocation_url: way.at("/revoke", revocation) };
  const services = await Services.start(service("oidc", table, CLIENT_SECRET), t);
  assert.equal((await services.handIn("oidc", (await app.logIn()).tokens.refresh_token)).status, 200);
  const held = (await services.token("oidc")).json.access_token;
  const orders = async () => (await fetch(`${servers.resource}/orders`, { headers: { authorization: `Bearer ${held}` } })).status;
  assert.equal(await orders(), 200);
  /** The Worker's clock goes on; the server has its own. @param {number} ms */
  const pass = (ms) => services.clockAhead(services.ahead + ms);
  /** Whether the server refuses a refresh token. @param {string} token */
  const refuses = async (token) => (await app.refresh(token)).status === 400;
  return { app, way, services, orders, pass, refuses };
}

test("a logout is answered at once, and ends the grant at the server", async (t) => {
  const { way, services, orders, refuses } = await atServer(t);
  const [{ refresh_token: refreshToken }] = way.given;
  await logOut(services, "oidc");
  assert.deepEqual([(await heard(services, "oidc")).outcome, way.revoked], ["revoked", [{ token: refreshToken, hint: "refresh_token" }]]);
  assert.equal(await orders(), 401, "the server ends the access tokens of the grant with it");
  assert.ok(await refuses(refreshToken));
  assert.deepEqual((await kept(services, "oidc")).filter((name) => /token|refresh|revoke/.test(name)), []);
  assert.deepEqual(services.log.filter(({ event }) => event === "service_logged_out").map(({ told }) => told), [true]);
  assert.deepEqual(services.log.filter(({ event }) => event === "service_revoked").map(({ outcome }) => outcome), ["revoked"]);
  await logOut(services, "oidc");
  assert.equal((await services.status("oidc")).need.reason, "logged_out");
  assert.equal(way.revoked.length, 1, "a second logout has nothing to tell");
  assert.ok(!services.output.includes(refreshToken));
});

test("a refresh that was under way at the logout brings nothing back, and what it brought is revoked", async (t) => {
  const { way, services, pass, refuses } = await atServer(t);
  const [{ refresh_token: first }] = way.given;
  // As at a server that keeps no families: with the first token nothing else ends.
  way.swallows = (token) => token === first;
  const release = withResolvers();
  way.holds = release.promise;
  await pass(35_000);
  const late = await until("the refresh", () => way.given[1]?.refresh_token);
  await logOut(services, "oidc");
  await heard(services, "oidc");
  release.resolve(undefined);
  await until("what came too late to be revoked", () => way.revoked.length === 2);
  assert.deepEqual(way.revoked.map(({ token }) => token), [first, late]);
  await heard(services, "oidc");
  assert.ok(await refuses(late));
  const none = await services.token("oidc");
  assert.deepEqual([none.status, none.json.reason], [503, "needs_human"]);
  assert.deepEqual((await kept(services, "oidc")).filter((name) => /token|refresh|revoke/.test(name)), []);
  assert.ok(!services.output.includes(late));
});

test("a server that is down is told later, in growing pauses, also after a kill, and once", async (t) => {
  const { way, services, pass, orders, refuses } = await atServer(t);
  const [{ refresh_token: refreshToken }] = way.given;
  way.trouble = "down";
  await logOut(services, "oidc");
  assert.equal((await services.token("oidc")).status, 503);
  await until("the first try", () => services.log.some(({ event, outcome }) => event === "service_revoked" && outcome === "later"));
  assert.equal((await services.status("oidc")).revocations.waiting, 1);
  // The next one hangs when the Worker is killed.
  way.trouble = "silent";
  const tries = way.revoked.length;
  await pass(5_000);
  await until("another try", () => way.revoked.length > tries);
  await services.restart();
  assert.deepEqual((await kept(services, "oidc")).filter((name) => name.startsWith("revoke")), ["revoke 0"]);
  const bytes = await services.object("VAULT", "oidc", "bytes", "SELECT hex(value) AS value FROM kept WHERE name = 'revoke 0'");
  assert.ok(!Buffer.from(bytes[0].value, "hex").includes(refreshToken), "it is sealed");
  assert.equal((await services.status("oidc")).revocations.waiting, 1);
  assert.equal(await orders(), 200, "nothing has reached the server");
  way.trouble = "";
  await pass(31_000);
  assert.equal((await heard(services, "oidc")).outcome, "revoked");
  assert.ok(way.revoked.every(({ token }) => token === refreshToken));
  assert.ok(await refuses(refreshToken));
  const after = way.revoked.length;
  await pass(60 * MINUTE);
  await services.status("oidc");
  assert.equal(way.revoked.length, after);
});

test("a try that is still under way when the next one is due is not joined by another", async (t) => {
  const { way, services, pass } = await atServer(t);
  way.trouble = "silent";
  await logOut(services, "oidc");
  await until("the first try", () => way.revoked.length === 1);
  for (let due = 1; due <= 3; due += 1) {
    await pass(31_000);
    await services.scheduled();
    assert.equal((await services.status("oidc")).revocations.waiting, 1);
  }
  assert.equal(way.revoked.length, 1);
  // Once nobody waits for it any more there is another.
  await until("its end", () => services.log.some(({ event, outcome }) => event === "service_revoked" && outcome === "later"));
  way.trouble = "";
  await pass(31_000);
  assert.equal((await heard(services, "oidc")).outcome, "revoked");
  assert.equal(way.revoked.length, 2);
});

test("a server that cannot be reached is told later; and where it is to be told nowhere any more, what was set aside is dropped", async (t) => {
  const { way, services, pass, refuses } = await atServer(t);
  const [{ refresh_token: refreshToken }] = way.given;
  const outcomes = () => services.log.filter(({ event }) => event === "service_revoked").map(({ outcome }) => outcome);
  way.trouble = "gone";
  await logOut(services, "oidc");
  await until("the first try", () => outcomes().length > 0);
  assert.deepEqual([outcomes(), (await services.status("oidc")).revocations.waiting], [["later"], 1]);
  const { revocation_url: _gone, ...rest } = /** @type {any} */ (services.variables.SERVICE_OIDC);
  await services.configure({ SERVICE_OIDC: rest });
  await services.restart();
  await pass(60 * MINUTE);
  assert.equal((await heard(services, "oidc")).outcome, "refused");
  assert.deepEqual((await kept(services, "oidc")).filter((name) => name.startsWith("revoke")), []);
  assert.ok(!(await refuses(refreshToken)), "the server was never told");
});

test("a login after the logout goes on, whenever the server hears of the old session", async (t) => {
  const { app, way, services, pass } = await atServer(t);
  way.trouble = "down";
  await logOut(services, "oidc");
  await until("the first try", () => way.revoked.length > 0);
  assert.equal((await services.handIn("oidc", (await app.logIn()).tokens.refresh_token)).status, 200);
  const held = (await services.token("oidc")).json;
  way.trouble = "";
  await pass(10_000);
  await heard(services, "oidc");
  assert.equal((await services.token("oidc")).json.access_token, held.access_token);
  await pass(25_000);
  await until("the next token", async () => (await services.token("oidc")).json.generation > held.generation);
});

test("an app's own token is ended as well, where there is a place for that, and where there is none the status says so", async (t) => {
  /** @type {Record<string, string>[]} */ const asked = [];
  const endpoint = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const form = Object.fromEntries(new URLSearchParams(text));
    asked.push({ path: request.url ?? "", ...form });
    const isMint = request.url === "/token";
    response.writeHead(200, { "content-type": "application/json" }).end(isMint ? JSON.stringify({ access_token: "at-1", token_type: "Bearer", expires_in: 600 }) : "");
  }).listen(0, "127.0.0.1");
  await once(endpoint, "listening");
  t.after(() => endpoint.close());
  const { port } = /** @type {import("node:net").AddressInfo} */ (endpoint.address());
  const base = `http://127.0.0.1:${port}`;
  const table = { token_url: `${base}/token`, grant: "client_credentials" };
  const services = await Services.start(service("oidc", { ...table, revocation_url: `${base}/revoke` }, CLIENT_SECRET), t);
  const minted = () => until("a token", async () => (await services.token("oidc")).status === 200);
  await minted();
  await logOut(services, "oidc");
  await heard(services, "oidc");
  assert.deepEqual(asked.slice(1), [{ path: "/revoke", token: "at-1", token_type_hint: "access_token" }]);
  assert.equal((await services.token("oidc")).status, 503, "and no other is had");

  await services.configure(service("oidc", table, CLIENT_SECRET));
  await services.restart();
  await services.clockAhead(MINUTE);
  assert.equal((await services.ask("POST", "oidc/refresh", {}, OPERATOR_KEY)).status, 200, "an operator has another one minted");
  const { configuration } = await services.status("oidc");
  assert.equal(configuration.revocation.set, false);
  assert.match(configuration.revocation.advice, /revocation_url/);
  await logOut(services, "oidc");
  assert.equal((await services.status("oidc")).revocations.waiting, 0);
  assert.deepEqual(services.log.filter(({ event }) => event === "service_logged_out").map(({ told }) => told), [true, false]);
});

/** An account at Supabase Auth, whose token is in use. @param {any} t */
async function atSupabase(t) {
  const clock = createClock();
  const supabase = await startSupabase({ clientSecret: PROJECT_KEY, clock });
  t.after(() => supabase.close());
  const services = await Services.start(service("supabase", { origin: supabase.origin }, PROJECT_KEY), t);
  /** @param {string} grant @param {object} body @returns {Promise<any>} */
  const post = async (grant, body) => {
    const headers = { apikey: PROJECT_KEY, "content-type": "application/json" };
    return (await fetch(`${supabase.origin}/auth/v1/token?grant_type=${grant}`, { method: "POST", headers, body: JSON.stringify(body) })).json();
  };
  const logIn = () => post("password", { email: "ada@example.com", password: "any" });
  const [mine, others] = [await logIn(), await logIn()];
  assert.equal((await services.handIn("supabase", mine.refresh_token)).status, 200);
  /** @param {number} ms */
  const pass = async (ms) => {
    clock.advance(ms);
    await services.clockAhead(services.ahead + ms);
  };
  const refresh = (/** @type {string} */ token) => post("refresh_token", { refresh_token: token });
  return { supabase, services, pass, mine, others, refresh };
}

test("Supabase Auth: a logout ends this session there, and no other of its user", async (t) => {
  const { services, mine, others, refresh } = await atSupabase(t);
  await logOut(services, "supabase");
  assert.equal((await heard(services, "supabase")).outcome, "revoked");
  assert.equal((await refresh(mine.refresh_token)).error_code, "refresh_token_not_found");
  assert.ok((await refresh(others.refresh_token)).access_token);
});

test("Supabase Auth: a session whose access token is over is ended by the next one, once the project answers", async (t) => {
  const { supabase, services, pass, mine, refresh } = await atSupabase(t);
  supabase.faults.add({ kind: "html", status: 503, path: "/auth/v1/token", rate: 1 });
  await pass(61 * MINUTE);
  await until("its end", async () => !(await services.status("supabase")).valid);
  await logOut(services, "supabase");
  await until("the first try", () => services.log.some(({ event, outcome }) => event === "service_revoked" && outcome === "later"));
  supabase.faults.clear();
  await pass(MINUTE);
  assert.equal((await heard(services, "supabase")).outcome, "revoked");
  assert.ok(!(await refresh(mine.refresh_token)).access_token);
});

test("killed at whatever moment of a logout: what was answered holds, and the server hears of it in the end", async (t) => {
  const { app, way, services, pass, refuses } = await atServer(t);
  for (const ms of [0, 1, 2, 4, 6, 8, 12, 16, 24, 32]) {
    const token = way.given.at(-1)?.refresh_token;
    const end = services.ask("DELETE", "oidc/credential", undefined, OPERATOR_KEY).catch(() => undefined);
    // The moment is by chance, and what must hold does at each of them.
    await pause(ms);
    await services.restart();
    if ((await end)?.status === 204) assert.equal((await services.token("oidc")).status, 503, `${ms} ms`);
    // What was not answered is said again, and says nothing new where it had happened.
    await logOut(services, "oidc");
    await pass(31_000);
    await heard(services, "oidc");
    assert.ok(way.revoked.some((shown) => shown.token === token), `${ms} ms`);
    assert.ok(await refuses(token), `${ms} ms`);
    assert.equal((await services.handIn("oidc", (await app.logIn()).tokens.refresh_token)).status, 200, `${ms} ms`);
  }
  assert.deepEqual((await kept(services, "oidc")).filter((name) => name.startsWith("revoke")), []);
});

const LOGOUT = { upstox: "DELETE /v2/logout", kite: "DELETE /session/token" };
for (const broker of /** @type {const} */ (["upstox", "kite"])) {
  test(`${broker}: a code that was being exchanged at the logout leaves no token behind`, async (t) => {
    const on = await stack(t, broker);
    await on.accepted();
    await logOut(on.services, broker);
    await heard(on.services, broker);
    assert.equal(on.count(LOGOUT[broker]), 1);

    const path = ROUTES[broker].exchange.replace("POST ", "");
    on.standIn.faults.add({ kind: "slow", ms: 1_500, path });
    const [code, before] = [await on.code(), on.count(ROUTES[broker].exchange)];
    const handed = on.services.handIn(broker, code, { kind: "code" });
    await until("the exchange", () => on.count(ROUTES[broker].exchange) > before);
    await logOut(on.services, broker);
    const { status, json } = await handed;
    assert.deepEqual([status, json.verdict], [422, "lost"]);
    await until("what came too late to be ended", () => on.count(LOGOUT[broker]) === 2);
    await heard(on.services, broker);
    assert.equal((await on.services.token(broker)).json.reason, "needs_human");
  });
}

for (const broker of /** @type {const} */ (["upstox", "kite"])) {
  const profile = { upstox: "/api/upstox/v2/user/profile", kite: "/api/kite/user/profile" }[broker];
  const calls = async (/** @type {import("./support/stack.mjs").Stack} */ on) => (await send(on.services.origin + profile, { headers: { authorization: `Bearer ${KEY}` } })).status;

  test(`${broker}: what a login into another account brought is ended there, and its person is told before the provider answers`, async (t) => {
    const on = await stack(t, broker);
    await on.accepted();
    // At Kite the exchange has the same path.
    on.standIn.faults.add({ kind: "slow", ms: 1_500, path: LOGOUT[broker].replace("DELETE ", ""), times: 2 });
    const { status, json } = await on.services.handIn(broker, await on.code("mallory"), { kind: "code" });
    assert.deepEqual([status, json.verdict], [422, "foreign"]);
    assert.equal((await on.services.status(broker)).revocations.waiting, 1);
    assert.equal((await heard(on.services, broker)).outcome, "revoked");
    on.standIn.faults.clear();
    assert.equal(on.count(LOGOUT[broker]), 1);
    assert.equal(await calls(on), 200, "ours lives");
    assert.deepEqual((await kept(on.services, broker)).filter((name) => /revoke|hand/.test(name)), []);
    // One that was pasted is somebody's: it is not ours to end.
    const pasted = await on.services.handIn(broker, await on.token("mallory"), { kind: "token" });
    assert.deepEqual([pasted.status, pasted.json.verdict, (await on.services.status(broker)).revocations.waiting], [422, "foreign", 0]);
    assert.equal(on.count(LOGOUT[broker]), 1);
  });

  test(`${broker}: another account that the same app may have here is left as it is`, async (t) => {
    const variables = { SERVICE_SECOND: { provider: broker, client_id: "everlit-demo", account: personOf("mallory").id }, SECRET_SECOND_CLIENT_SECRET: "s3cr3t" };
    const on = await stack(t, broker, { variables });
    await on.accepted();
    const { status, json } = await on.services.handIn(broker, await on.code("mallory"), { kind: "code" });
    assert.deepEqual([status, json.verdict], [422, "foreign"]);
    assert.deepEqual([(await on.services.status(broker)).revocations, on.count(LOGOUT[broker])], [{ waiting: 0, last: null }, 0]);
    assert.equal(await calls(on), 200);
  });
}

test("Upstox: what its owner approves after the logout is ended, and brings nothing back", async (t) => {
  const on = await stack(t, "upstox");
  const { json } = await on.services.ask("GET", "upstox/status", undefined, OPERATOR_KEY);
  await on.standIn.act("configure", { notifierUrl: on.services.origin + json.notify_path });
  await on.until("its owner to be asked", ({ push_until }) => push_until);
  await logOut(on.services, "upstox");
  const { answers } = await on.standIn.act("approve", { times: 2 });
  assert.deepEqual(answers.map((/** @type {any} */ { status }) => status), [200, 200]);
  await until("the token to be ended", () => on.count(LOGOUT.upstox) === 1);
  assert.equal((await heard(on.services, "upstox")).outcome, "revoked");
  assert.deepEqual([on.count(ROUTES.upstox.validate), (await on.services.token("upstox")).status], [0, 503]);

  // Somebody else, who knows the place, says the same: nothing is open any more.
  const message = { client_id: "everlit-demo", user_id: personOf("ada").id, access_token: "forged-token-0123456789", token_type: "Bearer", message_type: "access_token" };
  const times = { issued_at: String(on.clock.now()), expires_at: String(on.clock.now() + 60 * MINUTE) };
  const body = JSON.stringify({ ...message, ...times });
  assert.equal((await send(on.services.origin + json.notify_path, { method: "POST", headers: { "content-type": "application/json" }, body })).status, 200);
  await on.pass(MINUTE);
  await on.services.status("upstox");
  assert.equal(on.count(LOGOUT.upstox), 1);
});

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers() {
  /** @type {(value: unknown) => void} */ let resolve = () => {};
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
