// Each command that a page shows is run by a test, which is named; or here.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { blocks } from "./support/blocks.mjs";
import { COMMANDS } from "./support/commands.mjs";

const require = createRequire(import.meta.url);
const shown = blocks().filter(({ language }) => language === "sh").flatMap(({ page, code }) =>
  code.split("\n").map((line) => line.replace(/\s+#.*$/, "").trim()).filter(Boolean).map((command) => ({ page, command })));
const unique = [...new Map(shown.map((each) => [each.command, each])).values()];

/** Runs what stands in the place of a command. @param {readonly string[]} words */
function run([program = "", ...words]) {
  const args = program === "node" ? words : [join(dirname(require.resolve("wrangler/package.json")), "bin/wrangler.js"), ...words];
  return execFileSync(process.execPath, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

describe("a page's command is run by a test:", () => {
  for (const { page, command } of unique) {
    test(command, () => {
      const found = COMMANDS.find((each) => each.command.test(command));
      assert.ok(found, `${page} shows "${command}", and support/commands.mjs does not say what runs it`);
      if (found.here) {
        const said = run(found.here);
        if (found.here[0] === "node") assert.match(said, /^[\w-]{43}\n$/);
        // The flags that it is shown with are among those that there are.
        else for (const [flag] of command.matchAll(/ --[\w-]+/g)) assert.match(said, new RegExp(flag));
      } else {
        const [file = "", name = ""] = found.test ?? [];
        assert.ok(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8").includes(name), `${file} has no test "${name}"`);
      }
    });
  }
});

test("no command is kept that no page shows", () => {
  for (const { command } of COMMANDS) assert.ok(unique.some((each) => command.test(each.command)), String(command));
});
