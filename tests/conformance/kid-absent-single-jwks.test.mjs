import { test } from "node:test";

import { newKey, signedBy } from "./support/keys.mjs";
import { accepted } from "./support/login.mjs";

test("an ID Token that names no key is taken where the provider has one only", () =>
  accepted(async (as) => {
    const key = await newKey("RS256");
    as.keys = [key];
    as.sign = (claims) => signedBy(claims, "RS256", key);
  }));
