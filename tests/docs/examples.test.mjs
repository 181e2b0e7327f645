// Each example is built from the packed package, and opened in Chromium, under its own policy: to a login, a call, and a logout.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "smol-toml";
import { Stand } from "../packaging/support/stand.mjs";
import { serve } from "../packaging/support/static.mjs";
import { project } from "../packaging/support/tarball.mjs";

const EXAMPLES = fileURLToPath(new URL("../../www/examples/", import.meta.url));
const BIN = fileURLToPath(new URL("../../node_modules/.bin", import.meta.url));
/** What is no app is run by `tests/callers`. */
const PROGRAMS = ["service"];
const names = readdirSync(EXAMPLES, { withFileTypes: true }).filter((each) => each.isDirectory() && !PROGRAMS.includes(each.name)).map(({ name }) => name);
/** What is installed or built in an example that somebody has tried. */
const DERIVED = /^(node_modules|dist|\.wrangler|\.dev\.vars|public\/everlit)(\/|$)/;

/** @param {string} name @returns {Record<string, string>} */
function filesOf(name) {
  const folder = join(EXAMPLES, name);
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name).slice(folder.length + 1));
  return Object.fromEntries(paths.filter((path) => !DERIVED.test(path)).map((path) => [path, readFileSync(join(folder, path), "utf8")]));
}

test("there is one in React, one in another framework, and one without", () => assert.deepEqual(names.sort(), ["plain", "react", "vue"]));

for (const name of names) {
  describe(name, () => {
    test("what it installs is what is installed here, in exact versions", () => {
      const { dependencies, devDependencies } = JSON.parse(readFileSync(join(EXAMPLES, name, "package.json"), "utf8"));
      for (const [library, version] of Object.entries({ ...dependencies, ...devDependencies })) {
        const { version: here } = JSON.parse(readFileSync(new URL(`../../node_modules/${library}/package.json`, import.meta.url), "utf8"));
        assert.equal(version, here, library);
      }
    });

    test("its wrangler.toml is one that the Worker takes", async () => {
      const file = join(EXAMPLES, name, "wrangler.toml");
      const { stdout } = await promisify(execFile)(process.env.EVERLIT_XTASK ?? "", ["config", "check", "--json", "--file", file]).catch((failed) => failed);
      assert.deepEqual(JSON.parse(stdout).errors, []);
    });

    test("it is built, a person logs in, calls the API and logs out", { timeout: 120_000 }, async (t) => {
      const files = filesOf(name);
      const folder = project(`example-${name}`, files);
      await promisify(execFile)("npm", ["run", "build", "--silent"], { cwd: folder, env: { ...process.env, PATH: BIN + delimiter + process.env.PATH } });
      const { assets } = /** @type {any} */ (parse(files["wrangler.toml"] ?? ""));
      const [, policy = ""] = /Content-Security-Policy: (.*)/.exec(files["public/_headers"] ?? "") ?? [];
      assert.ok(policy);
      const stand = await Stand.open(serve(join(folder, assets.directory), { "content-security-policy": policy }));
      t.after(() => stand.close());
      const browser = await stand.lab.device();
      const says = (/** @type {string} */ css, /** @type {RegExp} */ words) =>
        browser.until(`${css} to say ${words}`, async () => words.test((await browser.exists(css)) ? await browser.text(css) : ""), { seen: () => browser.run(() => document.body.innerText) });

      await browser.go(stand.origin);
      await says("#who", /Nobody is logged in/);
      await browser.click("#login");
      await says("#who", /^Hello, .+\.$/);
      await says("#state", /^active$/);
      await browser.click("#call");
      await says("#orders li", /\w/);
      await browser.reload();
      await says("#who", /^Hello, /);
      await browser.click("#logout");
      await says("#who", /Nobody is logged in/);
      assert.deepEqual(stand.files.filter(({ status }) => status >= 400), [], "nothing is asked for that is not there");
    });
  });
}
