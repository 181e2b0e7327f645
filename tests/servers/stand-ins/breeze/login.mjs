/** Breeze's login: a page, and the way back with an API_Session, by an address or by a form. */

import { personOf } from "../people.mjs";
import { carried, carriedBy, handOverPage, signInPage, sorryPage } from "../sign-in.mjs";
import { formOf, redirect, withQuery } from "../wire.mjs";

/** @param {import("./index.mjs").Around} around @returns {import("../wire.mjs").Routes} */
export function loginRoutes({ origin, app, sessions }) {
  const sorry = () => sorryPage({ origin, title: "Public Key does not exist.", text: "The address names no app that is registered." });
  return {
    "GET /apiuser/login": ({ query }) => {
      if (query.get("api_key") !== app.appKey) return sorry();
      const hidden = carried({ api_key: app.appKey });
      return signInPage({ origin, provider: "ICICI Direct", action: "/apiuser/tradelogin", hidden, returnTo: app.redirectUri });
    },

    "POST /apiuser/tradelogin": (call) => {
      const form = formOf(call);
      const login = form.get("login");
      if (carriedBy(form).api_key !== app.appKey || !login) return sorry();
      const { apiSession } = sessions.start(personOf(login));
      if (app.callback === "post") return handOverPage({ origin, provider: "ICICI Direct", action: app.redirectUri, hidden: { API_Session: apiSession } });
      // There is no state, and nothing of the request comes back.
      return redirect(withQuery(app.redirectUri, { apisession: apiSession }));
    },
  };
}
