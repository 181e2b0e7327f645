import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token without exp begins no session", () =>
  refused("the ID Token has expired", (as) => { as.claims = { exp: undefined }; }));
