/** A stand-in for ICICI Breeze: login, the exchange by a GET with a body, signed calls, a session for a day, and errors that mean several things. */

import { createBudget, limit } from "../budget.mjs";
import { dayInIndia } from "../clock.mjs";
import { createEffects } from "../effects.mjs";
import { createMarket } from "../market.mjs";
import { personOf } from "../people.mjs";
import { startStandIn } from "../stand-in.mjs";
import { accountRoutes } from "./account.mjs";
import { createRefusals } from "./errors.mjs";
import { loginRoutes } from "./login.mjs";
import { createSessions } from "./sessions.mjs";

/** @typedef {"get" | "post"} Callback how the app hears of a login: an address with `apisession`, or a form with `API_Session` */
/** @typedef {{ appKey: string, secret: string, redirectUri: string, callback: Callback }} App */

/**
 * @typedef {object} Around
 * @property {string} origin
 * @property {import("../clock.mjs").Clock} clock
 * @property {App} app
 * @property {ReturnType<typeof createSessions>} sessions
 * @property {ReturnType<typeof createBudget>} budget
 * @property {ReturnType<typeof createMarket>} market
 * @property {ReturnType<typeof createEffects>} effects
 * @property {(text: string) => import("../wire.mjs").Answer} refused
 * @property {number | null} toleranceMs
 * @property {boolean} acceptsPost
 */

/**
 * What is not known of the real one is an option.
 *
 * @typedef {object} Choices
 * @property {string} [clientId] the AppKey
 * @property {string} clientSecret
 * @property {string} [redirectUri]
 * @property {Callback} [callback]
 * @property {import("./sessions.mjs").Rule} [rule] when a session ends
 * @property {boolean} [secondLoginEndsFirst]
 * @property {number} [errorStatus] of HTTP, for refusals
 * @property {number | null} [toleranceMs] how far `X-Timestamp` may be off; null: however far
 * @property {boolean} [acceptsPost] whether the exchange may also be a POST
 */

/** @param {import("../stand-in.mjs").Options & Choices} options */
export function startBreeze({
  clientId = "app+key=1!",
  clientSecret,
  redirectUri = "http://localhost:8787/auth/callback/breeze",
  callback = "get",
  rule = "both",
  secondLoginEndsFirst = false,
  errorStatus = 200,
  toleranceMs = 5 * 60_000,
  acceptsPost = false,
  ...options
}) {
  return startStandIn(options, ({ origin, clock }) => {
    /** @type {App} */
    const app = { appKey: clientId, secret: clientSecret, redirectUri, callback };
    const sessions = createSessions(clock, { rule, secondLoginEndsFirst });
    const budget = createBudget(clock, [limit("minute", 100, 60_000), { name: "day", most: 5_000, window: dayInIndia }]);
    const { refused, byName } = createRefusals(errorStatus);
    const effects = createEffects(clock);
    const around = { origin, clock, app, sessions, budget, market: createMarket(clock, options.seed ?? 1), effects, refused, toleranceMs, acceptsPost };

    return {
      routes: { ...loginRoutes(around), ...accountRoutes(around) },
      nowhere: () => refused("Resource not available."),
      refusals: byName,
      throttled: () => refused("Limit exceed: API call per minute: "),
      actions: {
        configure: (given) => {
          if (given.callback === "get" || given.callback === "post") app.callback = given.callback;
          return { callback: app.callback };
        },
        /** What was done for callers, and for which of their requests. */
        effects: effects.list,
        /** All of a person's sessions are over before their time. */
        endSessions: ({ login = "ada" }) => sessions.endAll(personOf(login).id),
      },
    };
  });
}
