/*
 * What Everlit is measured against: the same two paths, written by hand in JavaScript, doing the least that still does them.
 *
 * It checks what the Worker checks (method, cross-site rule, version, body limit, the MAC of the cookie), asks a Durable Object
 * that keeps its row in memory, answers with the same headers, and filters the same headers of a proxied call. It is written
 * the way a careful hand would write it for speed: keys are imported once, nothing is awaited that need not be.
 */

import { DurableObject } from "cloudflare:workers";

import { bytesOf, hmac, textOf } from "./keys.js";
import { passes } from "./headers.js";
import { open, seal } from "./sealed.js";

const COOKIE = "__Host-Http-everlit";
const MAX_BODY = 4 * 1024;
/** So long before its end a token would be refreshed. Here none comes that far. */
const LEAD_MS = 300_000;

const OWN = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
};

const answer = (/** @type {number} */ status, /** @type {string} */ type, /** @type {unknown} */ value) =>
  new Response(JSON.stringify(value), { status, headers: { ...OWN, "content-type": type } });
const json = (/** @type {unknown} */ value) => answer(200, "application/json", value);
const problem = (/** @type {number} */ status, /** @type {string} */ code) =>
  answer(status, "application/problem+json", { type: `urn:everlit:problem:${code}`, title: code, status, code });

/** The one session's row, and what is kept of it in memory. */
export class Vault extends DurableObject {
  /** @type {undefined | Promise<any>} */ #loaded;

  /** @param {Request} request */
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/establish") return this.#establish(await request.json());
    const held = await (this.#loaded ??= this.#load());
    if (!held) return Response.json({ answer: "logged_out" });
    const now = Date.now();
    if (now >= Math.min(held.row.active_at + held.row.idle, held.row.absolute_at)) return Response.json({ answer: "ended" });
    const left = held.row.access_expires_at - now;
    if (left < LEAD_MS) return Response.json({ answer: "retry_after", millis: 1000 });
    const { epoch, generation, access_lifetime, active_at, idle, absolute_at } = held.row;
    if (pathname === "/token" && searchParams.get("reason") !== "deadline") return new Response(null, { status: 404 });
    return Response.json({
      answer: "current", epoch, generation, access_token: pathname === "/access" ? held.accessToken : undefined,
      expires_in: left, lifetime: access_lifetime, idle_left: active_at + idle - now, absolute_left: absolute_at - now,
    });
  }

  async #load() {
    const { sql } = this.ctx.storage;
    if (sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'session'").toArray().length === 0) return;
    const row = sql.exec("SELECT * FROM session WHERE id = 1").toArray()[0];
    if (!row) return;
    const [accessToken, refreshToken] = await Promise.all([open(this.env.KEY, row.access_token), open(this.env.KEY, row.refresh_token)]);
    return { row, accessToken, refreshToken };
  }

  /** @param {{ access: string, refresh: string, lifetime: number }} login */
  async #establish({ access, refresh, lifetime }) {
    const sealed = [await seal(this.env.KEY, access), await seal(this.env.KEY, refresh)];
    const now = Date.now();
    const { sql } = this.ctx.storage;
    sql.exec(
      "CREATE TABLE session (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL, generation INTEGER NOT NULL, access_token BLOB, " +
        "access_expires_at INTEGER NOT NULL, access_lifetime INTEGER NOT NULL, refresh_token BLOB, active_at INTEGER NOT NULL, " +
        "idle INTEGER NOT NULL, absolute_at INTEGER NOT NULL) STRICT",
    );
    sql.exec(
      "INSERT INTO session VALUES (1, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
      now, sealed[0], now + lifetime, lifetime, sealed[1], now, 14 * 86_400_000, now + 90 * 86_400_000,
    );
    return Response.json({ answer: "current", epoch: now, generation: 1 });
  }
}

/** @param {Request} request @param {any} env */
function sameOrigin(request, env) {
  const { headers } = request;
  const site = headers.get("sec-fetch-site");
  const ours = site === null ? env.ORIGINS.includes(headers.get("origin")) : site === "same-origin";
  return ours && headers.get("everlit-version") === "1";
}

