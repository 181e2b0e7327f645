import assert from "node:assert/strict";
import { test } from "node:test";

import { askOn, enterExpired } from "../worker/support/asking.mjs";
import { withStack } from "./support/login.mjs";

for (const [what, claims] of /** @type {const} */ ([["issuer", { iss: "https://another.example" }], ["user", { sub: "somebody-else", name: "Mallory" }]])) {
  test(`an ID Token of another ${what} that comes with a refresh changes nobody's session`, () =>
    withStack(async (stack) => {
      const { browser, session } = await enterExpired(stack);
      stack.as.claims = claims;
      stack.as.onToken = async (form) => ({ json: { ...(await stack.as.tokens(form)), id_token: await stack.as.idToken() } });
      assert.equal((await askOn(browser, session)).json.generation, 2);
      const after = (await browser.call("/auth/session")).json;
      assert.deepEqual([after.user.sub, after.user.name], ["scripted-user", "Grace"]);
    }));
}
