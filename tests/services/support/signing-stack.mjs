/** The services Worker with one broker's account, whose operator has logged in, and a caller with a key of the test's own. */

import { accountOf, Services } from "./services.mjs";

/** What an operator hands in of a login: only Breeze's code is good for more than the exchange that there was. */
const HANDED = /** @type {const} */ ({ breeze: "code", kite: "token", upstox: "token" });

/**
 * @param {import("node:test").TestContext} t
 * @param {{ provider: keyof typeof HANDED, origin: string, clientId: string, secret: string, key: string }} broker
 */
export async function startServices(t, { provider, origin, clientId, secret, key }) {
  const services = await Services.start({
    SERVICE_BROKER: { provider, client_id: clientId, origin, ...accountOf(provider) },
    SECRET_BROKER_CLIENT_SECRET: secret,
    CALLER_REPORTS: { services: ["broker"] },
    SECRET_CALLER_REPORTS_KEY: key,
    CALLER_OPERATOR: { services: ["broker"], operator: true },
  }, t);
  return {
    app: `http://127.0.0.1:${services.port}`,
    services,
    /** @param {{ code: string, token: string }} login */
    async hand(login) {
      const answer = await services.handIn("broker", login[HANDED[provider]], { kind: HANDED[provider] });
      if (answer.json?.verdict !== "accepted") throw new Error(`${answer.status} ${answer.text}`);
    },
  };
}
