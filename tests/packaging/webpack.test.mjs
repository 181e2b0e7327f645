// webpack 5: it puts every file under a name of its own.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import webpack from "webpack";
import { app, page } from "./support/app.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** @type {Stand} */ let stand;
const files = project("webpack", { "app.js": app() });
const dist = join(files, "dist");

before(async () => {
  /** @type {import("webpack").StatsCompilation} */
  const stats = await new Promise((resolve, reject) =>
    webpack({ context: files, mode: "production", entry: "./app.js", output: { path: dist, filename: "app.js", publicPath: "/" } }, (error, result) =>
      error || !result ? reject(error) : resolve(result.toJson({ all: false, errors: true, warnings: true, assets: true })),
    ),
  );
  assert.deepEqual([stats.errors, stats.warnings], [[], []]);
  writeFileSync(join(dist, "index.html"), page('<script defer src="/app.js"></script>'));
  stand = await Stand.open(serve(dist));
});
after(() => stand?.close());

test("a session opens from a webpack bundle", { timeout: 120_000 }, () => play(stand));
test("the bundle does not tell where it was built", () => {
  for (const name of readdirSync(dist)) assert.ok(!readFileSync(join(dist, name), "latin1").includes("file://"), name);
});