/** @param {Request} request @param {any} env @returns {Promise<string | undefined>} the id, if its MAC is right */
async function session(request, env) {
  const values = (request.headers.get("cookie") ?? "").split(";").map((pair) => pair.trim()).filter((pair) => pair.startsWith(`${COOKIE}=`));
  if (values.length !== 1) return;
  const [id, mac] = (values[0] ?? "").slice(COOKIE.length + 1).split(".");
  if (id?.length !== 24 || mac?.length !== 22) return;
  return equal(await tag(env, id), mac) ? id : undefined;
}

/** @param {any} env @param {string} id */
const tag = async (env, id) => textOf((await hmac(env.KEY, id)).slice(0, 16));

/** In constant time. @param {string} a @param {string} b */
const equal = (a, b) => crypto.subtle.timingSafeEqual(bytesOf(a), bytesOf(b));

/** @param {any} env @param {string} id @param {string} target */
async function ask(env, id, target) {
  const response = await env.VAULT.getByName(id).fetch(`http://object${target}`);
  return response.json();
}

/** @param {Request} request @param {any} env */
async function token(request, env) {
  if (request.method !== "POST") return problem(405, "method_not_allowed");
  if (!sameOrigin(request, env)) return problem(403, "cross_site");
  if (Number(request.headers.get("content-length") ?? 0) > MAX_BODY) return problem(413, "too_large");
  const text = await request.text();
  if (text.length > MAX_BODY) return problem(413, "too_large");
  const question = JSON.parse(text);
  if (question.v !== 1) return problem(400, "unsupported_version");
  const id = await session(request, env);
  if (!id) return problem(401, "logged_out");
  const query = new URLSearchParams({ reason: question.reason, epoch: question.epoch, generation: question.generation });
  const current = await ask(env, id, `/token?${query}`);
  if (current.answer !== "current") return problem(503, "temporarily_unavailable");
  const seconds = (/** @type {number} */ millis) => millis / 1000;
  return json({
    v: 1, epoch: current.epoch, generation: current.generation, expires_in: seconds(current.expires_in), lifetime: seconds(current.lifetime),
    server_time: seconds(Date.now()), idle_left: seconds(current.idle_left), absolute_left: seconds(current.absolute_left),
  });
}

/** @param {Request} request @param {any} env @param {URL} url */
async function proxy(request, env, url) {
  const upstream = env.UPSTREAM_ORDERS;
  if (!upstream.methods.includes(request.method)) return problem(405, "method_not_allowed");
  if (!sameOrigin(request, env)) return problem(403, "cross_site");
  const id = await session(request, env);
  if (!id) return problem(401, "logged_out");
  const current = await ask(env, id, "/access?reason=call");
  if (current.answer !== "current") return problem(503, "temporarily_unavailable");
  const epoch = request.headers.get("everlit-epoch");
  if (epoch !== null && Number(epoch) !== current.epoch) return problem(401, "logged_out");
  const headers = new Headers();
  for (const [name, value] of request.headers) if (passes.request(name)) headers.append(name, value);
  headers.set("authorization", `Bearer ${current.access_token}`);
  const target = upstream.origin + upstream.path + url.pathname.slice("/api/orders".length) + url.search;
  const response = await fetch(target, { method: request.method, headers, body: request.body, redirect: "manual" });
  if (response.status === 401) return problem(401, "access_expired");
  const kept = new Headers();
  for (const [name, value] of response.headers) if (passes.response(name)) kept.append(name, value);
  kept.set("content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
  kept.set("x-content-type-options", "nosniff");
  kept.set("cross-origin-resource-policy", "same-origin");
  if (!kept.has("cache-control")) kept.set("cache-control", "no-store");
  kept.append("vary", "cookie");
  return new Response(response.body, { status: response.status, headers: kept });
}

/** Makes a session, in place of a login. @param {Request} request @param {any} env */
async function establish(request, env) {
  const id = textOf(crypto.getRandomValues(new Uint8Array(18)));
  const object = env.VAULT.getByName(id);
  const made = await object.fetch("http://object/establish", { method: "POST", body: await request.text() });
  const { epoch, generation } = await made.json();
  return json({ cookie: `${COOKIE}=${id}.${await tag(env, id)}`, epoch, generation });
}

export default {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/auth/token") return token(request, env);
    if (url.pathname.startsWith("/api/orders")) return proxy(request, env, url);
    if (url.pathname === "/establish") return establish(request, env);
    return problem(404, "not_found");
  },
};
