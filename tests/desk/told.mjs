/**
 * Everything that the desk speaks to, told what to say: the Worker's answers as the page sees them, and the stand-ins' own market at a time
 * that stands still. What is real in between is played by `cargo xtask demo --human`; here each state is to look the same every time.
 */

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { createPages } from "../services/demo/human/pages.mjs";
import { marketRoutes as breeze } from "../servers/stand-ins/breeze/market.mjs";
import { stoppedClock } from "../servers/stand-ins/clock.mjs";
import { createEffects } from "../servers/stand-ins/effects.mjs";
import { createMarket } from "../servers/stand-ins/market.mjs";
import { match, readCall } from "../servers/stand-ins/wire.mjs";
import { marketRoutes as upstox } from "../servers/stand-ins/upstox/market.mjs";

const { resolve } = createRequire(import.meta.url);
const [MINUTE, HOUR] = [60_000, 3_600_000];
/** A Tuesday in India, at 14:20. */
export const NOW = Date.parse("2026-10-06T08:50:00Z");

export const BROKERS = {
  breeze: { title: "ICICI Breeze", routes: breeze, how: ["popup", "paste"], ends: Date.parse("2026-10-06T18:30:00Z") },
  upstox: { title: "Upstox", routes: upstox, how: ["approval", "popup", "paste"], ends: Date.parse("2026-10-06T22:00:00Z") },
};

/** The same letters on every machine, also where the page has letters of one width. */
const LETTERS = `@font-face { font-family: Stage; src: url("/fonts/inter.woff2") format("woff2"); font-weight: 100 900; }
:root { --mono: Stage; --everlit-font: Stage; --everlit-mono: Stage; }
body { font-family: Stage; }`;

/** @param {keyof typeof BROKERS} name */
export async function startTold(name) {
  const broker = BROKERS[name];
  const vault = `service:${name}`;
  const clock = stoppedClock(NOW);
  const around = /** @type {any} */ ({ clock, market: createMarket(clock, 1), effects: createEffects(clock) });
  const ada = { id: "ada" };
  const routes = broker.routes(around, /** @type {any} */ ((/** @type {any} */ serve) => (/** @type {any} */ call) => serve(name === "breeze" ? { person: ada } : ada, call)));
  // Not among those that want a session.
  if (name === "breeze") {
    const { candlesOf } = await import("../servers/stand-ins/breeze/market.mjs");
    routes["GET /api/v2/historicalcharts"] = ({ query }) => ({ status: 200, headers: {}, body: JSON.stringify({ Success: candlesOf(around, query), Status: 200, Error: null }) });
  }

  /** What the test says. */
  const told = {
    /** What time it is at the Worker. */
    now: NOW,
    /** Whether somebody is signed in. */
    isIn: true,
    /** Since when a person is needed. @type {number | null} */
    since: null,
    /** When the token ends. */
    endsAt: NOW + 9 * HOUR + 12 * MINUTE,
    /** Until when the telephone can be answered. @type {number | null} */
    pushUntil: null,
    /** Paths of which no answer comes until they are taken out. @type {RegExp | undefined} */
    held: undefined,
    /** What a token that is handed in is answered. */
    verdict: { status: 200, body: { verdict: "accepted" } },
    /** What the broker answers in place of everything. @type {{ status: number, body: object } | undefined} */
    trouble: undefined,
  };

  const human = () => ({ how: broker.how, who: "you", login_url: `/service/${name}/login`, login_from: null, deadline: told.pushUntil, server_time: told.now });
  const session = () => ({
    v: 1, server_time: told.now / 1_000, providers: [{ name: "demo", state: told.isIn ? "ready" : "unavailable", ...(told.isIn && { own: true }) }],
    ...(told.isIn
      ? { ...timing(), state: "active", user: { sub: "ada", name: "Ada Lovelace", email: "ada@example.com" }, upstreams: [{ name, origin: "https://api.example", path: "/", mode: "bff", vault }], mediating: [] }
      : { state: "logged_out" }),
  });
  const timing = () => ({ v: 1, epoch: NOW, generation: 1, server_time: told.now / 1_000, expires_in: 7_200, lifetime: 7_200, idle_left: 1e6, idle_limit: 1e6, absolute_left: 7e6 });
  const status = () => ({
    service: name, provider: name, title: broker.title, status: told.since === null ? "active" : "needs_human", valid: told.since === null, expires_at: told.since === null ? told.endsAt : null,
    need: told.since === null ? null : { since: told.since, reason: "needs_human" }, push_until: told.pushUntil, warn_at: [1_800], on_fallback: null, ...human(),
  });
  const needed = () => ({
    type: "urn:everlit:problem:reauth_required", title: "Only a person can go on here.", status: 409, code: "reauth_required", vault, provider: name, provider_title: broker.title,
    reason: "needs_human", since: told.since, ...human(),
  });

  /** @param {string} method @param {string} path @param {() => Promise<any>} call @returns {Promise<{ status: number, body?: unknown, headers?: Record<string, string> }>} */
  async function answer(method, path, call) {
    if (path === "/auth/session") return { status: 200, body: session() };
    if (path === "/auth/token") return { status: 200, body: timing() };
    if (!told.isIn) return { status: 401, body: { type: "urn:everlit:problem:logged_out", title: "Nobody is logged in.", status: 401, code: "logged_out" } };
    if (path === `/service/${name}/status`) return { status: 200, body: status() };
    if (path === `/service/${name}/credential`) return told.verdict;
    if (path === `/service/${name}/refresh`) return { status: 202, body: {} };
    if (path === `/service/${name}/fallback`) return { status: 204 };
    if (!path.startsWith(`/api/${name}/`)) return { status: 404, body: {} };
    if (told.since !== null) return { status: 409, body: needed(), headers: { "content-type": "application/problem+json", "everlit-code": "reauth_required", "everlit-vault": vault } };
    if (told.trouble) return told.trouble;
    const asked = await call();
    const found = match(routes, { method: asked.headers["x-http-method-override"] ?? method, path: path.slice(`/api/${name}`.length) });
    if (!found) return { status: 404, body: {} };
    const served = await found.serve({ ...asked, params: found.params });
    return { status: served.status, body: JSON.parse(String(served.body)) };
  }

  let underWay = 0;
  const pages = createPages({ "GET /demo/day": async () => ({ now: NOW, ends_at: broker.ends, approves: name === "upstox" }) });
  const server = createServer(async (req, res) => {
    const path = new URL(req.url ?? "/", "http://desk").pathname;
    if (path === "/fonts/inter.woff2") return res.writeHead(200, { "content-type": "font/woff2" }).end(readFileSync(resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2")));
    if (path === "/fonts/letters.css") return res.writeHead(200, { "content-type": "text/css" }).end(LETTERS);
    if (!/^\/(auth|service|api)\//.test(path)) return pages(req, res);
    const call = readCall(req);
    while (told.held?.test(path)) await new Promise((later) => setTimeout(later, 20));
    underWay += 1;
    res.once("close", () => { underWay -= 1; });
    const { status, body, headers } = await answer(req.method ?? "GET", path, () => call);
    res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", "everlit-version": "1", ...headers });
    return res.end(body === undefined ? "" : JSON.stringify(body));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    told,
    /** Whether a question is being answered. */
    get isBusy() {
      return underWay > 0;
    },
    url: `http://127.0.0.1:${port}/desk/?broker=${name}&demo`,
    async stop() {
      told.held = undefined;
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
