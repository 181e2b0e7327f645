import assert from "node:assert/strict";
import { hkdfSync, randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { EXPIRED_MS, ask, askOn } from "./support/asking.mjs";
import { send } from "./support/browser.mjs";
import { Canaries, forms } from "./support/canaries.mjs";
import { clientKey, withKey } from "./support/client-key.mjs";
import { accountState, beginLink, startLinkStack } from "./support/link.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { diskText } from "./support/secrets.mjs";
import { ask as openSocket } from "./support/socket.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, question, secretText } from "./support/stack.mjs";
import { pause, until } from "./support/until.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */
/** @typedef {import("./support/browser.mjs").Browser} Browser */
/** @typedef {import("./support/scripted-server.mjs").Given} Given */
/** @typedef {import("./support/canaries.mjs").Place} Place */

const word = () => randomBytes(18).toString("base64url");
const SUB = `sub-${word()}`;
const SID = `sid-${word()}`;
const EMAIL = `${word().toLowerCase()}@canary.example`;
const NAME = `Name ${word()}`;
/** Of the further account. */
const OTHER = { sub: `other-${word()}`, email: `${word().toLowerCase()}@other.example` };
/** What `crates/edge/src/keys.rs` derives with. */
const SALT = "everlit/1";
const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };
/** What an authorization server or an upstream says that repeats what it was told. */
const QUOTED = "quoted back";

const canaries = new Canaries();
/** Answers that hold what an upstream wrote, and what it wrote is its own. */
const echoes = /** @type {Place[]} */ ([]);

/** What was done with it, and what came out of it. */
class Played {
  /** What is on the disk, each time that it was looked at. */
  disks = /** @type {Place[]} */ ([]);
  /** ID Tokens that a browser was given to take them to their issuer, which the form there holds once. @type {string[]} */
  hints = [];
  /** @type {ScriptedStack} */ stack;

  /** @param {ScriptedStack} stack @param {string} name */
  constructor(stack, name) {
    this.stack = stack;
    this.name = name;
    const { as } = stack;
    as.claims = { sub: SUB, sid: SID, email: EMAIL, name: NAME };
    for (const secret of stack.secrets) canaries.add("a secret of the deployment", secret);
  }

  /** A login that began, with everything of it that is secret. @param {Browser} [browser] @param {Parameters<typeof begin>[2]} [options] */
  async begin(browser = this.stack.browser(), options = {}) {
    const begun = await begin(this.stack, browser, options);
    canaries.add("state", begun.request.state);
    canaries.add("nonce", begun.request.nonce);
    canaries.add("code", begun.code);
    return { ...begun, browser };
  }

  /** A session. */
  async enter(browser = this.stack.browser()) {
    const { callback } = await this.begin(browser);
    const landing = await browser.navigate(callback, { site: "cross-site" });
    assert.equal(landing.status, 200, landing.text);
    const session = (await browser.call("/auth/session")).json;
    return { browser, session };
  }

  /** Whose token has expired. @param {number} count */
  async expired(count) {
    const { as } = this.stack;
    as.accessTtl = 1;
    const all = [];
    for (let at = 0; at < count; at += 1) all.push(await this.enter());
    as.accessTtl = 3600;
    await pause(EXPIRED_MS);
    return all;
  }

  async lookAtDisk() {
    this.disks.push({ place: `the disk of ${this.name}`, text: await diskText(this.stack.workerd) });
  }

  /** Everything that came out. @returns {Place[]} */
  get places() {
    const { stack: { browsers, workerd, resource }, name } = this;
    const answers = browsers.flatMap((browser) => browser.seen).filter(({ url }) => url.hostname === "localhost");
    const rest = (/** @type {string} */ path, /** @type {string} */ text) => (path === "/auth/end-session" ? this.hints.reduce((left, hint) => left.replace(hint, ""), text) : text);
    const of = answers.flatMap(({ url, status, headers, text, bytes }) => {
      const { "set-cookie": cookies = [], location = "", ...others } = headers;
      const where = `the answer ${status} of ${url.pathname.replace(/^(\/api\/orders).*/, "$1")}`;
      return [
        { place: `${where}: body`, text: rest(url.pathname, text || bytes.toString("latin1")) }, { place: `${where}: headers`, text: JSON.stringify(others) },
        { place: `${where}: location`, text: location }, { place: `${where}: cookies`, text: cookies.join("\n") },
      ];
    });
    const sent = resource.asked.map(({ path, headers, body }) => ({ place: path === "/calendar" ? "a call to the account's upstream" : "a call to the upstream", text: `${JSON.stringify(headers)}\n${body}` }));
    return [...of, ...sent, { place: `the log of ${name}`, text: workerd.output }, ...this.disks];
  }

