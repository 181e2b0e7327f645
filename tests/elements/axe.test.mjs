// axe-core finds nothing but trifles in any state, light and dark, and with the colours of the system.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { startStage } from "./stage.mjs";
import { SESSION, tour } from "./tour.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** @type {Awaited<ReturnType<typeof startStage>>} */ let stage;
before(async () => (stage = await startStage()));
after(() => stage?.stop());

/** What is wrong, in a line each. */
const wrong = async (page) => {
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.ok(passes.length > 10, "axe has looked");
  return violations.filter(({ impact }) => impact !== "minor").flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`));
};

test("axe finds what is wrong where something is", async () => {
  const page = await stage.open();
  await page.evaluate(AXE);
  await page.evaluate(() => document.body.append(document.createElement("button")));
  assert.match((await wrong(page)).join(), /button-name/);
  await page.context().close();
});

for (const options of [{ colorScheme: "light" }, { colorScheme: "dark" }, { forcedColors: "active" }, { viewport: { width: 320, height: 640 } }]) {
  test(`nothing but trifles: ${JSON.stringify(options)}`, async () => {
    const page = await stage.open({ session: SESSION, ...options });
    await page.evaluate(AXE);
    for await (const { name } of tour(page)) assert.deepEqual(await wrong(page), [], name);
    await page.context().close();
  });
}
