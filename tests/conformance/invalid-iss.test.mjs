import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token whose iss is another issuer begins no session", () =>
  refused("the ID Token is another issuer's", (as) => { as.claims = { iss: "https://another.example" }; }));
