import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token with an audience beside us that we do not know begins no session", () =>
  refused("the ID Token was issued to another party", (as) => { as.claims = { aud: [as.clientId, "another-client"] }; }));
