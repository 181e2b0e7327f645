/** Supabase Auth's ways to log in: another provider's page, a password, and a mail with a code and a link; PKCE for those that come back by an address. */

import { createHash, randomBytes, randomInt } from "node:crypto";

import { personOf } from "../people.mjs";
import { carried, carriedBy, signInPage, sorryPage } from "../sign-in.mjs";
import { formOf, json, objectOf, redirect, withQuery } from "../wire.mjs";
import { refused } from "./errors.mjs";

/** How long a code of PKCE waits, and a mail is good for. */
const CODE_LIFETIME = 5 * 60_000;
const MAIL_LIFETIME = 60 * 60_000;

/** @param {unknown} value */
const textOf = (value) => (typeof value === "string" ? value : "");

/** @param {import("./index.mjs").Around} around */
export function createFlows({ origin, clock, app, sessions, answerWith }) {
  /** @type {Map<string, { person: import("../people.mjs").Person, challenge: string, method: string, expiresAt: number }>} */
  const codes = new Map();
  /** @type {Map<string, { token: string, hash: string, challenge: string, redirectTo: string, expiresAt: number }>} the last mail to each address */
  const mails = new Map();

  /** Only an address that is registered is gone to; from any other it leads to the first. @param {string} asked */
  const allowed = (asked) => (app.redirectUris.includes(asked) ? asked : app.redirectUris[0] ?? origin);

  /** @param {import("../people.mjs").Person} person @param {string} challenge @param {string} method */
  function codeFor(person, challenge, method) {
    const code = randomBytes(16).toString("hex");
    codes.set(code, { person, challenge, method, expiresAt: clock.now() + CODE_LIFETIME });
    return code;
  }

  /** @param {string} email */
  const personBy = (email) => ({ ...personOf(email), email: email.toLowerCase(), name: email });

  /** Takes the mail's secret, once. @param {string} email @param {"token" | "hash"} by @param {string} value */
  function take(email, by, value) {
    const mail = mails.get(email.toLowerCase());
    if (!mail || value === "" || mail[by] !== value || clock.now() >= mail.expiresAt) return undefined;
    mails.delete(email.toLowerCase());
    return mail;
  }

  /** @type {Record<string, import("../wire.mjs").Serve>} */
  const grants = {
    password: (call) => {
      const { email, password } = objectOf(call) ?? {};
      // Any will do, but for this one.
      if (!textOf(email) || !textOf(password) || password === "wrong") return refused(call, "invalid_credentials");
      return answerWith(sessions.start(personBy(textOf(email)), "password"));
    },
    pkce: (call) => {
      const { auth_code: value, code_verifier: verifier } = objectOf(call) ?? {};
      const code = codes.get(textOf(value));
      if (!code || clock.now() >= code.expiresAt) return refused(call, "flow_state_not_found");
      const challenge = createHash("sha256").update(textOf(verifier)).digest("base64url");
      if (challenge !== code.challenge) return refused(call, "bad_code_verifier");
      codes.delete(textOf(value));
      return answerWith(sessions.start(code.person, code.method));
    },
    refresh_token: (call) => {
      const value = textOf(objectOf(call)?.refresh_token);
      if (value === "") return json(400, { error: "invalid_request", error_description: "refresh_token required" });
      const outcome = sessions.refresh(value);
      return "code" in outcome ? refused(call, outcome.code, { headers: outcome.headers ?? {} }) : answerWith(outcome);
    },
  };

  return {
    /** @type {import("../wire.mjs").Routes} */
    routes: {
      "GET /auth/v1/authorize": (call) => {
        const { query } = call;
        // Without PKCE the tokens would come in a fragment, which no server of an app ever sees.
        if (!query.get("provider") || query.get("code_challenge_method")?.toLowerCase() !== "s256" || !query.get("code_challenge")) {
          return sorryPage({ origin, title: "Not supported", text: "The stand-in wants a provider and a code challenge with S256." });
        }
        const redirectTo = allowed(query.get("redirect_to") ?? "");
        const hidden = carried({ redirect_to: redirectTo, code_challenge: query.get("code_challenge") });
        return signInPage({ origin, provider: "Supabase", action: "/sign-in", hidden, returnTo: redirectTo });
      },

      "POST /sign-in": (call) => {
        const form = formOf(call);
        const asked = carriedBy(form);
        const login = form.get("login");
        if (!login || !asked.code_challenge) return sorryPage({ origin, title: "Not supported", text: "The form was not the stand-in's." });
        return redirect(withQuery(allowed(asked.redirect_to ?? ""), { code: codeFor(personOf(login), asked.code_challenge, "oauth") }));
      },

      "POST /auth/v1/token": (call) => {
        const grant = grants[call.query.get("grant_type") ?? ""];
        return grant ? grant(call) : json(400, { error: "unsupported_grant_type", error_description: "" });
      },

      "POST /auth/v1/otp": (call) => {
        const { email, code_challenge: challenge } = objectOf(call) ?? {};
        if (!textOf(email)) return refused(call, "validation_failed", { message: "One of email or phone must be set" });
        const expiresAt = clock.now() + MAIL_LIFETIME;
        mails.set(textOf(email).toLowerCase(), {
          token: String(randomInt(0, 1_000_000)).padStart(6, "0"), hash: `pkce_${randomBytes(16).toString("hex")}`,
          challenge: textOf(challenge), redirectTo: allowed(call.query.get("redirect_to") ?? ""), expiresAt,
        });
        return json(200, {});
      },

      "POST /auth/v1/verify": (call) => {
        const { email, token } = objectOf(call) ?? {};
        if (!take(textOf(email), "token", textOf(token))) return refused(call, "otp_expired");
        return answerWith(sessions.start(personBy(textOf(email)), "otp"));
      },

      "GET /auth/v1/verify": ({ query }) => {
        const [email = ""] = [...mails].find(([, mail]) => mail.hash === query.get("token")) ?? [];
        const mail = take(email, "hash", query.get("token") ?? "");
        const back = mail?.redirectTo ?? allowed(query.get("redirect_to") ?? "");
        if (mail?.challenge) return { ...redirect(withQuery(back, { code: codeFor(personBy(email), mail.challenge, "magiclink") })), status: 303 };
        const problem = { error: "access_denied", error_code: "otp_expired", error_description: "Email link is invalid or has expired" };
        return { ...redirect(withQuery(back, problem)), status: 303 };
      },
    },

    /** What a person reads in the mail. @param {string} email */
    read(email) {
      const mail = mails.get(email.toLowerCase());
      if (!mail) return { token: null, link: null };
      const link = `${origin}/auth/v1/verify?${new URLSearchParams({ token: mail.hash, type: "magiclink", redirect_to: mail.redirectTo })}`;
      return { token: mail.token, link };
    },
  };
}
