// The pages as they are served: by the real Worker with its assets and policy, read in Chromium, on a desk and on a phone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { checkLinks } from "../../www/make/links.mjs";
import { NAMES, addressOf } from "../../www/make/pages.mjs";
import { Browser } from "../e2e/webdriver.mjs";
import { engineNamed } from "../e2e/engines.mjs";
import { startDriver } from "../e2e/driver-process.mjs";
import { send } from "../worker/support/browser.mjs";
import { variables } from "../worker/support/stack.mjs";
import { BUILD, OBJECTS } from "../worker/support/workerd.mjs";

const ROOT = new URL("../../", import.meta.url);
const read = (/** @type {string} */ path) => readFileSync(new URL(path, ROOT), "utf8");

test("a link that leads nowhere, and one to an anchor that is not there, are found", () => {
  const pages = new Map([["/docs/", '<h1 id="a">A</h1><a href="/docs/b/#x">x</a><a href="/docs/c/">c</a><a href="#a">a</a>'], ["/docs/b/", '<p id="y"></p><a href="/docs/#a">a</a>']]);
  assert.deepEqual(checkLinks(pages), ["/docs/: /docs/b/#x is no anchor there", "/docs/: /docs/c/ is no page"]);
});

test("the picture of the states has every way between them that the machine has, and no other", () => {
  const rows = read("crates/core/tests/tab_table.md").split("\n").slice(2).map((line) => line.split("|").map((cell) => cell.trim()));
  const real = new Set(rows.flatMap(([, from = "", , to = ""]) => {
    const state = from.replace(/(,| in a ).*$/, "");
    return /^[a-z-]+$/.test(to) && to !== state ? [`${state} ${to}`] : [];
  }));
  const states = [...new Set(rows.map(([, from = ""]) => from.replace(/(,| in a ).*$/, "")).filter(Boolean))];
  assert.equal(states.length, 8);
  const svg = read("www/docs/states.svg");
  // The frame in it: a session is there, or asked for.
  const within = ["active", "refreshing", "resuming", "degraded", "reauth-required"];
  const drawn = new Set([...svg.matchAll(/data-edge="([^ "]+) ([^"]+)"/g)].flatMap(([, from = "", to = ""]) => (from === "*" ? states : from === "session" ? within : [from]).filter((each) => each !== to).map((each) => `${each} ${to}`)));
  assert.deepEqual([...drawn].sort(), [...real].sort());
  for (const state of states) assert.match(svg, new RegExp(`>${state}<`));
});

describe("served by the Worker", () => {
  /** @type {any} */ let miniflare;
  let app = "";
  before(async () => {
    const toml = read("wrangler.toml");
    const says = (/** @type {RegExp} */ key) => key.exec(toml)?.[1] ?? assert.fail(`wrangler.toml lacks ${key}`);
    const { Miniflare } = createRequire(createRequire(import.meta.url).resolve("wrangler"))("miniflare");
    miniflare = new Miniflare({
      name: "main", host: "127.0.0.1", port: 0, compatibilityDate: says(/^compatibility_date\s*=\s*"([\d-]+)"/m),
      modulesRoot: BUILD, modules: [{ type: "ESModule", path: join(BUILD, "index.js") }, { type: "CompiledWasm", path: join(BUILD, "index_bg.wasm") }],
      bindings: variables({ app: "http://localhost", issuer: "http://127.0.0.1:9", resource: "http://127.0.0.1:9", clientSecret: "x".repeat(40) }), serviceBindings: { ROTATOR: "main" },
      durableObjects: Object.fromEntries(Object.entries(OBJECTS).map(([name, className]) => [name, { className, useSQLite: true }])),
      assets: {
        directory: fileURLToPath(new URL("www/dist", ROOT)), binding: "ASSETS",
        routerConfig: { has_user_worker: true, static_routing: { user_worker: JSON.parse(says(/^run_worker_first\s*=\s*(\[.*\])/m)) } },
        assetConfig: { not_found_handling: says(/^not_found_handling\s*=\s*"([\w-]+)"/m) },
      },
    });
    app = String(await miniflare.ready).replace(/\/$/, "");
  });
  after(async () => {
    await miniflare?.dispose();
  });

  test("every page is there, under the strict policy, without a script or a style of its own", async () => {
    for (const name of NAMES) {
      const { status, headers, text } = await send(`${app}${addressOf(name)}`);
      assert.equal(status, 200, name);
      assert.match(String(headers["content-security-policy"]), /script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/);
      assert.match(text, /<main id="text">\s*<h1 /, `${name} is the page, not the app`);
      assert.doesNotMatch(text, /<script|<style|<[^>]*\s(style|on\w+)=/, name);
    }
    assert.match((await send(`${app}/`)).text, /href="\/docs\/"/, "the demo app leads there");
  });

  test("no page is wider than a phone or a desk, each has its style, and no rule of the policy is broken", { timeout: 120_000 }, async (t) => {
    const engine = engineNamed("chromium");
    const driver = await startDriver(engine);
    /** @type {Browser | undefined} */ let browser;
    t.after(async () => {
      await browser?.quit();
      await driver.stop();
    });
    browser = await Browser.open({ engine, driver: driver.url });
    for (const [width, height] of /** @type {const} */ ([[320, 700], [1280, 900]])) {
      await browser.devtools("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
      for (const name of NAMES) {
        await browser.go(`${app}${addressOf(name)}`);
        const seen = await browser.run(() => ({
          wide: document.documentElement.scrollWidth, inner: document.documentElement.clientWidth, outer: innerWidth, ground: getComputedStyle(document.body).maxWidth,
          unnamed: [...document.querySelectorAll("a, summary")].filter((each) => !(each.textContent || each.getAttribute("aria-label"))?.trim()).length,
          levels: [...document.querySelectorAll("main :is(h1, h2, h3, h4)")].map((each) => Number(each.tagName[1])),
        }));
        assert.deepEqual([seen.wide, seen.outer], [seen.inner, width], `${name} at ${width}`);
        assert.equal(seen.ground, "1180px", `${name} has its style`);
        assert.equal(seen.unnamed, 0, `${name}: each link says where it leads`);
        assert.equal(seen.levels.filter((level) => level === 1).length, 1, `${name} has one title`);
      }
    }
  });
});
