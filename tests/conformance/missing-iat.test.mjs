import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token without iat begins no session", () =>
  refused("the ID Token's iat makes no sense", (as) => { as.claims = { iat: undefined }; }));
