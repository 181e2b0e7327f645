/** Users of an app, and operators among them, at the operator's account with a broker: what they may, and how a person renews it in the middle of work. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Browser as Visitor } from "../servers/support/browser.mjs";
import { send } from "../worker/support/browser.mjs";
import { SESSION_COOKIE } from "../worker/support/stack.mjs";
import { until } from "../worker/support/until.mjs";
import { desk } from "./support/people.mjs";
import { receiver } from "./support/receiver.mjs";
import { KEY, OPERATOR_KEY } from "./support/services.mjs";
import { HOUR, MINUTE, ROUTES, india, stack } from "./support/stack.mjs";

/** @typedef {import("./support/people.mjs").Desk} Desk */
/** @typedef {import("./support/people.mjs").Person} Person */

const HOLDINGS = "/api/breeze/breezeapi/api/v1/dematholdings";
const QUOTES = "/api/breeze/breezeapi/api/v1/quotes";
const FUNDS = "/api/breeze/breezeapi/api/v1/funds";
const ORDER = { method: "POST", json: { transaction_type: "debit", amount: "200", segment: "FNO" } };
const PROFILE = "/api/upstox/v2/user/profile";

/** What a refusal is: its status and code. @param {{ status: number, json?: any, text: string }} answer */
const refusal = ({ status, json, text }) => [status, json?.code ?? text];
/** What a page says: its status and title. @param {{ status: number, text: string }} answer */
const said = ({ status, text }) => [status, /<h1>([^<]*)<\/h1>/.exec(text)?.[1]];

/** No browser was ever told one of these. @param {{ seen: { text: string, headers: object }[] }[]} browsers @param {string[]} secrets */
function unseen(browsers, secrets) {
  for (const { seen } of browsers) {
    for (const { text, headers } of seen) {
      for (const secret of secrets) assert.ok(!`${text}${JSON.stringify(headers)}`.includes(secret), "a token was shown to a browser");
    }
  }
}

test("the broker's day ends in the middle of work: everybody is told what they can do, an operator logs in, and the same calls go on", async (t) => {
  const on = await desk(t, "breeze");
  const [ada, bob] = [await on.person("ada"), await on.person("bob")];
  const token = await on.accepted();
  for (const user of [ada, bob]) {
    const read = await user.call(HOLDINGS);
    assert.deepEqual([read.status, read.json.Success[0].stock_code], [200, "ITC"], read.text);
    assert.match(`${read.headers.vary}`, /cookie/);
    assert.equal(read.headers["cache-control"], "no-store");
  }
  const { json: session } = await ada.call("/auth/session");
  const listed = session.upstreams.find((/** @type {any} */ { name }) => name === "breeze");
  assert.deepEqual([listed.origin, listed.vault, listed.mode], [on.standIn.origin, "service:breeze", "bff"]);

  await on.go(india("00:05", 1));
  const before = { order: on.count("POST /breezeapi/api/v1/funds"), read: on.count("GET /breezeapi/api/v1/dematholdings") };
  for (const [path, how] of /** @type {[string, object][]} */ ([[HOLDINGS, {}], [FUNDS, ORDER]])) {
    const told = await ada.call(path, how);
    assert.deepEqual([told.status, told.headers["everlit-code"], told.headers["everlit-vault"], told.headers["cache-control"]], [409, "reauth_required", "service:breeze", "no-store"], told.text);
    assert.match(`${told.headers["content-type"]}`, /^application\/problem\+json/);
    const { since, server_time, ...rest } = told.json;
    assert.ok(since >= india("00:00", 1) && since <= server_time && Math.abs(server_time - on.clock.now()) < MINUTE, `${since} ${server_time}`);
    assert.deepEqual(rest, {
      type: "urn:everlit:problem:reauth_required", title: "A person has to renew the access to the provider.", status: 409, code: "reauth_required",
      vault: "service:breeze", provider: "breeze", provider_title: "ICICI Direct Breeze", how: ["popup", "paste"], login_url: "/service/breeze/login", who: "you",
      login_from: null, deadline: null, reason: "needs_human", detail: "ICICI Direct Breeze needs you to log in. Your work goes on after that.",
    });
  }
  const other = (await bob.call(HOLDINGS)).json;
  assert.deepEqual([other.code, other.who, other.how, other.login_url, typeof other.since], ["reauth_required", "operator", [], undefined, "number"]);
  assert.deepEqual({ order: on.count("POST /breezeapi/api/v1/funds"), read: on.count("GET /breezeapi/api/v1/dematholdings") }, before, "refused before anything was done");

  const shown = (await ada.call("/service/breeze/status")).json;
  assert.deepEqual(
    [shown.status, shown.valid, shown.how, shown.login_url, shown.who, shown.vault, shown.warn_at, shown.title, typeof shown.callers],
    ["needs_human", false, ["popup", "paste"], "/service/breeze/login", "you", "service:breeze", [1_800], "ICICI Direct Breeze", "object"],
  );
  const less = (await bob.call("/service/breeze/status")).json;
  assert.deepEqual([less.status, less.how, less.login_url, less.who, less.callers, less.configuration], ["needs_human", [], null, "operator", undefined, undefined]);
  assert.deepEqual(less.need, { since: other.since, reason: "lapsed" });
  assert.deepEqual([less.automatic, shown.automatic.reason], [{ possible: false }, "not_offered"], "whether it is renewed, and why not to whom it concerns");
  assert.deepEqual((await bob.call("/service")).json.services.map((/** @type {any} */ { name, status }) => [name, status]), [["breeze", "needs_human"]]);

  for (const [credential, verdict] of [[` "${token}" `, "over"], ["99999999", "refused"], [await on.token("mallory"), "foreign"], ["not a token", "malformed"]]) {
    const answer = await ada.call("/service/breeze/credential", { method: "PUT", json: { credential } });
    assert.deepEqual([answer.status, answer.json.code], [422, "credential_refused"], `${verdict}: ${answer.text}`);
    assert.ok(answer.json.detail.endsWith("."), answer.json.detail);
  }
  assert.equal((await ada.call(HOLDINGS)).status, 409, "what was wrong has changed nothing");

  const done = await ada.logInThere();
  assert.deepEqual(said(done), [200, "Connected"], done.text);
  assert.match(done.text, /<script data-vault="service:breeze" data-kind="answered" data-says="">/);
  assert.match(`${done.headers["content-security-policy"]}`, /script-src 'sha256-[\w+/=]+';/);
  for (const user of [ada, bob]) assert.equal((await user.call(HOLDINGS)).status, 200);
  const order = await ada.call(FUNDS, ORDER);
  assert.equal(order.status, 200, order.text);
  assert.equal(on.count("POST /breezeapi/api/v1/funds"), before.order + 1, "exactly once");
  const lives = (await bob.call("/service/breeze/status")).json;
  assert.deepEqual([lives.status, lives.valid], ["active", true]);
  const { json: given } = await on.ask("POST", "/service/breeze/token");
  unseen([ada, bob], [token, given.access_token]);
});

