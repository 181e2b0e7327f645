/** Upstox's login: the dialog, the code, and the token for it. */

import { randomBytes } from "node:crypto";

import { personOf } from "../people.mjs";
import { carried, carriedBy, signInPage } from "../sign-in.mjs";
import { formOf, json, redirect, withQuery } from "../wire.mjs";
import { profileOf } from "./account.mjs";
import { refused } from "./errors.mjs";

const CODE_LIFETIME = 10 * 60_000;

/** @param {import("./index.mjs").Around} around @returns {import("../wire.mjs").Routes} */
export function loginRoutes({ origin, clock, app, tokens }) {
  /** @type {Map<string, { person: import("../people.mjs").Person, expiresAt: number }>} */
  const codes = new Map();

  /** @param {{ get: (name: string) => string | null | undefined }} asked */
  const isRegistered = (asked) => asked.get("client_id") === app.clientId && asked.get("redirect_uri") === app.redirectUri;

  return {
    "GET /v2/login/authorization/dialog": ({ query }) => {
      // Its own SDK leaves `response_type` out, so that cannot be wrong; another than `code` can.
      if (!isRegistered(query) || !["code", null].includes(query.get("response_type"))) return refused("UDAPI100068");
      if (!app.isActive) return refused("UDAPI100073");
      const asked = { client_id: query.get("client_id"), redirect_uri: query.get("redirect_uri"), state: query.get("state") };
      return signInPage({ origin, provider: "Upstox", action: "/login", hidden: carried(asked), returnTo: app.redirectUri });
    },

    "POST /login": (call) => {
      const form = formOf(call);
      const asked = carriedBy(form);
      if (!isRegistered({ get: (name) => asked[name] }) || !form.get("login")) return refused("UDAPI100068");
      const code = randomBytes(5).toString("base64url").slice(0, 6);
      codes.set(code, { person: personOf(form.get("login") ?? ""), expiresAt: clock.now() + CODE_LIFETIME });
      return redirect(withQuery(app.redirectUri, { code, state: asked.state }));
    },

    "POST /v2/login/authorization/token": (call) => {
      const form = formOf(call);
      const code = codes.get(form.get("code") ?? "");
      // It is spent by being shown, whatever comes of it.
      codes.delete(form.get("code") ?? "");
      if (form.get("grant_type") !== "authorization_code") return refused("UDAPI100036");
      if (form.get("client_id") !== app.clientId || form.get("client_secret") !== app.clientSecret) return refused("UDAPI100069");
      if (!app.isActive) return refused("UDAPI100073");
      if (!isRegistered(form)) return refused("UDAPI100068");
      if (!code || clock.now() >= code.expiresAt) return refused("UDAPI100057");
      if (app.suspended.has(code.person.id)) return refused("UDAPI100058");
      return json(200, {
        ...profileOf(code.person),
        access_token: tokens.issueDaily(code.person).value,
        extended_token: tokens.extended(code.person, form.get("refresh_extended_token") === "true"),
      });
    },
  };
}
