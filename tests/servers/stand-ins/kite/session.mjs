/** Kite's session: the login page, the exchange of a request token, renewal for who may, and its end. */

import { shownInIndia } from "../clock.mjs";
import { personOf } from "../people.mjs";
import { carried, carriedBy, signInPage, sorryPage } from "../sign-in.mjs";
import { formOf, redirect, withQuery } from "../wire.mjs";
import { profileOf } from "./account.mjs";
import { refused, success } from "./errors.mjs";
import { checksumOf } from "./tokens.mjs";

/** @param {import("./index.mjs").Around} around @returns {import("../wire.mjs").Routes} */
export function sessionRoutes({ origin, clock, app, tokens }) {
  const sorry = () => sorryPage({ origin, title: "Invalid `api_key`.", text: "The address names no app that is registered." });

  /**
   * Takes one token and gives others, if the checksum over it is right.
   *
   * @param {"request" | "refresh"} kind
   * @returns {import("../wire.mjs").Serve}
   */
  const exchange = (kind) => (call) => {
    const form = formOf(call);
    const value = form.get(`${kind}_token`) ?? "";
    if (form.get("api_key") !== app.apiKey) return refused("InputException", "Invalid `api_key`.");
    const token = tokens.look(value, kind);
    if (!token) return refused("TokenException", "Token is invalid or has expired.");
    if (form.get("checksum") !== checksumOf(app.apiKey, value, app.secret)) return refused("TokenException", "Invalid `checksum`.");
    tokens.end(value);
    return success({
      ...profileOf(token.person),
      api_key: app.apiKey,
      access_token: tokens.issue(token.person, "access"),
      public_token: tokens.issue(token.person, "public"),
      enctoken: "",
      refresh_token: app.renews ? tokens.issue(token.person, "refresh") : "",
      silo: "",
      login_time: shownInIndia(clock.now()),
    });
  };

  return {
    "GET /connect/login": ({ query }) => {
      if (query.get("api_key") !== app.apiKey || query.get("v") !== "3") return sorry();
      const hidden = carried({ api_key: app.apiKey, redirect_params: query.get("redirect_params") });
      return signInPage({ origin, provider: "Kite", action: "/connect/finish", hidden, returnTo: app.redirectUri });
    },

    "POST /connect/finish": (call) => {
      const form = formOf(call);
      const login = form.get("login");
      const asked = carriedBy(form);
      if (asked.api_key !== app.apiKey || !login) return sorry();
      const more = Object.fromEntries(new URLSearchParams(asked.redirect_params ?? ""));
      return redirect(withQuery(app.redirectUri, { action: "login", type: "login", status: "success", request_token: tokens.issue(personOf(login), "request"), ...more }));
    },

    "POST /session/token": exchange("request"),
    "POST /session/refresh_token": exchange("refresh"),

    "DELETE /session/token": ({ query }) => {
      if (query.get("api_key") !== app.apiKey) return refused("InputException", "Invalid `api_key`.");
      for (const name of ["access_token", "refresh_token"]) if (query.has(name)) tokens.end(query.get(name));
      return success(true);
    },
  };
}
