/** The authorization server's signing keys, new at every start. */

import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";

const generate = promisify(generateKeyPair);

/**
 * ID Tokens are signed with RS256, the one algorithm that every OpenID Provider has to offer (OpenID
 * Connect Core section 15.1). The ES256 key beside it makes a client choose the key by its `kid`.
 *
 * @returns {Promise<{ keys: object[] }>} a private JWK Set
 */
export async function generateSigningKeys() {
  const [rsa, ec] = await Promise.all([
    generate("rsa", { modulusLength: 2048 }),
    generate("ec", { namedCurve: "P-256" }),
  ]);
  return {
    keys: [
      { ...ec.privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256" },
      { ...rsa.privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256" },
    ],
  };
}
