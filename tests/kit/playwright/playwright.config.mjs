// A user's own project: three files, two workers. playwright.test.mjs starts it, with the app's address in the environment.

import { execFileSync } from "node:child_process";
import { defineConfig } from "@playwright/test";

const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();

export default defineConfig({
  // The usual way: logged in once, and saved for all.
  ...(process.env.EVERLIT_PLAYWRIGHT_SHARED && { globalSetup: "./save.mjs", testIgnore: "three.spec.mjs" }),
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  outputDir: process.env.EVERLIT_PLAYWRIGHT_OUTPUT,
  use: {
    baseURL: process.env.EVERLIT_APP,
    // Containers let no browser make a sandbox of its own, and have a tiny /dev/shm.
    launchOptions: { executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] },
  },
});
