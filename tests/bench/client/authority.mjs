/**
 * The authorization server that all three are logged in at: oidc-provider, as quick as it gets. Nobody is asked anything, and no page of
 * its own is drawn. It has the paths that auth0-spa-js asks for, and answers frames by message, as that library wants it.
 */

import { listen } from "../../servers/listener.mjs";
import { Provider } from "../../servers/library.mjs";
import { generateSigningKeys } from "../../servers/signing-keys.mjs";
import { createStore } from "../../servers/store.mjs";

/** Longer than any measurement: what is measured is a start, not a refresh. */
const TOKEN_S = 86_400;
const USER = "ada";

/** @param {{ app: string, clientSecret: string }} options `app`: the origin of every client's pages */
export async function startAuthority({ app, clientSecret }) {
  // Of the app's own site: the frames of the others get their cookie in every browser.
  const listener = await listen(0, { what: "authorization server", flag: "--port", name: "localhost" });
  // auth0-spa-js believes no issuer without the slash.
  const issuer = `${listener.origin}/`;
  const own = { token_endpoint_auth_method: "none", grant_types: ["authorization_code"], response_types: ["code"] };
  const provider = new Provider(issuer, {
    adapter: createStore(),
    jwks: await generateSigningKeys(),
    cookies: { keys: ["bench"], long: { httpOnly: true, sameSite: "lax" }, short: { httpOnly: true, sameSite: "lax" } },
    clients: [
      { client_id: "everlit-demo", client_secret: clientSecret, redirect_uris: [`${app}/auth/callback/demo`], grant_types: ["authorization_code", "refresh_token"], response_types: ["code"] },
      { client_id: "auth0", redirect_uris: [app], ...own },
      { client_id: "oidc", redirect_uris: [`${app}/silent.html`], ...own },
    ],
    clientAuthMethods: ["client_secret_basic", "none"],
    responseTypes: ["code"],
    routes: { authorization: "/authorize", token: "/oauth/token" },
    scopes: ["openid", "offline_access", "profile", "email"],
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    conformIdTokenClaims: false,
    findAccount: async (/** @type {any} */ _, /** @type {string} */ sub) => ({ accountId: sub, claims: async () => ({ sub, name: "Ada", email: "ada@example.com" }) }),
    issueRefreshToken: async (/** @type {any} */ _, /** @type {any} */ client) => client.grantTypeAllowed("refresh_token"),
    // All of these clients are the operator's own: nobody has to consent.
    loadExistingGrant: async (/** @type {any} */ ctx) => {
      const { client, session, params } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      await grant.save();
      return grant;
    },
    ttl: { AccessToken: TOKEN_S, AuthorizationCode: 60, IdToken: TOKEN_S, Interaction: 600, RefreshToken: TOKEN_S, Session: TOKEN_S, Grant: TOKEN_S },
    // A bearer token, as the others have one.
    features: { devInteractions: { enabled: false }, dPoP: { enabled: false }, webMessageResponseMode: { enabled: true, ack: "individual-draft-01" } },
    interactions: { url: async () => "/login" },
    clientBasedCORS: (/** @type {any} */ _, /** @type {string} */ origin) => origin === app,
  });
  const protocol = provider.callback();
  listener.serve(async (req, res) => {
    if (req.url === "/login") return provider.interactionFinished(req, res, { login: { accountId: USER } });
    return protocol(req, res);
  });
  return { issuer, close: () => listener.close() };
}
