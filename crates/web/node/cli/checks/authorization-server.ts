// An authorization server, asked as the Worker and a browser ask it. Nothing that it is asked for changes anything there.

import { createHash, randomBytes } from "node:crypto";
import { ask, json, type Answer } from "../ask.js";
import { said } from "../problem.js";
import type { Project } from "../project.js";
import { credentialOf, isLocal, isSupabase, originsOf, type Provider } from "../provider.js";
import { texts } from "../wrangler-file.js";
import { fail, ok, unchecked, warn, type Check } from "./check.js";
import { clock } from "./clock.js";

type Metadata = Record<string, unknown>;

/** The defaults of the configuration. */
const SCOPES = ["openid", "offline_access"];
const NAMELESS = "its client_id is not set";

/** @param origin of the app */
export async function authorizationServer(project: Project, provider: Provider, origin: string | undefined): Promise<Check[]> {
  const { metadata, checks } = await discovery(provider, project.wrangler?.name ?? "wrangler.toml");
  if (!metadata) return checks;
  checks.push(capabilities(provider, metadata));
  checks.push(await secret(project, provider, metadata));
  const app = origin ?? originsOf(project.vars)[0];
  if (app) checks.push(await redirect(provider, metadata, app), await logout(provider, metadata, app));
  return checks;
}

/** Whether the server is there, and says of itself what the configuration says. */
export async function discovery(provider: Provider, file: string, signal?: AbortSignal): Promise<{ metadata?: Metadata; checks: Check[] }> {
  const name = `discovery of ${provider.name}`;
  const { issuer } = provider;
  if (isSupabase(provider)) return { checks: [unchecked(name, "a Supabase project is known without one")] };
  if (!issuer) return { checks: [unchecked(name, "its issuer is not set")] };
  if (!URL.canParse(issuer)) return { checks: [fail(name, `${JSON.stringify(issuer)} is no URL`, `issuer in [vars.PROVIDER_${provider.key}] of ${file} is what the server's /.well-known/openid-configuration says as "issuer".`)] };
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  let answer: Answer;
  try {
    answer = await ask(url, { ...(signal && { signal }) });
  } catch (error) {
    if (isLocal(issuer)) return { checks: [unchecked(name, `nothing listens at ${issuer}: \`everlit dev\` starts the demo authorization server there`)] };
    return { checks: [fail(name, `${url} cannot be reached: ${said(error)}`, `Open it in a browser. If it is not there, issuer in [vars.PROVIDER_${provider.key}] of ${file} is wrong, or the network; without one, everlit doctor --offline.`)] };
  }
  const metadata = answer.status === 200 ? json(answer.text) : undefined;
  if (!metadata) return { checks: [fail(name, `${url} answers ${answer.status}, and no discovery document`, `issuer in [vars.PROVIDER_${provider.key}] of ${file} has to be the server's own, to the last slash (for some it has a tenant or a realm in its path).`)] };
  if (metadata.issuer !== issuer) return { checks: [fail(name, `the server calls itself ${JSON.stringify(metadata.issuer)}, and the configuration ${JSON.stringify(issuer)}`, `issuer = ${JSON.stringify(metadata.issuer)} in [vars.PROVIDER_${provider.key}] of ${file}: the two are compared letter by letter.`)] };
  const lacking = ["authorization_endpoint", "token_endpoint", "jwks_uri"].filter((each) => typeof metadata[each] !== "string");
  if (lacking.length) return { checks: [fail(name, `its document has no ${lacking.join(", ")}`, "It is not the document of an OpenID Connect provider: ask whoever runs that server.")] };
  return { metadata, checks: [ok(name, issuer), clock(provider.name, answer.ahead)] };
}

