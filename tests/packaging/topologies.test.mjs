// Where the Worker can stand: it serves the app itself, it has `/auth` and `/api` of a zone whose other paths are the app's, or it is on
// a host of its own beside the app's.

import assert from "node:assert/strict";
import { once } from "node:events";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
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
  /** A server for a host of its own. @param {import("./support/stand.mjs").Handler} app @param {import("node:test").TestContext} context */
  async function host(app, context) {
    const server = createServer(app).listen(0, "127.0.0.1");
    await once(server, "listening");
    context.after(() => { server.closeAllConnections(); server.close(); });
    return /** @type {import("node:net").AddressInfo} */ (server.address()).port;
  }

  test("serves the app that it names, as if they were one", { timeout: 120_000 }, async (context) => {
    /** @type {Stand} */ let stand;
    // No browser takes `localhost` itself for a site: what is below `everlit.localhost` is one.
    const at = (/** @type {string} */ name, /** @type {number | string} */ port) => `http://${name}.everlit.localhost:${port}`;
    const port = await host((req, res) => stand.watched(serve(files))(req, res), context);
    const [beside, sibling] = [at("app", port), at("other", await host((_, res) => res.setHeader("content-type", "text/html").end("<!doctype html><title>other</title>"), context))];
    stand = await Stand.open(() => {}, {
      change: (given) => ({ ...given, ORIGINS: [at("auth", new URL(given.ORIGINS[0] ?? "").port)], APP_ORIGINS: [beside] }),
    });
    context.after(() => stand.close());
    const worker = at("auth", new URL(stand.lab.front.origin).port);
    stand.lab.front.frames = "";
    cpSync(new URL("../e2e/lab/page/recorder.js", import.meta.url), join(files, "lab/recorder.js"));
    writeFileSync(join(files, "beside.html"), page(moduleScript("/beside.js")));
    writeFileSync(join(files, "beside.js"), app({ from: "/everlit/everlit.js", baseUrl: worker }));

    await play(stand, { origin: beside, worker, path: "/beside.html?x=1#here", after });
    const paths = stand.files.map(({ path }) => path);
    assert.ok(paths.includes("/everlit/beside.js") && !paths.some((path) => /^\/(auth|api)\//.test(path)), "the app's server sees nothing of the session");
    const asked = stand.lab.front.asked.filter(({ path, method }) => method !== "OPTIONS" && /^\/auth\/(session|token)$/.test(path));
    assert.deepEqual([...new Set(asked.map(({ origin, status }) => `${origin} ${status === 403 ? "is refused" : "is answered"}`))].sort(), [`${beside} is answered`, `${sibling} is refused`]);

    /** @param {import("../e2e/webdriver.mjs").Browser} browser */
    async function after(browser) {
      assert.equal(await browser.run(() => location.search + location.hash), "?x=1#here", "the login led back to where it began");
      const session = () => browser.run(() => Reflect.get(globalThis, "session")?.state);
      // A sibling that is not named sends the same cookies, and neither learns nor does anything with them.
      const first = await browser.window();
      await browser.openTab();
      await browser.go(`${sibling}/`);
      const tried = await browser.run(attack, worker);
      assert.deepEqual(tried, ["TypeError", "TypeError", "TypeError", "TypeError", "closed"]);
      await browser.closeTab();
      await browser.switchTo(first);
      assert.equal(await session(), "active");
      assert.equal((await browser.run(() => Reflect.get(globalThis, "session").sessions.list())).length, 1);
    }
  });

  test("grants nothing to an origin that is only one of ORIGINS, and refuses what is same-site", { timeout: 60_000 }, async (context) => {
    const APP = "http://app.localhost:5173";
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

/** What a page of a sibling tries: how each try ended. @param {string} worker @returns {Promise<string[]>} */
async function attack(worker) {
  const ask = (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) =>
    fetch(`${worker}${path}`, { credentials: "include", ...init }).then(({ status }) => `${status}`, ({ name }) => name);
  const version = { "everlit-version": "1" };
  const socket = new Promise((resolve) => {
    const opened = new WebSocket(`${worker.replace("http", "ws")}/auth/events`);
    opened.onopen = () => resolve("opened");
    opened.onclose = () => resolve("closed");
  });
  return Promise.all([
    ask("/auth/session", { headers: version }),
    ask("/auth/session"),
    ask("/auth/logout", { method: "POST", headers: version, body: "{}" }),
    ask("/api/orders", { headers: version }),
    socket,
  ]);
}
