/**
 * What the stand-ins say is what `everlit-edge` is tested with: `crates/edge/tests/providers/answers.json` holds their answers, tokens
 * replaced by their names. After a change of a stand-in, `EVERLIT_WRITE_GOLDEN=1 node --test tests/providers/golden.test.mjs` writes it anew.
 */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import { test } from "node:test";

import { checksumOf as signatureOf } from "../servers/stand-ins/breeze/checksum.mjs";
import { createRefusals } from "../servers/stand-ins/breeze/errors.mjs";
import { startBreeze } from "../servers/stand-ins/breeze/index.mjs";
import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { REFUSALS as KITE } from "../servers/stand-ins/kite/errors.mjs";
import { startKite } from "../servers/stand-ins/kite/index.mjs";
import { checksumOf } from "../servers/stand-ins/kite/tokens.mjs";
import { REFUSALS as SUPABASE } from "../servers/stand-ins/supabase/errors.mjs";
import { startSupabase } from "../servers/stand-ins/supabase/index.mjs";
import { REFUSALS as UPSTOX } from "../servers/stand-ins/upstox/errors.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { SECRET, signIn, standing } from "./support/standing.mjs";

const FILE = new URL("../../crates/edge/tests/providers/answers.json", import.meta.url);
const EVENING = Date.parse("2026-10-02T20:00:00+05:30");
const FORM = { "content-type": "application/x-www-form-urlencoded" };

/** @typedef {{ status: number, headers: Record<string, string>, body: string }} Said */
/** @typedef {Record<string, Said>} All by name */