test("whoever pastes a token into the app has it judged, and it serves everybody", async (t) => {
  const on = await desk(t, "breeze");
  const [ada, bob] = [await on.person("ada"), await on.person("bob")];
  assert.equal((await bob.call(HOLDINGS)).status, 409);
  const handed = await ada.call("/service/breeze/credential", { method: "PUT", json: { credential: (await on.address()).href } });
  assert.deepEqual([handed.status, handed.json.verdict], [200, "accepted"], handed.text);
  assert.equal((await bob.call(HOLDINGS)).status, 200);
});

test("a login that fails at the broker tells the tabs why, and one that nobody began tells them nothing", async (t) => {
  const on = await desk(t, "breeze", { more: { account: "AB123456" } });
  const ada = await on.person("ada");
  const foreign = await ada.logInThere("mallory");
  assert.deepEqual(said(foreign), [400, "Not connected"], foreign.text);
  assert.match(foreign.text, /data-kind="refused" data-says="It belongs to another account\. [^"]+">/);
  const nobodys = await ada.navigate("/service/breeze/callback?apisession=12345678", { site: "cross-site" });
  assert.deepEqual(said(nobodys), [400, "This login is no longer valid"]);
  assert.doesNotMatch(nobodys.text, /BroadcastChannel|data-vault/);
  // The one script that it has takes what was sent out of the address bar, and does nothing else.
  const scripts = [...nobodys.text.matchAll(/<script[^>]*>([^]*?)<\/script>/g)].map(([, script]) => script);
  assert.deepEqual(scripts, ["if(location.pathname.includes('/callback'))history.replaceState(null,'',location.pathname)"]);
});

