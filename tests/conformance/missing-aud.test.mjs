import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token without aud begins no session", () =>
  refused("the ID Token is for another client", (as) => { as.claims = { aud: undefined }; }));
