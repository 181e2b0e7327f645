/** The first minutes with a project of `npm create vite`, as the package's README tells them, to a page that somebody is logged in to. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { chromium } from "playwright-core";

import { freePort } from "../worker/support/ports.mjs";
import { ENVIRONMENT, npx, pack, REPO, scratch } from "./support/package.mjs";
import { Running } from "./support/running.mjs";
import { ownLines, stepsOf } from "./support/steps.mjs";

/** README says "latest": a test has to know what it tests. */
const CREATE_VITE = "vite@9.3.0";
const STEPS = 6;
const OWN_LINES = 15;

const steps = stepsOf("From `npm create vite` to a login");

test("a login takes few steps and few lines", () => {
  assert.ok(steps.length <= STEPS, `${steps.length} steps: ${steps.map((step) => ("file" in step ? step.file : step.command)).join("; ")}`);
  const lines = ownLines(steps);
  assert.ok(lines.length > 0 && lines.length <= OWN_LINES, `${lines.length} own lines:\n${lines.join("\n")}`);
});

test("each of them does what it says, and the page greets who logs in", { timeout: 400_000 }, async (t) => {
  const top = scratch();
  const { tarball } = pack(top);
  let folder = top;
  /** @type {Running | undefined} */
  let running;
  t.after(() => running?.stop());

  for (const step of steps) {
    const name = "file" in step ? `write ${step.file}` : step.command;
    await t.test(name, async () => {
      if ("file" in step) {
        mkdirSync(dirname(join(folder, step.file)), { recursive: true });
        writeFileSync(join(folder, step.file), step.text);
        return;
      }
      const [program, ...words] = step.command.split(/\s+/);
      if (program === "cd") folder = join(folder, words.join(" "));
      else if (step.command === "npx everlit dev") {
        // Other tests run beside this one: the ports are its own.
        running = new Running(folder, ["--port", `${await freePort()}`, "--issuer-port", `${await freePort()}`]);
        await running.address();
      } else if (program === "npx") {
        assert.equal(words.shift(), "everlit");
        const { code, err } = npx(tarball, words, folder);
        assert.equal(code, 0, err);
      } else if (step.command === "npm install") install(folder, tarball);
      else {
        assert.match(step.command, /^npm create vite@latest /);
        npm(words.map((word) => word.replace("vite@latest", CREATE_VITE)), folder);
      }
    });
  }

  await t.test("a person logs in with a click and a name, is greeted, and still is after a reload", async () => {
    const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();
    const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
    try {
      const page = await browser.newPage();
      /** @type {string[]} */
      const errors = [];
      page.on("pageerror", ({ message }) => errors.push(message));
      await page.goto((await running?.address()) ?? "");
      await page.getByRole("button", { name: "Log in" }).click();
      await page.locator("input[name=login]").fill("ada lovelace");
      await page.getByRole("button").click();
      await page.getByText("Hello, Ada Lovelace.").waitFor();
      await page.reload();
      await page.getByText("Hello, Ada Lovelace.").waitFor();
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
    }
  });
});

/** @param {string[]} words @param {string} cwd */
function npm(words, cwd) {
  execFileSync("npm", words, { cwd, env: { ...ENVIRONMENT, npm_config_yes: "true" }, stdio: ["ignore", "ignore", "pipe"], timeout: 240_000 });
}

/** The package is the packed one, and wrangler the one that is here already; everything else comes as the project asks for it. @param {string} project @param {string} tarball */
function install(project, tarball) {
  const path = join(project, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  assert.ok(manifest.dependencies.everlit && manifest.devDependencies.wrangler, "init has put both there");
  manifest.dependencies.everlit = `file:${tarball}`;
  manifest.devDependencies.wrangler = `file:${join(REPO, "node_modules/wrangler")}`;
  writeFileSync(path, JSON.stringify(manifest, null, 2));
  npm(["install", "--prefer-offline"], project);
}