test("nobody gets further than they may: strangers, other sites, who is no user, who is no operator", async (t) => {
  const on = await desk(t, "breeze", { more: { users: { claim: "sub", values: ["bob"] } } });
  const token = await on.accepted();
  const [ada, bob, carol] = [await on.person("ada"), await on.person("bob"), await on.person("carol")];
  const asked = /** @type {[string, string, object?][]} */ ([
    ["GET", HOLDINGS], ["POST", FUNDS, ORDER.json], ["GET", "/service/breeze/status"], ["POST", "/service/breeze/refresh", {}],
    ["PUT", "/service/breeze/credential", { credential: token }], ["POST", "/service/breeze/fallback", {}],
  ]);
  const before = on.standIn.counters();

  // No session, one that nobody made, and one that is over.
  const gone = await on.person("ada");
  assert.equal((await gone.call("/auth/logout", { method: "POST", json: { v: 1 } })).status, 200);
  for (const [method, path, json] of asked) {
    assert.equal((await on.ask(method, path, { key: null, body: json })).status, 401, path);
    const lost = await gone.call(path, { method, json });
    assert.deepEqual([lost.status, lost.headers["everlit-code"] ?? lost.json.code], [401, "logged_out"], path);
    const forged = await gone.call(path, { method, json, headers: { cookie: `${SESSION_COOKIE}=${"A".repeat(43)}.${"B".repeat(43)}` } });
    assert.equal(forged.status, 401, path);
  }
  // A page of another site, of a sibling, and one that does not say what it is.
  for (const headers of [{ "sec-fetch-site": "cross-site" }, { "sec-fetch-site": "same-site" }, { "sec-fetch-site": "none" }, { "everlit-version": undefined }]) {
    for (const [method, path, json] of asked) {
      assert.deepEqual(refusal(await ada.call(path, { method, json, headers })), [403, "cross_site"], `${path} ${JSON.stringify(headers)}`);
    }
  }
  // Somebody with a session who is neither; a service that there is not is no other.
  for (const [method, path, json] of asked) {
    assert.deepEqual(refusal(await carol.call(path, { method, json })), [403, "forbidden"], path);
    if (path.startsWith("/service/")) assert.deepEqual(refusal(await ada.call(path.replace("breeze", "nobodys"), { method, json })), [403, "forbidden"], path);
  }
  assert.equal((await carol.call(HOLDINGS)).headers["everlit-code"], "forbidden");
  assert.deepEqual((await carol.call("/service")).json.services, []);
  // A user, but no operator.
  assert.equal((await bob.call("/service/breeze/status")).status, 200);
  for (const [method, path, json] of asked.slice(3, 5)) assert.deepEqual(refusal(await bob.call(path, { method, json })), [403, "forbidden"], path);
  // Nobody with a session is handed a token, or ends it.
  for (const [method, path] of [["POST", "/service/breeze/token"], ["POST", "/service/breeze/login"], ["DELETE", "/service/breeze/credential"], ["GET", "/service/breeze/other"]]) {
    const answer = await ada.call(path ?? "", { method, json: method === "GET" ? undefined : {} });
    assert.ok([404, 405].includes(answer.status), `${method} ${path}: ${answer.status}`);
  }
  assert.equal((await ada.call("/service/breeze/token", { method: "POST", json: {} })).status, 404);
  assert.deepEqual(on.standIn.counters(), before, "nothing of it has reached the broker");

  // A login is begun from a page of the app, by an operator.
  for (const [who, site, expected] of /** @type {const} */ ([[ada, "cross-site", 401], [ada, "same-site", 403], [ada, "none", 403], [bob, "same-origin", 403], [carol, "same-origin", 403]])) {
    const answer = await who.navigate("/service/breeze/login", { site });
    assert.deepEqual([answer.status, answer.headers.location], [expected, undefined], `${site}: ${answer.text}`);
    assert.equal(who.cookie("__Host-Http-everlit-service"), undefined);
  }
  const scripted = await ada.call("/service/breeze/login");
  assert.deepEqual(refusal(scripted), [403, "cross_site"], "a script cannot begin one unseen");
  const begun = await ada.navigate("/service/breeze/login", { site: "same-origin" });
  assert.deepEqual([begun.status, new URL(begun.headers.location ?? "").origin], [303, on.standIn.origin]);
  assert.match((begun.headers["set-cookie"] ?? [])[0] ?? "", /^__Host-Http-everlit-service=[^;]+; .*HttpOnly; SameSite=Lax$/);
  unseen([ada, bob, carol], [token]);
});

test("what somebody else says of whose call it is, is not heard by either Worker", async (t) => {
  const on = await desk(t, "breeze");
  await on.accepted();
  const [bob, key] = [await on.person("bob"), { authorization: `Bearer ${KEY}` }];
  const forged = { "everlit-user": Buffer.from(JSON.stringify({ v: 1, provider: "demo", sub: "ada" })).toString("base64url") };
  for (const path of ["/service/breeze/status", "/service", HOLDINGS]) {
    assert.equal((await on.ask("GET", path, { key: null, headers: forged })).status, 401, path);
    // With a key it is as if it had not been said.
    assert.equal((await on.ask("GET", path, { headers: forged })).status, 200, path);
  }
  const told = (await bob.call("/service/breeze/status", { headers: forged })).json;
  assert.deepEqual([told.who, told.callers], ["operator", undefined], "a session says who it is, and nothing else does");
  assert.deepEqual(refusal(await bob.call("/service/breeze/refresh", { method: "POST", json: {}, headers: forged })), [403, "forbidden"]);
  assert.ok(!on.standIn.counters()["everlit-user"]);

  // The services Worker itself, were it ever to be reached: at its public side it is refused, with a key as well.
  const { services } = await stack(t, "breeze", { more: { users: "all", operators: { claim: "sub", values: ["ada"] } } });
  for (const path of ["/service/breeze/status", "/service", HOLDINGS, "/service/breeze/login", "/service/breeze/callback"]) {
    for (const headers of [forged, { ...forged, ...key }]) {
      const answer = await send(services.origin + path, { headers });
      assert.deepEqual(refusal(answer), [400, "bad_request"], path);
    }
  }
});

