// The Vite dev server with `everlit/vite`: page and local Worker are one origin, and hot updates leave the session alone.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { createLogger, createServer } from "vite";
import { freePort } from "../worker/support/ports.mjs";
import { send } from "../worker/support/browser.mjs";
import { until } from "../worker/support/until.mjs";
import { app, moduleScript, page } from "./support/app.mjs";
import { play, seen } from "./support/journey.mjs";
import { Stand } from "./support/stand.mjs";
import { project } from "./support/tarball.mjs";

/** What is changed while the page is shown. */
const words = (/** @type {string} */ text) => `export const words = ${JSON.stringify(text)};\n`;
const folder = project("vite-dev", {
  "index.html": page(moduleScript("/app.js")),
  "app.js": app({
    extra: `import { words } from "./words.js";
document.title = words;
globalThis.loads = (globalThis.loads ?? 0) + 1;
if (import.meta.hot) import.meta.hot.accept("./words.js", (module) => { document.title = module.words; });`,
  }),
  "words.js": words("first"),
});
const plugin = async () => (await import(pathToFileURL(join(folder, "node_modules/everlit/dist/vite/index.js")).href)).everlit;

/** A dev server, and the errors that it told. @param {{ port: number, worker: string, proxy?: Record<string, string> }} where */
async function dev({ port, worker, proxy = {} }, context = { after: (/** @type {() => unknown} */ _) => {} }) {
  const everlit = await plugin();
  /** @type {string[]} */
  const errors = [];
  const customLogger = Object.assign(createLogger("silent"), { error: (/** @type {string} */ text) => void errors.push(text) });
  const server = await createServer({
    root: folder, configFile: false, customLogger,
    server: { port, strictPort: true, host: "localhost", proxy, fs: { strict: false } },
    plugins: [everlit({ worker }), { name: "recorder", configureServer: ({ middlewares }) => void middlewares.use("/lab/recorder.js", (_, res) => res.setHeader("content-type", "text/javascript").end(recorder)) }],
  });
  context.after(() => server.close());
  await server.listen();
  return { server, errors };
}
const recorder = readFileSync(new URL("../e2e/lab/page/recorder.js", import.meta.url));

describe("a page of the Vite dev server", () => {
  /** @type {Stand} */ let stand;
  /** @type {Awaited<ReturnType<typeof dev>>} */ let vite;
  let origin = "";

  before(async () => {
    const port = await freePort();
    origin = `http://localhost:${port}`;
    stand = await Stand.open((_, res) => res.writeHead(404).end(), { change: (given) => ({ ...given, ORIGINS: [origin] }) });
    vite = await dev({ port, worker: stand.origin });
  });
  after(async () => {
    await vite?.server.close();
    await stand?.close();
  });

  test("opens a session through the proxy, its event socket included", { timeout: 120_000 }, async () => {
    await play(stand, { origin });
    assert.deepEqual(vite.errors, []);
  });

  test("a hot update arrives, and the session goes on in the same page", { timeout: 120_000 }, async () => {
    const browser = await stand.lab.device();
    stand.lab.front.sockets.clear();
    const state = () => browser.run(() => Reflect.get(globalThis, "session")?.state);
    await browser.go(`${origin}/auth/login?return_to=/`);
    await browser.until("the session to be active", async () => (await state()) === "active", { seen: async () => `${await state()}` });
    await until("the event socket to be open", () => stand.lab.front.sockets.size === 1);
    const { began } = await browser.run(mark);
    const asked = stand.lab.front.asked.length;
    writeFileSync(join(folder, "words.js"), words("second"));
    await browser.until("the hot update", async () => (await browser.title()) === "second");
    assert.deepEqual(await browser.run(mark), { began, same: true, loads: 1 });
    assert.equal(await state(), "active");
    assert.equal(stand.lab.front.asked.length, asked, "nobody was asked anything");
    assert.equal(stand.lab.front.sockets.size, 1);
    assert.deepEqual(await seen(browser), []);
    await browser.quit();
  });
});

