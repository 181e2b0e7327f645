import assert from "node:assert/strict";
import { test } from "node:test";

import { enter } from "../worker/support/scripted-stack.mjs";
import { withStack } from "./support/login.mjs";

test("a provider that has changed its keys since the last login is logged in to, after one more look at its keys", () =>
  withStack(async (stack) => {
    await enter(stack);
    const looks = stack.as.hits("/jwks");
    await stack.as.rotateKeys();
    assert.equal((await enter(stack)).session.state, "active");
    assert.equal(stack.as.hits("/jwks"), looks + 1);
  }));