test("a program with a key calls as it ever did where an upstream has the service's name", async (t) => {
  const on = await desk(t, "breeze", { upstream: { methods: ["GET"], path: "/breezeapi/api/v1" } });
  await on.accepted();
  const ada = await on.person("ada");
  // To a user the upstream is a part of the API, and some of its methods; a program has all of it.
  assert.equal((await ada.call("/api/breeze/dematholdings")).status, 200);
  assert.equal((await ada.call(FUNDS, ORDER)).status, 405);
  assert.equal((await on.ask("GET", HOLDINGS)).status, 200);
  assert.equal((await on.ask("POST", FUNDS, { body: ORDER.json })).status, 200);
  const stranger = await on.ask("GET", HOLDINGS, { key: "x".repeat(40) });
  assert.deepEqual([stranger.status, stranger.json.code, stranger.json.Error], [401, "unauthorized", "Invalid session."]);
  const cookie = `${SESSION_COOKIE}=${ada.cookie(SESSION_COOKIE)}`;
  for (const path of [HOLDINGS, "/service/breeze/status", "/service/breeze/token"]) {
    const both = await on.ask(path.endsWith("token") ? "POST" : "GET", path, { headers: { cookie } });
    assert.deepEqual(refusal(both), [400, "bad_request"], path);
  }
  await on.go(india("00:05", 1));
  const none = await on.ask("GET", HOLDINGS);
  assert.deepEqual([none.status, none.json.code, none.json.reason], [503, "no_token", "needs_human"]);
  // And an operator's ticket is good in a browser with a session, too.
  const { json } = await on.ask("POST", "/service/breeze/login", { key: OPERATOR_KEY });
  assert.equal((await ada.navigate(json.login_url)).status, 303);
});

test("a read that no fetch can send as a GET passes as what it means, and means nothing to another broker", async (t) => {
  const on = await desk(t, "breeze", { upstream: { methods: ["GET"] } });
  await on.accepted();
  const bob = await on.person("bob");
  const meant = { method: "POST", json: { stock_code: "ITC" }, headers: { "x-http-method-override": "GET" } };
  const quote = await bob.call(QUOTES, meant);
  assert.deepEqual([quote.status, quote.json.Success[0].stock_code], [200, "ITC"], quote.text);
  for (const over of ["DELETE", "POST", "get", undefined]) {
    assert.equal((await bob.call(FUNDS, { ...ORDER, headers: { "x-http-method-override": over } })).status, 405, `${over}`);
  }
  assert.equal(on.count("POST /breezeapi/api/v1/funds"), 0);

  const upstox = await desk(t, "upstox", { upstream: { methods: ["GET"] } });
  await upstox.accepted();
  const eve = await upstox.person("eve");
  const before = upstox.standIn.counters();
  const slipped = await eve.call(PROFILE, { ...meant, headers: { ...meant.headers } });
  assert.deepEqual(refusal(slipped), [405, "method_not_allowed"], slipped.text);
  assert.deepEqual(upstox.standIn.counters(), before);
});

test("an operator has the telephone asked, somebody says yes, and calls go on", async (t) => {
  const on = await desk(t, "upstox");
  const [ada, bob] = [await on.person("ada"), await on.person("bob")];
  await on.accepted();
  const { json } = await on.ask("GET", "/service/upstox/status", { key: OPERATOR_KEY });
  await on.standIn.act("configure", { notifierUrl: on.app + json.notify_path });
  await on.go(india("03:35", 1));
  const told = await ada.call(PROFILE);
  assert.deepEqual([told.status, told.json.how, told.json.who], [409, ["approval", "popup", "paste"], "you"], told.text);
  await on.until("the owner to be asked", ({ push_until }) => push_until);
  // Nobody has answered, for more than a minute: it may be asked again.
  await on.pass(2 * MINUTE);
  const asked = on.count("POST /v3/login/auth/token/request/{client_id}");
  const again = await ada.call("/service/upstox/refresh", { method: "POST", json: {} });
  assert.deepEqual([again.status, again.json.status, again.json.who, again.json.access_token], [200, "needs_human", "you", undefined], again.text);
  await until("the telephone to be asked again", async () => on.count("POST /v3/login/auth/token/request/{client_id}") > asked);
  const status = await until("the status to say until when", async () => {
    const now = (await bob.call("/service/upstox/status")).json;
    return now.push_until && now;
  });
  assert.ok(status.push_until > on.clock.now());
  assert.equal((await bob.call(PROFILE)).json.deadline, status.push_until);
  await on.standIn.act("approve", {});
  await on.until("the approved token", ({ valid }) => valid);
  for (const user of [ada, bob]) assert.equal((await user.call(PROFILE)).status, 200);
});

