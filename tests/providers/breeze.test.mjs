import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { describe, test } from "node:test";

import { checksumOf } from "../servers/stand-ins/breeze/checksum.mjs";
import { startBreeze } from "../servers/stand-ins/breeze/index.mjs";
import { expiryOf, sessionTokenOf } from "../servers/stand-ins/breeze/sessions.mjs";
import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { Browser } from "../servers/support/browser.mjs";
import { read, SECRET, signIn, standing } from "./support/standing.mjs";

const APP = "app+key=1!";
const EVENING = Date.parse("2026-10-02T20:00:00+05:30");
const MIDNIGHT = Date.parse("2026-10-03T00:00:00+05:30");
const HOUR = 3_600_000;

/** @param {any} t @param {Partial<Parameters<typeof startBreeze>[0]>} [options] */
const start = (t, options = {}) => standing(t, startBreeze({ clientSecret: SECRET, clock: stoppedClock(EVENING), ...options }));

/** A call with a body whatever its method, as `fetch` cannot make it. @param {string} url @param {{ method?: string, body?: string, headers?: Record<string, string> }} [how] */
async function send(url, { method = "GET", body = "", headers = {} } = {}) {
  return new Promise((/** @type {(answer: { status: number, text: string, body: any }) => void} */ resolve, reject) => {
    const req = httpRequest(url, { method, headers: { ...headers, ...(body && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }) } }, (res) => {
      let text = "";
      res.setEncoding("utf8").on("data", (chunk) => { text += chunk; });
      res.on("end", () => {
        let parsed;
        try { parsed = JSON.parse(text); } catch { /* some answers are none */ }
        resolve({ status: res.statusCode ?? 0, text, body: parsed });
      });
      res.on("error", reject);
    });
    req.on("error", reject);
    req.end(body);
  });
}

/** @param {{ origin: string }} breeze @param {string} [key] */
const loginOf = (breeze, key = APP) => `${breeze.origin}/apiuser/login?api_key=${encodeURIComponent(key)}`;

/** @param {{ origin: string }} breeze @param {string} [login] */
const apiSessionOf = async (breeze, login = "ada") => (await signIn(breeze, loginOf(breeze), login)).searchParams.get("apisession") ?? "";

/** @param {{ origin: string }} breeze @param {string} session @param {string} [appKey] */
const details = (breeze, session, appKey = APP) =>
  send(`${breeze.origin}/breezeapi/api/v1/customerdetails`, { body: JSON.stringify({ SessionToken: session, AppKey: appKey }) });

/** @param {any} breeze @param {string} [login] @returns {Promise<string>} the session token */
const logIn = async (breeze, login) => (await details(breeze, await apiSessionOf(breeze, login))).body.Success.session_token;

/** @param {number} now */
const timestamp = (now) => `${new Date(now).toISOString().slice(0, 19)}.000Z`;

/** @param {any} breeze @param {string} token @param {{ path?: string, method?: string, body?: string, signedBody?: string, secret?: string, at?: string, appKey?: string }} [how] */
function signed(breeze, token, { path = "funds", method = "GET", body = "{}", signedBody = body, secret = SECRET, at = timestamp(breeze.clock.now()), appKey = APP } = {}) {
  return send(`${breeze.origin}/breezeapi/api/v1/${path}`, {
    method,
    body,
    headers: { "x-checksum": `token ${checksumOf(at, signedBody, secret)}`, "x-timestamp": at, "x-appkey": appKey, "x-sessiontoken": token },
  });
}

const refusal = (/** @type {string} */ text, status = 500) => (status === 5 ? { Status: 5, Error: text } : { Success: null, Status: status, Error: text });

test("checksums are those of the official SDKs", () => {
  const at = "2026-01-02T03:04:05.000Z";
  assert.equal(checksumOf(at, "{}", SECRET), "a107d11fb8f3dc6859f4939b7022a1cac2451972ee7d4cb736f08ac8336562c2");
  assert.equal(checksumOf(at, '{"stock_code":"ITC","n":"1"}', SECRET), "d51c0cc67bfc2b34650f3ca447cfdc2557205e7d0d47c444d718621500e565e9");
  assert.equal(sessionTokenOf("AB123456", "98765432"), "QUIxMjM0NTY6OTg3NjU0MzI=");
});

for (const [rule, issued, expires] of /** @type {[import("../servers/stand-ins/breeze/sessions.mjs").Rule, string, string][]} */ ([
  ["both", "2026-10-02T20:00:00+05:30", "2026-10-02T18:30:00Z"],
  ["both", "2026-10-02T18:29:59Z", "2026-10-02T18:30:00Z"],
  ["both", "2026-10-02T18:30:00Z", "2026-10-03T18:30:00Z"],
  ["midnight", "2026-10-02T20:00:00+05:30", "2026-10-02T18:30:00Z"],
  ["24h", "2026-10-02T20:00:00+05:30", "2026-10-03T20:00:00+05:30"],
])) {
  test(`by the rule "${rule}" a session of ${issued} expires at ${expires}`, () => {
    assert.equal(expiryOf(Date.parse(issued), rule), Date.parse(expires));
  });
}

