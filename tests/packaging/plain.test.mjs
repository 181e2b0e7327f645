// No bundler: the package's own files, served as they are.

import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { app, moduleScript, page } from "./support/app.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** @type {Stand} */ let stand;
/** The files lie where a person would copy them. */
const folder = project("plain", { "index.html": page(moduleScript("/app.js")), "app.js": app({ from: "/everlit/everlit.js" }) });

before(async () => {
  cpSync(join(folder, "node_modules/everlit/dist"), join(folder, "everlit"), { recursive: true });
  stand = await Stand.open(serve(folder));
});
after(() => stand?.close());

test("a session opens from a plain module script", { timeout: 120_000 }, () => play(stand));
