import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { head, sendRaw } from "./support/raw.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE, question } from "./support/stack.mjs";

/** @typedef {import("./support/scripted-stack.mjs").ScriptedStack} ScriptedStack */

/** @type {ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack(); });
after(() => stack?.close());

/** Every object that there is, of all classes. @param {ScriptedStack} of */
async function objects(of) {
  const files = await readdir(join(of.workerd.folder, "disk"), { recursive: true });
  return files.filter((name) => name.endsWith(".sqlite")).sort();
}

describe("a cookie", () => {
  /** What everybody is told whose cookies are worth nothing. @param {string} cookie @param {string} what */
  async function isLoggedOut(cookie, what, of = stack) {
    const stranger = of.browser();
    const headers = { cookie };
    const session = await stranger.call("/auth/session", { headers });
    assert.deepEqual([session.status, session.json?.state, session.headers["set-cookie"]], [200, "logged_out", undefined], what);
    for (const [method, path] of [["POST", "/auth/token"], ["GET", "/api/orders"], ["GET", "/auth/sessions"], ["DELETE", "/auth/sessions"]]) {
      const answer = await stranger.call(path ?? "", { method, headers, ...(path === "/auth/token" && { json: question(undefined, "resume") }) });
      assert.deepEqual([answer.status, answer.json?.code], [401, "logged_out"], `${what}: ${method} ${path}`);
    }
    const logout = await stranger.call("/auth/logout", { method: "POST", headers });
    assert.deepEqual([logout.status, logout.json?.state], [200, "logged_out"], what);
  }

  test("of another deployment is a clean logged out, and makes no object", async () => {
    const other = await startScriptedStack();
    try {
      const { browser } = await enter(other);
      const count = await objects(stack);
      await isLoggedOut(`${SESSION_COOKIE}=${browser.cookie(SESSION_COOKIE)}`, "the session cookie of another deployment");
      // Its login is none of ours either.
      const stranger = stack.browser();
      const { callback } = await begin(stack, stack.browser());
      const after = await objects(stack);
      stranger.setCookie(BINDING_COOKIE, browser.cookie(BINDING_COOKIE) ?? "", "lax");
      assert.equal((await stranger.navigate(callback, { site: "cross-site" })).status, 400);
      assert.deepEqual(await objects(stack), after);
      const made = after.filter((name) => !count.includes(name)).map((name) => name.split("/")[0]);
      assert.deepEqual([...new Set(made)], ["LoginDesk"], "nothing but what the login needs that began meanwhile");
    } finally {
      await other.close();
    }
  });

  test("of a key that is retired is a clean logged out, and makes no object", async () => {
    const other = await startScriptedStack();
    try {
      const { browser } = await enter(other);
      const cookie = `${SESSION_COOKIE}=${browser.cookie(SESSION_COOKIE)}`;
      await other.workerd.kill();
      await other.workerd.configure({ SECRET_SESSION_KEY: undefined, SECRET_SESSION_KEY_2: Buffer.alloc(32, 7).toString("base64url") });
      await other.workerd.begin();
      const count = await objects(other);
      await isLoggedOut(cookie, "the cookie of a retired key", other);
      assert.deepEqual(await objects(other), count);
    } finally {
      await other.close();
    }
  });

  test("one of a hundred, or of 16 KB, is a clean logged out, and makes no object", async () => {
    const { browser } = await enter(stack);
    const good = browser.cookie(SESSION_COOKIE) ?? "";
    const count = await objects(stack);
    const wrong = (/** @type {number} */ at) => `${SESSION_COOKIE}=${"A".repeat(21)}${at % 10}.${"B".repeat(22)}`;
    await isLoggedOut(Array.from({ length: 100 }, (_, at) => wrong(at)).join("; "), "a hundred of its name");
    await isLoggedOut(Array.from({ length: 100 }, (_, at) => `c${at}=${"x".repeat(40)}`).join("; "), "a hundred others");
    await isLoggedOut(`${SESSION_COOKIE}=${"A".repeat(16_000)}`, "16 KB");
    await isLoggedOut(`${SESSION_COOKIE}=${good.split(".")[0]}.${"A".repeat(16_000)}`, "a good id, and a proof of 16 KB");
    await isLoggedOut(`${SESSION_COOKIE}=\xff\xfe\x80`, "no text");
    await isLoggedOut(`${SESSION_COOKIE}=${good}; ${SESSION_COOKIE}=${"A".repeat(22)}`, "ours and another of its name");
    assert.deepEqual(await objects(stack), count);
    // Among a hundred others ours is found.
    const among = [...Array.from({ length: 100 }, (_, at) => `c${at}=${"x".repeat(40)}`), `${SESSION_COOKIE}=${good}`].join("; ");
    assert.equal((await stack.browser().call("/auth/session", { headers: { cookie: among } })).json.state, "active");
  });
});

