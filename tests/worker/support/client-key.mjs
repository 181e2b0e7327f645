/** A key pair for `private_key_jwt`: what the Worker has, and what the authorization server knows of it. */

import { exportJWK, generateKeyPair } from "jose";

/** @typedef {"ES256" | "EdDSA" | "PS256" | "RS256"} Alg */

/** @param {Alg} alg */
export async function clientKey(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = `everlit ${alg}`;
  const [secret, known] = await Promise.all([exportJWK(privateKey), exportJWK(publicKey)]);
  return { alg, kid, publicKey, secret: JSON.stringify({ ...secret, kid, alg }), jwk: { ...known, kid, alg, use: "sig" } };
}

/**
 * The variables of a Worker whose client has a key and no secret.
 *
 * @param {{ secret: string }} key @param {Record<string, unknown>} [provider]
 */
export const withKey = ({ secret }, provider = {}) => (/** @type {any} */ { SECRET_DEMO_CLIENT_SECRET: _, ...given }) => ({
  ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, client_auth: "private_key_jwt", ...provider }, SECRET_DEMO_CLIENT_KEY: secret,
});
