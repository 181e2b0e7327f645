import { test } from "node:test";

import { unspent } from "./support/login.mjs";

test("an authorization response without state is not believed, and its code not spent", () =>
  unspent("no state of ours", { state: undefined }));
