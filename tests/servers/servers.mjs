/** The demo's servers as one thing that can be started and stopped. */

import { randomBytes } from "node:crypto";

import { createAuthorizationServer } from "./authorization-server.mjs";
import { createControlServer } from "./control-server.mjs";
import { createCounters } from "./counters.mjs";
import { DEFAULTS } from "./defaults.mjs";
import { pathOf } from "./http.mjs";
import { listen } from "./listener.mjs";
import { createResourceServer } from "./resource-server.mjs";

const RESOURCE_SERVER_ID = "everlit-orders";

/**
 * How the client authenticates; `jwks` are its public keys, where it has no secret.
 *
 * @typedef {{ method: "client_secret_basic" | "client_secret_post" | "private_key_jwt", jwks?: { keys: object[] } }} ClientAuth
 */
/** @typedef {"offered" | "required" | "never"} Par pushed authorization requests */
/** @typedef {"never" | "offered" | "nonce"} Dpop bound tokens; "nonce": both servers want a nonce of theirs in each proof */

/**
 * @typedef {object} Options
 * @property {string} clientSecret
 * @property {string} [clientId]
 * @property {string[]} [redirectUris]
 * @property {string} [backchannelLogoutUri] where the authorization server says that a session is over; left out, nowhere
 * @property {ClientAuth} [clientAuth]
 * @property {Par} [par]
 * @property {Dpop} [dpop]
 * @property {Record<string, string>} [resources] resource servers that tokens may be asked for by name (RFC 8707), each with its scope
 * @property {boolean} [logoutByPost] whether a logout may be asked for by a form of another site
 * @property {number} [accessTtl] lifetime of access tokens in seconds
 * @property {number} [port] of the authorization server; 0 takes a free one, here and below
 * @property {number} [resourcePort]
 * @property {number} [controlPort]
 * @property {string} [hostName] of the authorization server: `localhost` makes it the app's own site
 * @property {import("./listener.mjs").Tls} [tls] has the authorization server speak https, for browsers that keep its cookies over nothing else
 * @property {(path: string) => void} [onVisit] hears of every request to the authorization server
 * @property {(line: string) => void} [log]
 */

/**
 * @typedef {object} Servers
 * @property {string} issuer
 * @property {string} resource origin of the resource server; the orders are at `/orders`
 * @property {string} control origin of the control server
 * @property {() => import("./counters.mjs").Counters} counters what was seen up to now
 * @property {(model: string) => void} forget makes the authorization server lose all records of a kind, such as `RefreshToken` (grants
 * are refused) or `Session` (nobody is signed in any more)
 * @property {() => Promise<void>} close stops everything, also open connections; idempotent
 */

/**
 * Starts all three servers on 127.0.0.1, or none.
 *
 * @param {Options} options
 * @returns {Promise<Servers>}
 */
export async function startServers({
  clientSecret,
  clientId = DEFAULTS.clientId,
  redirectUris = [...DEFAULTS.redirectUris],
  backchannelLogoutUri,
  clientAuth = { method: "client_secret_basic" },
  par = "offered",
  dpop = "never",
  resources = {},
  logoutByPost = false,
  accessTtl = DEFAULTS.accessTtl,
  port = 0,
  resourcePort = 0,
  controlPort = 0,
  hostName,
  tls,
  onVisit = () => {},
  log = () => {},
}) {
  const counters = createCounters();
  /** @type {import("./listener.mjs").Listener[]} */
  const listeners = [];
  /** @type {(...args: Parameters<typeof listen>) => ReturnType<typeof listen>} */
  const open = async (...args) => {
    const listener = await listen(...args);
    listeners.push(listener);
    return listener;
  };
  const close = async () => {
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
  };

  try {
    const authorization = await open(port, { what: "authorization server", flag: "--port", name: hostName, tls });
    const resource = await open(resourcePort, { what: "resource server", flag: "--resource-port" });
    const control = await open(controlPort, { what: "control server", flag: "--control-port" });

    const issuer = authorization.origin;
    const resourceServer = { id: RESOURCE_SERVER_ID, secret: randomBytes(32).toString("base64url") };
    const { handler, introspectionEndpoint, forget } = await createAuthorizationServer({
      issuer,
      accessTtl,
      client: { id: clientId, secret: clientSecret, redirectUris, auth: clientAuth, backchannelLogoutUri },
      par,
      dpop,
      resources,
      logoutByPost,
      resourceServer,
      counters,
      log,
    });
    authorization.serve((req, res) => {
      onVisit(pathOf(req));
      return handler(req, res);
    });
    // The resource server trusts no certificate that signs itself: it asks by another door.
    const inside = tls && (await open(0, { what: "authorization server's inside", flag: "--port" }));
    inside?.serve(handler);
    resource.serve(createResourceServer({
      introspectionEndpoint: inside ? introspectionEndpoint.replace(issuer, inside.origin) : introspectionEndpoint,
      clientId: resourceServer.id,
      clientSecret: resourceServer.secret,
      wantsNonce: dpop === "nonce",
      counters,
      log,
    }));
    control.serve(createControlServer(() => counters));

    return {
      issuer,
      resource: resource.origin,
      control: control.origin,
      counters: () => ({ ...counters }),
      forget,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
