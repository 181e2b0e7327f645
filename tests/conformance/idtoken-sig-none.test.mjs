import { test } from "node:test";

import { UnsecuredJWT } from "jose";

import { refused } from "./support/login.mjs";

test("an ID Token with alg none begins no session, although it came from the token endpoint itself", () =>
  refused("the ID Token is malformed", (as) => { as.sign = (claims) => new UnsecuredJWT(claims).encode(); }));

test("nor does one with alg none that carries a signature all the same", () =>
  refused("the ID Token's alg is not accepted", (as) => {
    as.sign = async (claims) => {
      const [, payload, signature] = (await as.signed(claims)).split(".");
      return [Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url"), payload, signature].join(".");
    };
  }));
