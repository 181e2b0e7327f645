// The demo app under the policy that it is deployed with: everything that the package can do works, and no browser reports a violation.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { headersOf } from "../lab/demo.mjs";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

describe(`the demo's policy in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;

  before(async () => {
    lab = await Lab.start();
    lab.front.demo = true;
    browser = await lab.device();
  });
  after(() => lab?.close());

  step("its session is open, and its tabs hear by one SharedWorker", async () => {
    await browser.go(`${lab.front.origin}/auth/login?return_to=/`);
    const state = () => browser.run(() => Reflect.get(globalThis, "session")?.state);
    await browser.until("the session to be active", async () => (await state()) === "active", { seen: seenInPage });
    await until("the event socket to be open", () => lab.front.sockets.size === 1);
    await browser.openTab();
    await browser.go(`${lab.front.origin}/`);
    await browser.until("the session to be active", async () => (await state()) === "active", { seen: seenInPage });
    const { policy, seen } = await browser.run(lookInPage);
    assert.equal(policy, headersOf("/")["content-security-policy"], "the policy is the one that is deployed");
    assert.deepEqual(seen, [], "no violation, no error, and no socket of the page's own");
    assert.equal(lab.front.sockets.size, 1, "one for both");
  }, { browser: () => browser });

  const seenInPage = async () => JSON.stringify((await browser.run(lookInPage)).seen);
});

/** Sent to the page as text. */
async function lookInPage() {
  const { headers } = await fetch("/", { cache: "no-store" });
  /** @type {{ kind: string, text: string }[]} */
  const seen = Reflect.get(globalThis, "recorder").seen;
  const bad = ["csp", "error", "unhandledrejection", "console.error", "console.warn", "socket"];
  return { policy: headers.get("content-security-policy"), seen: seen.filter(({ kind }) => bad.includes(kind)) };
}
