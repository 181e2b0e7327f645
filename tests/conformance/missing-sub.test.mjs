import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token without sub begins no session", () =>
  refused("the ID Token's sub is missing or too long", (as) => { as.claims = { sub: undefined }; }));