/** What the server says that it can do, where it says anything of it. */
function capabilities(provider: Provider, metadata: Metadata): Check {
  const name = `abilities of ${provider.name}`;
  const offers = (field: string, value: string) => !Array.isArray(metadata[field]) || texts(metadata[field]).includes(value);
  const scopes = Array.isArray(provider.settings.scopes) ? texts(provider.settings.scopes) : SCOPES;
  const auth = typeof provider.settings.client_auth === "string" ? provider.settings.client_auth : "client_secret_basic";
  const table = `[vars.PROVIDER_${provider.key}]`;
  if (!offers("code_challenge_methods_supported", "S256")) return fail(name, "it does not know PKCE with S256", "Everlit logs nobody in without it: turn it on at that server.");
  if (!offers("grant_types_supported", "refresh_token")) return fail(name, "it gives no refresh tokens (grant_types_supported)", "Turn the refresh_token grant on at that server, or sessions end with their first access token.");
  if (!offers("token_endpoint_auth_methods_supported", auth)) {
    const known = texts(metadata.token_endpoint_auth_methods_supported).filter((each) => ["client_secret_basic", "client_secret_post", "private_key_jwt"].includes(each));
    return fail(name, `it does not take client_auth = "${auth}"`, known.length ? `client_auth = "${known[0]}" in ${table}.` : "It takes nothing that Everlit can do: register a confidential client with a secret there.");
  }
  if (scopes.includes("offline_access") && !offers("scopes_supported", "offline_access")) {
    return warn(name, "it has no scope offline_access, which most servers want before they give a refresh token", `If logins end early, leave "offline_access" out of scopes in ${table} and ask in its manual how a refresh token is asked for (Google: parameters = { access_type = "offline" }, prompt = "consent").`);
  }
  return ok(name, "PKCE, refresh tokens, client authentication");
}

/** A code that was never given is refused as such only if the client was taken for who it is. */
async function secret({ devVars }: Project, provider: Provider, metadata: Metadata): Promise<Check> {
  const name = `client at ${provider.name}`;
  const value = devVars?.get(credentialOf(provider));
  const auth = provider.settings.client_auth ?? "client_secret_basic";
  if (!provider.clientId) return unchecked(name, NAMELESS);
  if (!value) return unchecked(name, `${credentialOf(provider)} is not set`);
  if (auth === "private_key_jwt") return unchecked(name, "its key is not tried from here");
  const form = new URLSearchParams({ grant_type: "authorization_code", code: "everlit-doctor", redirect_uri: "https://doctor.invalid/", code_verifier: randomBytes(32).toString("base64url") });
  const headers: Record<string, string> = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" };
  if (auth === "client_secret_post") for (const [field, text] of [["client_id", provider.clientId], ["client_secret", value]] as const) form.set(field, text);
  else {
    const encoded = [provider.clientId, value].map((text) => new URLSearchParams({ "": text }).toString().slice(1)).join(":");
    headers.authorization = `Basic ${Buffer.from(encoded).toString("base64")}`;
  }
  let answer: Answer;
  try {
    answer = await ask(String(metadata.token_endpoint), { method: "POST", headers, body: form.toString() });
  } catch (error) {
    return fail(name, `its token endpoint cannot be reached: ${said(error)}`, "Ask whoever runs that server.");
  }
  const code = json(answer.text)?.error;
  if (code === "invalid_grant" || code === "invalid_request") return ok(name, "known, with this secret");
  if (code === "invalid_client" || answer.status === 401) return fail(name, `the server does not take ${provider.clientId} with this secret (invalid_client)`, `${credentialOf(provider)} has to be what that server shows for ${provider.clientId}, and client_auth how it wants it: "client_secret_basic" or "client_secret_post".`);
  if (code === "unauthorized_client" || code === "unsupported_grant_type") return fail(name, `the client may not use the grant authorization_code (${code})`, "Allow authorization_code and refresh_token for this client at that server.");
  return warn(name, `the server answers ${answer.status}${typeof code === "string" ? ` (${code})` : ""}, which says nothing of the client`, "If logins fail with invalid_client, compare client_id and secret with what that server shows.");
}

