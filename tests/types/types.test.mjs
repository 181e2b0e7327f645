// The declarations of the packed package, read by the oldest compiler that is supported and by the newest, in each way to find them.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { project } from "../packaging/support/tarball.mjs";

const require = createRequire(import.meta.url);
const SOURCES = fileURLToPath(new URL("src/", import.meta.url));
const folder = project("types", {});
cpSync(SOURCES, join(folder, "src"), { recursive: true });

const COMPILERS = ["typescript-5.4", "typescript", "typescript-7"];
const WAYS = [
  { moduleResolution: "bundler", module: "esnext" },
  { moduleResolution: "node16", module: "node16" },
  { moduleResolution: "nodenext", module: "nodenext" },
];

/** @param {string} compiler @param {string[]} files @param {object} options */
function compile(compiler, files, options) {
  const config = join(folder, "tsconfig.json");
  writeFileSync(config, JSON.stringify({ compilerOptions: { target: "es2022", strict: true, noEmit: true, types: [], lib: ["es2022", "dom"], ...options }, files: files.map((file) => `src/${file}`) }));
  const { bin } = require(`${compiler}/package.json`);
  const tsc = join(dirname(require.resolve(`${compiler}/package.json`)), typeof bin === "string" ? bin : bin.tsc);
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "--pretty", "false", "-p", config], { encoding: "utf8" });
  return { status, text: stdout + stderr };
}

for (const compiler of COMPILERS) {
  const { version } = require(`${compiler}/package.json`);
  for (const way of WAYS) {
    test(`TypeScript ${version} agrees with every promise where modules are found by ${way.moduleResolution}`, () => {
      const { status, text } = compile(compiler, ["session.ts"], way);
      assert.equal(status, 0, text);
    });
  }
  // Those of React and Playwright are not ours to check.
  test(`TypeScript ${version} agrees with what the store, the hooks and the kit promise`, () => {
    const { status, text } = compile(compiler, ["kit.ts", "playwright.ts"], { ...WAYS[0], types: ["node"], skipLibCheck: true });
    assert.equal(status, 0, text);
  });
  // A program has no page: the types of Node alone, and those of a browser alone, which Deno, Bun and Workers have.
  for (const [platform, options] of Object.entries({ "Node's": { types: ["node"], lib: ["es2022"] }, "the web's": {} })) {
    test(`TypeScript ${version} agrees with what the entry for programs promises, by ${platform} types`, () => {
      const { status, text } = compile(compiler, ["service.ts"], { ...WAYS[2], ...options });
      assert.equal(status, 0, text);
    });
  }
  // Vite's own declarations want a compiler of their day.
  if (compiler !== "typescript-5.4") {
    test(`TypeScript ${version} takes the plugin for one of Vite`, () => {
      const { status, text } = compile(compiler, ["vite.ts"], { ...WAYS[0], types: ["node"], skipLibCheck: true });
      assert.equal(status, 0, text);
    });
  }
}
