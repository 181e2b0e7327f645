import assert from "node:assert/strict";
import { test } from "node:test";

import { enter } from "../worker/support/scripted-stack.mjs";
import { withStack } from "./support/login.mjs";

test("a provider that changes its keys while the code is being exchanged is logged in to", () =>
  withStack(async (stack) => {
    await enter(stack);
    stack.as.sign = async (claims) => {
      await stack.as.rotateKeys();
      return stack.as.signed(claims);
    };
    assert.equal((await enter(stack)).session.state, "active");
  }));
