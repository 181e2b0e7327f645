/** The Worker with the demo's servers: everything that a browser needs for a session. */

import { randomBytes } from "node:crypto";

import { startServers } from "everlit-tests-servers";

import { Browser } from "./browser.mjs";
import { freePort } from "./ports.mjs";
import { Workerd } from "./workerd.mjs";

export const SESSION_COOKIE = "__Host-Http-everlit";
export const BINDING_COOKIE = "__Host-Http-everlit-binding";

export const secretText = () => randomBytes(32).toString("base64url");

/**
 * The variables of a Worker that is complete.
 *
 * @param {{ app: string, issuer: string, resource: string, clientSecret: string }} where
 */
export const variables = ({ app, issuer, resource, clientSecret }) => ({
  ORIGINS: [app],
  LIMITS: { idle: "14d", absolute: "90d" },
  PROVIDER_DEMO: { kind: "oidc", issuer, client_id: "everlit-demo", scopes: ["openid", "offline_access", "profile", "email"], prompt: "" },
  UPSTREAM_ORDERS: { origin: resource, path: "/orders", methods: ["GET", "HEAD", "POST"], mode: "bff", vault: "login" },
  SECRET_SESSION_KEY: secretText(),
  SECRET_DEMO_CLIENT_SECRET: clientSecret,
});

/**
 * @param {{ accessTtl?: number, change?: (given: ReturnType<typeof variables>) => Record<string, unknown>, server?: Partial<import("everlit-tests-servers").Options> }} [options]
 * `server`: how the authorization server is to be
 */
export async function startStack({ accessTtl = 60, change = (given) => given, server = {} } = {}) {
  const port = await freePort();
  const app = `http://localhost:${port}`;
  const clientSecret = `s: ${secretText()}/+%`;
  const servers = await startServers({ clientSecret, redirectUris: [`${app}/auth/callback/demo`], accessTtl, ...server });
  const given = variables({ app, issuer: servers.issuer, resource: servers.resource, clientSecret });
  const workerd = await Workerd.start({ port, variables: change(given) }).catch(async (error) => {
    await servers.close();
    throw error;
  });
  const close = async () => {
    await workerd.close();
    await servers.close();
  };
  return { app, servers, workerd, clientSecret, secrets: [clientSecret, given.SECRET_SESSION_KEY], browser: () => new Browser(app), close };
}

/** The body of a question for the token. @param {any} held @param {string} reason @param {object} [more] */
export const question = (held, reason, more = {}) => ({
  v: 1, reason, ...(held && { epoch: held.epoch, generation: held.generation }), ...more,
});
