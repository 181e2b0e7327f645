import { test } from "node:test";

import { accepted } from "./support/login.mjs";

test("a token answer without expires_in is taken", () => accepted((as) => {
  as.onToken = async (form) => ({ json: { ...(await as.tokens(form)), expires_in: undefined } });
}));
