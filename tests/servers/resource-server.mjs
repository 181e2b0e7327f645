/**
 * The small protected resource server: orders, for whoever brings a live access token.
 *
 * It asks the authorization server about every token (RFC 7662), as a client of its own, and keeps
 * no answer: what is revoked there is refused here with the next call.
 */

import { createProofCheck } from "./dpop-proofs.mjs";
import { createOrders } from "./orders.mjs";
import { RequestError, pathOf, readBody, sendJson, sendProblem } from "./http.mjs";

const METHODS = ["GET", "HEAD", "POST"];
const INTROSPECTION_TIMEOUT_MS = 5000;

/** The authorization server could not be asked; says nothing about the access token. */
class IntrospectionFailed extends Error {}

/**
 * @param {object} options
 * @param {string} options.introspectionEndpoint
 * @param {string} options.clientId
 * @param {string} options.clientSecret
 * @param {boolean} [options.namesTokenTypes] false: introspection knows access tokens only, and does not say that they are
 * @param {boolean} [options.wantsNonce] whether a proof of a bound token needs a nonce of this server
 * @param {import("./counters.mjs").Counters} options.counters
 * @param {(line: string) => void} options.log
 * @returns {import("./listener.mjs").Handler}
 */
export function createResourceServer({ introspectionEndpoint, clientId, clientSecret, namesTokenTypes = true, wantsNonce = false, counters, log }) {
  const orders = createOrders();
  let host = "";
  const proofs = createProofCheck({ origin: () => `http://${host}`, wantsNonce });
  // RFC 6749 section 2.3.1: both halves are form-encoded before they are joined.
  const credentials = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString("base64");

  /** What is known of a token, if it lives. @param {string} accessToken @returns {Promise<{ isBound: boolean, jkt?: string } | undefined>} */
  async function look(accessToken) {
    let response;
    try {
      response = await fetch(introspectionEndpoint, {
        method: "POST",
        headers: { authorization: `Basic ${credentials}` },
        body: new URLSearchParams({ token: accessToken, token_type_hint: "access_token" }),
        signal: AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS),
      });
      const answer = await response.json();
      // This server never issues a JWT as access token, and refuses to look at one.
      if (response.status === 400 && answer.error === "unsupported_token_type") return undefined;
      if (response.status !== 200) throw new Error(`status ${response.status} ${answer.error}`);
      // A live refresh token is `active` as well, but it has no token_type: it opens nothing here.
      const isBound = answer.token_type === "DPoP";
      const isLive = answer.active === true && (isBound || answer.token_type === "Bearer" || !namesTokenTypes);
      return isLive ? { isBound, jkt: answer.cnf?.jkt } : undefined;
    } catch (cause) {
      throw new IntrospectionFailed("introspection failed", { cause });
    }
  }

  /**
   * @param {import("node:http").IncomingMessage} req
   * @param {import("node:http").ServerResponse} res
   */
  async function serveOrders(req, res) {
    const method = req.method ?? "";
    if (!METHODS.includes(method)) {
      return sendProblem(res, 405, "Orders can be read and placed.", { allow: METHODS.join(", ") });
    }

    const [, scheme, token] = /^(bearer|dpop) +([\x21-\x7e]+)$/i.exec(req.headers.authorization ?? "") ?? [];
    if (!scheme || !token) {
      counters.resource_401 += 1;
      // RFC 6750 section 3.1: a request without any authentication information gets no error code.
      return sendProblem(res, 401, "An access token is needed.", { "www-authenticate": 'Bearer realm="orders"' });
    }
    const known = await look(token);
    // A bound token is none to whoever shows it without its key, and another is not made better by one.
    if (!known || known.isBound !== (scheme.toLowerCase() === "dpop")) {
      counters.resource_401 += 1;
      return sendProblem(res, 401, "The access token is not valid.", {
        "www-authenticate": 'Bearer error="invalid_token", error_description="The access token is expired, revoked or unknown"',
      });
    }

    host = req.headers.host ?? "";
    if (known.isBound && proofs.nonce) res.setHeader("dpop-nonce", proofs.nonce);
    const wrong = known.isBound && (await proofs.check(req, pathOf(req), token, known.jkt));
    if (wrong) {
      counters.resource_401 += 1;
      return sendProblem(res, 401, "The proof is not the one that is needed.", { "www-authenticate": `DPoP error="${wrong}", algs="ES256"` });
    }

    if (method !== "POST") return sendJson(res, 200, orders.list());
    const order = orders.place(parseJson(await readBody(req, "application/json")));
    if (!order) throw new RequestError(400, "An order is {item, quantity}: some text, and a number from 1 to 999.");
    return sendJson(res, 201, order);
  }

  return async (req, res) => {
    if (pathOf(req) !== "/orders") return sendProblem(res, 404, "There is nothing here but /orders.");
    counters.resource_calls += 1;
    try {
      await serveOrders(req, res);
    } catch (error) {
      if (error instanceof RequestError) return sendProblem(res, error.status, error.message, { connection: "close" });
      if (error instanceof IntrospectionFailed) {
        log(`resource server: the authorization server could not be asked about an access token: ${error.cause}`);
        return sendProblem(res, 503, "The access token cannot be checked right now.", { "retry-after": "1" });
      }
      log(`resource server: ${error}`);
      if (res.headersSent) res.destroy();
      else sendProblem(res, 500, "Something went wrong.");
    }
  };
}

/** @param {string} text */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(400, "The body is not JSON.");
  }
}
