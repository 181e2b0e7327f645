// A Worker that runs, asked as a browser asks it.

import { ask, json, NAVIGATION, type Answer } from "../ask.js";
import { said } from "../problem.js";
import type { Project } from "../project.js";
import { appsOf, originsOf, providersOf } from "../provider.js";
import { leave, workerBeside } from "./apps.js";
import { fail, ok, type Check } from "./check.js";
import { clock } from "./clock.js";
import { isLocalHost } from "./origins.js";
import { policy } from "./policy.js";
import { WORKER_FIRST } from "./wrangler.js";

/** One path of each kind that is always the Worker's, and that nothing is at. */
const NOWHERE = ["/auth/everlit-doctor", "/api/everlit-doctor/x", "/internal/everlit-doctor"];

export async function deployment(origin: string, project: Project): Promise<Check[]> {
  const url = new URL(origin);
  const checks: Check[] = [];
  if (url.protocol === "http:" && !isLocalHost(url.hostname)) checks.push(fail("address", `${origin} is not https, and browsers keep Secure cookies from it`, `Ask https://${url.host}; have http redirect there.`));
  let health: Answer;
  try {
    health = await ask(`${origin}/healthz`);
  } catch (error) {
    const start = isLocalHost(url.hostname) ? "everlit dev starts it; the address is what that prints." : "Look whether it is deployed (npx wrangler deployments list) and whether its address leads there.";
    return [...checks, fail("worker", `${origin} cannot be reached: ${said(error)}`, start)];
  }
  const body = json(health.text);
  if (body?.code === "misconfigured") return [...checks, misconfigured(String(body.detail ?? ""), isLocalHost(url.hostname))];
  if (health.status !== 200 || body?.ok !== true) {
    const edge = await workerBeside(origin, project);
    if (edge === undefined) return [...checks, await notOurs(origin, health)];
    return [...checks, ok("worker", `is beside the page: everlit doctor ${edge} looks at it`), await leave(edge, origin, project), await page(origin, edge)];
  }
  checks.push(ok("worker", `answers at ${origin}, its configuration and secrets are complete`), clock("the Worker", health.ahead));
  checks.push(await paths(origin), await ownOrigin(origin, project), ...(await login(origin, project)));
  const pages = originsOf(project.vars).includes(origin) ? appsOf(project.vars) : [];
  for (const app of pages) checks.push(await leave(origin, app, project));
  // Where pages are elsewhere, each is looked at by its own address.
  if (!pages.length) checks.push(await page(origin));
  return checks;
}

function misconfigured(detail: string, local: boolean): Check {
  const [variable = ""] = detail.match(/\b[A-Z][A-Z0-9_]{3,}\b/) ?? [];
  let remedy = "everlit doctor, in the project's folder, says what it should be; then deploy it anew.";
  if (variable.startsWith("SECRET_SESSION_KEY") && !local) remedy = `node -p "crypto.randomBytes(32).toString('base64url')" | npx wrangler secret put ${variable}`;
  else if (variable.startsWith("SECRET_") && !local) remedy = `npx wrangler secret put ${variable}`;
  else if (variable.startsWith("SECRET_")) remedy = "everlit doctor, in the project's folder, says what is wrong in .dev.vars; then start everlit dev again.";
  return fail("worker", `it is misconfigured: ${detail}`, remedy);
}

/** Something answers that is not the Worker, or not at first. */
async function notOurs(origin: string, health: Answer): Promise<Check> {
  const html = /text\/html/.test(health.headers["content-type"] ?? "");
  const session = await ask(`${origin}/auth/session`, { headers: { "everlit-version": "1", "sec-fetch-site": "same-origin" } }).catch(() => undefined);
  const theirs = session && json(session.text)?.v === 1;
  if (theirs || (html && health.status === 200)) return fail("worker", `${origin}/healthz is answered with ${html ? "a page" : health.status}, not by the Worker`, `In [assets] of wrangler.toml: run_worker_first = ${JSON.stringify(WORKER_FIRST)}; where the Worker has routes, one of them has to lead there.`);
  return fail("worker", `${origin}/healthz answers ${health.status}, and not as the Worker does`, "Is the address the app's, and is the Worker deployed there? Its routes have to have /auth/*, /api/* and /healthz.");
}

async function paths(origin: string): Promise<Check> {
  const pages: string[] = [];
  for (const path of NOWHERE) {
    const answer = await ask(`${origin}${path}`, { headers: { "everlit-version": "1", "sec-fetch-site": "same-origin" } });
    if (answer.status === 200) pages.push(path.replace(/everlit-doctor.*/, "*"));
  }
  if (!pages.length) return ok("paths", "/auth, /api and /internal reach the Worker");
  return fail("paths", `${pages.join(", ")} ${pages.length > 1 ? "are" : "is"} answered with the app's page, not by the Worker`, `In [assets] of wrangler.toml: run_worker_first = ${JSON.stringify(WORKER_FIRST)}; then deploy it anew.`);
}