  /** All of it is known that was given out. */
  know() {
    const { as, browsers } = this.stack;
    this.knowOf(as, "");
    for (const { headers } of browsers.flatMap((browser) => browser.seen)) {
      for (const line of headers["set-cookie"] ?? []) {
        const [name = "", value = ""] = (line.split(";")[0] ?? "").split(/=(.*)/s);
        if (value.length < 20) continue;
        const [id = "", mac = ""] = value.split(".");
        canaries.add(name === SESSION_COOKIE ? "session id" : "binding id", id);
        canaries.add(name === SESSION_COOKIE ? "proof of the session cookie" : "proof of the binding cookie", mac);
      }
    }
  }

  /** All that a server gave out and was told. @param {import("./support/scripted-as.mjs").ScriptedAs} as @param {string} whose */
  knowOf(as, whose) {
    for (const token of as.issued) {
      const what = /^access-/.test(token) ? `access token${whose}` : /^refresh-/.test(token) ? "refresh token" : /^code-/.test(token) ? "code" : "ID Token";
      canaries.add(what, token);
    }
    for (const form of as.requests("authorization_code")) canaries.add("code verifier", form.get("code_verifier"));
    for (const form of as.forms("/token")) if (form.get("client_assertion")) canaries.add("client assertion", form.get("client_assertion"));
  }
}

/** The form of an answer, and the URL of a redirect, to be logged out at the server: what it is told. @param {import("./support/browser.mjs").Answer} answer */
const told = ({ text, headers }) => Object.fromEntries(headers.location
  ? new URL(headers.location).searchParams
  : [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, key, value]) => [key, value]));

/** What is meant to be somewhere. @param {string} what @param {string} place */
function isMeant(what, place) {
  if (place.endsWith(": cookies")) return /^(session id|binding id|proof of)/.test(what);
  // The browser carries them to the authorization server and back, and has to.
  if (/^the answer 302 of \/auth\/login: location$/.test(place)) return ["state", "nonce"].includes(what);
  // The page knows its user, who is told to it here.
  if (/^the answer 200 of \/auth\/session: body$/.test(place)) return ["sub", "email", "name"].includes(what);
  // It names the row of a login under way, and opens nothing without the binding cookie (`worker/STORAGE.md`).
  if (place.startsWith("the disk of ")) return ["state", "state of a logout"].includes(what);
  // The page calls its upstream with it.
  if (place === "the answer 200 of /auth/token: body") return what === "token for a page";
  // The browser carries it to the authorization server and back.
  if (["the answer 200 of /auth/end-session: body", "the answer 302 of /auth/end-session: location"].includes(place)) return what === "state of a logout";
  if (place === "a call to the account's upstream") return what === "access token of an account";
  return place === "a call to the upstream" && what === "access token";
}

/** @type {Played[]} */
const all = [];
after(async () => { for (const { stack } of all) await stack.close(); });

