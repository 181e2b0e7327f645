/** A stand-in for Supabase Auth: its ways to log in, its refresh rules in both generations, its logout scopes, and its errors in both forms. */

import { createHash, randomBytes } from "node:crypto";

import { createBudget, limit } from "../budget.mjs";
import { startStandIn } from "../stand-in.mjs";
import { credentialsOf, json } from "../wire.mjs";
import { REFUSALS, refused } from "./errors.mjs";
import { createFlows } from "./flows.mjs";
import { sign, verify } from "./jwt.mjs";
import { createSessions } from "./sessions.mjs";

/** @typedef {{ anonKey: string, redirectUris: string[] }} App */

/**
 * @typedef {object} Around
 * @property {string} origin
 * @property {import("../clock.mjs").Clock} clock
 * @property {App} app
 * @property {ReturnType<typeof createSessions>} sessions
 * @property {(made: import("./sessions.mjs").Refreshed) => import("../wire.mjs").Answer} answerWith
 */

/**
 * @typedef {object} Choices
 * @property {string} clientSecret the project's key, which every call carries as `apikey`
 * @property {string} [redirectUri]
 * @property {number} [accessTtl] seconds
 * @property {"v1" | "v2"} [generation] of refresh tokens
 * @property {number} [reuseInterval] seconds; the server's own default is 0, hosted projects have 10
 */

/** @param {import("./sessions.mjs").Session} session */
function userOf({ person, method }) {
  const hex = createHash("sha256").update(person.email).digest("hex");
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  const at = "2026-01-01T00:00:00Z";
  return {
    id, aud: "authenticated", role: "authenticated", email: person.email, email_confirmed_at: at, phone: "", confirmed_at: at, last_sign_in_at: at,
    app_metadata: { provider: method === "oauth" ? "github" : "email", providers: ["email"] }, user_metadata: { name: person.name }, identities: [],
    created_at: at, updated_at: at, is_anonymous: false,
  };
}

/** @param {import("../stand-in.mjs").Options & Choices} options */
export function startSupabase({
  clientSecret,
  redirectUri = "http://localhost:8787/auth/callback/supabase",
  accessTtl = 3_600,
  generation = "v1",
  reuseInterval = 10,
  ...options
}) {
  const secret = randomBytes(32).toString("base64url");
  return startStandIn(options, ({ origin, clock }) => {
    const app = { anonKey: clientSecret, redirectUris: [redirectUri] };
    const sessions = createSessions(clock, { generation, reuseInterval, secret });
    const budget = createBudget(clock, [limit("refreshes", 150, 5 * 60_000)]);

    /** @type {Around["answerWith"]} */
    const answerWith = ({ session, token, headers }) => {
      const user = userOf(session);
      const now = Math.floor(clock.now() / 1000);
      const claims = {
        iss: `${origin}/auth/v1`, sub: user.id, aud: user.aud, exp: now + accessTtl, iat: now, email: user.email, role: user.role,
        aal: "aal1", amr: [{ method: session.method, timestamp: now }], session_id: session.id, is_anonymous: false,
      };
      const body = { access_token: sign(claims, secret), token_type: "bearer", expires_in: accessTtl, expires_at: now + accessTtl, refresh_token: token, user };
      return json(200, body, headers);
    };

    /** @param {(session: import("./sessions.mjs").Session, call: import("../wire.mjs").Call) => import("../wire.mjs").Answer} serve @returns {import("../wire.mjs").Serve} */
    const authorized = (serve) => (call) => {
      const token = credentialsOf(call, "bearer");
      if (!token) return refused(call, "no_authorization");
      const claims = verify(token, secret);
      if (!claims) return refused(call, "bad_jwt");
      if (clock.now() >= claims.exp * 1000) return refused(call, "bad_jwt", { message: "invalid JWT: unable to parse or verify signature, token has invalid claims: token is expired" });
      const session = sessions.find(claims.session_id);
      return session ? serve(session, call) : refused(call, "session_not_found");
    };

    const flows = createFlows({ origin, clock, app, sessions, answerWith });
    const grant = flows.routes["POST /auth/v1/token"];
    /** @type {import("../wire.mjs").Routes} */
    const routes = {
      ...flows.routes,
      "POST /auth/v1/token": (call) => {
        if (call.query.get("grant_type") === "refresh_token" && budget.take("all")) return refused(call, "over_request_rate_limit");
        return grant ? grant(call) : refused(call, "unexpected_failure");
      },
      "GET /auth/v1/user": authorized((session) => json(200, userOf(session))),
      "POST /auth/v1/logout": authorized((session, { query }) => {
        const scope = query.get("scope") ?? "global";
        if (scope === "global" || scope === "local" || scope === "others") sessions.end(session, scope);
        return { status: 204, headers: {}, body: "" };
      }),
    };
    // What stands before it wants the project's key; a browser on its way to a page has none.
    for (const [route, serve] of Object.entries(routes)) {
      if (["GET /auth/v1/authorize", "GET /auth/v1/verify", "POST /sign-in"].includes(route)) continue;
      routes[route] = (call) => (call.headers.apikey === app.anonKey ? serve(call) : json(401, { message: "Invalid API key", hint: "Double check your Supabase `anon` or `service_role` API key." }));
    }

    return {
      routes,
      nowhere: () => json(404, { error: "requested path is invalid" }),
      refusals: REFUSALS,
      throttled: (call) => refused(call, "over_request_rate_limit"),
      actions: {
        /** The mail that was sent last to an address: its code and its link. */
        mail: ({ email = "" }) => flows.read(String(email)),
      },
    };
  });
}
