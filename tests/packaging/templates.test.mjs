// What `everlit init` writes, as a project of its own with the packed package in it: its scripts and its configuration agree with the package's types.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { project } from "./support/tarball.mjs";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const node = (/** @type {string[]} */ words, /** @type {string} */ cwd) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd, encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } });
  return { status, text: stdout + stderr };
};

/** A new project with a template in it. @param {string} template */
function written(template) {
  const folder = project(`template-${template}`, {});
  // Without a manifest the folder is a new project's.
  rmSync(join(folder, "package.json"));
  const { status, text } = node([join(folder, "node_modules/everlit/dist/cli/main.js"), "init", "--template", template], folder);
  assert.equal(status, 0, text);
  return folder;
}

for (const template of ["vite", "react"]) {
  test(`the template ${template} is typed, also where its build is configured`, () => {
    const folder = written(template);
    const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    assert.match(scripts.build, /^tsc --noEmit && /, "its own build looks at its types");
    // One run of the compiler, which takes seconds: a mistake of a reader's is in it, so that it is seen to look.
    writeFileSync(join(folder, "src/wrong.ts"), 'import { openSession } from "everlit";\n(await openSession()).stat;\n');
    writeFileSync(join(folder, "all.json"), JSON.stringify({ extends: "./tsconfig.json", include: ["src", "*.ts"], compilerOptions: { types: ["vite/client", "node"] } }));
    const { text } = node([TSC, "--noEmit", "--pretty", "false", "-p", "all.json"], folder);
    assert.equal(text, "src/wrong.ts(2,23): error TS2551: Property 'stat' does not exist on type 'Session'. Did you mean 'state'?\n");
  });
}

test("the template plain is a script that a browser reads, and what it takes of the package is there", () => {
  const folder = written("plain");
  assert.deepEqual(node(["build.mjs"], folder), { status: 0, text: "" });
  for (const file of ["app.js", "session.js"]) {
    const { status, text } = node(["--check", join(folder, "public", file)], folder);
    assert.equal(status, 0, text);
    for (const [, path = ""] of readFileSync(join(folder, "public", file), "utf8").matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)) assert.ok(existsSync(join(folder, "public", path)), path);
  }
});
