// The demo authorization server: npm oidc-provider with one client, on the loopback, in memory, for any name. It rotates refresh tokens and
// ends a grant whose token comes twice, as real ones do.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { DemoPages, type Page } from "./demo-page.js";
import { Problem, said } from "./problem.js";

export interface Demo {
  readonly issuer: string;
  close(): Promise<void>;
}

export interface DemoOptions {
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUris: readonly string[];
  readonly logoutUris: readonly string[];
  readonly scopes: readonly string[];
  /** How the client authenticates. */
  readonly auth: string;
  /** What the pages call the app. */
  readonly app: { readonly name: string; readonly origin: string };
}

export async function startDemo(options: DemoOptions): Promise<Demo> {
  const issuer = `http://127.0.0.1:${options.port}`;
  const handle = await handler(issuer, options);
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new Problem(`port ${options.port}, where the demo authorization server belongs, is taken`, "Stop what listens there, or name another one: everlit dev --issuer-port <port>") : error),
    );
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handler(issuer: string, options: DemoOptions): Promise<(request: IncomingMessage, response: ServerResponse) => Promise<void>> {
  const provider = await quietly(async () => new (await import("oidc-provider")).default(issuer, configuration(issuer, options)));
  const protocol = provider.callback() as (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  const pages = pagesOf(issuer, options);
  const show = (response: ServerResponse, { headers, body }: Page, status = 200) => void response.writeHead(status, headers).end(body);
  return async (request, response) => {
    const [path = ""] = (request.url ?? "").split("?");
    try {
      if (!path.startsWith("/interaction/")) return await protocol(request, response);
      const { prompt, uid } = await provider.interactionDetails(request, response);
      if (prompt.name === "login" && request.method !== "POST") {
        return show(response, pages.signIn(`/interaction/${String(uid)}/login`));
      }
      if (prompt.name === "login") {
        const name = new URLSearchParams(await bodyOf(request)).get("login")?.trim().slice(0, 100);
        if (!name) return void response.writeHead(303, { location: `/interaction/${uid}` }).end();
        return await provider.interactionFinished(request, response, { login: { accountId: name } }, { mergeWithLastSubmission: false });
      }
      // Whoever runs the demo has nothing to consent to.
      const consent = { grantId: await grantAll(provider, await provider.interactionDetails(request, response)) };
      return await provider.interactionFinished(request, response, { consent }, { mergeWithLastSubmission: true });
    } catch (error) {
      if (response.headersSent) response.destroy();
      else show(response, pages.error(said(error)), 400);
    }
  };
}

const pagesOf = (issuer: string, { redirectUris, app }: DemoOptions) => new DemoPages({ issuer, app, formOrigins: [...new Set(redirectUris.map((uri) => new URL(uri).origin))] });

/** Grants whatever is asked for. */
async function grantAll(provider: any, { params, session, grantId, prompt }: any): Promise<string> {
  const grant = grantId ? await provider.Grant.find(grantId) : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  const { missingOIDCScope, missingOIDCClaims } = prompt.details;
  grant.addOIDCScope((missingOIDCScope ?? String(params.scope ?? "openid").split(" ")).join(" "));
  if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
  return grant.save();
}

function configuration(issuer: string, options: DemoOptions): object {
  const { clientId, clientSecret, redirectUris, logoutUris, scopes, auth } = options;
  const port = new URL(issuer).port;
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pages = pagesOf(issuer, options);
  const render = (context: any, made: Page) => {
    context.set(made.headers);
    context.body = made.body;
  };
  return {
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: randomBytes(6).toString("hex") }] },
    // Cookies know no port: with it in their names two projects can be open in one browser.
    cookies: { keys: [randomBytes(32).toString("base64url")], names: { session: `demo_session_${port}`, interaction: `demo_interaction_${port}`, resume: `demo_resume_${port}` } },
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: redirectUris,
        post_logout_redirect_uris: logoutUris,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: auth,
      },
    ],
    clientAuthMethods: [auth],
    responseTypes: ["code"],
    pkce: { required: () => true },
    scopes: [...new Set(["openid", "offline_access", ...scopes])],
    claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
    conformIdTokenClaims: false,
    findAccount: async (_context: unknown, sub: string) => ({ accountId: sub, claims: async () => claimsOf(sub) }),
    rotateRefreshToken: true,
    issueRefreshToken: async (_context: unknown, client: any, code: any) => client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    expiresWithSession: async () => false,
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 600, Interaction: 600, RefreshToken: 14 * 86_400, Session: 14 * 86_400, Grant: 90 * 86_400 },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: async (_context: unknown, client: any, token: any) => token.clientId === client.clientId },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (context: any, form: string) => render(context, pages.signOut(form, context.oidc.session?.accountId)),
        postLogoutSuccessSource: async (context: any) => render(context, pages.signedOut()),
      },
    },
    interactions: { url: async (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    renderError: async (context: any, { error, error_description: why }: { error: string; error_description?: string }) =>
      render(context, pages.error(why ?? "", error)),
    clientBasedCORS: () => false,
  };
}

function claimsOf(sub: string): object {
  const local = sub.split("@")[0] ?? sub;
  const email = sub.includes("@") ? sub : `${local.toLowerCase().replace(/[^a-z0-9]+/g, ".")}@demo.example`;
  // As somebody's name is written: each word, also of an address such as ada.lovelace@example.com.
  const words = local.split(/[\s._]+/).filter(Boolean).map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return { sub, name: words.join(" ") || local, email, email_verified: true };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > 4096) throw new Error("the form is too long");
  }
  return text;
}

/** The library warns of all that a demo is on purpose: in memory, http, keys of the moment. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}