describe("a body that comes too slowly", () => {
  /** Every route of ours that takes one. */
  const SLOW = /** @type {const} */ ([
    ["POST", "/auth/token", 408, "too_slow"], ["POST", "/auth/logout", 408, "too_slow"],
    ["DELETE", "/auth/sessions", 408, "too_slow"], ["DELETE", `/auth/sessions/${"A".repeat(22)}`, 408, "too_slow"],
    ["POST", "/auth/backchannel-logout", 400, "invalid_request"],
  ]);

  test("is waited for ten seconds, on every route that takes one, and nothing is done", async () => {
    const { browser } = await enter(stack);
    const headers = { cookie: browser.cookieHeader("/auth/token"), "content-type": "application/x-www-form-urlencoded" };
    const asked = SLOW.flatMap(([method, path, status, code]) => [{ "content-length": "300" }, { "transfer-encoding": "chunked" }].map(async (framing) => {
      const body = "content-length" in framing ? '{"v":1' : '6\r\n{"v":1\r\n';
      const answer = await sendRaw(stack.app, head(stack.app, method, path, /** @type {any} */ ({ ...headers, ...framing })), { body, limitMs: 35_000 });
      assert.deepEqual([answer.status, answer.text.includes(code)], [status, true], `${method} ${path} ${Object.keys(framing)}: ${answer.text}`);
      assert.ok(answer.tookMs > 9_000, `${method} ${path}: ${answer.tookMs} ms`);
    }));
    await Promise.all(asked);
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  test("and the door to the rotator says what any unknown path says", async () => {
    const answer = await sendRaw(stack.app, head(stack.app, "POST", "/internal/rotate", { "everlit-internal": "v1 1 1 x", "content-length": "300" }), { body: "{", limitMs: 35_000 });
    assert.deepEqual([answer.status, answer.text.includes('"not_found"')], [404, true], answer.text);
  });
});

describe("a request", () => {
  const raw = (/** @type {string} */ path, /** @type {Record<string, string>} */ headers = {}) => sendRaw(stack.app, head(stack.app, "GET", path, headers));

  test("with headers that are huge is refused by the runtime, or answered as any other", async () => {
    assert.equal((await raw("/auth/session", { "x-huge": "x".repeat(30_000) })).status, 200);
    for (const size of [200_000, 2_000_000]) {
      const { status } = await raw("/auth/session", { "x-huge": "x".repeat(size) });
      assert.ok([0, 400, 413, 431].includes(status), `${size}: ${status}`);
    }
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x-${at}`, "y"]));
    assert.ok([200, 400, 431].includes((await raw("/auth/session", many)).status));
    assert.equal((await raw("/auth/session")).status, 200, "it lives");
  });

  test("with JSON that is deep, or no text, is a bad request", async () => {
    const { browser } = await enter(stack);
    const post = (/** @type {string | Buffer} */ body) => browser.call("/auth/token", { method: "POST", body });
    const bodies = [
      "[".repeat(4_000), '{"v":'.repeat(800), `${'{"v":'.repeat(600)}1${"}".repeat(600)}`, `{"v":1,"reason":${"[".repeat(2_000)}${"]".repeat(2_000)}}`,
      `{"v":1,"reason":"resume","op_id":${"[".repeat(1_000)}"x"${"]".repeat(1_000)}}`,
      Buffer.from('{"v":1,"reason":"resume","op_id":"\xff\xfe"}', "latin1"), Buffer.from('{"v":1,"reason":"res\xc0\xafume"}', "latin1"), Buffer.from([0, 1, 2, 0xff]),
      '{"v":1,"reason":"resume","op_id":"\\ud800"}', '{"v":1e999,"reason":"resume"}', '{"v":1,"reason":"resume","epoch":99999999999999999999,"generation":1}',
    ];
    for (const body of bodies) {
      const answer = await post(body);
      assert.deepEqual([answer.status, answer.json?.code], [400, "bad_request"], String(body).slice(0, 60));
    }
    const form = { "content-type": "application/x-www-form-urlencoded" };
    for (const body of [Buffer.from("logout_token=\xff\xfe", "latin1"), "logout_token=%ff%fe", "logout_token=%zz", `logout_token=${"x".repeat(8_000)}.${"[".repeat(4_000)}.x`]) {
      const answer = await browser.call("/auth/backchannel-logout", { method: "POST", body, headers: form });
      assert.deepEqual([answer.status, answer.json?.error], [400, "invalid_request"], String(body).slice(0, 60));
    }
    assert.equal((await browser.call("/auth/session")).json.state, "active");
  });

  const BREAKS = ["\r\nset-cookie: canary=1", "\n\nset-cookie: canary=1", "%0d%0aset-cookie:%20canary=1", "%0aset-cookie:%20canary=1", "%00", "%E5%98%8D%E5%98%8Aset-cookie:canary=1", "%250d%250aset-cookie:canary=1"];

  test("with a line break in return_to or state puts nothing into a header, raw or encoded", async () => {
    const isClean = (/** @type {{ status: number, headers: string }} */ answer, /** @type {string} */ what) => {
      assert.doesNotMatch(answer.headers, /canary/i, what);
      assert.equal(answer.headers.toLowerCase().split("set-cookie: ").length <= 2, true, what);
    };
    const { callback } = await begin(stack, stack.browser());
    for (const bad of BREAKS) {
      const what = JSON.stringify(bad);
      const login = await raw(`/auth/login?return_to=/a${bad}`);
      isClean(login, what);
      // A raw one ends the request line: what follows is no request. What was encoded goes back to /.
      assert.ok(/[\r\n]/.test(bad) ? [0, 400].includes(login.status) : [302, 400].includes(login.status), `${what}: ${login.status}`);
      const wrong = await raw(`/auth/callback/demo?code=x&state=a${bad}`);
      isClean(wrong, what);
      assert.ok([0, 400].includes(wrong.status), `${what}: ${wrong.status}`);
      for (const path of [`/auth/login?prompt=none&via=redirect&relogin=1&return_to=/a${bad}`, `/auth/callback/demo?error=a${bad}&state=b`, `/api/orders/a${bad}`]) {
        const answer = await raw(path);
        isClean(answer, `${path}: ${what}`);
        assert.ok(answer.status < 500, `${path}: ${answer.status}`);
      }
    }
    // And a return_to that came through is on the page only.
    const { landing } = await enter(stack, stack.browser(), { returnTo: "/a\r\nset-cookie: canary=1" });
    assert.doesNotMatch(JSON.stringify(landing.headers), /canary/);
    assert.ok(callback);
  });
});

test("nothing secret was answered or logged", () => assertNothingLeaked(stack, stack.as.issued));
