import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SessionError, isSessionError } from "everlit";
import { createTestSession } from "everlit/testing";

const ADA = { sub: "1", name: "Ada" };
/** A session under test, with what it told. */
async function opened(options) {
  const kit = await createTestSession({ user: ADA, ...options });
  const told = [];
  kit.session.addEventListener("statechange", ({ detail: { to, reason } }) => told.push(`${to} ${reason}`));
  return { kit, session: kit.session, told };
}
const codeOf = (promise) => promise.then(() => assert.fail("it was to fail"), (error) => error.code);

describe("a session under test", () => {
  test("calls its API by both addresses, and the API sees what was sent", async () => {
    const { kit, session } = await opened({ upstreams: ["orders"] });
    kit.respond("GET /list", [{ id: 7 }]);
    kit.respond("POST /list", async (request) => Response.json(await request.json(), { status: 201 }));
    assert.deepEqual(await (await session.fetch("/api/orders/list?page=2")).json(), [{ id: 7 }]);
    const made = await session.fetch("https://orders.example/list", { method: "POST", body: '{"id":8}' });
    assert.deepEqual([made.status, await made.json()], [201, { id: 8 }]);
    assert.deepEqual(kit.calls.map(({ method, url, body }) => [method, url, body]), [
      ["GET", "https://orders.example/list?page=2", ""],
      ["POST", "https://orders.example/list", '{"id":8}'],
    ]);
    const unanswered = await session.fetch("/api/orders/none");
    assert.equal(unanswered.status, 501);
    assert.match(await unanswered.text(), /respond\("GET \/none", answer\)/);
    kit.close();
  });

  test("takes the last answer that fits, statuses, and a function that leaves it to the others", async () => {
    const { kit, session } = await opened();
    kit.respond("/a/*", 404);
    kit.respond("/a/b", { b: true });
    const seen = [];
    kit.respond((request) => void seen.push(request.url));
    assert.equal((await session.fetch("/api/api/a/x")).status, 404);
    assert.deepEqual(await (await session.fetch("/api/api/a/b")).json(), { b: true });
    assert.equal(seen.length, 2);
    kit.close();
  });

  test("stays logged in over a working day, in no time, with one token after the other", async () => {
    const { kit, session } = await opened();
    const before = kit.now;
    for (let minutes = 0; minutes < 480; minutes += 5) {
      await kit.interact();
      await kit.advance("5m");
    }
    assert.equal(kit.now - before, 8 * 3_600_000);
    assert.equal(session.state, "active");
    assert.ok(session.token.generation > 90, `${session.token.generation}`);
    kit.close();
  });

  test("asks once when the computer wakes, and calls wait for that", async () => {
    const { kit, session, told } = await opened();
    kit.respond("/x", 204);
    await kit.sleep("3h");
    assert.deepEqual(told.slice(0, 2), ["resuming wake", "active refreshed"]);
    assert.equal((await session.fetch("/api/api/x")).status, 204);
    kit.close();
  });

  test("gets over a lost reply: what was asked is done, and the next answer brings it", async () => {
    const { kit, session, told } = await opened();
    kit.loseReply();
    assert.equal(await codeOf(session.refresh()), "ERR_SESSION_UNAVAILABLE");
    await kit.advance("1m");
    assert.equal(session.state, "active");
    assert.equal(session.token.generation, 2, "rotated once");
    assert.ok(told.includes("degraded unreachable"));
    kit.close();
  });

  test("leaves a Worker alone that asks for it", async () => {
    const { kit, session } = await opened();
    kit.throttle("2m");
    const error = await session.refresh().catch((caught) => caught);
    assert.ok(error instanceof SessionError && isSessionError(error), "the package's own error");
    const asked = kit.requests.length;
    await kit.advance("90s");
    assert.equal(kit.requests.length, asked);
    await kit.advance("2m");
    assert.equal(session.state, "active");
    kit.close();
  });

  test("asks again in its own time for what a caller waits for, while the Worker asks to be left alone", async () => {
    const { kit, session } = await opened({ upstreams: [{ name: "chat", mode: "mediating" }], devices: ["Firefox on Linux"] });
    const [began, real] = [kit.now, performance.now()];
    kit.throttle("10s");
    const token = session.getAccessToken("chat");
    const listed = session.sessions.list();
    await kit.advance("9s");
    assert.equal(await Promise.race([token, listed, "waiting"]), "waiting");
    await kit.advance("20s");
    assert.match(await token, /^everlit-test\./);
    assert.equal((await listed).length, 2);
    assert.ok(performance.now() - real < 5_000, "ten seconds of its clock are none of ours");
    const at = (path) => kit.requests.filter((request) => request.path === path).map(({ at }) => at - began);
    assert.deepEqual(at("/auth/sessions"), [0, 10_000], "at the very moment that the Worker named");
    kit.close();
  });

  test("is degraded while the Worker cannot help, and recovers", async () => {
    const { kit, session } = await opened();
    kit.unavailable();
    assert.equal(await codeOf(session.refresh()), "ERR_SESSION_UNAVAILABLE");
    await kit.advance("10m");
    assert.equal(session.state, "degraded");
    kit.recover();
    await kit.advance("1m");
    assert.equal(session.state, "active");
    kit.close();
  });

  test("cannot call while it is offline, is not logged out, and goes on afterwards", async () => {
    const { kit, session } = await opened();
    kit.respond("/x", 204);
    await kit.offline();
    assert.equal(await codeOf(session.fetch("/api/api/x")), "ERR_SESSION_NETWORK");
    await kit.endSession();
    assert.equal(session.state, "active", "nobody could tell it");
    await kit.online();
    assert.equal(session.state, "ended");
    kit.close();
  });

  test("takes time to answer when it is slow", async () => {
    const { kit, session } = await opened();
    kit.slow("2s");
    const refreshed = session.refresh();
    await kit.advance("1s");
    assert.equal(session.state, "refreshing");
    await kit.advance("1s");
    await refreshed;
    assert.equal(session.state, "active");
    kit.close();
  });

  test("sends a refused call again with a new token", async () => {
    const { kit, session } = await opened();
    kit.respond("/x", 204);
    kit.expireToken();
    assert.equal((await session.fetch("/api/api/x")).status, 204);
    assert.equal(session.token.generation, 2);
    assert.equal(kit.calls.length, 1, "the API saw it once");
    kit.close();
  });

  test("needs its user, who comes back as the same and goes on", async () => {
    const { kit, session } = await opened();
    const gone = [];
    session.addEventListener("loggedout", ({ detail }) => gone.push(detail.reason));
    await kit.needHuman();
    assert.equal(session.state, "reauth-required");
    assert.equal(await codeOf(session.fetch("/api/api/x")), "ERR_SESSION_REAUTH");
    await kit.loginAs(ADA);
    assert.deepEqual([session.state, gone], ["active", []]);
    await kit.needHuman({ silent: ["frame"] });
    assert.equal(session.state, "active", "logged in again without being asked");
    kit.close();
  });

  test("goes to the login, and comes back as somebody", async () => {
    const { kit, session } = await opened({ user: null });
    assert.equal(session.state, "logged-out");
    await session.login({ returnTo: "/orders" });
    assert.deepEqual([session.state, kit.navigations], ["logging-in", ["/auth/login?return_to=%2Forders"]]);
    await kit.loginAs({ sub: "2", name: "Grace" });
    assert.deepEqual([session.state, session.user.name], ["active", "Grace"]);
    kit.close();
  });

  test("hears of a logout elsewhere, and of a limit", async () => {
    const { kit, session } = await opened({ idleLimit: "30m" });
    await kit.logoutElsewhere();
    assert.equal(session.state, "logged-out");
    await kit.loginAs(ADA);
    await kit.advance("31m");
    assert.equal(session.state, "ended");
    kit.close();
  });

  test("shares one login among tabs", async () => {
    const { kit, session } = await opened();
    const other = await kit.openTab();
    await session.logout();
    await kit.settle();
    assert.equal(other.session.state, "logged-out");
    kit.close();
  });

  test("is alone: two of them share nothing, and the global fetch is as it was", async () => {
    const { fetch } = globalThis;
    const [one, two] = [await opened(), await opened()];
    one.kit.respond("/x", { one: true });
    two.kit.respond("/x", { two: true });
    const [a, b] = await Promise.all([one.session.fetch("/api/api/x"), two.session.fetch("/api/api/x")]);
    assert.deepEqual([await a.json(), await b.json()], [{ one: true }, { two: true }]);
    await one.kit.logoutElsewhere();
    assert.equal(two.session.state, "active");
    assert.equal(globalThis.fetch, fetch);
    one.kit.close();
    two.kit.close();
  });

  test("calls a mediating API by itself, with a token of its own and again with the next one, and never the real network", async () => {
    const { fetch } = globalThis;
    const escaped = [];
    globalThis.fetch = async (input) => (escaped.push(`${input}`), new Response());
    try {
      const { kit, session } = await opened({ upstreams: ["orders", { name: "chat", mode: "mediating", path: "/v1" }] });
      kit.respond("GET /rooms", [1]);
      assert.deepEqual(await (await session.fetch("https://chat.example/v1/rooms")).json(), [1]);
      const [{ url, headers }] = kit.calls;
      const token = await session.getAccessToken("chat");
      assert.deepEqual([url, headers.get("authorization"), headers.get("everlit-epoch")], ["https://chat.example/v1/rooms", `Bearer ${token}`, null]);
      kit.expireToken();
      assert.equal((await session.fetch("https://chat.example/v1/rooms")).status, 200);
      assert.notEqual(await session.getAccessToken("chat"), token);
      assert.equal(await codeOf(session.getAccessToken("orders")), "ERR_SESSION_UPSTREAM");
      kit.respond("GET /moved", new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } }));
      assert.equal(await codeOf(session.fetch("https://chat.example/v1/moved")), "ERR_SESSION_REDIRECT");
      // On its way when the test ends.
      const late = session.fetch("https://chat.example/v1/rooms");
      const posted = session.fetch("/api/orders/list", { method: "POST", body: "{}" });
      kit.close();
      await Promise.allSettled([late, posted]);
      assert.deepEqual(escaped, []);
    } finally {
      globalThis.fetch = fetch;
    }
  });

  test("lists the user's devices, ends one, and all with a logout everywhere", async () => {
    const { kit, session } = await opened({ devices: ["Firefox on Linux", "Safari on iOS"], providers: ["demo", "broker"] });
    const names = async () => (await session.sessions.list()).map(({ current, device }) => (current ? "this" : device));
    assert.deepEqual(await names(), ["this", "Firefox on Linux", "Safari on iOS"]);
    const [, { id }] = await session.sessions.list();
    await session.sessions.end(id);
    assert.deepEqual(await names(), ["this", "Safari on iOS"]);
    await session.unlink("broker");
    assert.equal(await codeOf(session.unlink("none")), "ERR_SESSION_CONFIG");
    await session.logout({ everywhere: true });
    assert.equal(session.state, "logged-out");
    assert.deepEqual(kit.requests.slice(-2).map(({ path }) => path), ["/auth/sessions", "/auth/logout"]);
    assert.equal(await codeOf(session.sessions.list()), "ERR_SESSION_LOGGED_OUT");
    kit.close();
  });

  test("logs in in a popup, which leads to the login and comes back", async () => {
    const { kit, session } = await opened({ user: null });
    const login = session.loginPopup();
    await kit.settle();
    assert.deepEqual([session.state, kit.popups, kit.navigations], ["logged-out", ["/auth/login?return_to=%2F"], []]);
    await kit.loginAs({ sub: "2", name: "Grace" });
    await login;
    assert.deepEqual([session.state, session.user.name], ["active", "Grace"]);
    kit.close();
  });

  test("logs in in a popup at the provider, and with the prompt, that the app names", async () => {
    const { kit, session } = await opened({ user: null });
    const login = session.loginPopup({ provider: "demo", prompt: "login", returnTo: "/orders" });
    await kit.settle();
    assert.deepEqual(kit.popups, ["/auth/login?provider=demo&prompt=login&return_to=%2Forders"]);
    await kit.loginAs({ sub: "2", name: "Grace" });
    await login;
    kit.close();
  });

  test("logs in in a popup also while it listens to nothing", async () => {
    const { kit, session } = await opened({ user: null });
    session.stop();
    const login = session.loginPopup();
    assert.equal(session.state, "logged-out");
    // The popup tells its opener.
    await kit.loginAs(ADA);
    await login;
    assert.equal(session.state, "active");
    kit.close();
  });

  for (const [words, throttled] of [
    ["the Worker wants to be left alone", ({ session }) => session],
    ["another tab was told to leave the Worker alone", async ({ kit }) => (await kit.openTab()).session],
  ]) {
    test(`logs in in a popup also while ${words}`, async () => {
      const { kit, session } = await opened({ user: null });
      const told = await throttled({ kit, session });
      kit.throttle("20s");
      told.stop();
      told.start();
      await kit.settle();
      assert.equal(told.state, "degraded");
      // What the popup's page tells the other tabs is not heard.
      if (told !== session) session.stop();
      const login = session.loginPopup();
      await kit.loginAs(ADA);
      await kit.advance("1s");
      assert.equal(session.state, told === session ? "degraded" : "logged-out");
      await kit.advance("40s");
      await login;
      assert.equal(session.state, "active");
      kit.close();
    });
  }

  test("is told when the session is closed while its popup is open", async () => {
    const { kit, session } = await opened({ user: null });
    const login = codeOf(session.loginPopup());
    await kit.settle();
    session.close();
    assert.equal(await login, "ERR_SESSION_DISPOSED");
    kit.close();
  });

  test("is told when the user closes the popup, in no time of the test's", async () => {
    const { kit, session } = await opened({ user: null });
    const before = performance.now();
    const failed = session.loginPopup().catch((caught) => caught);
    await kit.advance("20s");
    await kit.cancelLogin();
    const error = await failed;
    assert.deepEqual([error.code, session.state], ["ERR_SESSION_POPUP", "logged-out"]);
    assert.match(error.message, /closed after 23 s/);
    assert.ok(performance.now() - before < 1_500, "three seconds of its clock are none of ours");
    const again = session.loginPopup();
    await kit.loginAs(ADA);
    await again;
    assert.equal(kit.popups.length, 2);
    kit.close();
  });

  test("is told when the browser blocks its popup, until it does not any more", async () => {
    const { kit, session } = await opened({ user: null });
    kit.blockPopups();
    assert.equal(await codeOf(session.loginPopup()), "ERR_SESSION_POPUP");
    assert.deepEqual(kit.popups, []);
    kit.blockPopups(false);
    const login = session.loginPopup();
    await kit.loginAs(ADA);
    await login;
    kit.close();
  });

  test("opens the popup of each tab, and of each of two sessions under test, in its own browser", async () => {
    const [one, other] = [await opened({ user: null }), await opened({ user: null })];
    const second = await one.kit.openTab();
    one.kit.blockPopups();
    assert.equal(await codeOf(second.session.loginPopup()), "ERR_SESSION_POPUP");
    const login = other.session.loginPopup();
    await other.kit.loginAs(ADA);
    await login;
    assert.deepEqual([one.kit.popups, second.popups, other.kit.popups.length, one.session.state], [[], [], 1, "logged-out"]);
    one.kit.close();
    other.kit.close();
  });

  test("comes back from a login that the user gave up", async () => {
    const { kit, session } = await opened({ user: null });
    await session.login();
    assert.equal(session.state, "logging-in");
    await kit.cancelLogin();
    assert.equal(session.state, "logged-out");
    kit.close();
  });

  for (const mode of ["bff", "mediating"]) {
    test(`links an account, which an upstream (${mode}) needs, and unlinks it`, async () => {
      const { kit, session } = await opened({ providers: ["demo", "broker"], upstreams: ["api", { name: "bills", provider: "broker", mode }] });
      kit.respond("/all", [1]);
      const call = () => session.fetch("https://bills.example/all");
      const stateOf = () => session.providers.find(({ name }) => name === "broker").state;
      assert.equal(await codeOf(call()), "ERR_SESSION_LINK");
      await session.link("broker", { returnTo: "/bills" });
      assert.deepEqual(kit.navigations, ["/auth/login?provider=broker&return_to=%2Fbills"]);
      await kit.cancelLogin();
      assert.deepEqual([stateOf(), await codeOf(call())], ["unavailable", "ERR_SESSION_LINK"]);
      await session.link("broker");
      await kit.linkAccount();
      assert.deepEqual([stateOf(), session.state, session.user.name], ["ready", "active", "Ada"]);
      assert.deepEqual(await (await call()).json(), [1]);
      await session.unlink("broker");
      assert.deepEqual([stateOf(), await codeOf(call())], ["unavailable", "ERR_SESSION_LINK"]);
      assert.equal(await codeOf(session.link("none")), "ERR_SESSION_CONFIG");
      kit.close();
    });
  }

  test("hears nothing of its page and its user while it is stopped", async () => {
    const { kit, session } = await opened();
    session.stop();
    const asked = kit.requests.length;
    await kit.hide();
    await kit.advance("1h");
    await kit.show();
    assert.equal(kit.requests.length, asked);
    session.start();
    await kit.settle();
    assert.equal(session.state, "active");
    kit.close();
  });

  for (const [what, wrong, says] of [
    ["a link that no page has gone to", (kit) => kit.linkAccount(), /no page has gone to link an account; session\.link\(provider\)/],
    ["to give up a login that there is not", (kit) => kit.cancelLogin(), /no page has gone to a login, and no popup is open/],
    ["an upstream of a provider that there is not", () => createTestSession({ upstreams: [{ name: "a", provider: "b" }] }), /the upstream a is of the provider "b"; it takes one of providers: demo/],
    ["a duration with other words", (kit) => kit.advance("8 hours"), /advance: "8 hours" is no duration; .*"30s", "15m", "8h"/],
    ["a negative duration", (kit) => kit.sleep(-1), /sleep: -1 is no duration/],
    ["a path that is none", async (kit) => kit.respond("orders", []), /give a path and its answer/],
    ["an option that there is not", () => createTestSession({ usr: ADA }), /there is no option "usr"; there are user, upstreams/],
    ["a user without sub", () => createTestSession({ user: { name: "Ada" } }), /user is \{"name":"Ada"\}; it takes \{ sub: string/],
    ["a token that never lives", () => createTestSession({ lifetime: 0 }), /lifetime is 0/],
    ["options that are none", () => createTestSession("Ada"), /createTestSession: takes an object, not "Ada"/],
    ["an upstream with another member", () => createTestSession({ upstreams: [{ name: "a", orgin: "https://a.example" }] }), /upstreams is \[\{"name":"a","orgin":"https:\/\/a\.example"\}\]; it takes a list of names, each once/],
    ["an upstream whose path is none", () => createTestSession({ upstreams: [{ name: "a", path: "v1" }] }), /path\?: "\/\.\.\."/],
    ["an upstream at no web address", () => createTestSession({ upstreams: [{ name: "a", origin: "ftp://a.example" }] }), /origin\?: "https:/],
    ["two upstreams of one name", () => createTestSession({ upstreams: ["a", { name: "a" }] }), /each once/],
    ["an option of openSession that there is not", () => createTestSession({ options: { idle: { promt: 1 } } }), /config: there is no option "idle\.promt"; is idle\.prompt meant/],
    ["an option of openSession in a second tab", (kit) => kit.openTab({ lead: -1 }), /config: lead is -1; accepted is a number of milliseconds/],
    ["a way that is none", (kit) => kit.needHuman({ silent: ["popop"] }), /needHuman: silent is \["popop"\]; it takes a list of "frame", "popup", "redirect"/],
    ["an option of needHuman that there is not", (kit) => kit.needHuman({ silnt: [] }), /needHuman: there is no option "silnt"; there are silent/],
    ["half a reply", async (kit) => kit.loseReply(0.5), /loseReply: 0\.5 is no number of replies; give a whole number from 0/],
    ["a word for whether popups are blocked", async (kit) => kit.blockPopups("yes"), /blockPopups: "yes"; it takes true, false or nothing/],
    ["nobody who could be needed", async (kit) => { await kit.logoutElsewhere(); await kit.needHuman(); }, /nobody is logged in; loginAs/],
  ]) {
    test(`refuses ${what}, and says what it takes`, async () => {
      const { kit } = await opened();
      await assert.rejects(async () => wrong(kit), says);
      kit.close();
    });
  }
});
