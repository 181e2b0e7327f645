// What keeps a page from having a session, in a real browser: each likely cause is recognised, and said with what to do.

import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startDriver } from "../e2e/driver-process.mjs";
import { selfSigned } from "../e2e/lab/certificate.mjs";
import { engine } from "../e2e/lab/lab.mjs";
import { Browser } from "../e2e/webdriver.mjs";
import { moduleScript, page } from "./support/app.mjs";
import { Stand } from "./support/stand.mjs";
import { serve } from "./support/static.mjs";
import { project } from "./support/tarball.mjs";

/** Opens a session, and leaves what came of it. @param {string} from @param {string} [options] */
const opening = (from, options = "") => `import { openSession } from ${JSON.stringify(from)};
globalThis.came = openSession(${options}).then(
  ({ state, problem }) => ({ state, problem: problem && [problem.code, problem.title, problem.detail] }),
  ({ code, message }) => ({ code, message }),
);`;
const html = page(moduleScript("/app.js")).replace(/ *<script src="\/lab.*\n/, "");
const folder = project("causes", {
  "index.html": html,
  "given.html": html.replace("app.js", "given.js"),
  "latin.html": html.replace("app.js", "latin.js"),
  "mixed.html": html.replace("app.js", "mixed.js"),
  "app.js": opening("/everlit/everlit.js"),
  "given.js": opening("/everlit/everlit.js", '{ wasm: "/everlit/everlit.wasm" }'),
  "latin.js": opening("/latin/everlit.js"),
  "mixed.js": opening("/everlit/everlit.js", '{ wasm: "http://cdn.example.com/everlit.wasm?key=hidden" }'),
});
const STRICT = ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "connect-src 'self'", "worker-src 'self'", "img-src data:"].join("; ");

/** @type {Stand} */ let stand;
/** @type {Browser} */ let browser;
/** The page's policy. */
let policy = STRICT;
/** @type {(() => unknown)[]} */
const stops = [];

before(async () => {
  cpSync(join(folder, "node_modules/everlit/dist"), join(folder, "everlit"), { recursive: true });
  cpSync(join(folder, "everlit"), join(folder, "latin"), { recursive: true });
  writeFileSync(join(folder, "latin/everlit.js"), readFileSync(join(folder, "everlit/everlit.js"), "latin1"));
  stand = await Stand.open((req, res) => serve(folder, { "content-security-policy": policy })(req, res));
  browser = await stand.lab.device();
});
after(async () => {
  for (const stop of stops.reverse()) await stop();
  await stand?.close();
});

/** What came of a page's session. @param {string} address @param {Browser} [in_] */
async function came(address, in_ = browser) {
  await in_.go(address);
  await in_.until("the session to be open, or not", () => in_.run(async () => "came" in globalThis), { seen: async () => "nothing" });
  return in_.run(async () => Reflect.get(globalThis, "came"));
}

/** A server of the app alone. @param {import("node:http").RequestListener} app @param {ReturnType<typeof selfSigned>} [tls] */
async function alone(app, tls) {
  const server = tls ? createSecureServer(tls, app) : createServer(app);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  stops.push(() => (server.closeAllConnections(), server.close()));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return `${tls ? "https" : "http"}://localhost:${port}`;
}

test("a page that can have one, with nobody logged in, is told nothing, and loads nothing to find that out", async () => {
  assert.deepEqual(await came(`${stand.origin}/`), { state: "logged-out", problem: null });
  const loaded = await browser.run(() => performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname));
  assert.deepEqual(loaded.filter((path) => path.endsWith(".js") && path.startsWith("/everlit/")), ["/everlit/everlit.js"]);
});

test("a policy without 'wasm-unsafe-eval'", async () => {
  policy = STRICT.replace(" 'wasm-unsafe-eval'", "");
  const { code, message } = await came(`${stand.origin}/`);
  assert.deepEqual([code, message], ["ERR_SESSION_LOAD", "load: the Wasm module: the page's Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"]);
});

test("a policy that does not let a module that the app names be fetched", async () => {
  policy = STRICT.replace("connect-src 'self'", "connect-src 'none'");
  const { code, message } = await came(`${stand.origin}/given.html`);
  assert.deepEqual([code, message], ["ERR_SESSION_LOAD", `load: the Wasm module: the page's Content-Security-Policy does not let ${stand.origin}/everlit/everlit.wasm be fetched: add 'self' to its connect-src`]);
});

