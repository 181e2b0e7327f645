import assert from "node:assert/strict";
import { test } from "node:test";

import { enter } from "../worker/support/scripted-stack.mjs";
import { withStack } from "./support/login.mjs";

test("the keys are taken from where the metadata say that they are", () =>
  withStack(async (stack) => {
    stack.as.metadata = { jwks_uri: `${stack.as.issuer}/keys/of-today` };
    stack.as.onOther = ({ path }) => path === "/keys/of-today" ? { json: { keys: stack.as.keys.map(({ jwk }) => jwk) } } : undefined;
    assert.equal((await enter(stack)).session.state, "active");
    assert.deepEqual([stack.as.hits("/keys/of-today"), stack.as.hits("/jwks")], [1, 0]);
  }));
