import { test } from "node:test";

import { unspent } from "./support/login.mjs";

test("an authorization response with a state that nobody sent is not believed, and its code not spent", () =>
  unspent("the state is unknown, or another provider's", { state: "A".repeat(43) }));
