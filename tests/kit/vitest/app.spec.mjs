// What a user's own test looks like: run by Vitest, which vitest.test.mjs starts.
import { createTestSession } from "everlit/testing";
import { expect, test, vi } from "vitest";

test("the orders are shown after a night's sleep, under Vitest's own fake timers", async () => {
  vi.useFakeTimers();
  const kit = await createTestSession({ upstreams: ["orders"] });
  kit.respond("GET /list", [{ id: 7 }]);
  await kit.sleep("8h");
  const orders = await (await kit.session.fetch("/api/orders/list")).json();
  expect(orders).toEqual([{ id: 7 }]);
  await kit.logoutElsewhere();
  await expect(kit.session.fetch("/api/orders/list")).rejects.toMatchObject({ code: "ERR_SESSION_LOGGED_OUT" });
  kit.close();
  vi.useRealTimers();
});
