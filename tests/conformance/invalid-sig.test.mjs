import { test } from "node:test";

import { newKey, signedBy } from "./support/keys.mjs";
import { refused } from "./support/login.mjs";

for (const alg of ["RS256", "ES256"]) {
  test(`an ID Token in the name of the provider's key but signed by another begins no session: ${alg}`, () =>
    refused("the ID Token's signature is wrong", async (as) => {
      const [published, another] = [await newKey(alg, "one"), await newKey(alg, "one")];
      as.keys = [published];
      as.sign = (claims) => signedBy(claims, alg, another);
    }));
}