test("a token that the broker ends before its time is answered as one that is over, and a program hears the broker itself", async (t) => {
  const on = await desk(t, "upstox");
  const ada = await on.person("ada");
  for (const who of ["user", "program"]) {
    await on.accepted();
    assert.equal((await ada.call(PROFILE)).status, 200);
    await on.standIn.act("endTokens", {});
    const over = who === "user" ? await ada.call(PROFILE) : await on.ask("GET", PROFILE);
    assert.deepEqual([over.status, over.headers["everlit-code"]], who === "user" ? [409, "reauth_required"] : [401, undefined], over.text);
  }
  assert.deepEqual(said(await ada.logInThere()), [200, "Connected"]);
  assert.equal((await ada.call(PROFILE)).status, 200);
});

test("each user has a rate of their own, and no program pays for them", async (t) => {
  const on = await desk(t, "breeze", { more: { call_rate: "3/1m" } });
  await on.accepted();
  const [ada, bob] = [await on.person("ada"), await on.person("bob")];
  for (let call = 0; call < 3; call += 1) assert.equal((await bob.call(HOLDINGS)).status, 200);
  const limited = await bob.call(HOLDINGS);
  assert.deepEqual([limited.status, limited.json.code, limited.headers["everlit-code"]], [429, "throttled", "throttled"], limited.text);
  assert.ok(Number(limited.headers["retry-after"]) >= 1 && limited.json.retry_after > 0);
  assert.equal((await (await on.person("bob")).call(HOLDINGS)).status, 429, "another session is the same person");
  assert.equal((await ada.call(HOLDINGS)).status, 200);
  assert.equal((await on.ask("GET", HOLDINGS)).status, 200);
  await on.pass(MINUTE);
  assert.equal((await bob.call(HOLDINGS)).status, 200);
  const { callers } = await on.status();
  const users = callers.find((/** @type {any} */ { name }) => name === "users of the app");
  assert.equal(users.calls, 5, JSON.stringify(callers));
  assert.ok(!JSON.stringify(callers).includes("bob"));
});

test("that the app lives on another source is told once, whoever says so, until there is a token again", async (t) => {
  const { url, posts } = await receiver(t);
  const on = await desk(t, "breeze", { variables: { ALERT_OPS: { format: "chat", kinds: ["on_fallback"] }, SECRET_ALERT_OPS_URL: url } });
  const [ada, bob] = [await on.person("ada"), await on.person("bob")];
  await on.accepted();
  await on.go(india("00:05", 1));
  for (const user of [bob, ada, bob]) assert.equal((await user.call("/service/breeze/fallback", { method: "POST", json: {} })).status, 204);
  await until("the alert", async () => posts.length > 0);
  await ada.logInThere();
  await on.pass(HOUR);
  assert.equal((await bob.call(HOLDINGS)).status, 200);
  assert.equal(posts.length, 1, JSON.stringify(posts));
  assert.match(JSON.stringify(posts), /the app lives on other data/);
  await on.go(india("00:05", 2));
  assert.equal((await bob.call("/service/breeze/fallback", { method: "POST", json: {} })).status, 204);
  await until("the next day's alert", async () => posts.length === 2);
});

test("an address makes an operator only where the authorization server says that it is the user's own", async (t) => {
  const on = await desk(t, "breeze", { more: { operators: { claim: "email", values: ["ada@example.com"] } } });
  const [ada, other] = [await on.person("ada@example.com"), await on.person("ada")];
  assert.equal((await ada.call("/auth/session")).json.user.email, (await other.call("/auth/session")).json.user.email);
  assert.equal((await ada.call("/service/breeze/status")).json.who, "you");
  assert.equal((await other.call("/service/breeze/status")).json.who, "operator");
  assert.deepEqual(refusal(await other.call("/service/breeze/refresh", { method: "POST", json: {} })), [403, "forbidden"]);
});

test("a page that was opened for another login does not call in the name of this one", async (t) => {
  const on = await desk(t, "breeze");
  await on.accepted();
  const ada = await on.person("ada");
  const { epoch } = (await ada.call("/auth/session")).json;
  assert.equal((await ada.call(HOLDINGS, { headers: { "everlit-epoch": String(epoch) } })).status, 200);
  for (const path of [HOLDINGS, "/service/breeze/status"]) {
    assert.deepEqual(refusal(await ada.call(path, { headers: { "everlit-epoch": String(epoch - 1) } })), [401, "logged_out"], path);
  }
});

const NOTHING = "Resource not available.";

