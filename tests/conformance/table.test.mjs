import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

test("the table names every file, and no other", async () => {
  const folder = new URL("./", import.meta.url);
  const named = new Set((await readFile(new URL("README.md", folder), "utf8")).match(/[\w-]+\.test\.mjs/g));
  const files = (await readdir(folder)).filter((name) => name.endsWith(".test.mjs") && name !== "table.test.mjs");
  assert.ok(files.length > 25);
  assert.deepEqual([...named].sort(), files.sort());
});
