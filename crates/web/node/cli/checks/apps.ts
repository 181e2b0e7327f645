// APP_ORIGINS: pages on sibling hosts, which may use the Worker from there.

import { ask, json } from "../ask.js";
import type { Project } from "../project.js";
import { appsOf, originsOf } from "../provider.js";
import { fail, ok, warn, type Check } from "./check.js";
import { isLocalHost } from "./origins.js";

const NAME = "app origins";

/** Whether both may be of one site: which suffixes are public only a browser knows. */
export function isBeside(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  return a.protocol === b.protocol && site(a.hostname) === site(b.hostname);
}

/** The last two labels; an address is a site of its own. */
const site = (host: string): string => (/(^|\.)\d+$|\]$/.test(host) ? host : host.split(".").slice(-2).join("."));

/** What the configuration says of them. */
export function apps({ vars, wrangler }: Project): Check[] {
  if (!("APP_ORIGINS" in vars)) return [ok(NAME, "none beside the Worker")];
  const all = appsOf(vars);
  const [edge = ""] = originsOf(vars);
  const file = wrangler?.name ?? "wrangler.toml";
  if (!all.length) return [fail(NAME, `APP_ORIGINS in ${file} is no list of origins`, `APP_ORIGINS = ["https://app.example.com"] beside ORIGINS = ["https://auth.example.com"]; a Worker on the page's own host needs none.`)];
  const found = all.map((app) => judge(app, edge, vars)).filter((each) => each !== undefined);
  return found.length ? found : [ok(NAME, `${all.join(", ")} beside ${edge}`)];
}

function judge(app: string, edge: string, vars: Project["vars"]): Check | undefined {
  const url = URL.canParse(app) ? new URL(app) : undefined;
  if (!url || url.origin !== app) return fail(NAME, `${JSON.stringify(app)} is no origin`, `An origin is scheme, host and port, in lower case and without a path${url && url.origin !== "null" ? `: "${url.origin}"` : ""}.`);
  if (originsOf(vars).includes(app)) return fail(NAME, `${app} is in ORIGINS as well, and the Worker does not start`, "ORIGINS is where the Worker is, APP_ORIGINS where pages are that it does not serve: take it out of one of the two.");
  // What is wrong with that one is said of it.
  if (!URL.canParse(edge)) return undefined;
  const worker = new URL(edge);
  if (url.protocol !== worker.protocol) return fail(NAME, `${app} and ${edge} are two sites, as one is http, and no cookie of the Worker's is sent from there`, `"${worker.protocol}//${url.host}" in APP_ORIGINS: the page is served as the Worker is.`);
  if (!isBeside(app, edge)) return fail(NAME, `${app} is of another site than ${edge}, and no cookie of the Worker's is sent from there`, `Give the Worker a host beside the page's, such as ${siblingOf(url)}, first in ORIGINS; or paths of the page's own host.`);
  if (url.hostname === worker.hostname && !isLocalHost(url.hostname)) return warn(NAME, `${app} is the Worker's own host, and cookies know no ports: the server there is sent the session's cookie`, "Give the page a host of its own.");
  return undefined;
}

/** Where a Worker could be for this page. */
const siblingOf = ({ protocol, hostname }: URL): string => `${protocol}//auth.${site(hostname)}`;

/** Whether a Worker that runs lets the pages of an origin ask it. */
export async function leave(edge: string, app: string, { vars, wrangler }: Project): Promise<Check> {
  const wished = { origin: app, "sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "access-control-request-method": "GET", "access-control-request-headers": "everlit-version" };
  const { headers } = await ask(`${edge}/auth/session`, { method: "OPTIONS", headers: wished });
  if (headers["access-control-allow-origin"] === app && headers["access-control-allow-credentials"] === "true") return ok(NAME, `${app} may use the Worker at ${edge}`);
  const all = appsOf(vars);
  if (all.includes(app)) return fail(NAME, `the Worker at ${edge} does not know ${app}, which ${wrangler?.name ?? "the configuration"} names`, "Deploy it anew. If it is: something between browser and Worker answers OPTIONS in its place, or takes Access-Control-* away; have it pass both as they are.");
  return fail(NAME, `the Worker at ${edge} does not know ${app}: browsers let its pages ask nothing there`, `APP_ORIGINS = ${JSON.stringify([...all, app])} in [vars] of ${wrangler?.name ?? "wrangler.toml"}; then deploy it anew.`);
}

/** The Worker beside a page, where the project says of one: that page's host has none itself. */
export async function workerBeside(app: string, { vars }: Project): Promise<string | undefined> {
  const [edge] = originsOf(vars);
  if (edge === undefined || !URL.canParse(edge) || originsOf(vars).includes(app) || !isBeside(app, edge)) return undefined;
  // One that is wrong in itself is asked about by its own address.
  return ask(`${edge}/healthz`).then(({ text }) => (json(text) ? edge : undefined), () => undefined);
}
