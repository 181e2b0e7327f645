import { test } from "node:test";

import { refused } from "./support/login.mjs";

test("an ID Token without the nonce that was sent begins no session", () =>
  refused("the ID Token answers another request", (as) => { as.claims = { nonce: undefined }; }));