/** As it goes over the wire: a GET may have a body. @param {string} url @param {{ method?: string, headers?: Record<string, string>, body?: string }} [how] @returns {Promise<Said>} */
function send(url, { method = "GET", headers = {}, body = "" } = {}) {
  return new Promise((resolve, reject) => {
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const sent = httpRequest(url, { method, headers: { "content-type": "application/json", ...length, ...headers } }, (response) => {
      let text = "";
      const kept = ["content-type", "retry-after", "date"].flatMap((name) => (response.headers[name] === undefined ? [] : [[name, String(response.headers[name])]]));
      response.setEncoding("utf8").on("data", (chunk) => { text += chunk; });
      response.on("error", reject).on("end", () => resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(kept), body: text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The same without what is random. @param {Said} said @param {Record<string, string>} names */
function masked(said, names) {
  const body = Object.entries(names).reduce((text, [value, name]) => (value === "" ? text : text.replaceAll(value, name)), said.body);
  return { ...said, body };
}

/**
 * What every provider may say, and what may be said in its place.
 *
 * @param {{ faults: { add: (fault: import("../servers/stand-ins/faults.mjs").Fault) => void } }} standIn
 * @param {string[]} refusals
 * @param {() => Promise<Said>} ask
 * @returns {Promise<All>}
 */
async function faults(standIn, refusals, ask) {
  /** @type {All} */
  const said = {};
  /** @type {[string, import("../servers/stand-ins/faults.mjs").Fault][]} */
  const all = [
    ...refusals.map((name) => /** @type {[string, import("../servers/stand-ins/faults.mjs").Fault]} */ ([name, { kind: "refusal", name }])),
    ["page 200", { kind: "html", status: 200 }],
    ["page 403", { kind: "html", status: 403 }],
    ["page 503", { kind: "html", status: 503 }],
    ["cut", { kind: "truncated" }],
    ["throttled", { kind: "throttled" }],
    ["throttled for 7 s", { kind: "throttled", retryAfter: 7 }],
    ["throttled until a date", { kind: "throttled", retryAfter: 7, as: "date" }],
  ];
  for (const [name, fault] of all) {
    standIn.faults.add(fault);
    said[name] = await ask();
  }
  return said;
}

/** @param {any} t @returns {Promise<All>} */
async function upstoxSays(t) {
  /** @type {string[]} */
  const notices = [];
  const notifier = createServer((req, res) => {
    let text = "";
    req.setEncoding("utf8").on("data", (chunk) => { text += chunk; }).on("end", () => { notices.push(text); res.end("ok"); });
  });
  await new Promise((resolve) => { notifier.listen(0, "127.0.0.1", () => resolve(undefined)); });
  t.after(() => notifier.close());
  const notifierUrl = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (notifier.address()).port}/`;
  const app = { client_id: "everlit-demo", redirect_uri: "http://localhost:8787/auth/callback/upstox" };
  const upstox = await standing(t, startUpstox({ clientSecret: SECRET, clock: stoppedClock(EVENING), notifierUrl }));
  const code = (await signIn(upstox, `${upstox.origin}/v2/login/authorization/dialog?${new URLSearchParams({ response_type: "code", ...app })}`, "ada")).searchParams.get("code") ?? "";
  const body = new URLSearchParams({ ...app, client_secret: SECRET, grant_type: "authorization_code", code }).toString();
  const login = await send(`${upstox.origin}/v2/login/authorization/token`, { method: "POST", headers: FORM, body });
  const { access_token: token, extended_token: extended } = JSON.parse(login.body);
  const ask = (/** @type {string} */ path, method = "GET", bearer = token) => send(`${upstox.origin}${path}`, { method, headers: { authorization: `Bearer ${bearer}` } });
  const request = () => send(`${upstox.origin}/v3/login/auth/token/request/${app.client_id}`, { method: "POST", body: JSON.stringify({ client_secret: SECRET }) });
  const pending = masked(await request(), { [notifierUrl]: "https://app.example/auth/notify/upstox/c" });
  await upstox.act("approve");
  const notice = JSON.parse(notices[0] ?? "null");
  return {
    login: masked(login, { [token]: "access-token", [extended]: "extended-token" }),
    "login again": await send(`${upstox.origin}/v2/login/authorization/token`, { method: "POST", headers: FORM, body }),
    pending,
    notice: masked({ status: 0, headers: {}, body: notices[0] ?? "" }, { [notice.access_token]: "access-token" }),
    profile: await ask("/v2/user/profile"),
    "profile, extended": await ask("/v2/user/profile", "GET", extended),
    ...(await faults(upstox, Object.keys(UPSTOX), () => ask("/v2/user/profile"))),
    logout: await ask("/v2/logout", "DELETE"),
    "profile after it": await ask("/v2/user/profile"),
  };
}

/** @param {any} t @returns {Promise<All>} */
async function breezeSays(t) {
  const app = "app+key=1!";
  const breeze = await standing(t, startBreeze({ clientSecret: SECRET, clock: stoppedClock(EVENING) }));
  const session = (await signIn(breeze, `${breeze.origin}/apiuser/login?api_key=${encodeURIComponent(app)}`, "ada")).searchParams.get("apisession") ?? "";
  const details = (/** @type {string} */ value, key = app) => send(`${breeze.origin}/breezeapi/api/v1/customerdetails`, { body: JSON.stringify({ SessionToken: value, AppKey: key }) });
  const login = await details(session);
  const { session_token: token, idirect_userid: user } = JSON.parse(login.body).Success;
  const funds = (secret = SECRET, value = token) => {
    const at = new Date(breeze.clock.now()).toISOString().replace(/\.\d{3}Z$/, ".000Z");
    const headers = { "x-checksum": `token ${signatureOf(at, "{}", secret)}`, "x-timestamp": at, "x-appkey": app, "x-sessiontoken": value };
    return send(`${breeze.origin}/breezeapi/api/v1/funds`, { headers, body: "{}" });
  };
  const said = {
    login: masked(login, { [token]: Buffer.from(`${user}:98765432`).toString("base64") }),
    "login of another": await details("00000000"),
    "login at another app": await details(session, "other"),
    funds: await funds(),
    "funds, another secret": await funds("wrong"),
    "funds, another token": await funds(SECRET, "bm9ib2R5OjE="),
    ...(await faults(breeze, Object.keys(createRefusals(200).byName), funds)),
  };
  breeze.clock.set(Date.parse("2026-10-03T00:00:00+05:30"));
  return { ...said, "funds after midnight": await funds() };
}

/** @param {any} t @returns {Promise<All>} */
async function kiteSays(t) {
  const key = "kitekey";
  const kite = await standing(t, startKite({ clientSecret: SECRET, clock: stoppedClock(EVENING), renews: true }));
  const token = (await signIn(kite, `${kite.origin}/connect/login?v=3&api_key=${key}`, "ada")).searchParams.get("request_token") ?? "";
  const exchange = (/** @type {string} */ kind, /** @type {string} */ value, secret = SECRET, by = key) => send(`${kite.origin}/session/${kind === "request" ? "token" : "refresh_token"}`, {
    method: "POST", headers: FORM, body: new URLSearchParams({ api_key: by, [`${kind}_token`]: value, checksum: checksumOf(by, value, secret) }).toString(),
  });
  /** @param {Said} said */
  const namesOf = (said) => {
    const { access_token: access, public_token: open, refresh_token: refresh } = JSON.parse(said.body).data;
    return { [access]: "access-token", [open]: "public-token", [refresh]: "refresh-token" };
  };
  const wrong = await exchange("request", token, "wrong");
  const other = await exchange("request", token, SECRET, "other");
  const login = await exchange("request", token);
  const { access_token: access, refresh_token: refresh } = JSON.parse(login.body).data;
  const renewal = await exchange("refresh", refresh);
  const ask = (/** @type {string} */ path = "/user/profile") => send(`${kite.origin}${path}`, { headers: { authorization: `token ${key}:${access}`, "x-kite-version": "3" } });
  return {
    login: masked(login, namesOf(login)),
    "login, another secret": wrong,
    "login at another app": other,
    "login again": await exchange("request", token),
    renewal: masked(renewal, namesOf(renewal)),
    "renewal again": await exchange("refresh", refresh),
    profile: await ask(),
    nowhere: await ask("/nowhere"),
    ...(await faults(kite, Object.keys(KITE), ask)),
    logout: await send(`${kite.origin}/session/token?api_key=${key}&access_token=${access}`, { method: "DELETE" }),
    "profile after it": await ask(),
  };
}

/** @param {any} t @returns {Promise<All>} */
async function supabaseSays(t) {
  const supabase = await standing(t, startSupabase({ clientSecret: SECRET, clock: stoppedClock(EVENING) }));
  const post = (/** @type {string} */ path, /** @type {object} */ given, headers = {}) =>
    send(`${supabase.origin}/auth/v1/${path}`, { method: "POST", headers: { apikey: SECRET, ...headers }, body: JSON.stringify(given) });
  const login = await post("token?grant_type=password", { email: "ada@example.com", password: "any" });
  const { access_token: access, refresh_token: refresh } = JSON.parse(login.body);
  const renewal = await post("token?grant_type=refresh_token", { refresh_token: refresh });
  const next = JSON.parse(renewal.body);
  const user = () => send(`${supabase.origin}/auth/v1/user`, { headers: { apikey: SECRET, authorization: `Bearer ${next.access_token}` } });
  const again = (/** @type {Record<string, string>} */ headers = {}) => post("token?grant_type=refresh_token", { refresh_token: "no-such-token" }, headers);
  const newer = { "x-supabase-api-version": "2024-01-01" };
  const said = {
    login: masked(login, { [access]: "access-token", [refresh]: "refresh-token" }),
    "login, a wrong password": await post("token?grant_type=password", { email: "ada@example.com", password: "wrong" }),
    "login, a wrong code": await post("token?grant_type=pkce", { auth_code: "none", code_verifier: "none" }),
    renewal: masked(renewal, { [next.access_token]: "access-token", [next.refresh_token]: "next-refresh-token" }),
    "renewal without a token": await post("token?grant_type=refresh_token", {}),
    "renewal, another key": await post("token?grant_type=refresh_token", { refresh_token: refresh }, { apikey: "other" }),
    "another grant": await post("token?grant_type=magic", {}),
    user: await user(),
    "user of nobody": await send(`${supabase.origin}/auth/v1/user`, { headers: { apikey: SECRET } }),
    ...(await faults(supabase, Object.keys(SUPABASE), again)),
  };
  /** @type {All} */
  const inNewForm = {};
  for (const [name, one] of Object.entries(await faults(supabase, Object.keys(SUPABASE), () => again(newer)))) {
    if (name in SUPABASE) inNewForm[`${name} (2024-01-01)`] = one;
  }
  const logout = await send(`${supabase.origin}/auth/v1/logout?scope=local`, { method: "POST", headers: { apikey: SECRET, authorization: `Bearer ${next.access_token}` } });
  const after = await user();
  supabase.clock.advance(3_600_000);
  return { ...said, ...inNewForm, logout, "user after it": after, "user an hour later": await user() };
}

test("what the stand-ins say is what the parsers are tested with", async (t) => {
  const said = { breeze: await breezeSays(t), kite: await kiteSays(t), supabase: await supabaseSays(t), upstox: await upstoxSays(t) };
  if (process.env.EVERLIT_WRITE_GOLDEN) await writeFile(FILE, `${JSON.stringify(said, null, 1)}\n`);
  assert.deepEqual(said, JSON.parse(await readFile(FILE, "utf8")));
});
