import assert from "node:assert/strict";
import { test } from "node:test";

import { enter } from "../worker/support/scripted-stack.mjs";
import { withStack } from "./support/login.mjs";

test("the userinfo endpoint is never asked: what it says of somebody else cannot reach a session", () =>
  withStack(async (stack) => {
    stack.as.metadata = { userinfo_endpoint: `${stack.as.issuer}/userinfo` };
    stack.as.onOther = ({ path }) => path === "/userinfo" ? { json: { sub: "somebody-else", name: "Mallory" } } : undefined;
    const { session } = await enter(stack);
    assert.deepEqual([session.user.sub, session.user.name], ["scripted-user", "Grace"]);
    assert.equal(stack.as.hits("/userinfo"), 0);
  }));