test("what Breeze says of a session that is over, and of others, is asked again once for a read, and never handed on as an answer before it is known", async (t) => {
  const on = await desk(t, "breeze");
  const bob = await on.person("bob");
  await on.accepted();
  const says = (/** @type {string} */ path, times = 1) => on.standIn.faults.add({ kind: "refusal", name: NOTHING, path, times });
  const [read, order] = ["GET /breezeapi/api/v1/dematholdings", "POST /breezeapi/api/v1/funds"];
  const since = (/** @type {string} */ route, /** @type {number} */ before) => on.count(route) - before;
  /** The services Worker has asked of the token itself, and may ask again. */
  const settled = async () => {
    const asked = on.count(ROUTES.breeze.validate);
    await on.pass(2 * MINUTE);
    await on.until("the question", ({ attempt }) => on.count(ROUTES.breeze.validate) > asked && attempt === null);
    await on.pass(2 * MINUTE);
  };

  let before = on.count(read);
  says("/breezeapi/api/v1/dematholdings");
  const again = await bob.call(HOLDINGS);
  assert.deepEqual([again.status, again.json.Success?.[0].stock_code, since(read, before)], [200, "ITC", 2], again.text);

  // An order may have been carried out, whatever this means: what the broker said is all that anybody knows.
  await settled();
  before = on.count(order);
  says("/breezeapi/api/v1/funds");
  const ordered = await bob.call(FUNDS, ORDER);
  assert.deepEqual([ordered.status, ordered.json.Error, since(order, before)], [200, NOTHING, 1], ordered.text);

  // Of a token that lives it was said of this address alone: that is the answer.
  await on.until("the order's question", ({ attempt }) => attempt === null);
  await on.pass(2 * MINUTE);
  before = on.count(read);
  says("/breezeapi/api/v1/dematholdings", 2);
  const here = await bob.call(HOLDINGS);
  assert.deepEqual([here.status, here.json.Error, since(read, before)], [200, NOTHING, 2], here.text);
  assert.equal((await on.status()).valid, true);

  // A moment before the planned end the broker's day is over.
  await on.go(india("23:59"));
  await on.standIn.act("endSessions", {});
  before = on.count(read);
  const unknown = await bob.call(HOLDINGS);
  assert.deepEqual(
    [unknown.status, unknown.json.code, unknown.json.reason, unknown.headers["everlit-code"], since(read, before)],
    [503, "temporarily_unavailable", "unavailable", "temporarily_unavailable", 2], unknown.text,
  );
  assert.ok(Number(unknown.headers["retry-after"]) >= 1 && Number(unknown.headers["retry-after"]) <= 60, `${unknown.headers["retry-after"]}`);
  // A program knows its broker's words.
  before = on.count(read);
  const program = await on.ask("GET", HOLDINGS);
  assert.deepEqual([program.status, program.json.Error, since(read, before)], [200, NOTHING, 2], program.text);
  await on.go(india("00:00", 1) + 1_000);
  const over = await bob.call(HOLDINGS);
  assert.deepEqual([over.status, over.json.code], [409, "reauth_required"], over.text);
});

test("what Breeze has just said of the token itself answers the next such read too, and never lets one be taken for good that it has ended", async (t) => {
  const on = await desk(t, "breeze");
  const bob = await on.person("bob");
  await on.accepted();
  await on.pass(2 * MINUTE);
  const asked = on.count(ROUTES.breeze.validate);
  for (const [at, read] of ["the first", "a second", "a third"].entries()) {
    on.standIn.faults.add({ kind: "refusal", name: NOTHING, path: "/breezeapi/api/v1/dematholdings", times: 2 });
    const answer = await bob.call(HOLDINGS);
    assert.deepEqual([answer.status, answer.json.Error], [200, NOTHING], `${read}: ${answer.text}`);
    assert.equal(on.count(ROUTES.breeze.validate), asked + 1, "it is asked once a minute");
    await on.pass(at * 10_000);
  }
  // Within the minute its day ends: nobody can know of it before it is asked again, and then it is known.
  await on.standIn.act("endSessions", {});
  await on.pass(MINUTE);
  await on.until("the question", ({ attempt }) => on.count(ROUTES.breeze.validate) > asked + 1 && attempt === null);
  assert.deepEqual(refusal(await bob.call(HOLDINGS)), [503, "temporarily_unavailable"]);
  await on.pass(2 * MINUTE);
  await on.until("the second", ({ valid }) => !valid);
  assert.deepEqual(refusal(await bob.call(HOLDINGS)), [409, "reauth_required"]);
});

test("a read that is refused ambiguously is answered as one without a token once the provider has said so twice of the token itself", async (t) => {
  const on = await desk(t, "breeze");
  const bob = await on.person("bob");
  await on.accepted();
  await on.pass(2 * MINUTE);
  await on.standIn.act("endSessions", {});
  assert.deepEqual(refusal(await bob.call(HOLDINGS)), [503, "temporarily_unavailable"]);
  await on.until("the first answer", ({ trouble }) => trouble === "ambiguous");
  await on.pass(2 * MINUTE);
  await on.until("the second", ({ valid }) => !valid);
  assert.deepEqual(refusal(await bob.call(HOLDINGS)), [409, "reauth_required"]);
});

