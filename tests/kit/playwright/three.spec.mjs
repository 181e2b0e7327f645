import { expect, login, open, said, test } from "./session.mjs";

/** @param {import("@playwright/test").Page} page */
const nameOf = (page) => page.evaluate(() => globalThis.session.user?.name);
/** What scripts have stored. @param {import("@playwright/test").Page} page */
const stored = (page) => page.evaluate(() => [localStorage.getItem("draft"), document.cookie]);

test("leaves a draft and a setting behind", async ({ page }) => {
  await open(page);
  expect(await nameOf(page)).toBe("Ada");
  await page.evaluate(() => {
    localStorage.setItem("draft", "of another test");
    document.cookie = "theme=dark";
  });
  expect(await stored(page)).toEqual(["of another test", "theme=dark"]);
});

test("begins without them, and leaves somebody else logged in", async ({ page }) => {
  await open(page);
  expect(await stored(page)).toEqual([null, ""]);
  await page.evaluate(() => globalThis.session.logout());
  await page.getByTestId("sign-out").click();
  await expect(page.getByTestId("state")).toHaveText("logged-out");
  await login(page, "grace");
  expect(await nameOf(page)).toBe("Grace");
});

let epoch;
test("begins as its worker's own user", async ({ page }) => {
  await open(page);
  expect(await nameOf(page)).toBe("Ada");
  ({ epoch } = await said(page));
});

test.describe("a test that wants nobody", () => {
  test.use({ storageState: { cookies: [], origins: [] } });
  test("begins with nobody", async ({ page }) => expect((await open(page)).state).toBe("logged-out"));
});

test("goes on with the login that was there before", async ({ page }) => {
  expect((await open(page)).epoch).toBe(epoch);
  expect(await nameOf(page)).toBe("Ada");
});
