/** The pages of the demo authorization server, as a browser shows them. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { chromium } from "@playwright/test";

import { freePort } from "../worker/support/ports.mjs";
import { everlit, pack, scratch, unpack } from "./support/package.mjs";
import { Running } from "./support/running.mjs";

test("login and logout name the app, have their style and their icon, and leave nothing in the console", { timeout: 120_000 }, async (t) => {
  const folder = scratch();
  const { tarball } = pack(folder);
  unpack(tarball, folder);
  const project = join(folder, "shown");
  assert.equal(everlit(folder, ["init", project, "--name", "tea-shop"]).code, 0);
  unpack(tarball, project);
  const [port, issuerPort] = [await freePort(), await freePort()];
  const toml = join(project, "wrangler.toml");
  writeFileSync(toml, readFileSync(toml, "utf8").replace("localhost:8787", `localhost:${port}`).replace("127.0.0.1:9000", `127.0.0.1:${issuerPort}`));
  const running = new Running(project);
  t.after(() => running.stop());
  const app = await running.address();

  const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();
  // Containers let no browser make a sandbox of its own, and have a tiny /dev/shm.
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  /** @type {string[]} */
  const said = [];
  page.on("console", (message) => void said.push(`${message.text()} (${message.location().url})`));
  page.on("pageerror", (error) => void said.push(String(error)));

  /** That the page is not the bare one of a style, or an icon, that its policy blocked. */
  const looksAsMeant = async () => {
    assert.equal(new URL(page.url()).port, String(issuerPort));
    assert.equal(await page.locator("main").evaluate((element) => getComputedStyle(element).borderRadius), "20px");
    // A headless browser shows no icon: it is asked for as a tab would.
    const icon = await page.evaluate(() => new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve("loaded");
      image.onerror = () => resolve("blocked");
      image.src = document.querySelector("link[rel=icon]")?.getAttribute("href") ?? "";
    }));
    assert.equal(icon, "loaded");
  };

  await page.goto(app);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.match(await page.locator(".lead").innerText(), new RegExp(`^to continue to tea-shop\\n${app}$`));
  await looksAsMeant();
  await page.getByLabel("Name or email").fill("<b>Ada</b>");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${app}/**`);

  for (const button of ["Stay", "Sign out"]) {
    if (button === "Sign out") {
      // Still known there: the login asks for nothing.
      await page.getByRole("button", { name: "Log in" }).click();
      await page.waitForURL(`${app}/**`);
    }
    await page.getByRole("button", { name: "Log out" }).click();
    await page.getByRole("heading", { name: "Sign out?" }).waitFor();
    assert.match(await page.locator(".lead").innerText(), /^You are logged out of tea-shop\./);
    assert.equal(await page.locator(".who b").innerText(), "<b>Ada</b>", "a name is text");
    await looksAsMeant();
    await page.getByRole("button", { name: button, exact: true }).click();
    await page.waitForURL(`${app}/**`);
    await page.getByRole("button", { name: "Log in" }).waitFor();
  }
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(said, []);
});