test("a page of an app on a sibling host that is named asks what one of ours may, and reads all of the answer", async (t) => {
  const [APP, OTHER] = ["http://localhost:5173", "http://localhost:5174"];
  const on = await desk(t, "breeze", { edge: { APP_ORIGINS: [APP] }, upstream: { methods: ["GET"] } });
  const ada = await on.person("ada");
  const from = (/** @type {string} */ origin) => ({ origin, "sec-fetch-site": "same-site" });
  const exposed = (/** @type {import("node:http").IncomingHttpHeaders} */ headers) => `${headers["access-control-expose-headers"]}`.split(",");
  const granted = (/** @type {import("node:http").IncomingHttpHeaders} */ headers) => Object.keys(headers).filter((name) => name.startsWith("access-control-"));

  const told = await ada.call(HOLDINGS, { headers: from(APP) });
  assert.deepEqual([told.status, told.json.code, told.headers["access-control-allow-origin"], told.headers["access-control-allow-credentials"]], [409, "reauth_required", APP, "true"], told.text);
  for (const name of ["everlit-code", "everlit-vault", "content-type", "date"]) assert.ok(exposed(told.headers).includes(name), `${name} of ${exposed(told.headers)}`);
  assert.match(`${told.headers.vary}`, /\borigin\b/i);
  /** @type {[string, string, object | undefined, number][]} */
  const asked = [
    ["GET", "/service", undefined, 200], ["GET", "/service/breeze/status", undefined, 200], ["POST", "/service/breeze/fallback", {}, 204],
    ["POST", "/service/breeze/refresh", {}, 200], ["PUT", "/service/breeze/credential", { credential: "nothing" }, 422], ["PUT", "/service/breeze/credential", { credential: (await on.address()).href }, 200],
    ["GET", HOLDINGS, undefined, 200],
  ];
  for (const [method, path, json, status] of asked) {
    const where = `${method} ${path}`;
    const answer = await ada.call(path, { method, json, headers: from(APP) });
    assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"], answer.headers["access-control-allow-credentials"]], [status, APP, "true"], `${where}: ${answer.text}`);
    assert.equal(answer.headers["cross-origin-resource-policy"], "same-site", where);
    for (const origin of [OTHER, "http://localhost:51733", "null", "http://evil.example"]) {
      const other = await ada.call(path, { method, json, headers: from(origin) });
      assert.deepEqual([...refusal(other), granted(other.headers)], [403, "cross_site", []], `${where} ${origin}`);
    }
    const bare = await ada.call(path, { method, json, headers: { ...from(APP), "everlit-version": undefined } });
    assert.deepEqual(refusal(bare), [403, "cross_site"], where);
  }

  /** @param {string} path @param {string} method @param {string} headers @param {string} [origin] */
  const leave = async (path, method, headers, origin = APP) => {
    const answer = await send(`${on.app}${path}`, { method: "OPTIONS", headers: { ...from(origin), "sec-fetch-mode": "cors", "access-control-request-method": method, "access-control-request-headers": headers } });
    return [answer.status, answer.headers["access-control-allow-origin"], answer.headers["access-control-allow-headers"]];
  };
  const wished = "authorization,content-type,cookie,everlit-epoch,everlit-user,everlit-version,x-http-method-override";
  assert.deepEqual(await leave("/service/breeze/credential", "PUT", wished), [204, APP, "content-type,everlit-epoch,everlit-version"]);
  // What the broker has by GET with a body no fetch sends but so.
  assert.deepEqual(await leave(QUOTES, "POST", wished), [204, APP, "content-type,everlit-epoch,everlit-version,x-http-method-override"]);
  assert.deepEqual(await leave("/api/orders/1", "POST", wished), [204, APP, "content-type,everlit-epoch,everlit-version"]);
  for (const path of ["/service/breeze/credential", QUOTES]) {
    const [status, origin] = await leave(path, "PUT", wished, OTHER);
    assert.deepEqual([Number(status) >= 400, origin], [true, undefined], path);
  }
  const meant = { method: "POST", json: { stock_code: "ITC" }, headers: { ...from(APP), "x-http-method-override": "GET" } };
  assert.equal((await ada.call(QUOTES, meant)).status, 200);
  // The login is a navigation: a link on that page leads there as one on ours does, and one on a page of nobody's does not.
  const go = (/** @type {string} */ referer) => ada.navigate("/service/breeze/login", { site: "same-site", headers: { referer } });
  assert.equal((await go(`${APP}/desk`)).status, 303);
  assert.equal((await go(`${OTHER}/desk`)).status, 403);
});

