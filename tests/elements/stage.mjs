// The elements in Chromium: a page under a strict policy, with the built package in it.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { execFileSync } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const { resolve } = createRequire(import.meta.url);
const folder = (path) => fileURLToPath(new URL(path, import.meta.url));
const PLACES = {
  "/package/": folder("../../crates/web/dist/"),
  "/page/": folder("page/"),
};
const FILES = {
  "/": folder("page/index.html"),
  "/nothing": folder("page/nothing.html"),
  // A browser shows a page of its own, at an address of its own, where there is none.
  "/service/breeze/login": folder("page/nothing.html"),
  "/fonts/inter.woff2": resolve("@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
  "/fonts/hebrew.woff2": resolve("@fontsource/noto-sans-hebrew/files/noto-sans-hebrew-hebrew-400-normal.woff2"),
};
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".woff2": "font/woff2" };
/** No style and no script of the page's own, no markup from a text. */
const POLICY = [
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src data:",
  "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
].join("; ");
/** The documentation's example has its style in the page, and a page has the stage in a frame. */
const LOOSER = { "/page/example.html": POLICY.replace("style-src 'self'", "style-src 'unsafe-inline'"), "/page/narrow.html": "default-src 'none'; frame-src 'self'; img-src data:" };

/** What is served of a path. */
export function fileOf(pathname) {
  const place = Object.keys(PLACES).find((each) => pathname.startsWith(each));
  const file = FILES[pathname] ?? (place && PLACES[place] + pathname.slice(place.length));
  try {
    const body = readFileSync(file);
    return { status: 200, headers: { "content-type": TYPES[extname(file)] ?? "text/plain", "content-security-policy": LOOSER[pathname] ?? POLICY, "cache-control": "no-store" }, body };
  } catch {
    return { status: 404, headers: {}, body: "" };
  }
}

/** The Chromium that is installed. */
export function startBrowser({ scrollbars = false } = {}) {
  const executablePath = execFileSync("sh", ["-c", "command -v chromium || command -v chromium-browser || command -v google-chrome"], { encoding: "utf8" }).trim();
  return chromium.launch({
    executablePath,
    ignoreDefaultArgs: scrollbars ? ["--hide-scrollbars"] : [],
    // Containers let no browser make a sandbox of its own, and have a tiny /dev/shm. Letters are drawn alike whatever the system's settings.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--font-render-hinting=none", "--disable-lcd-text", "--force-color-profile=srgb"],
  });
}

/** The pages, for whatever browser. */
export async function servePages() {
  const server = createServer((request, response) => {
    const { status, headers, body } = fileOf(new URL(request.url, "http://stage").pathname);
    response.writeHead(status, headers).end(body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      // Some browsers keep their connections.
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** A browser, and a server for its pages. `scrollbars`: as wide as those of a desktop are, which Playwright hides. */
export async function startStage({ scrollbars = false } = {}) {
  const pages = await servePages();
  const { address } = pages;
  const browser = await startBrowser({ scrollbars });
  return {
    browser,
    address: (path) => address + path,
    /** A page with a session in it. */
    async open({ session, ...options } = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, timezoneId: "Europe/London", locale: "en-GB", reducedMotion: "reduce", ...options });
      const page = await context.newPage();
      page.wrong = [];
      page.on("console", (message) => message.type() === "error" && page.wrong.push(message.text()));
      page.on("pageerror", (error) => page.wrong.push(`${error}`));
      await page.goto(address);
      await page.waitForSelector("[data-ready]");
      await page.evaluate((given) => globalThis.stage.open(given), session);
      return page;
    },
    async stop() {
      await browser.close();
      await pages.stop();
    },
  };
}
