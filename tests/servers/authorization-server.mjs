/**
 * The demo's authorization server: oidc-provider, as strict as it gets.
 *
 * Every refresh rotates the refresh token and there is no grace window: a refresh token that is
 * presented again revokes its whole grant. A client that survives here survives elsewhere.
 */

import { randomBytes } from "node:crypto";

import { claimsOf } from "./accounts.mjs";
import { sendProblem } from "./http.mjs";
import { createInteractions } from "./interactions.mjs";
import { Provider, errors } from "./library.mjs";
import { renderPage } from "./page.mjs";
import { errorPage, signOutPage, signedOutPage } from "./pages.mjs";
import { generateSigningKeys } from "./signing-keys.mjs";
import { createStore } from "./store.mjs";

const MINUTE = 60;
const DAY = 24 * 60 * MINUTE;

/**
 * Lets `offline_access` be asked for without `prompt=consent`.
 *
 * OpenID Connect Core section 11 wants the prompt "unless other conditions for processing the
 * request permitting offline access to the requested resources are in place": here they are, as no
 * grant comes about without a consent page that names it. The library strips the scope regardless, so
 * it is put back after that step. `value` carries the wish from a pushed authorization request to
 * the authorization request that refers to it.
 *
 * @param {any} ctx
 * @param {string | undefined} value
 */
function keepOfflineAccess(ctx, value) {
  const { params, route, entities } = ctx.oidc;
  const asked = route === "pushed_authorization_request" ? ctx.oidc.body.scope
    : entities.PushedAuthorizationRequest ? value
    : ctx.query.scope;
  params.access = asked?.split(" ").includes("offline_access") ? "offline_access" : undefined;
  const scopes = new Set((params.scope ?? "").split(" ").filter(Boolean));
  if (params.access && params.response_type === "code") params.scope = [...scopes.add(params.access)].join(" ");
}

/**
 * Counts at the end of each request, before its answer leaves: whoever has the answer finds it counted.
 *
 * @param {any} provider
 * @param {import("./counters.mjs").Counters} counters
 * @param {(line: string) => void} log
 */
function observe(provider, counters, log) {
  provider.use(async (/** @type {any} */ ctx, /** @type {() => Promise<void>} */ next) => {
    await next();
    const { route, params } = ctx.oidc ?? {};
    if (route === "token" && params?.grant_type === "authorization_code") counters.code_grants += 1;
    if (route === "token" && params?.grant_type === "refresh_token") {
      counters.refresh_grants += 1;
      if (ctx.status !== 200) counters.refresh_errors += 1;
    }
    if (route === "revocation" && ctx.status === 200) counters.revocations += 1;
  });

  provider.on("grant.revoked", (/** @type {any} */ ctx) => {
    const { route, params, entities } = ctx.oidc;
    if (route === "token" && params.grant_type === "refresh_token" && entities.RefreshToken?.consumed) counters.reuse_detected += 1;
  });

  const refused = (/** @type {string} */ what) => (/** @type {any} */ _ctx, /** @type {any} */ error) => {
    const why = error.error_detail ?? error.error_description;
    log(`authorization server: ${what} refused: ${error.error ?? error.message}${why ? ` (${why})` : ""}`);
  };
  provider.on("grant.error", refused("token request"));
  provider.on("authorization.error", refused("authorization request"));
  provider.on("introspection.error", refused("introspection request"));
  provider.on("revocation.error", refused("revocation request"));
  provider.on("server_error", (/** @type {any} */ _ctx, /** @type {Error} */ error) => log(`authorization server: ${error.stack}`));
}

/**
 * @param {object} options
 * @param {string} options.issuer
 * @param {number} options.accessTtl lifetime of access tokens in seconds
 * @param {{ id: string, secret: string, redirectUris: string[], auth: import("./servers.mjs").ClientAuth, backchannelLogoutUri?: string }} options.client
 * @param {{ id: string, secret: string }} options.resourceServer may introspect, and nothing else
 * @param {Record<string, string>} [options.resources] scope by resource server
 * @param {import("./servers.mjs").Par} options.par
 * @param {import("./servers.mjs").Dpop} options.dpop
 * @param {boolean} options.logoutByPost whether a logout may be asked for by a form, as OpenID Connect demands; the library does not by itself
 * @param {import("./counters.mjs").Counters} options.counters
 * @param {(line: string) => void} options.log
 * @returns {Promise<{ handler: import("./listener.mjs").Handler, introspectionEndpoint: string, forget: (model: string) => void }>}
 */
