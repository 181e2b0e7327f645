/** What a resource server checks of a proof (RFC 9449, sections 4.3 and 7). */

import { createHash, randomBytes } from "node:crypto";

import { EmbeddedJWK, calculateJwkThumbprint, jwtVerify } from "jose";

const SECONDS = 60;

/** @param {{ origin: () => string, wantsNonce: boolean }} options */
export function createProofCheck({ origin, wantsNonce }) {
  /** @type {Set<string>} */
  const seen = new Set();
  const nonce = wantsNonce ? randomBytes(16).toString("base64url") : undefined;

  /**
   * What is wrong with the proof of a request, as an error code.
   *
   * @param {import("node:http").IncomingMessage} req @param {string} path @param {string} accessToken @param {string | undefined} jkt what the token is bound to
   * @returns {Promise<"use_dpop_nonce" | "invalid_dpop_proof" | undefined>}
   */
  async function check(req, path, accessToken, jkt) {
    const { dpop } = req.headers;
    if (typeof dpop !== "string" || !jkt) return "invalid_dpop_proof";
    try {
      const { payload, protectedHeader } = await jwtVerify(dpop, EmbeddedJWK, { typ: "dpop+jwt", algorithms: ["ES256"], maxTokenAge: SECONDS });
      const key = /** @type {import("jose").JWK} */ (protectedHeader.jwk);
      const ath = createHash("sha256").update(accessToken).digest("base64url");
      const isOurs = payload.htm === req.method && payload.htu === `${origin()}${path}` && payload.ath === ath && !("d" in key);
      if (!isOurs || (await calculateJwkThumbprint(key)) !== jkt) return "invalid_dpop_proof";
      if (typeof payload.jti !== "string" || seen.has(payload.jti)) return "invalid_dpop_proof";
      seen.add(payload.jti);
      return payload.nonce === nonce ? undefined : "use_dpop_nonce";
    } catch {
      return "invalid_dpop_proof";
    }
  }

  return { check, nonce };
}
