import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { send } from "./support/browser.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { ask, ledTo, policy } from "./support/silent.mjs";
import { open, refusal } from "./support/socket.mjs";
import { question } from "./support/stack.mjs";

/** Of the same site as the Worker's `localhost`, and named; and one that is not. */
const APP = "http://localhost:5173";
const OTHER = "http://localhost:5174";
const HOSTILE = [OTHER, "http://localhost:51733", "http://localhost:5173.evil.example", "https://localhost:5173", "http://LOCALHOST:5173", "http://evil.example", "null"];

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
/** The same without any app beside it. @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let alone;
before(async () => {
  const silent = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, silent: ["frame", "popup", "redirect"] } });
  stack = await startScriptedStack({ change: (given) => ({ ...silent(given), APP_ORIGINS: [APP] }) });
  stack.as.metadata = { end_session_endpoint: `${stack.as.issuer}/end` };
  alone = await startScriptedStack();
});
after(async () => {
  await stack?.close();
  await alone?.close();
});

const ASKED = /** @type {const} */ ([["GET", "/auth/session"], ["POST", "/auth/token"], ["GET", "/auth/sessions"], ["DELETE", "/auth/sessions"], ["GET", "/api/orders"], ["POST", "/auth/logout"]]);
/** What a page at this origin says when it asks. @param {string | undefined} origin @param {string | undefined} [site] @returns {any} */
const from = (origin, site = "same-site") => ({ origin, "sec-fetch-site": site, "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" });
/** @param {import("node:http").IncomingHttpHeaders} headers */
const granted = (headers) => Object.keys(headers).filter((name) => name.startsWith("access-control-"));
/** @param {string} method @param {any} session */
const bodyOf = (method, session) => (method === "POST" ? { body: JSON.stringify(question(session, "resume")) } : {});

describe("an app on a sibling host that is named", () => {
  test("may ask what our own pages may, and read the answer", async () => {
    const { browser, session } = await enter(stack);
    for (const [method, path] of ASKED) {
      const { status, headers, text } = await browser.call(path, { method, headers: from(APP), ...bodyOf(method, session) });
      assert.ok([200, 204].includes(status), `${method} ${path} ${status} ${text}`);
      assert.equal(headers["access-control-allow-origin"], APP, path);
      assert.equal(headers["access-control-allow-credentials"], "true", path);
      assert.equal(headers["cross-origin-resource-policy"], "same-site", path);
      assert.match(String(headers.vary), /\borigin\b/i, path);
      assert.equal(headers["cache-control"], "no-store", path);
    }
    assert.equal((await browser.call("/auth/session", { headers: from(APP) })).json.state, "logged_out");
  });

  test("reads a refusal, and the headers that go with an answer", async () => {
    const { browser } = await enter(stack);
    stack.script.answer = () => ({ status: 418, json: {}, headers: { "x-total-count": "7", "set-cookie": "a=b", "access-control-allow-origin": "*", "access-control-expose-headers": "set-cookie" } });
    const call = await browser.call("/api/orders", { headers: from(APP) });
    stack.script.answer = () => ({ json: [{ id: 1 }] });
    assert.deepEqual([call.status, call.headers["access-control-allow-origin"], call.headers["set-cookie"]], [418, APP, undefined]);
    const exposed = String(call.headers["access-control-expose-headers"]).split(/,\s*/);
    assert.ok(exposed.includes("x-total-count") && exposed.includes("date") && !exposed.includes("set-cookie"), exposed.join());
    const refused = await stack.browser().call("/auth/token", { method: "POST", headers: from(APP), json: question(undefined, "resume") });
    assert.deepEqual([refused.status, refused.json.code, refused.headers["access-control-allow-origin"]], [401, "logged_out", APP]);
    const denied = await stack.browser().call("/api/orders", { headers: from(APP) });
    assert.ok(String(denied.headers["access-control-expose-headers"]).split(",").includes("everlit-code"));
  });

  test("is let in by its Origin where its browser has no Fetch Metadata, and not without the custom header", async () => {
    const { browser } = await enter(stack);
    const old = { ...from(APP), "sec-fetch-site": undefined };
    assert.equal((await browser.call("/auth/session", { headers: old })).json.state, "active");
    for (const headers of [old, from(APP)]) {
      const bare = await browser.call("/auth/session", { headers: { ...headers, "everlit-version": undefined } });
      assert.deepEqual([bare.status, bare.json.code], [403, "cross_site"]);
    }
  });
});

