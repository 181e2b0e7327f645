// The strictest policy that the package can live under, Trusted Types included: all of it works, and nothing is reported.

import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { app, moduleScript, page } from "./support/app.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** @type {Stand} */ let stand;
const folder = project("policy", {
  "index.html": page(moduleScript("/app.js")).replace(/ *<link rel="icon"[^>]*>\n/, ""),
  "inline.html": page(moduleScript("/inline.js")).replace(/ *<link rel="icon"[^>]*>\n/, ""),
  "app.js": app({ from: "/everlit/everlit.js" }),
  "inline.js": app({ from: "/everlit/inline/index.js" }),
  "favicon.ico": "",
});
/** What the browser reported, in its order. @type {string[]} */
const reports = [];

before(async () => {
  cpSync(join(folder, "node_modules/everlit/dist"), join(folder, "everlit"), { recursive: true });
  stand = await Stand.open(async (req, res) => {
    if (req.url === "/reports") {
      let text = "";
      for await (const chunk of req) text += chunk;
      reports.push(text);
      return res.writeHead(204).end();
    }
    return files(req, res);
  });
  const policy = [
    "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'", "worker-src 'self'", `frame-src 'self' ${stand.lab.issuer}`, "img-src 'self'",
    "base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types everlit", "report-uri /reports",
  ].join("; ");
  const files = serve(folder, { "content-security-policy": policy });
});
after(() => stand?.close());

test("a session opens, logs in, hears events in a SharedWorker and is renewed in a frame, without a violation", async () => {
  await play(stand);
  assert.deepEqual(reports, []);
});

test("and so it does by the name everlit/inline", async () => {
  await play(stand, { path: "/inline.html" });
  assert.deepEqual(reports, []);
});
