/**
 * Sign-in and consent: where an authorization request waits for a person.
 *
 * The library keeps each waiting request as an "interaction", bound to the browser by a cookie whose
 * path is the interaction's own; these pages turn what the person does into its result.
 */

import { claimsOf, subjectOf } from "./accounts.mjs";
import { RequestError, pathOf, readBody } from "./http.mjs";
import { renderPage } from "./page.mjs";
import { consentPage, errorPage, signInPage } from "./pages.mjs";

const FORM = "application/x-www-form-urlencoded";

/**
 * @typedef {import("node:http").IncomingMessage} Request
 * @typedef {import("node:http").ServerResponse} Response
 */

/**
 * @param {object} options
 * @param {any} options.provider the oidc-provider instance
 * @param {string} options.host of the issuer, for the page's footer
 * @param {string[]} options.appOrigins where a finished request may go back to
 * @returns {(req: Request, res: Response) => Promise<boolean>} false: not one of these pages
 */
export function createInteractions({ provider, host, appOrigins }) {
  /**
   * @param {Response} res
   * @param {import("./pages.mjs").Page} page
   * @param {number} [status]
   */
  function show(res, page, status = 200) {
    const { headers, body } = renderPage({ ...page, host, formOrigins: appOrigins });
    res.writeHead(status, headers).end(body);
  }

  /** @param {any} interaction */
  const pathTo = (interaction, step = "") => `/interaction/${interaction.uid}${step}`;

  /** @param {any} interaction */
  async function clientOf(interaction) {
    const client = await provider.Client.find(interaction.params.client_id);
    return {
      clientName: client.clientName ?? client.clientId,
      appOrigin: new URL(interaction.params.redirect_uri).origin,
    };
  }

  /** @param {Response} res @param {any} interaction */
  async function showPrompt(res, interaction) {
    const { clientName, appOrigin } = await clientOf(interaction);
    if (interaction.prompt.name === "login") {
      return show(res, signInPage({ action: pathTo(interaction, "/login"), clientName, login: interaction.params.login_hint }));
    }
    return show(res, consentPage({
      action: pathTo(interaction, "/consent"),
      denyAction: pathTo(interaction, "/deny"),
      clientName,
      appOrigin,
      account: claimsOf(interaction.session.accountId),
      scopes: (interaction.params.scope ?? "").split(" ").filter(Boolean),
    }));
  }

  /** @param {Request} req @param {Response} res @param {any} interaction */
  async function signIn(req, res, interaction) {
    const form = new URLSearchParams(await readBody(req, FORM));
    const login = form.get("login") ?? "";
    const accountId = subjectOf(login);
    const problem = login.trim() === "" ? "Enter a name."
      : accountId === undefined ? "That name is too long."
      : !form.get("password") ? "Enter a password. Any will do."
      : undefined;
    if (problem) {
      const { clientName } = await clientOf(interaction);
      return show(res, signInPage({ action: pathTo(interaction, "/login"), clientName, login, problem }), 400);
    }
    return provider.interactionFinished(req, res, { login: { accountId, amr: ["pwd"] } });
  }

  /** @param {Request} req @param {Response} res @param {any} interaction */
  async function allow(req, res, interaction) {
    const { accountId } = interaction.session;
    const { missingOIDCScope, missingOIDCClaims, missingResourceScopes = {} } = interaction.prompt.details;
    // A grant that exists is widened, so that tokens issued under it before stay what they are.
    const known = interaction.grantId ? await provider.Grant.find(interaction.grantId) : undefined;
    const grant = known ?? new provider.Grant({ accountId, clientId: interaction.params.client_id });
    if (missingOIDCScope) grant.addOIDCScope(missingOIDCScope.join(" "));
    for (const [resource, scopes] of Object.entries(missingResourceScopes)) grant.addResourceScope(resource, scopes.join(" "));
    if (missingOIDCClaims) grant.addOIDCClaims(missingOIDCClaims);
    const grantId = await grant.save();
    return provider.interactionFinished(req, res, { consent: { grantId } });
  }

  /** @param {Request} req @param {Response} res */
  function deny(req, res) {
    return provider.interactionFinished(req, res, {
      error: "access_denied",
      error_description: "the resource owner denied the request",
    });
  }

  /** @param {Request} req @param {Response} res @param {string} uid @param {string | undefined} step */
  async function answer(req, res, uid, step) {
    const interaction = await provider.interactionDetails(req, res);
    if (interaction.uid !== uid) throw new RequestError(400, "This page belongs to another request.");

    if (step === undefined) {
      if (req.method !== "GET" && req.method !== "HEAD") throw new RequestError(405, "This page can only be read.");
      return showPrompt(res, interaction);
    }
    if (req.method !== "POST") throw new RequestError(405, "This form can only be posted.");
    const { name } = interaction.prompt;
    if (step === "login" && name === "login") return signIn(req, res, interaction);
    if (step === "consent" && name === "consent") return allow(req, res, interaction);
    if (step === "deny") return deny(req, res);
    // A form of another step, from a page that was left open: show what is really asked now.
    return res.writeHead(303, { location: pathTo(interaction) }).end();
  }

  return async (req, res) => {
    const match = /^\/interaction\/([\w-]+)(?:\/(login|consent|deny))?$/.exec(pathOf(req));
    if (!match?.[1]) return false;
    try {
      await answer(req, res, match[1], match[2]);
    } catch (error) {
      // An interaction that is over, or another browser's: the library says which, in its own words.
      const { status = 500, error: code, error_description: description, message } = /** @type {any} */ (error);
      if (status >= 500) throw error;
      show(res, errorPage({ error: code ?? "invalid_request", description: description ?? message }), status);
    }
    return true;
  };
}
