/** The Worker with an authorization server and a resource server that do what a test says. */

import { randomBytes } from "node:crypto";

import { Browser } from "./browser.mjs";
import { freePort } from "./ports.mjs";
import { ScriptedAs } from "./scripted-as.mjs";
import { startScriptedServer } from "./scripted-server.mjs";
import { secretText, variables } from "./stack.mjs";
import { Workerd } from "./workerd.mjs";

/** @typedef {Awaited<ReturnType<typeof startScriptedStack>>} ScriptedStack */
/** @typedef {import("./scripted-server.mjs").Given} Given */
/** @typedef {import("./scripted-server.mjs").Asked} Asked */

/** @param {{ change?: (given: ReturnType<typeof variables>) => Record<string, unknown>, door?: boolean, build?: string }} [options] */
export async function startScriptedStack({ change = (given) => given, door = false, build } = {}) {
  const port = await freePort();
  const app = `http://localhost:${port}`;
  const clientSecret = `s: ${secretText()}/+%`;
  const as = await ScriptedAs.start();
  /** What the resource server answers. @type {{ answer: (asked: Asked) => Given | Promise<Given> }} */
  const script = { answer: () => ({ json: [{ id: 1 }] }) };
  const resource = await startScriptedServer((asked) => script.answer(asked));
  const given = variables({ app, issuer: as.issuer, resource: resource.origin, clientSecret });
  const stop = () => Promise.all([as.close(), resource.close()]);
  const workerd = await Workerd.start({ port, variables: change(given), door, build }).catch(async (error) => {
    await stop();
    throw error;
  });
  /** @type {Browser[]} */
  const browsers = [];
  const browser = () => {
    const made = new Browser(app);
    browsers.push(made);
    return made;
  };
  const close = async () => {
    await workerd.close();
    await stop();
  };
  return { app, as, resource, script, workerd, browser, browsers, close, secrets: [clientSecret, given.SECRET_SESSION_KEY] };
}

/**
 * Begins a login and says how the authorization server would send the browser back.
 *
 * @param {ScriptedStack} stack
 * @param {Browser} browser
 * @param {{ returnTo?: string, response?: Record<string, string | undefined> }} [options] undefined removes a parameter
 */
export async function begin(stack, browser, { returnTo = "/", response = {} } = {}) {
  const redirect = await browser.navigate(`/auth/login?${new URLSearchParams({ return_to: returnTo })}`, { site: "same-origin" });
  if (redirect.status !== 302) throw new Error(`the login answered ${redirect.status}: ${redirect.text}`);
  const request = stack.as.take(redirect.headers.location);
  const code = `code-${randomBytes(24).toString("base64url")}`;
  stack.as.issued.push(code);
  const parameters = Object.entries({ code, state: request.state, iss: stack.as.issuer, ...response });
  const query = new URLSearchParams(/** @type {[string, string][]} */ (parameters.filter(([, value]) => value !== undefined)));
  return { request, code, callback: `/auth/callback/demo?${query}` };
}

/** A whole login. @param {ScriptedStack} stack @param {Browser} [browser] @param {Parameters<typeof begin>[2]} [options] */
export async function enter(stack, browser = stack.browser(), options = {}) {
  const { callback } = await begin(stack, browser, options);
  const landing = await browser.navigate(callback, { site: "cross-site" });
  if (landing.status !== 200) throw new Error(`the callback answered ${landing.status}: ${landing.text}`);
  const session = (await browser.call("/auth/session")).json;
  return { browser, landing, session };
}
