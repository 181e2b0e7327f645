/** The Worker with one of the two real authorization servers, and whatever a test needs to see and to break. */

import { startServers } from "everlit-tests-servers";
import { startDjango } from "everlit-tests-servers/django";

import { Browser } from "./browser.mjs";
import { freePort } from "./ports.mjs";
import { secretText, variables } from "./stack.mjs";
import { Workerd } from "./workerd.mjs";

/** Seconds for which django-oauth-toolkit forgives here. */
export const DJANGO_WINDOW = 12;

/** @typedef {"oidc-provider" | "django-oauth-toolkit"} Kind */

/**
 * @param {Kind} kind
 * @param {{ accessTtl: number, build?: string, backchannel?: boolean, logoutByPost?: boolean, change?: (given: ReturnType<typeof variables>) => Record<string, unknown> }} options
 */
export async function startRealStack(kind, { accessTtl, build, backchannel = false, logoutByPost = false, change = (given) => given }) {
  const port = await freePort();
  const app = `http://localhost:${port}`;
  const clientSecret = `s: ${secretText()}/+%`;
  const strict = kind === "oidc-provider";
  const options = { clientSecret, redirectUris: [`${app}/auth/callback/demo`], accessTtl, ...(backchannel && { backchannelLogoutUri: `${app}/auth/backchannel-logout` }) };
  const servers = strict ? await startServers({ ...options, logoutByPost }) : await startDjango({ ...options, grace: DJANGO_WINDOW });
  const given = variables({ app, issuer: servers.issuer, resource: servers.resource, clientSecret });
  const grace = strict ? "oidc-provider" : { profile: "django-oauth-toolkit", window: `${DJANGO_WINDOW}s` };
  const scopes = strict ? given.PROVIDER_DEMO.scopes : ["openid", "profile", "email"];
  const changed = change({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...{ grace, scopes } } });
  const workerd = await Workerd.start({ port, variables: changed, door: true, build }).catch(async (error) => {
    await servers.close();
    throw error;
  });
  const close = async () => {
    await workerd.close();
    await servers.close();
  };
  /** @type {() => Promise<import("everlit-tests-servers/django").DjangoCounters>} */
  const counters = async () => ({ replays_forgiven: 0, ...(await servers.counters()) });
  return { app, servers, counters, workerd, secrets: [clientSecret, given.SECRET_SESSION_KEY], browser: () => new Browser(app), close };
}
