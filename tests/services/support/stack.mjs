/** A broker's stand-in and the services Worker on one clock, with the people around them. */

import { createHash } from "node:crypto";
import { request } from "node:http";

import { signIn } from "../../providers/support/standing.mjs";
import { createClock } from "../../servers/stand-ins/clock.mjs";
import { STAND_INS } from "../../servers/stand-ins/flags.mjs";
import { freePort } from "../../worker/support/ports.mjs";
import { until } from "../../worker/support/until.mjs";
import { SECRET, Services, service } from "./services.mjs";

export const CLIENT = "everlit-demo";
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** The next ten o'clock in the morning in India: every cutoff is far away. */
const MORNING = Math.ceil((Date.now() - 4.5 * HOUR) / DAY) * DAY + 4.5 * HOUR;

/** A time of that day in India, or of one after it. @param {string} clock `21:30` @param {number} [days] later */
export function india(clock, days = 0) {
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return MORNING - 10 * HOUR + hour * HOUR + minute * MINUTE + days * DAY;
}

/** @typedef {"upstox" | "breeze" | "kite"} Name */
/** @typedef {Awaited<ReturnType<typeof stack>>} Stack */

/**
 * @param {{ after?: (end: () => Promise<void>) => void }} t
 * @param {Name} provider
 * @param {{ choices?: object, more?: object, variables?: object, at?: number }} [how] the stand-in's, the service's, the Worker's; and when it begins
 */
export async function stack(t, provider, { choices = {}, more = {}, variables = {}, at = MORNING } = {}) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const services = await Services.start({ ...service(provider, { origin }, more), ...variables }, t);
  const clock = createClock();
  const start = /** @type {any} */ (await /** @type {any} */ (STAND_INS)[provider]());
  const redirectUri = `${services.origin}/service/${provider}/callback`;
  /** @type {import("../../servers/stand-ins/stand-in.mjs").StandIn} */
  const standIn = await start({ port, clock, clientId: CLIENT, clientSecret: SECRET, redirectUri, ...choices });
  t.after?.(() => standIn.close());

  /** Moves both clocks, the provider's first. @param {number} time */
  const go = async (time) => {
    clock.set(time);
    await services.clockAhead(time - Date.now());
  };
  await go(at);

  const login = people(provider, standIn, redirectUri);
  return {
    name: provider, services, standIn, clock, go, ...login,
    /** @param {number} ms */
    pass: (ms) => go(clock.now() + ms),
    /** Waits for a status. @param {string} what @param {(status: any) => unknown} is @returns {Promise<any>} */
    until: (what, is) => until(what, async () => {
      const status = await services.status(provider);
      return is(status) && status;
    }),
    /** Calls to a route of the provider's until now. @param {string} route */
    count: (route) => standIn.counters()[route] ?? 0,
    /** A new token, handed in and accepted. @param {string} [who] @returns {Promise<{ token: string, json: any }>} */
    async accepted(who) {
      const token = await login.token(who);
      const { status, json } = await services.handIn(provider, token, { kind: "token" });
      if (status !== 200) throw new Error(`not accepted: ${status} ${JSON.stringify(json)}`);
      return { token, json };
    },
  };
}

/** A GET with a body, which no fetch sends. @param {string} url @param {object} body @returns {Promise<any>} */
function getWithBody(url, body) {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
    const asked = request(url, { method: "GET", headers }, async (answer) => {
      let received = "";
      for await (const chunk of answer) received += chunk;
      resolve(JSON.parse(received));
    });
    asked.on("error", reject).end(text);
  });
}

/** Whoever has an account there. @param {Name} provider @param {{ origin: string }} standIn @param {string} redirectUri */
export function people(provider, standIn, redirectUri) {
  const { origin } = standIn;
  const client = encodeURIComponent(CLIENT);
  const page = {
    upstox: `${origin}/v2/login/authorization/dialog?client_id=${client}&redirect_uri=${encodeURIComponent(redirectUri)}&response_type=code`,
    breeze: `${origin}/apiuser/login?api_key=${client}`,
    kite: `${origin}/connect/login?v=3&api_key=${client}`,
  }[provider];
  const parameter = { upstox: "code", breeze: "apisession", kite: "request_token" }[provider];

  /** What a login brings in its address. @param {string} [who] */
  const address = async (who = "ada") => signIn(standIn, page, who);
  /** @param {string} [who] */
  const code = async (who) => (await address(who)).searchParams.get(parameter) ?? "";

  /** A token as somebody else gets it. @param {string} [who] @returns {Promise<string>} */
  const token = async (who) => {
    const given = await code(who);
    const post = async (/** @type {string} */ path, /** @type {Record<string, string>} */ body) =>
      /** @type {any} */ (await (await fetch(origin + path, { method: "POST", body: new URLSearchParams(body) })).json());
    if (provider === "breeze") {
      const details = await getWithBody(`${origin}/breezeapi/api/v1/customerdetails`, { SessionToken: given, AppKey: CLIENT });
      return details.Success.session_token;
    }
    if (provider === "kite") {
      const checksum = createHash("sha256").update(CLIENT + given + SECRET).digest("hex");
      return (await post("/session/token", { api_key: CLIENT, request_token: given, checksum })).data.access_token;
    }
    const grant = { code: given, client_id: CLIENT, client_secret: SECRET, redirect_uri: redirectUri, grant_type: "authorization_code" };
    return (await post("/v2/login/authorization/token", grant)).access_token;
  };
  return { address, code, token };
}

/** The routes that are counted: an exchange, and the cheap call that shows whether a token lives. */
export const ROUTES = {
  upstox: { exchange: "POST /v2/login/authorization/token", validate: "GET /v2/user/profile" },
  breeze: { exchange: "GET /breezeapi/api/v1/customerdetails", validate: "GET /breezeapi/api/v1/funds" },
  kite: { exchange: "POST /session/token", validate: "GET /user/profile" },
};