describe("login", () => {
  test("comes back by an address with the API_Session and nothing else", async (t) => {
    const breeze = await start(t);
    const back = await signIn(breeze, `${loginOf(breeze)}&state=not-a-thing`, "ada");
    assert.equal(back.origin + back.pathname, "http://localhost:8787/auth/callback/breeze");
    assert.match(back.search, /^\?apisession=\d{8}$/);
  });

  test("keeps the query of the registered address", async (t) => {
    const breeze = await start(t, { redirectUri: "http://localhost:8787/back?from=breeze" });
    assert.match((await signIn(breeze, loginOf(breeze), "ada")).search, /^\?from=breeze&apisession=\d{8}$/);
  });

  test("comes back by a form, where the app is registered so", async (t) => {
    const breeze = await start(t, { callback: "post" });
    const browser = new Browser(breeze.origin);
    const page = await browser.press(await browser.visit(loginOf(breeze)), "sign-in", { login: "ada" });
    assert.match(page.text, /<form method="post" action="http:\/\/localhost:8787\/auth\/callback\/breeze">/);
    const [, session = ""] = /name="API_Session" value="(\d{8})"/.exec(page.text) ?? [];
    assert.equal((await details(breeze, session)).body.Status, 200);
    assert.equal((await browser.press(page, "continue")).url.href, "http://localhost:8787/auth/callback/breeze");
  });

  test("of another app, or of a key that was not encoded, is refused on a page", async (t) => {
    const breeze = await start(t);
    for (const address of [loginOf(breeze, "other"), `${breeze.origin}/apiuser/login?api_key=${APP}`]) {
      const page = await read(await fetch(address));
      assert.equal(page.status, 400);
      assert.match(page.text, /Public Key does not exist/);
    }
  });
});

describe("the exchange", () => {
  test("is a GET with a body, without a signature, and says who it is", async (t) => {
    const breeze = await start(t);
    const { status, body } = await details(breeze, await apiSessionOf(breeze));
    assert.deepEqual([status, body.Status, body.Error, body.Success.idirect_lastlogin_time], [200, 200, null, "02-Oct-2026 20:00:00"]);
    const [user, key] = Buffer.from(body.Success.session_token, "base64").toString("ascii").split(":");
    assert.equal(user, body.Success.idirect_userid);
    assert.match(key ?? "", /^\d{8}$/);
  });

  test("can be made again with the same API_Session, and gives the same", async (t) => {
    const breeze = await start(t);
    const session = await apiSessionOf(breeze);
    const [one, two] = [await details(breeze, session), await details(breeze, session)];
    assert.equal(one.body.Success.session_token, two.body.Success.session_token);
  });

  test("of a wrong session, a wrong app, a session that is over, or without a body is refused in different words", async (t) => {
    const breeze = await start(t);
    const session = await apiSessionOf(breeze);
    assert.deepEqual((await details(breeze, "00000000")).body, refusal("Invalid session."));
    assert.deepEqual((await details(breeze, session, "other")).body, refusal("Public Key does not exist."));
    assert.deepEqual((await send(`${breeze.origin}/breezeapi/api/v1/customerdetails`)).body, refusal("Invalid session."));
    breeze.clock.set(MIDNIGHT);
    assert.deepEqual((await details(breeze, session)).body, refusal("Resource not available."));
  });

  test("by a POST is taken only where that is chosen", async (t) => {
    for (const acceptsPost of [false, true]) {
      const breeze = await start(t, { acceptsPost });
      const body = JSON.stringify({ SessionToken: await apiSessionOf(breeze), AppKey: APP });
      const answer = await send(`${breeze.origin}/breezeapi/api/v1/customerdetails`, { method: "POST", body });
      assert.equal(answer.body.Status, acceptsPost ? 200 : 500);
    }
  });

  test("is refused with whatever HTTP status is chosen", async (t) => {
    for (const errorStatus of [200, 500]) {
      const breeze = await start(t, { errorStatus });
      assert.equal((await details(breeze, "00000000")).status, errorStatus);
    }
  });
});

