/** One login at a provider that plays a module, and how it must end. */

import assert from "node:assert/strict";

import { begin, enter, startScriptedStack } from "../../worker/support/scripted-stack.mjs";
import { assertNothingLeaked } from "../../worker/support/secrets.mjs";
import { SESSION_COOKIE } from "../../worker/support/stack.mjs";
import { until } from "../../worker/support/until.mjs";

/** @typedef {import("../../worker/support/scripted-stack.mjs").ScriptedStack} ScriptedStack */
/** @typedef {import("../../worker/support/scripted-as.mjs").ScriptedAs} ScriptedAs */
/** @typedef {(as: ScriptedAs) => unknown} Play says how the provider misbehaves */

/** @template T @param {(stack: ScriptedStack) => Promise<T>} story */
export async function withStack(story) {
  const stack = await startScriptedStack();
  try {
    const told = await story(stack);
    assertNothingLeaked(stack, stack.as.issued);
    return told;
  } finally {
    await stack.close();
  }
}

/** Everything is right, and there is a session. @param {Play} [play] */
export const accepted = (play = () => undefined) => withStack(async (stack) => {
  await play(stack.as);
  const { session } = await enter(stack);
  assert.equal(session.state, "active");
  return session;
});

/**
 * The login is refused for this very reason: no session, and a page for its user.
 *
 * @param {string} reason as the log has it
 * @param {Play} play
 */
export const refused = (reason, play) => withStack(async (stack) => {
  // The same provider while it behaves: what is refused below is refused for what the module changes.
  await enter(stack);
  await play(stack.as);
  const browser = stack.browser();
  const { callback } = await begin(stack, browser);
  const page = await browser.navigate(callback, { site: "cross-site" });
  assert.ok(page.status >= 400 && /^text\/html/.test(page.headers["content-type"] ?? ""), `${page.status} ${page.text}`);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  assert.equal((await browser.call("/auth/session")).json.state, "logged_out");
  // The log comes on a way of its own.
  const said = await until("the reason in the log", () => stack.workerd.log.findLast((line) => line.event === "login_failed"));
  assert.equal(said.reason, reason);
});

/**
 * The authorization response is refused: no session, and the code is not spent.
 *
 * @param {string} reason as the log has it
 * @param {Record<string, string | undefined>} response parameters that are changed; undefined removes one
 * @param {Play} [play]
 */
export const unspent = (reason, response, play = () => undefined) => withStack(async (stack) => {
  await play(stack.as);
  await enter(stack);
  const browser = stack.browser();
  const { code, callback } = await begin(stack, browser, { response });
  const page = await browser.navigate(callback, { site: "cross-site" });
  assert.equal(page.status, 400, page.text);
  assert.equal(browser.cookie(SESSION_COOKIE), undefined);
  assert.ok(!stack.as.requests("authorization_code").some((form) => form.get("code") === code));
  const isSaid = () => stack.workerd.log.some((line) => ["login_failed", "callback_refused"].includes(line.event) && line.reason === reason);
  await until(`"${reason}" in the log`, isSaid).catch((error) => assert.fail(`${error.message}: ${stack.workerd.output}`));
});
