import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { send } from "./support/browser.mjs";
import { enter, startScriptedStack } from "./support/scripted-stack.mjs";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const PLACES = /** @type {Record<string, string>} */ ({ provider: "demo", upstream: "orders", path: "1", id: "A".repeat(22) });

/** @type {import("./support/scripted-stack.mjs").ScriptedStack} */
let stack;
before(async () => { stack = await startScriptedStack(); });
after(() => stack?.close());

test("the document is served to anybody, and is the one of the source", async () => {
  const answer = await send(`${stack.app}/auth/openapi.json`);
  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json"]);
  const source = JSON.parse(await readFile(new URL("../../crates/wire/openapi.json", import.meta.url), "utf8"));
  assert.deepEqual(answer.json, source);
  assert.doesNotMatch(answer.text, /\n/);
});

test("every route takes the methods of the document and no other, and answers what it says", async () => {
  const { browser } = await enter(stack);
  const { paths } = (await browser.call("/auth/openapi.json")).json;
  let asked = 0;
  for (const [template, item] of Object.entries(/** @type {Record<string, any>} */ (paths))) {
    // Behind a binding that this one has not: tests/services/openapi.test.mjs.
    if (template.startsWith("/service")) {
      assert.equal((await browser.call(template)).status, 404, template);
      continue;
    }
    const path = template.replace(/\{(\w+)\}/g, (_, name) => PLACES[name] ?? "");
    const described = METHODS.filter((method) => item[method.toLowerCase()]);
    for (const method of METHODS) {
      const { status, headers } = await browser.call(path, { method });
      const where = `${method} ${path}: ${status}`;
      const { responses } = item[method.toLowerCase()] ?? { responses: {} };
      if (described.includes(method)) assert.ok(responses[status] ?? responses.default, where);
      else assert.deepEqual([status, template.startsWith("/api/") || headers.allow], [405, template.startsWith("/api/") || described.join(", ")], where);
      asked += 1;
    }
  }
  assert.ok(asked >= 95, `${asked}`);
});