describe("any other origin", () => {
  test("is refused on the same site, learns nothing and changes nothing", async () => {
    const { browser, session } = await enter(stack);
    for (const [method, path] of ASKED) {
      for (const headers of [...HOSTILE.flatMap((origin) => [from(origin), { ...from(origin), "sec-fetch-site": undefined }]), from(undefined), from(stack.app), ...["cross-site", "none", ""].map((site) => from(APP, site))]) {
        const answer = await browser.call(path, { method, headers, ...bodyOf(method, session) });
        const where = `${method} ${path} ${JSON.stringify(headers)}`;
        assert.deepEqual([answer.status, answer.json?.code], [403, "cross_site"], where);
        assert.deepEqual(granted(answer.headers), [], where);
        assert.equal(answer.headers["cross-origin-resource-policy"], "same-origin", where);
        assert.equal(answer.headers["set-cookie"], undefined, where);
        assert.match(String(answer.headers.vary), /\borigin\b/i, "a cache keeps them apart");
      }
    }
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  test("gets no leave, whatever it asks for", async () => {
    for (const [path, allow] of [["/auth/session", "GET"], ["/auth/token", "POST"], ["/auth/logout", "POST"]]) {
      const wished = { "access-control-request-method": allow ?? "", "access-control-request-headers": "everlit-version" };
      for (const headers of [...HOSTILE.map((origin) => ({ ...from(origin), ...wished })), ...["cross-site", "none"].map((site) => ({ ...from(APP, site), ...wished }))]) {
        const { status, headers: said } = await send(`${stack.app}${path}`, { method: "OPTIONS", headers });
        assert.deepEqual([status, granted(said), said.allow], [405, [], allow], `${path} ${JSON.stringify(headers)}`);
      }
    }
    for (const origin of HOSTILE) {
      const { status, headers } = await send(`${stack.app}/api/orders`, { method: "OPTIONS", headers: { ...from(origin), "access-control-request-method": "GET", "access-control-request-headers": "everlit-version" } });
      assert.ok(status >= 400, `${origin} ${status}`);
      assert.deepEqual(granted(headers), [], origin);
    }
  });
});

describe("a preflight of an app that is named", () => {
  /** @param {string} path @param {string} method @param {string} [headers] */
  const leave = (path, method, headers) =>
    send(`${stack.app}${path}`, { method: "OPTIONS", headers: { ...from(APP), "access-control-request-method": method, ...(headers !== undefined && { "access-control-request-headers": headers }) } });
  /** @param {import("./support/browser.mjs").Answer} answer */
  const says = ({ status, headers }) => [status, headers["access-control-allow-methods"], headers["access-control-allow-headers"]];

  test("is told the methods and headers of what it asks for, and no others", async () => {
    assert.deepEqual(says(await leave("/auth/session", "GET", "content-type,everlit-version")), [204, "GET", "content-type,everlit-version"]);
    assert.deepEqual(says(await leave("/auth/token", "POST", "content-type,everlit-version")), [204, "POST", "content-type,everlit-version"]);
    assert.deepEqual(says(await leave("/auth/links/calendar", "DELETE", "everlit-version")), [204, "DELETE", "everlit-version"]);
    assert.deepEqual(says(await leave("/api/orders/7", "PATCH", "content-type,everlit-epoch,everlit-version,if-match,x-request-id")), [204, "GET,HEAD,POST,PUT,PATCH,DELETE", "content-type,everlit-epoch,everlit-version,if-match,x-request-id"]);
    const { headers } = await leave("/auth/token", "POST", "everlit-version");
    assert.deepEqual([headers["access-control-allow-origin"], headers["access-control-allow-credentials"], headers["access-control-max-age"]], [APP, "true", "7200"]);
    assert.match(String(headers.vary), /\borigin\b/i);
  });

  test("gets no leave for an odd method or header", async () => {
    for (const method of ["PUT", "TRACE", "CONNECT", "FOO", "*", "POST, PUT", ""]) assert.deepEqual(says(await leave("/auth/token", method, "everlit-version")), [204, "POST", "everlit-version"], method);
    for (const method of ["TRACE", "CONNECT", "FOO"]) assert.doesNotMatch(String(says(await leave("/api/orders", method))[1]), new RegExp(method));
    for (const header of ["authorization", "cookie", "x-forwarded-for", "x-http-method-override", "sec-fetch-site", "everlit-code", "origin", "*", ""]) {
      const [, , own] = says(await leave("/auth/token", "POST", `everlit-version,${header}`));
      assert.equal(own, "everlit-version", header);
    }
    for (const header of ["authorization", "cookie", "x-forwarded-for", "x-http-method-override", "sec-fetch-site", "everlit-code", "origin"]) {
      const [, , proxied] = says(await leave("/api/orders", "GET", `everlit-version,${header}`));
      assert.equal(proxied, "everlit-version", header);
    }
    assert.deepEqual(says(await leave("/auth/token", "POST", "x-a,x-b,If-Match")), [204, "POST", ""]);
  });

  test("is answered only where pages ask, and by nobody's cookie", async () => {
    for (const path of ["/auth/login", "/auth/callback/demo", "/auth/events", "/auth/end-session", "/auth/logged-out", "/auth/backchannel-logout", "/healthz", "/auth/openapi.json", "/auth/nothing", "/internal/rotate", "/"]) {
      const { headers, status } = await leave(path, "GET", "everlit-version");
      assert.deepEqual(granted(headers), [], path);
      assert.notEqual(status, 204, path);
    }
    // Not asking for leave, it is a request like any other.
    const plain = await send(`${stack.app}/auth/session`, { method: "OPTIONS", headers: from(APP) });
    assert.deepEqual([plain.status, plain.headers["access-control-allow-methods"]], [405, undefined]);
  });
});

describe("the event socket", () => {
  test("is opened for a page of the app, and for no other sibling", async () => {
    const { browser } = await enter(stack);
    for (const site of [undefined, "same-site"]) {
      const socket = await open(browser, { headers: { origin: APP, "sec-fetch-site": site } });
      assert.match(socket.first, /moved/);
      socket.close();
    }
    for (const headers of [...HOSTILE.map((origin) => ({ origin })), { origin: OTHER, "sec-fetch-site": "same-site" }, { origin: APP, "sec-fetch-site": "cross-site" }, { origin: APP, "sec-fetch-site": "none" }, { origin: undefined }]) {
      const { status, json } = await refusal(browser, { headers });
      assert.deepEqual([status, json?.code], [403, "cross_site"], JSON.stringify(headers));
    }
  });
});

describe("where it leads back to", () => {
  test("is an address of the app, to the letter", async () => {
    for (const [returnTo, led] of [
      [`${APP}/orders?page=2#last`, `${APP}/orders?page=2#last`], [`${APP}/auth/done`, `${APP}/auth/done`], ["/orders", "/orders"],
      ...[`${OTHER}/`, `${APP}3/`, `${APP}.evil.example/`, `${APP}@evil.example/`, APP, `//localhost:5173/`, `https://localhost:5173/`, `${APP}//evil.example/`, `${APP}/\\evil.example`, `${APP}/../x`, "https://evil.example/", "javascript:alert(1)"].map((hostile) => [hostile, "/"]),
    ]) {
      const { landing } = await enter(stack, stack.browser(), { returnTo });
      assert.equal(ledTo(landing)?.replaceAll("&amp;", "&"), led, returnTo);
    }
    const { landing } = await enter(alone, alone.browser(), { returnTo: `${APP}/orders` });
    assert.equal(ledTo(landing), "/", "nobody is named there");
  });

  test("is the app, where a Worker without an app of its own has nothing to show", async () => {
    const { status, headers } = await send(`${stack.app}/`, {});
    assert.deepEqual([status, headers.location], [302, APP]);
    assert.equal((await send(`${alone.app}/`, {})).status, 404);
  });

  test("is looked at again when it is used", async () => {
    const browser = stack.browser();
    const { callback } = await begin(stack, browser, { returnTo: `${APP}/x` });
    const landing = await browser.navigate(callback, { site: "cross-site" });
    assert.equal(ledTo(landing), `${APP}/x`);
    assert.match(policy(landing.headers), /frame-ancestors 'none'/);
  });
});

describe("a page leads its browser here", () => {
  const REFERERS = [undefined, `${OTHER}/`, "http://localhost:51733/", APP, "http://evil.example/", "null"];
  const by = (/** @type {string | undefined} */ referer) => /** @type {any} */ (referer ? { referer } : {});

  test("for a silent login in a frame, which tells the app and may be framed by it alone", async () => {
    const { browser } = await enter(stack);
    const { answer } = await ask(browser, "frame", { returnTo: `${APP}/orders`, site: "same-site", headers: { referer: `${APP}/` } });
    assert.equal(answer.status, 302, answer.text);
    const { state } = stack.as.take(answer.headers.location);
    const end = await browser.navigate(`/auth/callback/demo?${new URLSearchParams({ error: "login_required", state, iss: stack.as.issuer })}`, { site: "cross-site", headers: { "sec-fetch-dest": "iframe" } });
    assert.match(end.text, /data-outcome="refused" data-via="frame" data-app="http:\/\/localhost:5173">/);
    assert.match(policy(end.headers), /frame-ancestors http:\/\/localhost:5173(;|$)/);
    for (const referer of REFERERS) {
      const refused = await ask(browser, "frame", { returnTo: `${APP}/orders`, site: "same-site", headers: by(referer) });
      assert.deepEqual([refused.answer.status, refused.answer.json?.code], [403, "cross_site"], String(referer));
      const popup = await ask(browser, "popup", { returnTo: `${APP}/orders`, site: "same-site", headers: by(referer) });
      assert.match(popup.answer.text, /data-outcome="failed"/, String(referer));
      // An app that names no referrer would be led back, and come again, for ever.
      const redirect = await ask(browser, "redirect", { returnTo: `${APP}/orders`, site: "same-site", headers: by(referer) });
      assert.deepEqual([redirect.answer.status, ledTo(redirect.answer)], [400, undefined], String(referer));
      assert.match(redirect.answer.text, /Sign in again/);
    }
    const cross = await ask(browser, "frame", { returnTo: `${APP}/orders`, site: "cross-site", headers: { referer: `${APP}/` } });
    assert.equal(cross.answer.status, 403);
  });

  test("to be logged out at the authorization server, and back to the app", async () => {
    const { browser } = await enter(stack);
    const { json } = await browser.call("/auth/logout", { method: "POST", headers: from(APP), json: { v: 1, return_to: `${APP}/bye` } });
    assert.equal(json.end_session, "/auth/end-session");
    for (const referer of REFERERS) assert.equal((await browser.navigate("/auth/end-session", { site: "same-site", headers: by(referer) })).status, 403, String(referer));
    const leave = await browser.navigate("/auth/end-session", { site: "same-site", headers: { referer: `${APP}/` } });
    assert.equal(leave.status, 200, leave.text);
    const state = /name="state" value="([^"]+)"/.exec(leave.text)?.[1] ?? "";
    const back = await browser.navigate(`/auth/logged-out?state=${state}`, { site: "cross-site" });
    assert.equal(ledTo(back), `${APP}/bye`);
  });
});

