// Code that a reader may copy is compiled, by the types of the packed package and of the libraries that it names, and what are tests is run.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { before, describe, test } from "node:test";
import { project } from "../packaging/support/tarball.mjs";
import { NAMES } from "../../www/make/pages.mjs";
import { LANGUAGES } from "../../www/make/markdown.mjs";
import { blocks, written } from "./support/blocks.mjs";

const require = createRequire(import.meta.url);
const all = blocks();
const compiled = all.filter(({ language, generated }) => /^(tsx?|js)$/.test(language) && !generated);

/** Each block is a module of its own; those with a name find each other. @param {import("./support/blocks.mjs").Block} block */
const pathOf = ({ page, line, language, file }) => `${page}/${file ?? `line-${line}.${language}`}`;
/** Examples in the comments of the types are beside what they show, and do not import it. @type {Record<string, string>} */
const SHOWN = { openSession: "everlit", createStore: "everlit/store", openService: "everlit/service", reauth: "everlit/reauth", sourceOf: "everlit/fallback", createTestSession: "everlit/testing", watch: "everlit/debug", report: "everlit/debug" };
/** @param {import("./support/blocks.mjs").Block} block */
const imports = ({ page, code }) => (page.startsWith("api") ? Object.entries(SHOWN) : []).filter(([name]) => new RegExp(`\\b${name}\\(`).test(code) && !code.includes("import ")).map(([name, from]) => `import { ${name} } from "${from}";`).join(" ");
const named = Object.fromEntries(compiled.map((block) => [pathOf(block), `${imports(block)}${block.code}\nexport {};\n`]));
const folder = project("docs", {
  ...named,
  "around.d.ts": readFileSync(new URL("support/around.d.ts", import.meta.url), "utf8"),
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      target: "es2022", module: "esnext", moduleResolution: "bundler", lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"], jsx: "react-jsx",
      strict: true, allowJs: true, checkJs: true, noEmit: true, skipLibCheck: true, types: [], moduleDetection: "force",
    },
    include: ["."],
  }),
});

/** A place in a page for each place in a file. @type {string[]} */
let wrong = [];
before(() => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--pretty", "false", "-p", "."], { cwd: folder, encoding: "utf8" });
  wrong = stdout.split("\n").filter((line) => /^\S/.test(line));
  assert.ok(status === 0 || wrong.length, stderr);
});

test("there are blocks, each in a language that is known, and none says that it was generated but those that were", () => {
  assert.ok(compiled.length > 30, `${compiled.length} are compiled`);
  for (const { page, line, language } of all) assert.ok(language in LANGUAGES, `${page}, line ${line}: "${language}"`);
  for (const { page, line, generated } of written()) assert.ok(!generated, `${page}, line ${line}`);
  assert.equal(new Set(Object.keys(named)).size, compiled.length, "no two blocks of a page have one name");
});

describe("code is taken by the compiler", () => {
  for (const page of NAMES.filter((name) => compiled.some((block) => block.page === name))) {
    test(page, () => assert.deepEqual(wrong.filter((line) => line.startsWith(`${page}/`)), []));
  }
  test("and so is what is around it", () => assert.deepEqual(wrong.filter((line) => !NAMES.some((page) => line.startsWith(`${page}/`))), []));
});

test("a page that comes from a library shows what was before with that library's own types", () => {
  const froms = NAMES.filter((name) => name.startsWith("from-"));
  for (const page of froms) {
    const [own] = all.filter((block) => block.page === page && block.before);
    assert.ok(own, page);
    if (own.before !== "none") assert.match(own.code, new RegExp(`from "${own.before}"`), page);
  }
});

test("what is a test of a reader's passes", () => {
  const files = compiled.filter(({ file }) => file?.endsWith(".test.ts")).map(pathOf);
  assert.ok(files.length >= 2);
  writeFileSync(join(folder, "vitest.config.js"), "export default {};");
  const vitest = join(dirname(require.resolve("vitest/package.json")), "vitest.mjs");
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--root", folder, "--reporter", "json", ...files], { encoding: "utf8", timeout: 60_000 });
  assert.match(stdout, /^\{/m, stderr);
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(stdout.slice(stdout.indexOf("{")));
  assert.equal(numFailedTests, 0, JSON.stringify(testResults, undefined, 1));
  assert.ok(numPassedTests >= files.length, `${numPassedTests} passed`);
});

test("JSON is JSON", () => {
  for (const { page, line, code } of all.filter(({ language }) => language === "json")) assert.doesNotThrow(() => JSON.parse(code), `${page}, line ${line}`);
});

test("HTML, and a script for a shell, stand in the file that they name", () => {
  for (const { page, line, code, from = "" } of all.filter(({ language }) => language === "html" || language === "bash")) {
    assert.ok(from, `${page}, line ${line}: it says from which file, as from=www/examples/plain/public/index.html`);
    assert.ok(readFileSync(new URL(`../../${from}`, import.meta.url), "utf8").includes(code.trim()), `${page}, line ${line}: not in ${from}`);
  }
});

test("Python is Python", () => {
  const written = all.filter(({ language }) => language === "py");
  assert.ok(written.length >= 2);
  for (const { page, line, code } of written) {
    const { status, stderr } = spawnSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], { input: code, encoding: "utf8" });
    assert.equal(status, 0, `${page}, line ${line}: ${stderr}`);
  }
});

test("the whole policy is that of the app's own files, with Trusted Types", async () => {
  const { policy } = await import(pathToFileURL(join(folder, "csp/policy.js")).href);
  const [, served = ""] = /Content-Security-Policy: (.*)/.exec(readFileSync(new URL("../../www/src/_headers", import.meta.url), "utf8")) ?? [];
  assert.equal(policy, `${served}; require-trusted-types-for 'script'; trusted-types everlit`);
});
