/** Keys of a provider, of every algorithm. */

import { SignJWT, exportJWK, generateKeyPair } from "jose";

/** A new pair, as the scripted provider keeps its keys. @param {string} alg @param {string} [kid] none: the key is not named */
export async function newKey(alg, kid) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid: /** @type {string} */ (kid), privateKey, jwk: { ...(await exportJWK(publicKey)), ...(kid && { kid }), use: "sig", alg } };
}

/** An ID Token of these claims. @param {Record<string, unknown>} claims @param {string} alg @param {Awaited<ReturnType<typeof newKey>>} key */
export const signedBy = (claims, alg, { kid, privateKey }) =>
  new SignJWT(claims).setProtectedHeader({ alg, ...(kid && { kid }) }).sign(privateKey);
