/** Upstox's push approval: a request for a token, a person who answers on the telephone, and the token that comes by a webhook. */

import { RequestError } from "../../http.mjs";
import { personOf } from "../people.mjs";
import { objectOf } from "../wire.mjs";
import { refused, success } from "./errors.mjs";
import { expiryOf } from "./tokens.mjs";

/** A notifier that takes longer was not heard; how long the real one waits is not known. */
const NOTIFIER_MS = 10_000;

/** @param {import("./index.mjs").Around} around @returns {{ routes: import("../wire.mjs").Routes, actions: import("../control.mjs").Actions }} */
export function approval({ clock, app, tokens }) {
  /** @type {{ expiresAt: number } | undefined} one at a time: the account is the app's owner's */
  let pending;

  const live = () => {
    if (!pending || clock.now() >= pending.expiresAt) throw new RequestError(409, "No request for a token is pending.");
    return pending;
  };

  /** Posts to the notifier, and says what it answered. @param {object} body */
  async function notify(body) {
    if (!app.notifierUrl) throw new RequestError(409, "The app has no notifierUrl.");
    try {
      const response = await fetch(app.notifierUrl, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        redirect: "manual",
        signal: AbortSignal.timeout(NOTIFIER_MS),
      });
      return { status: response.status, text: (await response.text()).slice(0, 1_000) };
    } catch (error) {
      return { status: 0, text: error instanceof Error ? error.message : String(error) };
    }
  }

  /** @param {{ value: string, issuedAt: number, expiresAt: number, person: import("../people.mjs").Person }} token */
  const message = (token) => ({
    client_id: app.clientId,
    user_id: token.person.id,
    access_token: token.value,
    token_type: "Bearer",
    expires_at: String(token.expiresAt),
    issued_at: String(token.issuedAt),
    message_type: "access_token",
  });

  return {
    routes: {
      "POST /v3/login/auth/token/request/{client_id}": (call) => {
        if (call.params.client_id !== app.clientId || objectOf(call)?.client_secret !== app.clientSecret) return refused("UDAPI100069");
        if (!app.isActive) return refused("UDAPI100073");
        pending = { expiresAt: expiryOf(clock.now()) };
        return success({ authorization_expiry: String(pending.expiresAt), notifier_url: app.notifierUrl });
      },
    },

    actions: {
      pending: () => ({ pending: pending !== undefined && clock.now() < pending.expiresAt, expires_at: pending?.expiresAt ?? null }),

      /** The person says yes. `times`: the same message is delivered so often, at once one after the other. */
      approve: async ({ login = app.owner, times = 1 }) => {
        live();
        pending = undefined;
        const body = message(tokens.issueDaily(personOf(login)));
        const answers = [];
        for (let n = 0; n < times; n += 1) answers.push(await notify(body));
        return { answers };
      },

      /** The person says no: nobody hears of it. */
      reject: () => {
        live();
        pending = undefined;
      },

      /** A message that Upstox never sent: like a true one but for what is given, whether or not anything is pending. */
      forge: async (given) => {
        const token = { value: "forged", issuedAt: clock.now(), expiresAt: expiryOf(clock.now()), person: personOf(app.owner) };
        return { answers: [await notify({ ...message(token), ...given })] };
      },
    },
  };
}
