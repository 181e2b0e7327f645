import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { askOn } from "./support/asking.mjs";
import { authorize, logIn } from "./support/person.mjs";
import { startRealStack } from "./support/real-stack.mjs";
import { ask, ledTo, told } from "./support/silent.mjs";
import { SESSION_COOKIE } from "./support/stack.mjs";
import { pause } from "./support/until.mjs";

/** @typedef {import("./support/silent.mjs").Way} Way */

const WAYS = /** @type {Way[]} */ (["frame", "popup", "redirect"]);

/** @type {Awaited<ReturnType<typeof startRealStack>>} */
let stack;
before(async () => {
  stack = await startRealStack("oidc-provider", { accessTtl: 60, change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, silent: WAYS } }) });
});
after(() => stack?.close());

/** @param {import("./support/browser.mjs").Browser} browser */
const session = async (browser) => (await browser.call("/auth/session")).json;

/** Loses the refresh token. @param {import("./support/browser.mjs").Browser} browser */
async function endGrant(browser) {
  const cookie = browser.cookie(SESSION_COOKIE);
  await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", "UPDATE session SET refresh_token = NULL, access_expires_at = 1");
  await stack.workerd.ask("SESSION_VAULT", cookie, "/reset");
  await pause(200);
  const { json } = await askOn(browser, await session(browser));
  assert.deepEqual([json.code, json.silent], ["reauth_required", WAYS]);
}

/** A whole one, through the real server. @param {import("./support/browser.mjs").Browser} browser @param {Way} via */
async function relogin(browser, via) {
  const { answer } = await ask(browser, via);
  const callback = await authorize(browser, { begin: answer });
  return browser.navigate(callback, { site: "cross-site" });
}

test("oidc-provider lets a user that it knows in again, and asks to see one that it does not", async () => {
  const browser = stack.browser();
  await logIn(browser);
  const first = await session(browser);
  const cookie = browser.cookie(SESSION_COOKIE);
  let generation = first.generation;
  for (const via of WAYS) {
    await endGrant(browser);
    const page = await relogin(browser, via);
    if (via === "redirect") assert.equal(ledTo(page), "/orders", page.text);
    else assert.equal(told(page)?.outcome, "done", page.text);
    generation += 1;
    const now = await session(browser);
    assert.deepEqual([now.state, now.epoch, now.generation, browser.cookie(SESSION_COOKIE)], ["active", first.epoch, generation, cookie]);
    assert.equal((await browser.call("/api/orders")).status, 200);
  }

  // Its cookie is kept from the frame, and then it has expired.
  await endGrant(browser);
  browser.forget(new URL(stack.servers.issuer).hostname);
  assert.equal(told(await relogin(browser, "frame"))?.outcome, "refused");
  assert.deepEqual((await session(browser)).silent, ["popup", "redirect"]);
  assert.equal(told(await relogin(browser, "popup"))?.outcome, "refused");
  assert.deepEqual((await session(browser)).silent, []);
  const { answer } = await ask(browser, "redirect");
  assert.deepEqual([answer.status, ledTo(answer)], [200, "/orders"], "the server is not asked again");

  await logIn(browser);
  const now = await session(browser);
  assert.deepEqual([now.state, now.epoch, now.generation, browser.cookie(SESSION_COOKIE)], ["active", first.epoch, generation + 1, cookie]);
  await endGrant(browser);
  assert.equal(told(await relogin(browser, "frame"))?.outcome, "done");
});