test("without an app that is named no answer differs", async () => {
  const { browser, session } = await enter(alone);
  for (const [method, path] of ASKED.slice(0, 2)) {
    const refused = await browser.call(path, { method, headers: from(APP), ...bodyOf(method, session) });
    assert.deepEqual([refused.status, granted(refused.headers), refused.headers.vary], [403, [], undefined]);
    const taken = await browser.call(path, { method, ...bodyOf(method, session) });
    assert.deepEqual([taken.status, granted(taken.headers), taken.headers.vary], [200, [], undefined]);
  }
  const preflight = await send(`${alone.app}/auth/session`, { method: "OPTIONS", headers: { ...from(APP), "access-control-request-method": "GET" } });
  assert.deepEqual([preflight.status, granted(preflight.headers)], [405, []]);
});

for (const [apps, why] of /** @type {const} */ ([[["http://app.example"], "list of origins"], [["https://app.example"], "another site"], [["http://localhost:1", "http://*.localhost"], "list of origins"]])) {
  test(`an app at ${apps.join(" and ")} stops the Worker, which names the variable`, async (context) => {
    const wrong = await startScriptedStack({ change: (given) => ({ ...given, APP_ORIGINS: apps }) });
    context.after(() => wrong.close());
    const { status, json } = await send(`${wrong.app}/auth/session`, {});
    assert.equal(status, 503);
    assert.match(json.detail, new RegExp(`^APP_ORIGINS: .*${why}`));
  });
}
