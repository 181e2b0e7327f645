import { expect, hear, lives, open, orders, rotates, tell, test } from "./session.mjs";

lives();

test("logs out", async ({ page }) => {
  // Whoever shares this login is to have been well before.
  await hear("two is well");
  // A refresh that is under way when the grant is revoked may be refused: with a token that has just come there is none.
  await rotates(page, (await open(page)).generation);
  await page.evaluate(() => globalThis.session.logout());
  // The server asks its user, too.
  await page.getByTestId("sign-out").click();
  await expect(page.getByTestId("state")).toHaveText("logged-out");
  tell("one has logged out");
});

test("is logged in again after a test that logged out", async ({ page }) => {
  expect((await open(page)).state).toBe("active");
  expect(await orders(page)).toBe(200);
});