test("a script that was read as something else than UTF-8 on its way", async () => {
  policy = STRICT;
  const { code, message } = await came(`${stand.origin}/latin.html`);
  assert.equal(code, "ERR_SESSION_LOAD");
  // What it is told depends on how long the text is then.
  assert.match(message, /^load: the Wasm module in everlit\.js does not compile \((CompileError|RangeError): .*\): that file is to be served as it is, and read as UTF-8$/);
});

test("a policy that lets nobody ask the Worker", async () => {
  const said = ["misconfigured", "The page's Content-Security-Policy lets nobody ask the Worker.", `connect-src does not allow ${stand.origin}/auth/session: add 'self' to it`];
  policy = STRICT.replace("connect-src 'self'", "connect-src 'none'");
  assert.deepEqual(await came(`${stand.origin}/`), { state: "degraded", problem: said });
});

for (const [words, fallback, said] of /** @type {const} */ ([
  ["says that nothing is there", false, "was answered 404"],
  ["answers with the app's own page", true, "was answered with something else, as of an app's own page"],
])) {
  test(`no Worker at this origin, whose server ${words}`, async () => {
    const files = serve(folder);
    const origin = await alone((req, res) => {
      if (fallback && req.url?.startsWith("/auth/")) req.url = "/index.html";
      return void files(req, res);
    });
    const { state, problem } = await came(`${origin}/`);
    assert.deepEqual([state, problem?.slice(0, 2)], ["degraded", ["not_found", "There is no Everlit Worker at this page's origin."]]);
    assert.ok(problem[2].startsWith(`GET ${origin}/auth/session ${said}: route /auth and /api of this origin to the Worker`), problem[2]);
  });
}

test("a <base> of another origin, which takes the questions there: nobody can be asked, and no cookie goes along", async () => {
  policy = STRICT.replace("connect-src 'self'", "connect-src *");
  /** @type {string[]} */
  const asked = [];
  const other = await alone((req, res) => {
    asked.push(`${req.method} ${req.url} ${req.headers.cookie ?? "no cookie"}`);
    res.writeHead(404).end();
  });
  const base = (/** @type {string} */ href) => html.replace("<meta", `<base href="${href}"><meta`).replace("/app.js", `${stand.origin}/app.js`);
  writeFileSync(join(folder, "based.html"), base(`${other}/`));
  const { state } = await came(`${stand.origin}/based.html`);
  assert.equal(state, "degraded");
  assert.ok(asked.some((each) => each.includes("/auth/session")), asked.join(", "));
  assert.deepEqual(asked.filter((each) => !each.endsWith(" no cookie")), []);
  writeFileSync(join(folder, "based.html"), base("/deeper/"));
  assert.deepEqual(await came(`${stand.origin}/based.html`), { state: "logged-out", problem: null }, "of its own origin it changes nothing");
});

test("a module over http in a page that came over https", async () => {
  const origin = await alone(/** @type {import("node:http").RequestListener} */ (serve(folder)), selfSigned());
  const { code, message } = await came(`${origin}/mixed.html`);
  assert.equal(code, "ERR_SESSION_LOAD");
  assert.match(message, /this page came over https and http:\/\/cdn\.example\.com\/everlit\.wasm is http, which the browser does not load \(mixed content\): serve both over https$/);
});

test("a browser that is set to keep no cookies", async () => {
  policy = STRICT;
  const driver = await startDriver(engine);
  stops.push(() => driver.stop());
  const capabilities = (/** @type {string} */ profile) => {
    const own = /** @type {Record<string, any>} */ (engine.capabilities(profile));
    return { ...own, "goog:chromeOptions": { ...own["goog:chromeOptions"], prefs: { "profile.default_content_setting_values.cookies": 2 } } };
  };
  const without = await Browser.open({ engine: { ...engine, capabilities }, driver: driver.url });
  stops.push(() => without.quit());
  const { state, problem } = await came(`${stand.origin}/`, without);
  assert.deepEqual([state, problem], ["logged-out", ["misconfigured", "The browser keeps no session cookie for this page.", `this browser is set to keep no cookies for ${stand.origin}: allow them in its settings`]]);
});
