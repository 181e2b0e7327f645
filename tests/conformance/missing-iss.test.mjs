import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token without iss begins no session", () =>
  refused("the ID Token is another issuer's", (as) => { as.claims = { iss: undefined }; }));
