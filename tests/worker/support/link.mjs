/** A session with a further account: what a browser does to link one at a scripted server. */

import { randomBytes } from "node:crypto";

import { ScriptedAs } from "./scripted-as.mjs";
import { startScriptedStack } from "./scripted-stack.mjs";
import { secretText } from "./stack.mjs";

/** @typedef {Awaited<ReturnType<typeof startLinkStack>>} LinkStack */
/** @typedef {import("./browser.mjs").Browser} Browser */
/** @typedef {import("./browser.mjs").Site} Site */

/**
 * The Worker with two scripted servers: one for the login, and `other` for a further account. `/api/orders` takes the token of the
 * first, `/api/calendar` that of the second.
 *
 * @param {Parameters<typeof startScriptedStack>[0]} [options]
 */
export async function startLinkStack({ change = (/** @type {any} */ given) => given, ...options } = {}) {
  const other = await ScriptedAs.start();
  const otherSecret = secretText();
  const stack = await startScriptedStack({
    ...options,
    change: (given) => change(/** @type {any} */ ({
      ...given,
      PROVIDER_DEMO: { ...given.PROVIDER_DEMO, login: true },
      PROVIDER_OTHER: { ...given.PROVIDER_DEMO, issuer: other.issuer, login: false, grants: "per_login" },
      SECRET_OTHER_CLIENT_SECRET: otherSecret,
      UPSTREAM_CALENDAR: { ...given.UPSTREAM_ORDERS, path: "/calendar", vault: "linked:other" },
    })),
  }).catch(async (error) => {
    await other.close();
    throw error;
  });
  const close = async () => {
    await stack.close();
    await other.close();
  };
  return { ...stack, other, secrets: [...stack.secrets, otherSecret], close };
}

/**
 * Begins to link an account, and says how its server would send the browser back.
 *
 * @param {LinkStack} stack @param {Browser} browser
 * @param {{ returnTo?: string, sub?: string, response?: Record<string, string | undefined> }} [options]
 */
export async function beginLink({ other }, browser, { returnTo = "/", sub = "other-user", response = {} } = {}) {
  const redirect = await browser.navigate(`/auth/login?${new URLSearchParams({ provider: "other", return_to: returnTo })}`, { site: "same-origin" });
  if (redirect.status !== 302) throw new Error(`the link answered ${redirect.status}: ${redirect.text}`);
  const request = other.take(redirect.headers.location);
  other.claims = { sub };
  const code = `code-${randomBytes(24).toString("base64url")}`;
  other.issued.push(code);
  const parameters = Object.entries({ code, state: request.state, iss: other.issuer, ...response });
  const query = new URLSearchParams(/** @type {[string, string][]} */ (parameters.filter(([, value]) => value !== undefined)));
  return { request, callback: `/auth/callback/other?${query}` };
}

/** Links an account. @param {LinkStack} stack @param {Browser} browser @param {Parameters<typeof beginLink>[2]} [options] */
export async function link(stack, browser, options) {
  const { callback } = await beginLink(stack, browser, options);
  const landing = await browser.navigate(callback, { site: "cross-site" });
  if (landing.status !== 200) throw new Error(`the callback answered ${landing.status}: ${landing.text}`);
  return landing;
}

/** Where the further account stands, as the session says. @param {Browser} browser */
export const accountState = async (browser) => (await browser.call("/auth/session")).json.providers.find((/** @type {any} */ one) => one.name === "other")?.state;
