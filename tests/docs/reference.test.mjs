// The reference says all that there is to be said: every option with default, unit and reason, every code, every variable.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ENTRIES, allOptions, entryText } from "../../www/make/api.mjs";
import { pages } from "../../www/make/docs.mjs";

const DIST = fileURLToPath(new URL("../../crates/web/dist/", import.meta.url));
const TARGET = fileURLToPath(new URL("../../target/", import.meta.url));
const made = pages("/assets/docs.css");
const html = [...made.values()].join("\n");
const has = (/** @type {string} */ id) => html.includes(` id="${id}"`);

test("each option of the types has a place of its own, with default and reason", () => {
  const options = allOptions();
  assert.ok(options.length > 35, `${options.length} options`);
  for (const name of ["SessionOptions.lead", "SessionOptions.idle.lapse", "LoginOptions.prompt", "TestSessionOptions.lifetime", "SessionProviderProps.options"]) assert.ok(options.includes(name), name);
  for (const option of options) assert.ok(has(option.toLowerCase().replaceAll(".", "-")), option);
  const places = html.split(/(?=<h4 )/).filter((part) => options.some((option) => part.startsWith(`<h4 id="${option.toLowerCase().replaceAll(".", "-")}"`)));
  for (const place of places) for (const cell of ["type", "default", "why"]) assert.match(place, new RegExp(`<td>${cell}</td><td>.+?</td>`), place.slice(0, 80));
});

test("what the machine does by default is what is said", () => {
  const settings = readFileSync(new URL("../../crates/core/src/tab/settings.rs", import.meta.url), "utf8");
  const [, seconds = "0"] = /idle_lapse: Millis::from_secs\((\d+) \* 60\)/.exec(settings) ?? [];
  const said = (/** @type {string} */ id) => html.split(`<h4 id="${id}"`)[1]?.split("<h4")[0]?.replace(/<[^>]+>/g, " ") ?? "";
  assert.match(said("sessionoptions-idle-lapse"), new RegExp(`default\\s+${seconds} min`));
  assert.match(said("sessionoptions-idle-prompt"), /default\s+it is not told/);
  assert.match(settings, /idle_prompt: None/);
  assert.match(said("sessionoptions-maintenance"), new RegExp(`default\\s+${Number(/maintenance: Millis::from_secs\((\d+)\)/.exec(settings)?.[1]) / 60} min`));
  assert.match(said("sessionoptions-healthcheck"), new RegExp(`default\\s+${/health_check: Millis::from_secs\((\d+) \* 60\)/.exec(settings)?.[1]} min`));
});

for (const [what, remove] of /** @type {[string, RegExp][]} */ ([
  ["@default", /\n\s+\* @default 15 min/],
  ["@unit", /\n\s+\* @unit milliseconds/],
  ["@reason", /\n\s+\* @reason a typing error[^\n]+/],
])) {
  test(`an option that lacks its ${what} fails the build, by name`, () => {
    mkdirSync(TARGET, { recursive: true });
    const folder = mkdtempSync(join(TARGET, "docs-types-"));
    try {
      cpSync(DIST, folder, { recursive: true, filter: (path) => !/\/(cli|worker)$/.test(path) });
      const file = join(folder, "types.d.ts");
      const text = readFileSync(file, "utf8");
      assert.match(text, remove);
      writeFileSync(file, text.replace(remove, ""));
      assert.throws(() => entryText("everlit", `${folder}/`), new RegExp(`(SessionOptions|SessionRequestInit)\\.[\\w.]+ lacks ${what}`));
      assert.doesNotThrow(() => entryText("everlit"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

test("each code of an error has its anchor, and a link from where symptoms are", () => {
  const [, union = ""] = /type SessionErrorCode =([^;]+);/.exec(readFileSync(`${DIST}errors.d.ts`, "utf8")) ?? [];
  const codes = [...union.matchAll(/"(ERR_\w+)"/g)].map(([, code = ""]) => code);
  assert.ok(codes.length >= 13);
  const page = made.get("/docs/errors/") ?? "";
  const symptoms = made.get("/docs/troubleshoot/") ?? "";
  for (const code of codes) {
    assert.ok(page.includes(` id="${code.toLowerCase()}"`), code);
    assert.ok(symptoms.includes(`href="/docs/errors/#${code.toLowerCase()}"`), code);
  }
});

test("each likely cause that is said has its words in Troubleshoot", () => {
  const page = (made.get("/docs/troubleshoot/") ?? "").replace(/<[^>]+>/g, "").replace(/&#39;/g, "'").replace(/&quot;/g, '"');
  const explained = readFileSync(new URL("../../crates/web/ts/explain.ts", import.meta.url), "utf8");
  for (const words of ["There is no Everlit Worker at", "this page's origin", "APP_ORIGINS", "forbids WebAssembly", "mixed content", "does not compile", "did not bring one", "wrangler dev --local-protocol https", "in a frame of another site"]) {
    assert.ok(page.includes(words), `Troubleshoot says: ${words}`);
    assert.ok(explained.includes(words), `explain.ts says: ${words}`);
  }
});

test("each variable and field of both schemas is in the configuration", () => {
  const page = made.get("/docs/configuration/") ?? "";
  for (const [file, kinds] of /** @type {[string, Record<string, string>][]} */ ([
    ["config", { provider: "provider", supabase: "supabase", upstream: "upstream", limits: "limits" }],
    ["services", { service: "service", caller: "caller", alert: "alert", secrets: "secrets-set-at" }],
  ])) {
    const { $defs } = JSON.parse(readFileSync(new URL(`../../crates/edge/${file}.schema.json`, import.meta.url), "utf8"));
    for (const [kind, anchor] of Object.entries(kinds)) {
      const [, section = ""] = page.split(`id="${anchor}"`);
      const [own] = section.split("<h2");
      for (const field of Object.keys($defs[kind].properties)) assert.ok(own?.includes(`<td><code>${field}</code></td>`), `${kind}.${field}`);
    }
  }
  assert.ok(page.includes("<td><code>SECRET_…</code></td>"));
});

test("every entry of the package that is for a reader has its reference", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../../crates/web/package.json", import.meta.url), "utf8"));
  const entries = Object.entries(exports).filter(([, where]) => typeof where === "object").map(([name]) => name.replace(/^\./, "everlit"));
  // They have the exports of `everlit` and of `everlit/elements`.
  const same = ["everlit/inline", ...["auto", "reauth", "badge", "banner", "source"].map((name) => `everlit/elements/${name}`)];
  assert.deepEqual(entries.filter((entry) => !(entry in ENTRIES) && !same.includes(entry)), []);
});
