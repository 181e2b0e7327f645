import { test } from "node:test";

import { SignJWT } from "jose";

import { refused } from "./support/login.mjs";

test("an ID Token with a symmetric signature begins no session, whatever its key", () =>
  refused("the ID Token's alg is not accepted", (as) => {
    const key = Buffer.from(JSON.stringify(as.keys[0]?.jwk));
    as.sign = (claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: as.keys[0]?.kid }).sign(key);
  }));
