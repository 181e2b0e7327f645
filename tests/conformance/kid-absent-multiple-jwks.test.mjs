import { test } from "node:test";

import { newKey, signedBy } from "./support/keys.mjs";
import { accepted, refused } from "./support/login.mjs";

test("an ID Token that names no key is taken where one key only is of its kind", () =>
  accepted(async (as) => {
    const key = await newKey("RS256");
    as.keys = [await newKey("ES256"), key, await newKey("EdDSA")];
    as.sign = (claims) => signedBy(claims, "RS256", key);
  }));

test("and begins no session where several are: none is guessed", () =>
  refused("none of the provider's keys fits the token", async (as) => {
    const key = await newKey("RS256");
    as.keys = [await newKey("RS256"), key];
    as.sign = (claims) => signedBy(claims, "RS256", key);
  }));
