import { test } from "node:test";

import { newKey, signedBy } from "./support/keys.mjs";
import { accepted } from "./support/login.mjs";

for (const alg of ["RS256", "PS256", "ES256", "EdDSA"]) {
  test(`an ID Token that is signed with ${alg} is taken`, () =>
    accepted(async (as) => {
      const key = await newKey(alg, "one");
      as.keys = [key];
      as.sign = (claims) => signedBy(claims, alg, key);
    }));
}
