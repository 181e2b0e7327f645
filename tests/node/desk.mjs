// A service account at the Worker, of which only a person can bring a token; and the calls that need it.

import { message } from "./inside.mjs";
import { World, ok, problem } from "./world.mjs";

export const VAULT = "service:breeze";
export const QUOTES = { name: "quotes", origin: "https://quotes.example", path: "", mode: "bff", vault: VAULT };

/** What the Worker says of it (HTTP 409), with the headers that go with it. */
export function reauthRequired(members = {}) {
  const body = {
    type: "urn:everlit:problem:reauth_required",
    title: "Somebody has to log in.",
    status: 409,
    code: "reauth_required",
    vault: VAULT,
    provider: "breeze",
    provider_title: "ICICI Breeze",
    how: ["popup", "paste"],
    login_url: "/service/breeze/login",
    who: "you",
    since: 1_790_000_000_000,
    login_from: null,
    deadline: null,
    reason: "needs_human",
    detail: "The day at ICICI Breeze is over. Log in again.",
    server_time: 1_790_000_000_000,
    ...members,
  };
  return new Response(JSON.stringify(body), { status: 409, headers: { "content-type": "application/problem+json", "everlit-code": "reauth_required", "everlit-vault": body.vault } });
}

/** BroadcastChannels of one browser, which deliver in a turn of their own. */
export function channels() {
  const open = new Set();
  class Channel {
    constructor(name) {
      this.name = name;
      open.add(this);
    }
    postMessage(data) {
      for (const other of open) if (other !== this && other.name === this.name) setImmediate(() => open.has(other) && other.onmessage?.({ data }));
    }
    close() {
      open.delete(this);
    }
  }
  return { Channel, open };
}

/** A world whose calls to `quotes` need the account, which has no token until `right` is handed in. */
export function brokerWorld() {
  const world = new World();
  Object.assign(world, {
    valid: false,
    right: "right",
    handed: [],
    /** What was done by calls, in order: each only with a token. */
    effects: [],
    refused: 0,
    status: {},
    pushUntil: null,
    verdict: undefined,
  });
  const wire = () => world.wall;
  world.answer = (path, body, method) => {
    if (path === "/auth/session" && world.state === "active") {
      const active = message("session_active");
      return ok({ ...active, server_time: world.wall / 1000, epoch: world.epoch, generation: world.generation, expires_in: world.left(), lifetime: world.lifetime / 1000, user: world.user, upstreams: [...active.upstreams, QUOTES] });
    }
    if (path === "/service/breeze/status") {
      if (typeof world.status === "function") return world.status();
      const members = { service: "breeze", provider: "breeze", title: "ICICI Breeze", valid: world.valid, status: world.valid ? "active" : "needs_human", need: world.valid ? null : { since: 1_790_000_000_000, reason: "needs_human" } };
      return ok({ ...members, how: ["popup", "paste"], login_url: "/service/breeze/login", who: "you", login_from: null, push_until: world.pushUntil, server_time: wire(), ...world.status });
    }
    if (path === "/service/breeze/credential" && method === "PUT") {
      world.handed.push(body.credential);
      if (world.verdict) return world.verdict;
      if (body.credential.trim() !== world.right) return problem(422, "credential_refused", { verdict: "foreign", detail: "It belongs to another account." });
      world.valid = true;
      return ok({ verdict: "accepted", epoch: 1, generation: 2, expires_at: null });
    }
    if (path === "/service/breeze/refresh") return world.refresh?.() ?? problem(503, "no_token", { reason: "needs_human" });
    if (path === "/service/breeze/fallback") return { status: 204, retryAfter: NaN };
    return undefined;
  };
  world.serve = async (request) => {
    if (!request.url.includes("/api/quotes")) return new Response("[]");
    if (!world.valid) {
      world.refused += 1;
      return reauthRequired({ server_time: world.wall });
    }
    const text = `${request.method} ${new URL(request.url).pathname} ${await request.text()}`.trim();
    world.effects.push(text);
    return new Response(JSON.stringify({ text }));
  };
  return world;
}
