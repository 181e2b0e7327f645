// Rollup without a plugin for files: there is none but scripts. `everlit/inline` is the same by its older name.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { rollup } from "rollup";
import { app, moduleScript, page } from "./support/app.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** @type {Stand} */ let stand;
const files = project("rollup", { "app.js": app(), "inline.js": app({ from: "everlit/inline" }) });
const dist = join(files, "dist");

before(async () => {
  for (const name of ["app", "inline"]) {
    const warnings = /** @type {string[]} */ ([]);
    const bundle = await rollup({ input: join(files, `${name}.js`), plugins: [nodeResolve()], onwarn: ({ message }) => warnings.push(message) });
    await bundle.write({ dir: join(dist, name), format: "es" });
    await bundle.close();
    if (warnings.length) throw new Error(warnings.join("\n"));
    writeFileSync(join(dist, `${name}.html`), page(moduleScript(`/${name}/${name}.js`)));
  }
  stand = await Stand.open(serve(dist));
});
after(() => stand?.close());

test("a session opens from a Rollup bundle", { timeout: 120_000 }, () => play(stand, { path: "/app.html" }));
test("and by the name everlit/inline", { timeout: 120_000 }, () => play(stand, { path: "/inline.html" }));
