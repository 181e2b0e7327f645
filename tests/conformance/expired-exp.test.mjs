import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token whose exp has passed begins no session", () =>
  refused("the ID Token has expired", (as) => { as.claims = { iat: Date.now() / 1000 - 900, exp: Date.now() / 1000 - 600 }; }));