/** An authorization request that asks for nothing that a person would see. */
async function redirect(provider: Provider, metadata: Metadata, origin: string): Promise<Check> {
  const name = `redirect URI at ${provider.name}`;
  const uri = `${origin}/auth/callback/${provider.name}`;
  if (metadata.require_pushed_authorization_requests === true) return unchecked(name, `the server takes pushed requests only; to register: ${uri}`);
  if (!provider.clientId) return unchecked(name, `${NAMELESS}; to register: ${uri}`);
  const url = new URL(String(metadata.authorization_endpoint));
  const challenge = createHash("sha256").update(randomBytes(32)).digest("base64url");
  const random = () => randomBytes(16).toString("base64url");
  const request = { client_id: provider.clientId, redirect_uri: uri, response_type: "code", scope: "openid", prompt: "none", state: random(), nonce: random(), code_challenge: challenge, code_challenge_method: "S256" };
  for (const [field, value] of Object.entries(request)) url.searchParams.set(field, value);
  let answer: Answer;
  try {
    answer = await ask(url, { headers: { accept: "text/html" } });
  } catch (error) {
    return fail(name, `its authorization endpoint cannot be reached: ${said(error)}`, "Ask whoever runs that server.");
  }
  return judged(name, answer, uri, provider);
}

/** What a server answers where nothing takes such a request. */
const NOTHING_THERE = [404, 405, 501];

/** Nobody is logged in here, so that nobody is logged out: it is only seen whether the page is there for such a request. */
async function logout({ name: whose, key, clientId, settings }: Provider, metadata: Metadata, origin: string): Promise<Check> {
  const name = `logout at ${whose}`;
  const how = settings.end_session ?? "post";
  const endpoint = metadata.end_session_endpoint;
  if (typeof endpoint !== "string" || !URL.canParse(endpoint)) return ok(name, "it has no page for logouts: a logout ends the session here");
  if (how === "never") return ok(name, 'the configuration leaves it out (end_session = "never")');
  const request = new URLSearchParams({ client_id: clientId, post_logout_redirect_uri: `${origin}/auth/logged-out` });
  const status = async (method: "GET" | "POST") => {
    const url = new URL(endpoint);
    if (method === "GET") for (const [field, text] of request) url.searchParams.set(field, text);
    const headers = { accept: "text/html", ...(method === "POST" && { "content-type": "application/x-www-form-urlencoded" }) };
    return (await ask(url, { method, headers, ...(method === "POST" && { body: request.toString() }) })).status;
  };
  try {
    const [wanted, other, instead] = how === "get" ? (["GET", "POST", "post"] as const) : (["POST", "GET", "get"] as const);
    const answered = await status(wanted);
    if (!NOTHING_THERE.includes(answered)) return ok(name, `${endpoint} takes ${wanted === "POST" ? "a form" : "a URL"}`);
    const works = !NOTHING_THERE.includes(await status(other));
    const table = `[vars.PROVIDER_${key}]`;
    return fail(name, `${endpoint} answers ${answered} to ${wanted === "POST" ? "a form" : "a URL"}: whoever logs out ends at an error page`, `end_session = "${works ? instead : "never"}" in ${table}.`);
  } catch (error) {
    return warn(name, `${endpoint} cannot be reached: ${said(error)}`, "Ask whoever runs that server.");
  }
}

/** Errors of a request that was taken: only the user was missing. */
const ONLY_THE_USER = ["login_required", "interaction_required", "consent_required", "account_selection_required"];

function judged(name: string, answer: Answer, uri: string, { clientId, key }: Provider): Check {
  const location = answer.headers.location ?? "";
  if (location.startsWith(`${uri}?`)) {
    const error = new URL(location).searchParams.get("error");
    if (!error || ONLY_THE_USER.includes(error)) return ok(name, `${uri} is registered`);
    return fail(name, `${uri} is registered, and the request is refused: ${error}`, error === "invalid_scope" ? `Allow the scope openid for ${clientId} there.` : `Allow the authorization code flow with PKCE for ${clientId} there.`);
  }
  const refused = `${location} ${answer.text}`;
  if (/redirect[\s_-]*(uri|url)|callback\s*url|reply\s*(url|address)/i.test(refused)) return fail(name, `the server does not know ${uri}`, `Register ${uri} there as a redirect URI of ${clientId}, letter by letter.`);
  if (/invalid_client|client[^.]{0,40}(invalid|not found|unknown)|unknown client/i.test(refused)) return fail(name, `the server does not know the client ${clientId}`, `client_id in [vars.PROVIDER_${key}] has to be what that server shows.`);
  return warn(name, `the server answers ${answer.status}, which says nothing of ${uri}`, `Look whether it is registered there as a redirect URI of ${clientId}.`);
}