describe("every path, also the failing ones", () => {
  /** @type {Played} */
  let played;
  before(async () => {
    played = new Played(await startScriptedStack({ door: true }), "the Worker");
    all.push(played);
    canaries.add("sub", SUB);
    canaries.add("sid", SID);
    canaries.add("email", EMAIL);
    canaries.add("name", NAME);
    const [, key = ""] = played.stack.secrets;
    const bytes = Buffer.from(key, "base64url");
    canaries.add("the key-encryption key", bytes);
    canaries.add("the internal MAC key", Buffer.from(hkdfSync("sha256", bytes, SALT, `everlit internal\0${played.stack.app}`, 32)));
  });

  test("login, token, call, list, silent login, logout", async () => {
    const { stack } = played;
    const { browser, session } = await played.enter();
    await ask(browser, session, "forced", { op_id: "canary-1", tab_state: "visible" });
    await browser.call("/api/orders/1?q=a");
    await browser.call("/auth/sessions");
    const socket = await openSocket(browser);
    const silent = await browser.navigate("/auth/login?prompt=none&via=popup&relogin=1a&return_to=/", { site: "same-origin" });
    const request = stack.as.take(silent.headers.location);
    canaries.add("state", request.state);
    await browser.navigate(`/auth/callback/demo?${new URLSearchParams({ error: "login_required", error_description: `${QUOTED} ${request.state} ${SUB}`, state: request.state ?? "", iss: stack.as.issuer })}`, { site: "cross-site" });
    await browser.call(`/auth/sessions/${"A".repeat(22)}`, { method: "DELETE" });
    await played.lookAtDisk();
    assert.equal((await browser.call("/auth/logout", { method: "POST" })).status, 200);
    if ("drop" in socket) socket.drop();
  });

  test("every callback that is refused, with what it quotes", async () => {
    const { stack } = played;
    const { as, secrets } = stack;
    const quoted = `${QUOTED} ${secrets[0]} ${EMAIL}`;
    const { browser, callback, code, request } = await played.begin();
    const at = (/** @type {Record<string, string>} */ query) => `/auth/callback/demo?${new URLSearchParams(query)}`;
    const state = request.state ?? "";
    for (const path of [at({ code, state: `${state}x`, iss: as.issuer }), at({ code, state, iss: "https://evil.example" }), at({ code }), at({ state }), `${callback}&code=again`, at({ error: "access_denied", error_description: quoted, state, iss: as.issuer })]) {
      await browser.navigate(path, { site: "cross-site" });
      await stack.browser().navigate(path, { site: "cross-site" });
    }
    /** Answers of the token endpoint that repeat all that they were told. @type {((form: URLSearchParams) => Given)[]} */
    const bad = [
      (form) => ({ status: 400, json: { error: "invalid_grant", error_description: `${quoted} ${form}` } }),
      (form) => ({ status: 400, json: { error: String(form), error_uri: `https://as.example/?${form}` } }),
      (form) => ({ status: 401, headers: { "www-authenticate": `Basic realm="${form.get("code")}"` }, json: { error: "invalid_client", error_description: quoted } }),
      (form) => ({ status: 500, body: `<h1>${quoted} ${form}</h1>`, headers: { "content-type": "text/html" } }),
      (form) => ({ status: 200, body: `${quoted} ${form}` }), (form) => ({ status: 200, json: { access_token: `a ${form}\r\nx: y`, token_type: "Bearer" } }),
      (form) => ({ status: 200, json: { access_token: form.get("code"), token_type: String(form), id_token: String(form) } }),
      (form) => ({ status: 302, headers: { location: `https://evil.example/?${form}` } }), () => ({ status: 200, json: { access_token: "x" }, cut: true }),
    ];
    for (const answer of bad) {
      const { browser, callback } = await played.begin();
      as.onToken = answer;
      const { status } = await browser.navigate(callback, { site: "cross-site" });
      assert.notEqual(status, 200);
      as.onToken = () => undefined;
    }
    /** ID Tokens that must not be believed. */
    const signs = [
      (/** @type {any} */ claims) => as.signed({ ...claims, nonce: "other" }), (/** @type {any} */ claims) => as.signed({ ...claims, aud: `other ${EMAIL}` }),
      (/** @type {any} */ claims) => as.signed({ ...claims, sub: undefined }), async (/** @type {any} */ claims) => `${(await as.signed(claims)).slice(0, -6)}AAAAAA`,
    ];
    for (const sign of signs) {
      const { browser, callback } = await played.begin();
      as.sign = async (claims) => { const token = await sign(claims); as.issued.push(token); return token; };
      assert.notEqual((await browser.navigate(callback, { site: "cross-site" })).status, 200);
      as.sign = undefined;
    }
    await played.lookAtDisk();
  });

  test("every refresh that fails, with what it quotes, and revocations that do", async () => {
    const { stack } = played;
    const { as, secrets } = stack;
    const quoted = `${QUOTED} ${secrets[0]}`;
    /** @type {((form: URLSearchParams) => Given)[]} */
    const bad = [
      (form) => ({ status: 400, json: { error: "invalid_grant", error_description: `${quoted} ${form}` } }), (form) => ({ status: 401, json: { error: "invalid_client", error_description: `${quoted} ${form}` } }),
      (form) => ({ status: 429, headers: { "retry-after": String(form) }, body: String(form) }), (form) => ({ status: 500, body: `<p>${quoted} ${form}`, headers: { "content-type": "text/html" } }),
      (form) => ({ status: 403, json: { error: form.get("refresh_token"), error_description: quoted } }), (form) => ({ status: 200, body: `${form}` }),
      (form) => ({ status: 307, headers: { location: `https://evil.example/?${form}` } }), () => ({ status: 200, body: "{", cut: true }),
    ];
    const sessions = await played.expired(bad.length + 1);
    for (const [at, answer] of bad.entries()) {
      const { browser, session } = sessions[at] ?? assert.fail();
      as.onToken = answer;
      await ask(browser, session, "deadline");
      await browser.call("/api/orders");
    }
    as.onToken = () => undefined;
    const last = sessions.at(-1) ?? assert.fail();
    assert.equal((await askOn(last.browser, last.session)).status, 200);
    as.onRevocation = (form) => ({ status: 500, body: `${quoted} ${form}` });
    for (const { browser } of sessions.slice(-2)) await browser.call("/auth/logout", { method: "POST" });
    as.onRevocation = (form) => ({ status: 400, json: { error: String(form), error_description: quoted } });
    const { browser } = await played.enter();
    await browser.call("/auth/logout", { method: "POST" });
    await until("the revocations", () => stack.workerd.log.filter(({ event }) => event === "revocation").length >= 3);
    await played.lookAtDisk();
    as.onRevocation = () => undefined;
  });

  test("an upstream that repeats all that it was told, or fails", async () => {
    const { stack } = played;
    const { browser } = await played.enter();
    stack.script.answer = ({ headers }) => ({ status: 200, headers: { "x-echo": headers.authorization ?? "" }, body: JSON.stringify(headers) });
    const echo = await browser.call("/api/orders");
    // What an upstream writes into its answer is its own to write: here it shows that the search finds such a thing.
    echoes.push({ place: "an echo", text: echo.text }, { place: "an echo's header", text: JSON.stringify(echo.headers) });
    browser.seen.splice(browser.seen.indexOf(echo), 1);
    stack.script.answer = ({ headers }) => ({ status: 302, headers: { location: `https://evil.example/?${headers.authorization}`, "set-cookie": [`a=${headers.authorization}`], "everlit-code": headers.authorization ?? "" } });
    await browser.call("/api/orders");
    stack.script.answer = ({ headers }) => ({ status: 401, headers: { "www-authenticate": 'Bearer error="invalid_token"' }, body: headers.authorization ?? "" });
    await browser.call("/api/orders");
    stack.script.answer = () => ({ status: 200, body: "x", cut: true });
    await browser.call("/api/orders").catch(() => undefined);
    stack.script.answer = () => ({ json: [] });
    for (const path of [`/api/orders/../${SUB}`, `/api/orders/%2e%2e/${SUB}`, `/api/${SUB}`]) await browser.call(path);
    await browser.call("/api/orders", { headers: { "everlit-epoch": SUB } });
  });

  test("back-channel logout, with tokens that are good and bad", async () => {
    const { stack } = played;
    const { as } = stack;
    const { browser } = await played.enter();
    const now = Math.floor(Date.now() / 1000);
    const post = async (/** @type {Record<string, unknown>} */ changes, change = (/** @type {string} */ token) => token) => {
      const jti = `jti-${word()}`;
      const token = change(await as.signed({ iss: as.issuer, aud: as.clientId, iat: now, exp: now + 120, jti, sub: SUB, sid: SID, events: EVENTS, ...changes }));
      canaries.add("jti", jti);
      canaries.add("Logout Token", token);
      return browser.call("/auth/backchannel-logout", { method: "POST", body: `logout_token=${token}`, headers: { "content-type": "application/x-www-form-urlencoded" } });
    };
    for (const changes of [{ aud: `other ${EMAIL}` }, { iss: "https://evil.example" }, { exp: now - 600 }, { nonce: "x" }, { events: {} }, { sub: undefined, sid: undefined }]) assert.equal((await post(changes)).status, 400);
    assert.equal((await post({}, (token) => `${token.slice(0, -6)}AAAAAA`)).status, 400);
    assert.equal((await post({}, (token) => token.split(".").slice(0, 2).join("."))).status, 400);
    assert.equal((await post({})).status, 200);
    await played.lookAtDisk();
  });

  test("bodies, cookies and headers that are nobody's, a trap, a reset, SIGKILL in the middle, a key that is renewed", async () => {
    const { stack } = played;
    const { as, workerd } = stack;
    // The session at the issuer of before is over, and its logins are refused.
    as.claims = { ...as.claims, sid: `sid-${word()}` };
    canaries.add("sid", String(as.claims.sid));
    const { browser } = await played.enter();
    const cookie = browser.cookie(SESSION_COOKIE) ?? "";
    for (const body of [cookie, `{"v":1,"reason":"${SUB}"}`, `{"v":1,"op_id":"${SUB.repeat(9)}"}`, JSON.stringify({ v: 1, reason: "resume", provider: SUB })]) await browser.call("/auth/token", { method: "POST", body });
    await browser.call(`/auth/${SUB}?${cookie}`);
    await browser.call("/internal/rotate", { method: "POST", body: SUB, headers: { "everlit-internal": `v1 1 1 ${cookie}` } });
    const stranger = stack.browser();
    stranger.setCookie(SESSION_COOKIE, `${cookie}x`);
    await stranger.call("/auth/token", { method: "POST", json: question(undefined, "resume") });
    await workerd.trap();
    await browser.call("/auth/session").catch(() => undefined);
    await until("the Worker after the trap", async () => (await browser.call("/auth/session").catch(() => undefined))?.status === 200);

    const [one] = await played.expired(1);
    let came = 0;
    as.onToken = async () => { came += 1; await pause(1_500); return undefined; };
    const lost = one && ask(one.browser, one.session).catch(() => undefined);
    await until("the token request", () => came > 0);
    await workerd.kill();
    await lost;
    as.onToken = () => undefined;
    const next = secretText();
    canaries.add("a secret of the deployment", next);
    canaries.add("the key-encryption key", Buffer.from(next, "base64url"));
    await workerd.configure({ SECRET_SESSION_KEY_2: next });
    await workerd.begin();
    assert.equal((await browser.call("/auth/session")).json.state, "active");
    await browser.call("/api/orders");
    await workerd.kill();
    await played.lookAtDisk();
  });

  test("a secret in the wrong place of the configuration", async () => {
    const { stack: { workerd }, stack } = played;
    const [secret] = stack.secrets;
    const { PROVIDER_DEMO } = /** @type {any} */ ({ PROVIDER_DEMO: { kind: "oidc", issuer: stack.as.issuer, client_id: "everlit-demo" } });
    await workerd.configure({ PROVIDER_DEMO: { ...PROVIDER_DEMO, client_secret: secret } });
    await workerd.begin();
    const browser = stack.browser();
    for (const path of ["/auth/session", "/auth/login", "/api/orders"]) assert.equal((await browser.call(path)).json?.code, "misconfigured");
  });

  test("a client that has a key, and tokens that are bound", async () => {
    const key = await clientKey("ES256");
    const stack = await startScriptedStack({ change: withKey(key) });
    const bound = new Played(stack, "the Worker with a key");
    all.push(bound);
    canaries.add("the client's private key", JSON.parse(key.secret).d);
    const { browser, session } = await bound.enter();
    await ask(browser, session, "forced");
    stack.as.onToken = (form) => ({ status: 401, json: { error: "invalid_client", error_description: `${QUOTED} ${form}` } });
    const [expired] = await bound.expired(1).catch(() => []);
    if (expired) await ask(expired.browser, expired.session);
    await bound.lookAtDisk();
    await browser.call("/auth/logout", { method: "POST" });
  });

  test("further accounts, tokens for pages, and logouts at the server, also where they fail", async () => {
    /** @type {any} */ let provider;
    const stack = await startLinkStack({
      change: (/** @type {any} */ given) => {
        provider = { ...given.PROVIDER_DEMO, scopes: [...given.PROVIDER_DEMO.scopes, "bills"] };
        return { ...given, PROVIDER_DEMO: provider, UPSTREAM_BILLS: { origin: "https://bills.example", mode: "mediating", scopes: ["bills"] } };
      },
    });
    const { as, other, secrets, workerd } = stack;
    const played = new Played(stack, "the Worker with accounts");
    all.push(played);
    as.metadata = { end_session_endpoint: `${as.issuer}/end` };
    for (const value of Object.values(OTHER)) canaries.add("claim of an account", value);
    const quoted = `${QUOTED} ${secrets[2]} ${OTHER.email}`;
    const leave = (/** @type {Browser} */ browser) => browser.navigate("/auth/end-session", { site: "same-origin" });
    const back = (/** @type {Browser} */ browser, /** @type {Record<string, string>} */ query) => browser.navigate(`/auth/logged-out?${new URLSearchParams(query)}`, { site: "cross-site" });
    /** A link that began. @param {Browser} browser @param {Record<string, string>} [response] */
    const toLink = async (browser, response) => {
      const { request, callback } = await beginLink(stack, browser, { response });
      other.claims = OTHER;
      canaries.add("state", request.state);
      canaries.add("nonce", request.nonce);
      return () => browser.navigate(callback, { site: "cross-site" });
    };

    // An account: linked, called, refreshed.
    const { browser, session } = await played.enter();
    for (const response of /** @type {Record<string, string>[]} */ ([{ error: "access_denied", error_description: quoted }, { iss: as.issuer }, { state: word() }])) {
      assert.notEqual((await (await toLink(browser, response))()).status, 200);
    }
    /** @type {((form: URLSearchParams) => Given)[]} */
    const bad = [
      (form) => ({ status: 400, json: { error: "invalid_grant", error_description: `${quoted} ${form}` } }), (form) => ({ status: 500, body: `${quoted} ${form}` }),
      (form) => ({ status: 200, json: { access_token: form.get("code"), token_type: String(form), id_token: String(form) } }),
    ];
    for (const answer of bad) {
      const come = await toLink(browser);
      other.onToken = answer;
      assert.notEqual((await come()).status, 200);
      other.onToken = () => undefined;
    }
    const stolen = await toLink(browser);
    other.sign = async (claims) => { const token = await as.signed({ ...claims, nonce: "other" }); other.issued.push(token); return token; };
    assert.notEqual((await stolen()).status, 200);
    other.sign = undefined;
    other.accessTtl = 1;
    assert.equal((await (await toLink(browser))()).status, 200);
    assert.equal(await accountState(browser), "ready");
    other.accessTtl = 3600;
    /** The question for a token of the account that is newer than the one there is. */
    const newer = async () => {
      const { json: held } = await ask(browser, undefined, "resume", { provider: "other" });
      await pause(EXPIRED_MS);
      return (await askOn(browser, held, "deadline", { provider: "other" })).json;
    };
    assert.equal((await newer()).generation, 2);
    assert.equal((await browser.call("/api/calendar")).status, 200);
    assert.equal((await browser.call("/api/orders")).status, 200);
    assert.equal(stack.resource.asked.filter(({ path }) => path === "/calendar").length, 1);
    assert.equal((await browser.navigate("/auth/login?provider=other&return_to=/", { site: "cross-site" })).status, 403);

    // A token for a page.
    const handed = (/** @type {string} */ upstream) => ask(browser, session, "resume", { upstream });
    assert.equal((await handed(SUB)).status, 404);
    as.onToken = (form) => (form.get("scope") === "bills" ? { status: 400, json: { error: "invalid_scope", error_description: `${quoted} ${form}` } } : undefined);
    assert.equal((await handed("bills")).status, 503);
    const reader = await played.enter();
    as.onToken = async (form) => ({ json: { ...(await as.tokens(form)), ...(form.get("scope") === "bills" && { scope: `bills ${QUOTED}` }) } });
    assert.equal((await ask(reader.browser, reader.session, "resume", { upstream: "bills" })).status, 503);
    as.onToken = () => undefined;
    const page = await played.enter();
    const { json, status } = await ask(page.browser, page.session, "resume", { upstream: "bills" });
    assert.equal(status, 200);
    canaries.add("token for a page", json.access_token);
    await played.lookAtDisk();

    // The account's grant dies, one is ended, and nobody hears of it.
    other.onRevocation = (form) => ({ status: 500, body: `${quoted} ${form}` });
    other.accessTtl = 1;
    assert.equal((await (await toLink(browser))()).status, 200);
    other.accessTtl = 3600;
    other.onToken = (form) => ({ status: 400, json: { error: "invalid_grant", error_description: `${quoted} ${form}` } });
    assert.equal((await newer()).code, "link_required");
    other.onToken = () => undefined;
    assert.equal((await browser.call("/api/calendar")).status, 409);
    assert.equal((await (await toLink(browser))()).status, 200);
    assert.equal((await browser.call("/auth/links/other", { method: "DELETE" })).status, 204);
    assert.equal((await browser.call(`/auth/links/${SUB}`, { method: "DELETE" })).status, 404);
    assert.equal((await (await toLink(browser))()).status, 200);

    // Logouts that go on at the server: by a form, and by a URL.
    for (const way of ["post", "get"]) {
      const leaver = way === "post" ? { browser } : await played.enter();
      const answer = await leaver.browser.call("/auth/logout", { method: "POST", json: { v: 1, return_to: "/orders" } });
      assert.equal(answer.json.end_session, "/auth/end-session");
      await played.lookAtDisk();
      assert.equal((await leaver.browser.navigate("/auth/end-session", { site: "cross-site" })).status, 403);
      const gone = await leave(leaver.browser);
      const { id_token_hint, state = "" } = told(gone);
      canaries.add("state of a logout", state);
      assert.equal(gone.status, way === "post" ? 200 : 302);
      assert.equal(id_token_hint !== undefined, way === "post");
      if (id_token_hint) {
        assert.ok(as.issued.includes(id_token_hint));
        played.hints.push(id_token_hint);
      }
      assert.equal((await leave(leaver.browser)).status, 400);
      for (const query of /** @type {Record<string, string>[]} */ ([{ state: `${state}x` }, { state: word(), error_description: quoted }, { error: quoted }])) assert.equal((await back(leaver.browser, query)).status, 400);
      assert.equal((await back(page.browser, { state })).status, 400);
      assert.equal((await back(leaver.browser, { state })).status, 200);
      assert.equal((await back(leaver.browser, { state })).status, 400);
      await workerd.kill();
      await workerd.configure({ PROVIDER_DEMO: { ...provider, end_session: "get" } });
      await workerd.begin();
    }
    await played.lookAtDisk();
    played.knowOf(other, " of an account");
    // What one server gave out the other is never shown.
    for (const [from, to] of /** @type {const} */ ([[as, other], [other, as]])) {
      const heard = [...to.forms("/token"), ...to.forms("/revoke")].map(String).join("\n");
      for (const token of from.issued) assert.ok(!heard.includes(encodeURIComponent(token)), "a token is shown to the other server");
    }
  });

  test("has let no secret out: no answer, no header, no redirect, no log and no file holds one in any writing", () => {
    for (const played of all) played.know();
    const kinds = [...canaries.kinds.keys()].sort();
    assert.deepEqual(kinds, [
      "ID Token", "Logout Token", "a secret of the deployment", "access token", "access token of an account", "binding id", "claim of an account", "client assertion", "code", "code verifier", "email", "jti", "name", "nonce",
      "proof of the binding cookie", "proof of the session cookie", "refresh token", "session id", "sid", "state", "state of a logout", "sub", "the client's private key", "the internal MAC key", "the key-encryption key", "token for a page",
    ]);
    const places = all.flatMap((played) => played.places);
    assert.ok(places.length > 200, `${places.length} places`);
    assert.ok(all.every(({ disks }) => disks.every(({ text }) => text.includes("SQLite format 3"))), "there is something to look in");
    assert.deepEqual(canaries.search(places, isMeant), []);
    for (const { place, text } of places) assert.ok(!text.includes(QUOTED), `words of somebody else in ${place}`);
  });

  test("and would have been found: each kind of secret, in each kind of place, in each writing", () => {
    assert.deepEqual(canaries.search(echoes), ["access token in an echo", "access token in an echo's header"]);
    const kinds = [...new Set(all.flatMap((played) => played.places.map(({ place }) => place)))];
    const meant = [];
    for (const [what, secret] of canaries.kinds) {
      const isText = /^[ -~]*$/.test(secret);
      const writings = [secret, Buffer.from(secret, "latin1").toString("base64"), Buffer.from(`"x${secret}`, "latin1").toString("base64url"), Buffer.from(secret, "latin1").toString("hex"), ...(isText ? [encodeURIComponent(secret), JSON.stringify({ secret })] : [])];
      for (const writing of writings) assert.deepEqual(canaries.search([{ place: "here", text: `… ${writing} …` }]).includes(`${what} in here`), true, `${what} as ${writing.slice(0, 4)}…`);
      for (const place of kinds) {
        const found = canaries.search([{ place, text: `… ${secret} …` }], isMeant).includes(`${what} in ${place}`);
        if (!found) meant.push([what, place]);
      }
    }
    // Only where it is meant to be it is let pass.
    for (const [what = "", place = ""] of meant) assert.ok(isMeant(what, place), `${what} in ${place}`);
    assert.ok(meant.length * 10 < canaries.kinds.size * kinds.length, `${meant.length} of ${canaries.kinds.size * kinds.length}`);
    assert.ok(forms("a secret that is long enough").length > 8);
  });
});