describe("two people with one account", () => {
  const two = { more: { operators: { claim: "sub", values: ["ada", "eve"] } } };
  const paste = (/** @type {Person} */ who, /** @type {string} */ credential) => who.call("/service/breeze/credential", { method: "PUT", json: { credential } });

  test("both paste at once: each is told what became of theirs, and everybody's calls go on", async (t) => {
    const on = await desk(t, "breeze", two);
    const [ada, eve, bob] = [await on.person("ada"), await on.person("eve"), await on.person("bob")];
    const [first, second] = [(await on.address()).href, (await on.address()).href];
    const answers = await Promise.all([paste(ada, first), paste(eve, second)]);
    for (const answer of answers) assert.deepEqual([answer.status, answer.json.verdict], [200, "accepted"], answer.text);
    assert.notEqual(answers[0].json.generation, answers[1].json.generation, "one after the other");
    for (const user of [ada, eve, bob]) assert.equal((await user.call(HOLDINGS)).status, 200);
    // And both the same: what the other has brought is not refused to whoever brings it again.
    const same = (await on.address()).href;
    for (const answer of await Promise.all([paste(ada, same), paste(eve, same)])) assert.deepEqual([answer.status, answer.json.verdict], [200, "accepted"], answer.text);
    assert.equal((await bob.call(HOLDINGS)).status, 200);
  });

  test("one brings a good token while the other's is of another account: the good one stays, and the other is told why", async (t) => {
    const on = await desk(t, "breeze", two);
    const [ada, eve, bob] = [await on.person("ada"), await on.person("eve"), await on.person("bob")];
    const [good, foreign] = await Promise.all([paste(ada, (await on.address()).href), paste(eve, (await on.address("mallory")).href)]);
    assert.deepEqual([good.status, foreign.status, foreign.json.verdict], [200, 422, "foreign"], foreign.text);
    assert.match(foreign.json.detail, /another account/);
    const { epoch, generation } = await on.status();
    assert.deepEqual([epoch, generation], [good.json.epoch, good.json.generation]);
    assert.equal((await bob.call(HOLDINGS)).status, 200);
    // By the provider's own page it is no other.
    const page = await eve.logInThere("mallory");
    assert.deepEqual(said(page), [400, "Not connected"]);
    assert.match(page.text, /data-kind="refused" data-says="It belongs to another account\. [^"]+">/);
    assert.equal((await on.status()).generation, generation);
    assert.equal((await bob.call(HOLDINGS)).status, 200);
    unseen([ada, eve, bob], [(await on.ask("POST", "/service/breeze/token")).json.access_token]);
  });

  test("both go to the login at once: whose was begun last brings the token, and the other's page says that it is over", async (t) => {
    const on = await desk(t, "breeze", two);
    const [ada, eve, bob] = [await on.person("ada"), await on.person("eve"), await on.person("bob")];
    const begin = async (/** @type {Person} */ who) => {
      const answer = await who.navigate("/service/breeze/login", { site: "same-origin" });
      assert.equal(answer.status, 303);
      return (await new Visitor(on.standIn.origin).authorize(new URL(answer.headers.location ?? ""), "ada")).page.url;
    };
    const come = async (/** @type {Person} */ who, /** @type {URL | string} */ url) => {
      const answer = await who.navigate(url, { site: "cross-site" });
      return answer.headers.location ? who.navigate(answer.headers.location, { site: "cross-site" }) : answer;
    };
    const [first, second] = [await begin(ada), await begin(eve)];
    assert.deepEqual(said(await come(ada, first)), [400, "This login is no longer valid"]);
    assert.equal((await bob.call(HOLDINGS)).status, 409, "nothing has come of it");
    assert.deepEqual(said(await come(eve, second)), [200, "Connected"]);
    for (const user of [ada, eve, bob]) assert.equal((await user.call(HOLDINGS)).status, 200);
    // Nobody brings what was another's login.
    const [third] = [await begin(ada)];
    assert.deepEqual(said(await come(eve, third)), [400, "This login is no longer valid"]);
    assert.deepEqual(said(await come(ada, third)), [200, "Connected"]);
  });

  test("one logs in while the other's call is at the broker with a token that is over: it is made again with the new one", async (t) => {
    const on = await desk(t, "upstox", two);
    const [ada, eve] = [await on.person("ada"), await on.person("eve")];
    await on.accepted();
    await on.standIn.act("endTokens", {});
    on.standIn.faults.add({ kind: "slow", ms: 3_000, path: "/v2/user/profile" });
    const before = on.count("GET /v2/user/profile");
    const waiting = eve.call(PROFILE);
    await until("the call to be at the broker", async () => on.count("GET /v2/user/profile") > before);
    const answered = await ada.logInThere();
    assert.deepEqual(said(answered), [200, "Connected"]);
    const { status, text } = await waiting;
    assert.equal(status, 200, text);
    assert.ok(!on.log.some(({ event, outcome }) => event === "refused" && outcome === "reauth_required"), "no dialog for what another has mended");
    assert.equal((await eve.call("/service/upstox/status")).json.status, "active");
  });
});
