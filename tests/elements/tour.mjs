// A page of the stage that is led through every state of every element, as a person may meet them: each has its picture, and axe looks at each.

import { DIALOGS, EARLY, EXPIRING, OPERATOR, STATUSES } from "./states.mjs";

/** What the session of a tour is opened with. */
export const SESSION = { idleLimit: "1h", options: { idle: { prompt: 60_000 } } };

/** Does it with the kit's session in the page, and waits until all is drawn. */
const kit = (page, work) => page.evaluate(`(async () => { await (${work})(globalThis.stage.kit); await globalThis.stage.drawn(); })()`);

/** Each state by its name, and where it is seen. */
export async function* tour(page) {
  for (const [name, asked] of Object.entries(DIALOGS)) {
    await page.evaluate((given) => globalThis.stage.show(given), asked);
    if (name === "refused") await page.getByLabel("Token").fill("eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.c2VlbiBieSBub2JvZHk");
    if (name === "refused") await page.getByRole("button", { name: "Update" }).focus();
    yield { name: `reauth-${name}`, selector: "everlit-reauth dialog" };
    await page.evaluate(() => globalThis.stage.show());
  }
  yield* ofAService(page);
  yield* ofTheSession(page);
}

const badge = (name) => ({ name: `badge-${name}`, selector: "everlit-badge" });
const banner = (name) => ({ name: `banner-${name}`, selector: "everlit-banner" });

async function* ofAService(page) {
  await page.evaluate(() => {
    for (const name of ["badge", "banner"]) document.querySelector(`everlit-${name}`).setAttribute("vault", "service:breeze");
  });
  const is = (status) => page.evaluate((given) => globalThis.stage.status("breeze", given), status);
  for (const [name, status] of Object.entries(STATUSES)) {
    await is(status);
    yield badge(name);
  }
  for (const [name, status] of Object.entries({ expiring: EXPIRING, early: EARLY, operator: OPERATOR, expired: STATUSES.over, renewed: STATUSES.good })) {
    await is(status);
    yield banner(name);
  }
  await kit(page, async ({ advance, session }) => {
    await advance("20s");
    session.dispatchEvent(new CustomEvent("sourcechange", { detail: { upstream: "quotes", source: "fallback", since: Date.parse("2026-11-23T22:01:00Z"), reason: "timeout" } }));
  });
  yield { name: "source", selector: "everlit-source" };
}

async function* ofTheSession(page) {
  await page.evaluate(() => {
    for (const name of ["badge", "banner"]) document.querySelector(`everlit-${name}`).setAttribute("vault", "login");
  });
  await kit(page, ({ settle }) => settle());
  yield badge("login");
  await page.context().setOffline(true);
  await kit(page, ({ advance }) => advance("3s"));
  yield banner("offline");
  await page.context().setOffline(false);
  await page.waitForFunction(() => /back/.test(document.querySelector("everlit-banner").shadowRoot.textContent));
  yield banner("online");
  await kit(page, async ({ advance, session, unavailable }) => {
    unavailable();
    while (session.state === "active") await advance("1s");
  });
  yield badge("degraded");
  await kit(page, ({ advance }) => advance("10m"));
  yield banner("unreachable");
  await kit(page, ({ slow }) => slow("20s"));
  await page.getByRole("button", { name: "Try now" }).click();
  await page.waitForFunction(() => /Trying/.test(document.querySelector("everlit-banner").shadowRoot.textContent));
  yield banner("retrying");
  await kit(page, async ({ advance, recover }) => {
    recover();
    await advance("1m");
  });
  await kit(page, ({ advance }) => advance("20s"));
  await kit(page, async ({ advance, interact }) => {
    await interact();
    await advance("59m");
    await advance("15s");
  });
  yield banner("idle");
  await page.getByRole("button", { name: "Stay logged in" }).click();
  await kit(page, ({ needHuman }) => needHuman());
  yield banner("login");
  yield badge("login-over");
  await kit(page, ({ logoutElsewhere }) => logoutElsewhere());
  yield badge("none");
}
