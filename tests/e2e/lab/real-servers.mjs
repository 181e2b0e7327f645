// The lab with oidc-provider in it: what a person sees there, what it is asked, and what it forgets.

import { startServers } from "everlit-tests-servers";
import { ALIVE, AuthorizationServerPages } from "../app.mjs";
import { selfSigned } from "./certificate.mjs";
import { Lab } from "./lab.mjs";
import { Tab } from "./tab.mjs";

/**
 * A lab, and the server's side of it.
 * @param {{ hostName?: string, endSession?: "post" | "get", responseMode?: "form_post" }} [options] `localhost` makes server and app one site: one that speaks https, where the
 * app does. `endSession`: how it is asked for a logout; a server that knows its user by a form of another site speaks https
 */
export async function startRealLab({ hostName, endSession, responseMode } = {}) {
  const logoutByPost = endSession === "post";
  /** Every path that it was asked for. @type {string[]} */
  const visits = [];
  /** @type {Awaited<ReturnType<typeof startServers>> | undefined} */ let servers;
  const lab = await Lab.start({
    change: (given) => ({
      ...given,
      PROVIDER_DEMO: { ...given.PROVIDER_DEMO, ...(endSession && { end_session: endSession }), ...(responseMode && { response_mode: responseMode }) },
    }),
    servers: async ({ clientSecret, front }) => {
      const redirectUris = [`${front.origin}/auth/callback/demo`];
      const tls = logoutByPost || (hostName && front.tls) ? selfSigned() : undefined;
      const options = { clientSecret, redirectUris, accessTtl: 3600, logoutByPost, onVisit: (/** @type {string} */ path) => visits.push(path) };
      servers = await startServers({ ...options, ...(hostName && { hostName }), ...(tls && { tls }) });
      return { ...servers, ...(tls && { trusted: tls.cert }) };
    },
  });
  const count = (/** @type {RegExp} */ path) => visits.filter((each) => path.test(each)).length;
  return {
    lab,
    /** How often it was asked to authorize. */
    authorizations: () => count(/^\/auth$/),
    /** How often a person saw one of its pages. */
    forms: () => count(/^\/interaction\//),
    /** How often it was asked to log somebody out. */
    logouts: () => count(/^\/session\/end$/),
    forget: (/** @type {string} */ kind) => servers?.forget(kind),
  };
}

/**
 * Logs a person in, through the server's own pages.
 * @param {Lab} lab
 * @param {import("../webdriver.mjs").Browser} browser
 * @param {Record<string, string>} [query] of the lab's page
 */
export async function signIn(lab, browser, query = {}) {
  const tab = await Tab.current(browser, lab.front.origin, query);
  const pages = new AuthorizationServerPages(browser);
  await browser.go(`${lab.front.origin}/auth/login?${new URLSearchParams({ return_to: tab.path })}`);
  await browser.until("the person to be signed in", async () => {
    if ((await browser.run(() => location.origin)) !== lab.front.origin) return (await pages.answer()) && false;
    return ALIVE.includes((await tab.state()) ?? "");
  }, { timeout: 40_000 });
  return tab;
}
