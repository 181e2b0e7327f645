/**
 * Starts both Workers as they are deployed, the services Worker behind the edge Worker's binding, and says what programs ask there: for a
 * token of an account that has one, and of one that has none.
 */

import { signIn } from "../providers/support/standing.mjs";
import { startUpstox } from "../servers/stand-ins/upstox/index.mjs";
import { startBoth } from "../services/support/both.mjs";
import { APP } from "../services/support/logins.mjs";
import { OPERATOR_KEY, SECRET } from "../services/support/services.mjs";
import { askService } from "./requests.mjs";
import { serve } from "./until-told.mjs";

/** Programs, each with a key and a connection of its own. */
const CALLERS = 8;
/** More than can be asked: what is measured is no refusal. */
const rate = "99999/1s";

/** @type {import("../servers/stand-ins/stand-in.mjs").StandIn | undefined} */
let standIn;
const names = Array.from({ length: CALLERS }, (_, at) => `program_${at}`);
const keyOf = (/** @type {string} */ name) => `key-of-${name}-0123456789abcdefghijklmnopqrstuvwxyz`;

const both = await startBoth(async (app) => {
  standIn = await startUpstox({ clientId: APP.upstox, clientSecret: SECRET, redirectUri: `${app}/service/upstox/callback` });
  const account = { provider: "upstox", client_id: APP.upstox, origin: standIn.origin, login_url: `${standIn.origin}/v2/login/authorization/dialog`, rate };
  return {
    SERVICE_UPSTOX: account,
    SECRET_UPSTOX_CLIENT_SECRET: SECRET,
    SERVICE_NONE: account,
    SECRET_NONE_CLIENT_SECRET: SECRET,
    CALLER_REPORTS: { services: ["upstox"] },
    CALLER_OPERATOR: { services: ["upstox", "none"], operator: true },
    ...Object.fromEntries(names.flatMap((name) => [
      [`CALLER_${name.toUpperCase()}`, { services: ["upstox", "none"] }], [`SECRET_CALLER_${name.toUpperCase()}_KEY`, keyOf(name)],
    ])),
  };
});

const { json } = await both.ask("POST", "/service/upstox/login", { key: OPERATOR_KEY });
const browser = both.browser();
const begun = await browser.navigate(json.login_url);
if (!standIn) throw new Error("no stand-in was started");
const page = await browser.navigate(await signIn(standIn, begun.headers.location ?? "", "ada"), { site: "cross-site" });
if (page.status !== 200) throw new Error(`the login came to ${page.status}`);

const { port, pid } = both.workerd;
const asks = (/** @type {string} */ service, /** @type {number} */ status) =>
  ({ port, pid, status, requests: names.map((name) => askService(port, service, keyOf(name))) });
serve({ token: asks("upstox", 200), none: asks("none", 503) }, [both.close, standIn.close]);