export async function createAuthorizationServer({ issuer, accessTtl, client, resourceServer, resources = {}, par, dpop, logoutByPost, counters, log }) {
  const { host, port } = new URL(issuer);
  const appOrigins = [...new Set(client.redirectUris.map((uri) => new URL(uri).origin))];

  /** @param {any} ctx @param {import("./pages.mjs").Page} page */
  const show = (ctx, page) => {
    const { headers, body } = renderPage({ ...page, host, formOrigins: appOrigins });
    ctx.set(headers);
    ctx.body = body;
  };

  const store = createStore();
  const provider = new Provider(issuer, {
    adapter: store,
    jwks: await generateSigningKeys(),
    // Cookies know no port: with it in their names two demos can be open in one browser.
    cookies: {
      keys: [randomBytes(32).toString("base64url")],
      names: { session: `as_session_${port}`, interaction: `as_interaction_${port}`, resume: `as_resume_${port}` },
      // The library takes a form of another site only with this, and browsers that only over https: for clients that are no browsers.
      long: { httpOnly: true, sameSite: logoutByPost ? "none" : "lax" },
      short: { httpOnly: true, sameSite: "lax" },
    },

    clients: [
      {
        client_id: client.id,
        ...(client.auth.jwks ? { jwks: client.auth.jwks } : { client_secret: client.secret }),
        client_name: "Everlit demo",
        redirect_uris: client.redirectUris,
        post_logout_redirect_uris: appOrigins.flatMap((origin) => [`${origin}/`, `${origin}/auth/logged-out`]),
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: client.auth.method,
        id_token_signed_response_alg: "RS256",
        ...(client.backchannelLogoutUri && { backchannel_logout_uri: client.backchannelLogoutUri, backchannel_logout_session_required: true }),
      },
      {
        client_id: resourceServer.id,
        client_secret: resourceServer.secret,
        redirect_uris: [],
        grant_types: [],
        response_types: [],
        token_endpoint_auth_method: "client_secret_basic",
      },
    ],
    clientAuthMethods: [...new Set(["client_secret_basic", client.auth.method])],
    responseTypes: ["code"],
    pkce: { required: () => true },

    rotateRefreshToken: true,
    issueRefreshToken: async (/** @type {any} */ _ctx, /** @type {any} */ asking, /** @type {any} */ source) =>
      asking.grantTypeAllowed("refresh_token") && source.scopes.has("offline_access"),
    // What offline_access gave outlives the browser's session here: that is what it is for.
    expiresWithSession: async (/** @type {any} */ _ctx, /** @type {any} */ source) => !source.scopes.has("offline_access"),
    extraParams: { access: keepOfflineAccess },

    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
    // The ID Token carries name and email itself, so that a login needs no userinfo request.
    conformIdTokenClaims: false,
    findAccount: async (/** @type {any} */ _ctx, /** @type {string} */ sub) => ({ accountId: sub, claims: async () => claimsOf(sub) }),

    ttl: {
      AccessToken: accessTtl,
      AuthorizationCode: MINUTE,
      IdToken: 10 * MINUTE,
      Interaction: 10 * MINUTE,
      RefreshToken: 14 * DAY,
      Session: 14 * DAY,
      Grant: 90 * DAY,
    },

    enableHttpPostMethods: logoutByPost,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: dpop !== "never", nonceSecret: randomBytes(32), requireNonce: () => dpop === "nonce" },
      pushedAuthorizationRequests: { enabled: par !== "never", requirePushedAuthorizationRequests: par === "required" },
      resourceIndicators: {
        enabled: Object.keys(resources).length > 0,
        getResourceServerInfo: async (/** @type {any} */ _ctx, /** @type {string} */ name) => {
          const scope = resources[name];
          if (scope === undefined) throw new errors.InvalidTarget();
          return { scope, audience: name, accessTokenFormat: "opaque" };
        },
      },
      introspection: {
        enabled: true,
        allowedPolicy: async (/** @type {any} */ _ctx, /** @type {any} */ asking, /** @type {any} */ token) =>
          asking.clientId === resourceServer.id || asking.clientId === token.clientId,
      },
      revocation: {
        enabled: true,
        allowedPolicy: async (/** @type {any} */ _ctx, /** @type {any} */ asking, /** @type {any} */ token) => {
          if (asking.clientId === token.clientId) return true;
          throw new errors.InvalidRequest("the token was issued to another client");
        },
      },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (/** @type {any} */ ctx, /** @type {string} */ form) =>
          show(ctx, signOutPage({ form, account: claimsOf(ctx.oidc.session.accountId) })),
        postLogoutSuccessSource: async (/** @type {any} */ ctx) => show(ctx, signedOutPage()),
      },
    },

    interactions: { url: async (/** @type {any} */ _ctx, /** @type {any} */ interaction) => `/interaction/${interaction.uid}` },
    renderError: async (/** @type {any} */ ctx, /** @type {any} */ out) =>
      show(ctx, errorPage({ error: out.error, description: out.error_description })),
    // The library talks to no address of this machine, and its clients are nowhere else here.
    fetch: (/** @type {string} */ url, /** @type {any} */ { dispatcher: _, ...options }) => globalThis.fetch(url, options),
    // No page of another origin talks to this server: codes and tokens go through the client's backend.
    clientBasedCORS: () => false,
  });

  observe(provider, counters, log);

  const interactions = createInteractions({ provider, host, appOrigins });
  const protocol = provider.callback();
  return {
    introspectionEndpoint: provider.urlFor("introspection"),
    forget: store.forget,
    handler: async (req, res) => {
      try {
        if (!(await interactions(req, res))) await protocol(req, res);
      } catch (error) {
        log(`authorization server: ${error instanceof Error ? error.stack : error}`);
        if (res.headersSent) res.destroy();
        else sendProblem(res, 500, "Something went wrong.");
      }
    },
  };
}
