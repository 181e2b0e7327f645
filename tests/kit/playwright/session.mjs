// How this project's tests come by a session: one for each worker, or, as EVERLIT_PLAYWRIGHT_SHARED says, one saved login for all.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test as base, expect } from "@playwright/test";
import { sessionPerWorker } from "everlit/testing/playwright";

export { expect };
const shared = process.env.EVERLIT_PLAYWRIGHT_SHARED;

/** @param {import("@playwright/test").Page} page @param {string} [name] */
export async function login(page, name = "ada") {
  await page.goto("/auth/login?return_to=/lab/");
  await page.fill("input[name=login]", name);
  await page.fill("input[name=password]", "lovelace");
  await page.getByTestId("sign-in").click();
  await page.getByTestId("allow").click();
  await expect(page.getByTestId("state")).toHaveText("active");
}

export const test = shared ? base.extend({ storageState: shared }) : base.extend(sessionPerWorker({ login: (page) => login(page) }));

/** What the app's page says of its session. @param {import("@playwright/test").Page} page */
export const said = (page) => page.evaluate(() => {
  const { state, token } = globalThis.session;
  // It may be asking for the next token just now.
  return { state: state === "refreshing" ? "active" : state, epoch: token?.epoch, generation: token?.generation };
});

/** The app, when it knows where it stands. @param {import("@playwright/test").Page} page */
export async function open(page) {
  await page.goto("/lab/");
  await expect(page.getByTestId("state")).toHaveText(/^(active|refreshing|logged-out)$/);
  return said(page);
}

/** @param {import("@playwright/test").Page} page */
export const orders = (page) => page.evaluate(async () => (await globalThis.session.fetch("/api/orders")).status);

/** Waits until the page holds a later token. @param {import("@playwright/test").Page} page @param {number} generation */
export const rotates = (page, generation) => page.waitForFunction((before) => globalThis.session.token?.generation > before, generation);

/** What one worker tells the other. @param {string} what */
const file = (what) => join(process.env.EVERLIT_PLAYWRIGHT_OUTPUT ?? "", `${what}.told`);
/** @param {string} what */
export const tell = (what) => writeFileSync(file(what), "");
/** @param {string} what */
export const hear = (what) => expect.poll(() => existsSync(file(what)), { timeout: 50_000 }).toBe(true);

/** The tests that both workers run, each in its own session. What they saw is told to whoever started them. */
export function lives() {
  let first;
  test("is logged in, and goes on over a rotation", async ({ page }) => {
    first = await open(page);
    test.info().annotations.push({ type: "epoch", description: `${first.epoch}` });
    expect(first.state).toBe("active");
    expect(await orders(page)).toBe(200);
    await rotates(page, first.generation);
    expect(await orders(page)).toBe(200);
  });

  test("is still the same login in the next test, and over one more rotation", async ({ page }) => {
    const now = await open(page);
    expect([now.state, now.epoch]).toEqual(["active", first.epoch]);
    expect(now.generation).toBeGreaterThan(first.generation);
    await rotates(page, now.generation);
    expect(await orders(page)).toBe(200);
  });
}