describe("a signed call", () => {
  test("is served by GET and by POST, each with its body", async (t) => {
    const breeze = await start(t);
    const token = await logIn(breeze);
    const body = JSON.stringify({ transaction_type: "credit", amount: "500", segment: "Equity" });
    assert.equal((await signed(breeze, token, { method: "POST", body })).body.Success.status, "Success");
    assert.equal((await signed(breeze, token)).body.Success.allocated_equity, 500);
    assert.equal((await signed(breeze, token, { path: "quotes", body: '{"stock_code":"ITC"}' })).body.Success[0].stock_code, "ITC");
  });

  for (const [why, how] of /** @type {[string, Parameters<typeof signed>[2]][]} */ ([
    ["another secret", { secret: "other" }],
    ["a body that was signed with other spaces", { body: '{"a": 1}', signedBody: '{"a":1}' }],
    ["no body, though one was signed", { body: "", signedBody: "{}" }],
    ["a time with milliseconds", { at: "2026-10-02T14:30:00.123Z" }],
    ["a time that is six minutes old", { at: timestamp(EVENING - 6 * 60_000) }],
    ["a time that is six minutes ahead", { at: timestamp(EVENING + 6 * 60_000) }],
  ])) {
    test(`with ${why} is refused with a status that is none of HTTP`, async (t) => {
      const breeze = await start(t);
      assert.deepEqual((await signed(breeze, await logIn(breeze), how)).body, refusal("Authentication Fail :: Invalid Checksum.", 5));
    });
  }

  test("may be off by five minutes, or by years where that is chosen", async (t) => {
    const strict = await start(t);
    assert.equal((await signed(strict, await logIn(strict), { at: timestamp(EVENING - 5 * 60_000) })).body.Status, 200);
    const loose = await start(t, { toleranceMs: null });
    assert.equal((await signed(loose, await logIn(loose), { at: "2001-01-01T00:00:00.000Z" })).body.Status, 200);
  });

  test("of another app, or with another session, is refused", async (t) => {
    const breeze = await start(t);
    const token = await logIn(breeze);
    assert.deepEqual((await signed(breeze, token, { appKey: "other" })).body, refusal("Public Key does not exist."));
    assert.deepEqual((await signed(breeze, "bm9ib2R5OjE=")).body, refusal("Invalid session."));
  });

  test("for old prices has no signature and no body", async (t) => {
    const breeze = await start(t);
    const token = await logIn(breeze);
    const charts = (/** @type {string} */ session) => send(`${breeze.origin}/api/v2/historicalcharts?stock_code=ITC`, { headers: { "x-sessiontoken": session, apikey: APP } });
    assert.equal((await charts(token)).body.Success[0].stock_code, "ITC");
    assert.deepEqual((await charts("other")).body, refusal("Invalid session."));
  });
});

describe("a session", () => {
  test("ends at midnight in India, to the millisecond", async (t) => {
    const breeze = await start(t);
    const token = await logIn(breeze);
    breeze.clock.set(MIDNIGHT - 1);
    assert.equal((await signed(breeze, token)).body.Status, 200);
    breeze.clock.set(MIDNIGHT);
    assert.deepEqual((await signed(breeze, token)).body, refusal("Resource not available."));
  });

  test("of just after midnight lasts a whole day", async (t) => {
    const breeze = await start(t, { clock: stoppedClock(MIDNIGHT + 1) });
    const token = await logIn(breeze);
    breeze.clock.set(MIDNIGHT + 24 * HOUR - 1);
    assert.equal((await signed(breeze, token)).body.Status, 200);
    breeze.clock.advance(1);
    assert.equal((await signed(breeze, token)).body.Status, 500);
  });

  test("outlives a second login, unless it is chosen otherwise", async (t) => {
    for (const secondLoginEndsFirst of [false, true]) {
      const breeze = await start(t, { secondLoginEndsFirst });
      const [first, second] = [await logIn(breeze), await logIn(breeze)];
      assert.equal((await signed(breeze, first)).body.Status, secondLoginEndsFirst ? 500 : 200);
      assert.equal((await signed(breeze, second)).body.Status, 200);
    }
  });

  test("can be over before its time", async (t) => {
    const breeze = await start(t);
    const token = await logIn(breeze);
    await breeze.act("endSessions");
    assert.deepEqual((await signed(breeze, token)).body, refusal("Resource not available."));
  });
});

test("a limit of a hundred calls a minute is said with a status that is none of HTTP, and is over with the minute", async (t) => {
  const breeze = await start(t);
  const token = await logIn(breeze);
  for (let n = 0; n < 99; n += 1) assert.equal((await signed(breeze, token)).body.Status, 200);
  assert.deepEqual((await signed(breeze, token)).body, refusal("Limit exceed: API call per minute: ", 5));
  breeze.clock.advance(60_000);
  assert.equal((await signed(breeze, token)).body.Status, 200);
});

test("'Invalid User Details' comes by chance from a seed: the same calls with the same seed", async (t) => {
  const run = async (/** @type {number} */ seed) => {
    const breeze = await start(t, { seed });
    const token = await logIn(breeze);
    breeze.faults.add({ kind: "refusal", name: "Invalid User Details", path: "/breezeapi/api/v1/quotes", rate: 0.3 });
    const seen = [];
    for (let n = 0; n < 40; n += 1) seen.push((await signed(breeze, token, { path: "quotes" })).body.Error === "Invalid User Details");
    assert.equal((await signed(breeze, token)).body.Status, 200, "of that path only");
    return seen.map(Number).join("");
  };
  const [one, again, other] = [await run(7), await run(7), await run(8)];
  assert.equal(one, again);
  assert.notEqual(one, other);
  assert.match(one, /0/);
  assert.match(one, /1/);
});
