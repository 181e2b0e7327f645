import { test } from "node:test";

import { newKey, signedBy } from "./support/keys.mjs";
import { refused } from "./support/login.mjs";

test("an ID Token whose alg is not the one that its key is for begins no session", () =>
  refused("none of the provider's keys fits the token", async (as) => {
    const key = await newKey("RS256", "one");
    as.keys = [key];
    // The same RSA key, imported for the other scheme.
    const { subtle } = crypto;
    const pkcs8 = await subtle.exportKey("pkcs8", key.privateKey);
    const privateKey = await subtle.importKey("pkcs8", pkcs8, { name: "RSA-PSS", hash: "SHA-256" }, false, ["sign"]);
    as.sign = (claims) => signedBy(claims, "PS256", { ...key, privateKey });
  }));
