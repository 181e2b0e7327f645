/** The Worker with a Supabase project to log in at: the stand-in, which the official SDK is held to. */

import { Browser as Visitor } from "../../servers/support/browser.mjs";
import { startSupabase } from "../../servers/stand-ins/supabase/index.mjs";
import { Browser } from "./browser.mjs";
import { freePort } from "./ports.mjs";
import { startScriptedServer } from "./scripted-server.mjs";
import { secretText, variables } from "./stack.mjs";
import { Workerd } from "./workerd.mjs";

/** @typedef {Awaited<ReturnType<typeof startSupabaseStack>>} SupabaseStack */

/** @param {{ standIn?: Partial<Parameters<typeof startSupabase>[0]>, provider?: object, limits?: object, door?: boolean }} [options] */
export async function startSupabaseStack({ standIn = {}, provider = {}, limits = {}, door = false } = {}) {
  const port = await freePort();
  const app = `http://localhost:${port}`;
  const key = `anon-${secretText()}`;
  const supabase = await startSupabase({ clientSecret: key, redirectUri: `${app}/auth/callback/shop`, ...standIn });
  const resource = await startScriptedServer(() => ({ json: [{ id: 1 }] }));
  const { PROVIDER_DEMO: _demo, SECRET_DEMO_CLIENT_SECRET: _secret, LIMITS, ...rest } = variables({ app, issuer: "", resource: resource.origin, clientSecret: "" });
  const given = {
    ...rest,
    LIMITS: { ...LIMITS, ...limits },
    PROVIDER_SHOP: { kind: "supabase", url: supabase.origin, provider: "github", form: ["password", "code", "link"], ...provider },
    SECRET_SHOP_API_KEY: key,
  };
  const stop = () => Promise.all([supabase.close(), resource.close()]);
  const workerd = await Workerd.start({ port, variables: given, door }).catch(async (error) => {
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

  /** What the project says to a token. @param {string} path @param {{ token?: string, method?: string }} [how] */
  const project = async (path, { token, method = "GET" } = {}) =>
    (await fetch(`${supabase.origin}/auth/v1/${path}`, { method, headers: { apikey: key, ...(token && { authorization: `Bearer ${token}` }) } })).status;

  return { app, key, supabase, resource, workerd, browser, browsers, project, close, secrets: [key, given.SECRET_SESSION_KEY] };
}

/** The hidden fields of a page's form. @param {string} page */
export function hiddenOf(page) {
  const fields = [...page.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)];
  if (fields.length === 0) throw new Error(`there is no form: ${page}`);
  return Object.fromEntries(fields.map(([, name = "", value = ""]) => [name, value]));
}

/** The form of the login page. @param {Browser} browser @param {string} [returnTo] */
export async function openForm(browser, returnTo = "/orders") {
  const page = await browser.navigate(`/auth/login?${new URLSearchParams({ return_to: returnTo })}`, { site: "same-origin" });
  if (page.status !== 200) throw new Error(`the login answered ${page.status}: ${page.text}`);
  return page;
}

/** Presses a button of the form on this page. @param {Browser} browser @param {{ text: string }} page @param {Record<string, string>} typed @param {{ site?: any, headers?: Record<string, string> }} [how] */
export const press = (browser, page, typed, { site = "same-origin", headers = {} } = {}) =>
  browser.navigate("/auth/login", { site, method: "POST", form: { ...hiddenOf(page.text), ...typed }, headers });

/** A login by password. @param {SupabaseStack} stack @param {string} [email] @param {Browser} [browser] */
export async function enterByPassword(stack, email = "ada@example.com", browser = stack.browser()) {
  const landing = await press(browser, await openForm(browser), { way: "password", email, password: "correct horse battery staple" });
  if (landing.status !== 200) throw new Error(`the form answered ${landing.status}: ${landing.text}`);
  return { browser, landing, session: (await browser.call("/auth/session")).json };
}

/** Where a person comes back to who signs in at the project's page. @param {SupabaseStack} stack @param {string} address @param {string} login */
export async function signInThere(stack, address, login) {
  const { page } = await new Visitor(stack.supabase.origin).authorize(address, login);
  return page.url;
}

/** The token that the last call to the resource server carried. @param {SupabaseStack} stack @param {Browser} browser */
export async function tokenOf(stack, browser) {
  const answer = await browser.call("/api/orders");
  if (answer.status !== 200) throw new Error(`the call was answered ${answer.status}: ${answer.text}`);
  return stack.resource.asked.at(-1)?.headers.authorization?.replace("Bearer ", "") ?? "";
}
