import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token with another nonce begins no session", () =>
  refused("the ID Token answers another request", (as) => { as.claims = { nonce: "another-nonce-than-the-one-that-was-sent" }; }));
