// `vite build`: nothing is configured, and every file has its content's hash in its name.

import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { app, moduleScript, page } from "./support/app.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** @type {Stand} */ let stand;
const files = project("vite-build", {
  "index.html": page(moduleScript("/app.js")),
  "app.js": app(),
});

before(async () => {
  await build({ root: files, logLevel: "error" });
  stand = await Stand.open(serve(join(files, "dist")));
});
after(() => stand?.close());

test("a session opens from a Vite build", { timeout: 120_000 }, () => play(stand));
