/** A stand-in for Zerodha Kite Connect: login with a request token, a checksum for the exchange, tokens that die at six in the morning. */

import { createBudget, limit } from "../budget.mjs";
import { personOf } from "../people.mjs";
import { startStandIn } from "../stand-in.mjs";
import { accountRoutes } from "./account.mjs";
import { REFUSALS, refused } from "./errors.mjs";
import { sessionRoutes } from "./session.mjs";
import { createTokens } from "./tokens.mjs";

/** @typedef {{ apiKey: string, secret: string, redirectUri: string, renews: boolean }} App `renews`: whether it is one of the few that get a refresh token */

/**
 * @typedef {object} Around
 * @property {string} origin
 * @property {import("../clock.mjs").Clock} clock
 * @property {App} app
 * @property {ReturnType<typeof createTokens>} tokens
 * @property {ReturnType<typeof createBudget>} budget
 */

/** @param {import("../stand-in.mjs").Options & { clientId?: string, clientSecret: string, redirectUri?: string, renews?: boolean }} options */
export function startKite({ clientId = "kitekey", clientSecret, redirectUri = "http://localhost:8787/auth/callback/kite", renews = false, ...options }) {
  return startStandIn(options, ({ origin, clock }) => {
    /** @type {App} */
    const app = { apiKey: clientId, secret: clientSecret, redirectUri, renews };
    const tokens = createTokens(clock);
    const around = { origin, clock, app, tokens, budget: createBudget(clock, [limit("second", 10, 1_000)]) };

    return {
      routes: { ...sessionRoutes(around), ...accountRoutes(around) },
      nowhere: () => refused("GeneralException", "Route not found", 404),
      refusals: REFUSALS,
      throttled: () => refused("NetworkException", "Too many requests", 429),
      actions: {
        /** The person logs out of Kite itself: the tokens of all apps are over. */
        logOutEverywhere: ({ login = "ada" }) => tokens.endAll(personOf(login).id, ["access"]),
      },
    };
  });
}
