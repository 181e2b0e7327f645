// The fixtures are some to Playwright.

import { test as base } from "@playwright/test";
import { type WorkerSession, sessionPerWorker } from "everlit/testing/playwright";

export const test = base.extend(sessionPerWorker({ login: async (page, worker) => void (await page.goto(`/?worker=${worker.workerIndex.toFixed()}`)) }));
test("has a page", async ({ page, everlitSession }) => {
  const session: WorkerSession = everlitSession;
  await session.keep(page.context());
});
// @ts-expect-error there is no such fixture
test("has no other", async ({ everlit }) => everlit);

// @ts-expect-error how to log in is to be said
sessionPerWorker({});
