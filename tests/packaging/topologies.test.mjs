// Where the Worker can stand: it serves the app itself, or it has `/auth` and `/api` of a zone whose other paths are the app's. On a host
// of its own beside the app it cannot stand yet: what it says then is written down here.

import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, test } from "node:test";
import { send } from "../worker/support/browser.mjs";
import { BUILD, OBJECTS } from "../worker/support/workerd.mjs";
import { app, moduleScript, page } from "./support/app.mjs";
import { forward } from "./support/forward.mjs";
import { play } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

const folder = project("topologies", { "public/index.html": page(moduleScript("/app.js")), "public/app.js": app({ from: "/everlit/everlit.js" }) });
const files = join(folder, "public");
cpSync(join(folder, "node_modules/everlit/dist"), join(files, "everlit"), { recursive: true });

/** The Worker with its assets, as `wrangler.toml` says. @param {Record<string, any>} bindings */
async function workerWithAssets(bindings) {
  const toml = readFileSync(new URL("../../wrangler.toml", import.meta.url), "utf8");
  const says = (/** @type {RegExp} */ key) => key.exec(toml)?.[1] ?? assert.fail(`wrangler.toml lacks ${key}`);
  const { Miniflare } = createRequire(createRequire(import.meta.url).resolve("wrangler"))("miniflare");
  const miniflare = new Miniflare({
    name: "main", host: "127.0.0.1", port: 0, compatibilityDate: says(/^compatibility_date\s*=\s*"([\d-]+)"/m),
    modulesRoot: BUILD, modules: [{ type: "ESModule", path: join(BUILD, "index.js") }, { type: "CompiledWasm", path: join(BUILD, "index_bg.wasm") }],
    bindings, serviceBindings: { ROTATOR: "main" },
    handleRuntimeStdio: (/** @type {import("node:stream").Readable[]} */ ...outputs) => outputs.forEach((output) => output.resume()),
    durableObjects: Object.fromEntries(Object.entries(OBJECTS).map(([name, className]) => [name, { className, useSQLite: true }])),
    assets: {
      directory: files, binding: "ASSETS",
      routerConfig: { has_user_worker: true, static_routing: { user_worker: JSON.parse(says(/^run_worker_first\s*=\s*(\[.*\])/m)) } },
      assetConfig: { not_found_handling: says(/^not_found_handling\s*=\s*"([\w-]+)"/m) },
    },
  });
  return { port: Number((await miniflare.ready).port), close: () => miniflare.dispose() };
}

test("the Worker serves the app", { timeout: 120_000 }, async (context) => {
  /** @type {Record<string, any>} */ let variables = {};
  const stand = await Stand.open(() => {}, { change: (given) => (variables = given) });
  context.after(() => stand.close());
  const { port, close } = await workerWithAssets(variables);
  context.after(close);
  // The lab only looks on: all paths go to the one Worker.
  stand.lab.front.worker = port;
  stand.lab.front.app = stand.watched(forward(port));
  await play(stand);
});

test("the Worker has /auth and /api of a zone that is there already, and another server the rest", { timeout: 120_000 }, async (context) => {
  const server = createServer(serve(files)).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const stand = await Stand.open(forward(/** @type {import("node:net").AddressInfo} */ (server.address()).port));
  context.after(() => stand.close());
  await play(stand);
  const paths = stand.files.map(({ path }) => path);
  assert.ok(paths.includes("/app.js") && !paths.some((path) => /^\/(auth|api)\//.test(path)), "the app's server sees nothing of the session");
});

describe("the Worker on a sibling subdomain", () => {
  const APP = "http://app.localhost:5173";

  test("is not supported: even for an origin that it is configured for it grants no CORS, and refuses what is same-site", { timeout: 60_000 }, async (context) => {
    const stand = await Stand.open(() => {}, { change: (given) => ({ ...given, ORIGINS: [...given.ORIGINS, APP] }) });
    context.after(() => stand.close());
    const worker = `http://localhost:${stand.lab.workerd.port}`;

    // The custom header makes every question one that a browser asks leave for first.
    const asked = { origin: APP, "access-control-request-method": "GET", "access-control-request-headers": "everlit-version" };
    const preflight = await send(`${worker}/auth/session`, { method: "OPTIONS", headers: { ...asked, "sec-fetch-site": "same-site" } });
    assert.equal(preflight.status, 405);
    assert.deepEqual(Object.keys(preflight.headers).filter((name) => name.startsWith("access-control-")), []);

    const question = await send(`${worker}/auth/session`, { headers: { origin: APP, "everlit-version": "1", "sec-fetch-site": "same-site", "sec-fetch-mode": "cors" } });
    assert.equal(question.status, 403);
    assert.equal(JSON.parse(question.text).code, "cross_site");
    assert.deepEqual(Object.keys(question.headers).filter((name) => name.startsWith("access-control-")), []);
    assert.equal(question.headers["cross-origin-resource-policy"], "same-origin");
  });
});
