/** A stand-in for Upstox: login with a code, tokens that die at 03:30 IST, push approval, and its errors. */

import { createBudget, limit } from "../budget.mjs";
import { createEffects } from "../effects.mjs";
import { createMarket } from "../market.mjs";
import { personOf } from "../people.mjs";
import { startStandIn } from "../stand-in.mjs";
import { accountRoutes } from "./account.mjs";
import { approval } from "./approval.mjs";
import { REFUSALS, refused } from "./errors.mjs";
import { loginRoutes } from "./login.mjs";
import { createTokens } from "./tokens.mjs";

/**
 * @typedef {object} App what is registered at the provider
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {string} redirectUri
 * @property {string | undefined} notifierUrl where approved tokens are posted to
 * @property {string} owner who approves requests for a token
 * @property {boolean} isActive
 * @property {Set<string>} suspended people whose segments are inactive
 */

/**
 * @typedef {object} Around
 * @property {string} origin
 * @property {import("../clock.mjs").Clock} clock
 * @property {App} app
 * @property {ReturnType<typeof createTokens>} tokens
 * @property {ReturnType<typeof createBudget>} budget
 * @property {ReturnType<typeof createMarket>} market
 * @property {ReturnType<typeof createEffects>} effects
 */

/** @typedef {import("../stand-in.mjs").Options & { clientId?: string, clientSecret: string, redirectUri?: string, notifierUrl?: string, owner?: string }} Options */

/** @param {Options} options */
export function startUpstox({ clientId = "everlit-demo", clientSecret, redirectUri = "http://localhost:8787/auth/callback/upstox", notifierUrl, owner = "ada", ...options }) {
  return startStandIn(options, ({ origin, clock }) => {
    /** @type {App} */
    const app = { clientId, clientSecret, redirectUri, notifierUrl, owner, isActive: true, suspended: new Set() };
    const tokens = createTokens(clock);
    const budget = createBudget(clock, [limit("second", 50, 1_000), limit("minute", 500, 60_000), limit("half hour", 2_000, 30 * 60_000)]);
    const effects = createEffects(clock);
    const around = { origin, clock, app, tokens, budget, market: createMarket(clock, options.seed ?? 1), effects };
    const { routes, actions } = approval(around);

    return {
      routes: { ...loginRoutes(around), ...routes, ...accountRoutes(around) },
      nowhere: () => refused("UDAPI10000"),
      refusals: REFUSALS,
      throttled: () => refused("UDAPI10005"),
      actions: {
        ...actions,
        /** What was done for callers, and for which of their requests. */
        effects: effects.list,
        /** What the operator changes in the developer console. */
        configure: (given) => {
          if (given.notifierUrl !== undefined) app.notifierUrl = String(given.notifierUrl);
          if (given.isActive !== undefined) app.isActive = given.isActive === true;
          return { notifierUrl: app.notifierUrl ?? null, isActive: app.isActive };
        },
        /** All of a person's daily tokens are over at once, as after a login elsewhere. */
        endTokens: ({ login = owner }) => tokens.endDaily(personOf(login).id),
        suspend: ({ login = owner }) => { app.suspended.add(personOf(login).id); },
        reactivate: ({ login = owner }) => { app.suspended.delete(personOf(login).id); },
      },
    };
  });
}
