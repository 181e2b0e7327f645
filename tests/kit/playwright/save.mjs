import { chromium } from "@playwright/test";
import { login } from "./session.mjs";

/** Saves one login for all workers. @param {import("@playwright/test").FullConfig} config */
export default async function save({ projects: [{ use }] }) {
  const browser = await chromium.launch(use.launchOptions);
  try {
    const context = await browser.newContext({ baseURL: use.baseURL });
    await login(await context.newPage());
    await context.storageState({ path: process.env.EVERLIT_PLAYWRIGHT_SHARED });
  } finally {
    await browser.close();
  }
}