describe("the plugin", () => {
  test("says so where the Worker does not know the dev server's origin", { timeout: 60_000 }, async (context) => {
    const stand = await Stand.open((_, res) => res.writeHead(404).end());
    const port = await freePort();
    context.after(() => stand.close());
    const { errors } = await dev({ port, worker: stand.origin }, context);
    await until("the plugin to speak", () => errors.length > 0);
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? "", new RegExp(`ORIGINS = \\["http://localhost:${port}"\\]`));
  });

  test("says so where it is known, but logins come back elsewhere", { timeout: 60_000 }, async (context) => {
    const port = await freePort();
    const page = `http://localhost:${port}`;
    const stand = await Stand.open((_, res) => res.writeHead(404).end(), { change: (given) => ({ ...given, ORIGINS: [...given.ORIGINS, page] }) });
    context.after(() => stand.close());
    const { errors } = await dev({ port, worker: stand.origin }, context);
    const { status } = await send(`${page}/auth/login?return_to=/`, { headers: { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" } });
    assert.ok(status >= 300 && status < 400, `${status}`);
    await until("the plugin to speak", () => errors.length > 0);
    assert.match(errors[0] ?? "", /do not begin with/);
  });

  test("says so where no Worker answers", { timeout: 60_000 }, async (context) => {
    const worker = `http://localhost:${await freePort()}`;
    const { errors } = await dev({ port: await freePort(), worker }, context);
    await until("the plugin to speak", () => errors.length > 0);
    assert.match(errors[0] ?? "", new RegExp(`No Worker answers at ${worker}`));
  });

  test("says once of each upstream that the Worker does not have what it takes, and leaves a path to the app's own proxy", { timeout: 60_000 }, async (context) => {
    const [port, own] = [await freePort(), await freePort()];
    const page = `http://localhost:${port}`;
    const stand = await Stand.open((_, res) => res.writeHead(404).end(), { change: (given) => ({ ...given, ORIGINS: [page] }) });
    const other = createHttpServer((_, res) => res.end("of another server")).listen(own, "localhost");
    context.after(() => Promise.all([stand.close(), other.close()]));
    const { errors } = await dev({ port, worker: stand.origin, proxy: { "/api/mock": `http://localhost:${own}` } }, context);
    const call = (/** @type {string} */ path) => send(`${page}${path}`, { headers: { "sec-fetch-site": "same-origin", "everlit-version": "1" } });
    assert.equal((await call("/api/mock/x")).text, "of another server");
    for (const path of ["/api/price-list/7?secret=1", "/api/price-list", "/api/orders"]) await call(path);
    await until("the plugin to speak", () => errors.length > 0);
    assert.equal(errors.length, 1, errors.join("\n"));
    assert.match(errors[0] ?? "", /no upstream "price-list", so GET \/api\/price-list was answered 404.*\[vars\.UPSTREAM_PRICE_LIST\].*, which is called at \/api\/price_list\..*server\.proxy/s);
    assert.doesNotMatch(errors[0] ?? "", /secret/);
  });

  test("refuses an address that is none, and names it", async () => {
    const everlit = await plugin();
    for (const [worker, word] of [["localhost:8787", "localhost:8787"], ["ws://localhost", "ws://localhost"], ["http://localhost:8787/auth", "/auth"], ["", '""']]) {
      assert.throws(() => everlit({ worker }), (/** @type {Error} */ error) => error instanceof TypeError && error.message.includes(word ?? "") && error.message.includes("http://localhost:8787"), worker);
    }
    assert.throws(() => everlit({ wroker: "http://localhost:8787" }), /everlit\(\) has no option "wroker"; its one option is worker/);
    for (const none of ["http://localhost:8787", null, 8787]) assert.throws(() => everlit(none), /everlit\(\) takes an object, not /);
    assert.throws(() => everlit({ worker: "http://ada:lovelace@localhost" }), (/** @type {Error} */ error) => !error.message.includes("lovelace"));
  });
});

function mark() {
  const began = performance.timeOrigin;
  const same = Reflect.get(globalThis, "marked") === began;
  Object.assign(globalThis, { marked: began });
  return { began, same, loads: Reflect.get(globalThis, "loads") };
}