/** The Worker takes a question of a page of this origin only if it is one of its own. */
async function ownOrigin(origin: string, { vars, wrangler }: Project): Promise<Check> {
  const question = JSON.stringify({ v: 1, reason: "resume" });
  const answer = await ask(`${origin}/auth/token`, { method: "POST", headers: { origin, "everlit-version": "1", "content-type": "application/json" }, body: question });
  if (json(answer.text)?.code !== "cross_site") return ok("origins", `${origin} is one of the Worker's`);
  const known = originsOf(vars);
  const list = JSON.stringify([...known.filter((each) => each !== origin), origin]);
  return fail("origins", `the Worker does not know ${origin}: it refuses what its pages ask`, `ORIGINS = ${list} in [vars] of ${wrangler?.name ?? "wrangler.toml"} (the first is where people come back to); then deploy it anew.`);
}

/** Begins a login, as somebody does who follows a link, and goes no further than to the authorization server's first answer. */
async function login(origin: string, { vars }: Project): Promise<Check[]> {
  const answer = await ask(`${origin}/auth/login?return_to=/`, { headers: NAVIGATION });
  const location = answer.headers.location;
  if (answer.status !== 302 || !location) {
    const registered = providersOf(vars).map(({ name }) => `${origin}/auth/callback/${name}`).join(", ") || `${origin}/auth/callback/<provider>`;
    return [fail("login", `a login cannot begin: the Worker answers ${answer.status}`, `The authorization server cannot be reached, or does not take the request: is ${registered} registered there, are client_id and secret right? npx wrangler tail shows why (login_not_begun), and everlit doctor in the project's folder asks the server itself.`)];
  }
  const next = new URL(location, origin);
  // At another than the first of ORIGINS a login begins by going there.
  if (next.origin !== origin && next.pathname === "/auth/login") return [ok("login", `begins at ${next.origin}, the first of ORIGINS: everlit doctor ${next.origin} looks at it`)];
  return [cookie(answer), await arrival(next, origin)];
}

function cookie({ headers }: Answer): Check {
  const name = "cookies";
  const lines = headers["set-cookie"] ?? [];
  const ours = lines.find((line) => /everlit-binding=/.test(line));
  const proxy = "Something between browser and Worker changes it (a proxy, a rule of the zone): have it pass Set-Cookie as it is.";
  if (!ours) return fail(name, "a login sets no cookie of ours", proxy);
  const [pair = "", ...attributes] = ours.split(";").map((part) => part.trim());
  const given = new Map(attributes.map((each) => { const [key = "", value = ""] = each.split("="); return [key.toLowerCase(), value] as const; }));
  const wrong: string[] = [];
  if (!pair.startsWith("__Host-Http-")) wrong.push("its name does not begin with __Host-Http-");
  if (!given.has("secure")) wrong.push("it is not Secure");
  if (!given.has("httponly")) wrong.push("it is not HttpOnly");
  if (given.get("path") !== "/") wrong.push("its Path is not /");
  if (given.has("domain")) wrong.push("it has a Domain");
  if (!/^(lax|strict)$/i.test(given.get("samesite") ?? "")) wrong.push("its SameSite is neither Lax nor Strict");
  if (wrong.length) return fail(name, `the login's cookie is not as the Worker sets it: ${wrong.join(", ")}; browsers drop it, and no login comes to its end`, proxy);
  return ok(name, "__Host-Http-, Secure, HttpOnly, SameSite, Path=/");
}

/** What the authorization server says to the browser that the Worker has sent there. */
async function arrival(url: URL, origin: string): Promise<Check> {
  const name = "login";
  const uri = url.searchParams.get("redirect_uri");
  if (uri && new URL(uri).origin !== origin) return fail(name, `people who log in here come back to ${new URL(uri).origin}`, `ORIGINS has to have ${origin} first; or open the app there.`);
  let answer: Answer;
  try {
    answer = await ask(url, { headers: { ...NAVIGATION, "sec-fetch-site": "cross-site" } });
  } catch (error) {
    return fail(name, `the authorization server ${url.origin} cannot be reached from here: ${said(error)}`, "Is it up? Where it is the demo server, everlit dev starts it.");
  }
  if (answer.status < 400) return ok(name, `leads to ${url.origin}`);
  const about = /redirect[\s_-]*(uri|url)|callback\s*url|reply\s*(url|address)/i.test(answer.text);
  if (about) return fail(name, `${url.origin} does not know the redirect URI ${uri ?? ""}`.trim(), `Register ${uri ?? `${origin}/auth/callback/<provider>`} there, letter by letter.`);
  return fail(name, `${url.origin} answers ${answer.status} to the authorization request`, "What it shows in a browser says why: open the app and log in. Most often client_id, redirect URI or a scope is not registered there.");
}

/** @param edge where the Worker is */
async function page(origin: string, edge = origin): Promise<Check> {
  return policy(await ask(`${origin}/`, { headers: NAVIGATION }), origin, edge);
}
