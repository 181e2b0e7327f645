// Failures that other backends are known for, and that no other file here plays.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { ask, askOn, due, enterDue, enterExpired } from "./support/asking.mjs";
import { begin, enter, startScriptedStack } from "./support/scripted-stack.mjs";
import { assertNothingLeaked } from "./support/secrets.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "./support/stack.mjs";
import { pause } from "./support/until.mjs";

/** Seconds: due from its half on. */
const BRIEF_TTL = 8;

/** @param {string} name @param {(stack: import("./support/scripted-stack.mjs").ScriptedStack) => Promise<void>} body */
const play = (name, body) => test(name, async () => {
  const stack = await startScriptedStack({ door: true });
  try {
    await body(stack);
    assertNothingLeaked(stack, stack.as.issued);
  } finally {
    await stack.close();
  }
});

describe("a failure that others are known for", { concurrency: 4 }, () => {
  play("answers that overtake each other do not take the cookie back: it is the same for the session's whole life", async (stack) => {
    const { browser, session } = await enterDue(stack, BRIEF_TTL);
    const cookie = browser.cookie(SESSION_COOKIE);
    let held = session;
    for (let generation = 2; generation <= 3; generation += 1) {
      const answers = await Promise.all([askOn(browser, held), ask(browser, session), browser.call("/auth/session"), browser.call("/api/orders")]);
      for (const answer of answers) assert.equal(answer.headers["set-cookie"], undefined, answer.url.pathname);
      held = answers[0]?.json;
      assert.equal(held.generation, generation);
      await due(held);
    }
    stack.as.accessTtl = 3600;
    await enter(stack, browser);
    assert.equal(browser.cookie(SESSION_COOKIE), cookie, "also after the user has logged in again");
  });

  play("cookies are short, however many logins a browser begins", async (stack) => {
    const browser = stack.browser();
    for (let times = 0; times < 20; times += 1) await begin(stack, browser);
    await enter(stack, browser);
    const names = [SESSION_COOKIE, BINDING_COOKIE];
    for (const name of names) {
      const { length } = browser.cookie(name) ?? "";
      assert.ok(length >= 43 && length <= 60, `${name} has ${length} characters`);
    }
    const kept = new Set(browser.seen.flatMap((answer) => answer.headers["set-cookie"] ?? []).map((line) => line.split("=")[0]));
    assert.deepEqual([...kept].sort(), [...names].sort(), "there are no others");
    for (const line of browser.seen.flatMap((answer) => answer.headers["set-cookie"] ?? [])) assert.ok(line.length < 250, line);
  });

  play("a session that was ended is over at once, for whoever still has its cookie", async (stack) => {
    const { browser, session } = await enter(stack);
    const other = stack.browser();
    other.setCookie(SESSION_COOKIE, browser.cookie(SESSION_COOKIE) ?? "");
    for (const one of [browser, other]) assert.equal((await one.call("/api/orders")).status, 200);
    const calls = stack.resource.asked.length;
    await stack.workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/revoke?by=admin");
    for (const one of [browser, other]) {
      assert.equal((await one.call("/api/orders")).headers["everlit-code"], "session_ended");
      assert.equal((await ask(one, session)).json.code, "session_ended");
      assert.equal((await one.call("/auth/session")).json.state, "logged_out");
    }
    assert.equal(stack.resource.asked.length, calls, "nothing reached the upstream");
  });

  play("a server that is slower than every caller's patience sees the refresh token once", async (stack) => {
    const { browser, session } = await enterExpired(stack);
    stack.as.onToken = async (form) => ({ delayMs: 9_000, json: await stack.as.tokens(form) });
    const asked = [];
    for (let times = 0; times < 20; times += 1) {
      asked.push(ask(browser, session));
      await pause(500);
    }
    const answers = await Promise.all(asked);
    assert.ok(answers.every(({ status, json }) => json.generation === 2 || (status === 503 && json.retry_after > 0)));
    assert.ok(answers.some(({ status }) => status === 503) && answers.some(({ status }) => status === 200));
    assert.equal((await askOn(browser, session)).json.generation, 2);
    assert.equal(stack.as.requests("refresh_token").length, 1);
  });
});
