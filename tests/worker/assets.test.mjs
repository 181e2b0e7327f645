import assert from "node:assert/strict";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { send } from "./support/browser.mjs";
import { variables } from "./support/stack.mjs";
import { BUILD, OBJECTS } from "./support/workerd.mjs";

const ROOT = new URL("../../", import.meta.url);

/** Served by the runtime's own asset server, with the demo's `_headers` and the routes of `wrangler.toml`. @type {any} */
let miniflare;
let [app, folder] = ["", ""];

before(async () => {
  const toml = await readFile(new URL("wrangler.toml", ROOT), "utf8");
  const says = (/** @type {RegExp} */ key) => key.exec(toml)?.[1] ?? assert.fail(`wrangler.toml lacks ${key}`);
  folder = await mkdtemp(join(tmpdir(), "everlit-assets-"));
  await mkdir(join(folder, "assets"));
  await copyFile(fileURLToPath(new URL("www/src/_headers", ROOT)), join(folder, "_headers"));
  for (const name of ["index.html", "favicon.svg", "assets/app-X.js", "assets/app-X.css", "assets/app-X.js.map", "assets/everlit-X.wasm"]) await writeFile(join(folder, name), "{}");
  // It comes with wrangler, and is that which `wrangler dev` runs.
  const { Miniflare } = createRequire(createRequire(import.meta.url).resolve("wrangler"))("miniflare");
  const given = variables({ app: "http://localhost", issuer: "http://127.0.0.1:9", resource: "http://127.0.0.1:9", clientSecret: "x".repeat(40) });
  miniflare = new Miniflare({
    name: "main", host: "127.0.0.1", port: 0, compatibilityDate: says(/^compatibility_date\s*=\s*"([\d-]+)"/m),
    modulesRoot: BUILD, modules: [{ type: "ESModule", path: join(BUILD, "index.js") }, { type: "CompiledWasm", path: join(BUILD, "index_bg.wasm") }],
    bindings: given, serviceBindings: { ROTATOR: "main" },
    durableObjects: Object.fromEntries(Object.entries(OBJECTS).map(([name, className]) => [name, { className, useSQLite: true }])),
    assets: {
      directory: folder, binding: "ASSETS",
      routerConfig: { has_user_worker: true, static_routing: { user_worker: JSON.parse(says(/^run_worker_first\s*=\s*(\[.*\])/m)) } },
      assetConfig: { not_found_handling: says(/^not_found_handling\s*=\s*"([\w-]+)"/m) },
    },
  });
  app = String(await miniflare.ready).replace(/\/$/, "");
});
after(async () => {
  await miniflare?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** What a policy allows, by directive. @param {string | string[] | undefined} policy */
const directives = (policy) => new Map(String(policy ?? "").split(";").map((part) => { const [name = "", ...sources] = part.trim().split(/\s+/); return [name, sources]; }));

test("every page and asset is served with a strict policy, unsniffed, and says little of where it was", async () => {
  for (const path of ["/", "/deep/link", "/favicon.svg", "/assets/app-X.js", "/assets/app-X.css", "/assets/app-X.js.map", "/assets/everlit-X.wasm", "/assets/none.js", "/api", "/auth"]) {
    const { status, headers } = await send(`${app}${path}`);
    assert.equal(status, 200, path);
    const policy = directives(headers["content-security-policy"]);
    assert.deepEqual(policy.get("default-src"), ["'none'"], path);
    assert.deepEqual(policy.get("frame-ancestors"), ["'none'"], path);
    assert.deepEqual(policy.get("base-uri"), ["'none'"], path);
    assert.deepEqual(policy.get("form-action"), ["'self'"], path);
    assert.deepEqual(policy.get("script-src"), ["'self'", "'wasm-unsafe-eval'"], path);
    for (const [name, sources] of policy) {
      for (const source of sources) assert.ok(["'none'", "'self'", "'wasm-unsafe-eval'"].includes(source) || (name === "img-src" && source === "data:"), `${path}: ${name} ${source}`);
    }
    assert.equal(headers["x-content-type-options"], "nosniff", path);
    assert.equal(headers["referrer-policy"], "same-origin", path);
    assert.equal(headers["cache-control"], path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache", path);
    assert.equal(headers["access-control-allow-origin"], undefined, path);
    assert.equal(headers["set-cookie"], undefined, path);
  }
});

test("what is the Worker's is answered by the Worker, with its own", async () => {
  for (const [path, status] of /** @type {const} */ ([["/healthz", 200], ["/auth/session", 200], ["/auth/nothing", 404], ["/api/orders", 401], ["/internal/rotate", 404]])) {
    const answer = await send(`${app}${path}`, { headers: { "everlit-version": "1", "sec-fetch-site": "same-origin" } });
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
    assert.match(String(answer.headers["content-security-policy"]), /^default-src 'none'; frame-ancestors 'none'/, path);
    assert.deepEqual([answer.headers["cache-control"], answer.headers["x-content-type-options"], answer.headers["referrer-policy"]], ["no-store", "nosniff", "no-referrer"], path);
  }
});
