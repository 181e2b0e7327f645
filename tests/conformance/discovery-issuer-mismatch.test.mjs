import assert from "node:assert/strict";
import { test } from "node:test";

import { startScriptedStack } from "../worker/support/scripted-stack.mjs";

test("metadata in the name of another issuer begins no login", async () => {
  const stack = await startScriptedStack();
  try {
    stack.as.metadata = { issuer: "https://another.example" };
    const browser = stack.browser();
    const page = await browser.navigate("/auth/login", { site: "same-origin" });
    assert.equal(page.status, 502, page.text);
    assert.equal(page.headers["set-cookie"], undefined);
    assert.ok(stack.workerd.log.some((line) => line.event === "discovery_failed" && line.what === "metadata"));
  } finally {
    await stack.close();
  }
});
