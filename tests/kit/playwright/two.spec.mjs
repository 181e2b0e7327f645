import { expect, hear, lives, open, orders, tell, test } from "./session.mjs";

lives();

test("is logged in when the other worker has logged out", async ({ page }) => {
  tell("two is well");
  await hear("one has logged out");
  expect((await open(page)).state).toBe("active");
  expect(await orders(page)).toBe(200);
});
