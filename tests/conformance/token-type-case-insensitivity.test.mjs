import { test } from "node:test";

import { accepted } from "./support/login.mjs";

test("a token_type is taken in any case", () => accepted((as) => {
  as.onToken = async (form) => ({ json: { ...(await as.tokens(form)), token_type: "bEaReR" } });
}));
