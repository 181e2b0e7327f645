// A person's day with <everlit-reauth>: the whole of it, from the dialog to the broker. Each line of what can go wrong has a test, and a sentence on the screen.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HOLDINGS, ORDER, logIn, startApp } from "./app.mjs";
import { until } from "../worker/support/until.mjs";
import { startBrowser } from "./stage.mjs";

/** @type {Awaited<ReturnType<typeof startBrowser>>} */ let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

/** Tests wait most of the time, each with an app of its own. */
const AT_ONCE = { concurrency: 3 };
const BROKER = "ICICI Direct Breeze";
/** An operator whose calls wait, in an app of their own. */
async function waiting(t, { calls = [HOLDINGS, ORDER], ...options } = {}) {
  const app = await startApp(t, browser, "breeze");
  const ada = await app.person("ada");
  const tab = await ada.tab(options);
  const before = tab.made(calls);
  return { app, ada, tab, calls: await tab.begin(...calls), before };
}

describe("what is pasted", AT_ONCE, () => {
  for (const [what, around] of [["spaces", (token) => `  ${token} \t`], ["quotes", (token) => `"${token}"`], ["both", (token) => ` '${token}' `]]) {
    test(`a token with ${what} around it is taken`, async (t) => {
      const { app, tab, calls, before } = await waiting(t);
      await tab.paste(around(await app.token()));
      await tab.goesOn(calls, before);
    });
  }

  test("the whole address that the login ended at is taken", async (t) => {
    const { app, tab, calls, before } = await waiting(t);
    await tab.paste(`${await app.address()}`);
    await tab.goesOn(calls, before);
  });

  test("yesterday's token, one of another account, and what is no token: each is told, kept, and the right one is taken in its place", async (t) => {
    const { app, tab, calls, before } = await waiting(t);
    const wrong = [
      [app.yesterdays, "The provider says twice that it knows nothing of it, which is what it says of one that is over. Log in again and use the new one."],
      [await app.token("mallory"), "It belongs to another account. Log in with the account that this service is for."],
      ["99999999", "The provider does not take it: it is over, or was never one. Log in again and use the new one."],
      ["my password", "The provider does not take it: it is over, or was never one. Log in again and use the new one."],
    ];
    for (const [text, sentence] of wrong) {
      await tab.paste(text);
      await tab.isWrong(sentence, text);
    }
    await tab.paste("   ");
    await tab.isWrong("Paste the token, the code or the whole address first.", "   ");
    assert.deepEqual(tab.made(calls), before, "nothing was done with any of them");
    await tab.paste(await app.token());
    await tab.goesOn(calls, before);
  });
});

describe("the broker's login", AT_ONCE, () => {
  test("in the window that the dialog opens: it goes by itself, and the calls go on", async (t) => {
    const { tab, calls, before } = await waiting(t);
    const popup = await tab.popup();
    await tab.says("[part=opened]", "Log in in the window that has opened.");
    await Promise.all([popup.waitForEvent("close"), logIn(popup, "ada")]);
    await tab.goesOn(calls, before);
  });

  test("a window that the browser blocks: a link opens the login in a tab, which finds its page there", async (t) => {
    const { tab, ada, calls, before } = await waiting(t);
    await tab.field.fill("half of a tok");
    // A blocker of popups answers as the browser's own does.
    await tab.page.evaluate(() => (globalThis.open = () => null));
    await tab.login.click();
    await tab.says("[role=alert]", "The browser opened no window. Allow popups for this page, or log in in a new tab.");
    assert.equal(await tab.field.inputValue(), "half of a tok");
    const [opened] = await Promise.all([ada.context.waitForEvent("page"), tab.dialog.getByRole("link", { name: `Log in to ${BROKER}` }).click()]);
    await logIn(opened, "ada");
    await opened.getByRole("heading", { name: "Connected" }).waitFor();
    await tab.goesOn(calls, before);
  });

  test("a window that is closed before the login is done: it says so, keeps what was typed, and opens again", async (t) => {
    const { tab, calls, before } = await waiting(t);
    await tab.field.fill("half of a tok");
    await (await tab.popup()).close();
    await tab.says("[role=alert]", "The window was closed before the login was done. Open it again.");
    assert.deepEqual([await tab.field.inputValue(), await tab.ends()], ["half of a tok", [null, null]]);
    const again = await tab.popup();
    await Promise.all([again.waitForEvent("close"), logIn(again, "ada")]);
    await tab.goesOn(calls, before);
  });

  test("with another account: the window goes, and the dialog says which one is wanted", async (t) => {
    const { tab, calls, before } = await waiting(t);
    const popup = await tab.popup();
    await Promise.all([popup.waitForEvent("close"), logIn(popup, "mallory")]);
    await tab.says("[role=alert]", "It belongs to another account. Log in with the account that this service is for.");
    const again = await tab.popup();
    await Promise.all([again.waitForEvent("close"), logIn(again, "ada")]);
    await tab.goesOn(calls, before);
  });

  test("that is done in another tab: this one's dialog goes by itself, and its calls go on", async (t) => {
    const { ada, tab, before } = await waiting(t, { calls: [HOLDINGS] });
    await tab.field.fill("half of a tok");
    const other = await ada.tab();
    await other.begin(ORDER);
    const ordered = other.made([ORDER]);
    const popup = await other.popup();
    await Promise.all([popup.waitForEvent("close"), logIn(popup, "ada")]);
    await Promise.all([other.goesOn([ORDER], ordered), tab.goesOn([HOLDINGS], before)]);
  });
});

describe("meanwhile", AT_ONCE, () => {
  test("an hour passes: it is the same dialog with what was typed, and the same calls go on", async (t) => {
    const { app, tab, calls, before } = await waiting(t, { clock: true });
    await tab.field.fill("half of a tok");
    await tab.page.evaluate(() => (document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog").mark = "the same"));
    await app.pass(3_600_000);
    await tab.page.clock.fastForward("01:00:00");
    assert.match(await tab.says("[part=what]", /since/), /^ICICI Direct Breeze has needed a new login since \d\d:\d\d\. What you started goes on by itself afterwards\.$/);
    assert.deepEqual([await tab.field.inputValue(), await tab.focused(), await tab.ends()], ["half of a tok", "field", [null, null]]);
    assert.equal(await tab.page.evaluate(() => document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog").mark), "the same");
    await tab.paste(await app.token());
    await tab.goesOn(calls, before);
  });

  test("the network goes: what was typed is kept, and goes the same way when it is back", async (t) => {
    const { app, ada, tab, calls, before } = await waiting(t);
    const token = await app.token();
    await ada.context.setOffline(true);
    await tab.paste(token);
    await tab.isWrong("There is no connection just now. What you typed is kept; try again in a moment.", token);
    await ada.context.setOffline(false);
    await tab.says("[role=alert]", "");
    assert.equal(await tab.field.inputValue(), token);
    await tab.page.keyboard.press("Enter");
    await tab.goesOn(calls, before);
  });

  test("the user cancels: what waits is rejected, nothing of it is ever made, and the next call asks anew", async (t) => {
    const { app, tab, calls, before } = await waiting(t);
    await tab.page.keyboard.press("Escape");
    await tab.says("> [role=status]", "Cancelled. Requests stopped: 2.");
    assert.deepEqual([await tab.ends(), await tab.focused()], [["ERR_SESSION_CANCELLED", "ERR_SESSION_CANCELLED"], "work"]);
    const again = await tab.begin(HOLDINGS);
    await tab.paste(await app.token());
    await tab.says("[part~=done]", "Updated. Carrying on.");
    await tab.dialog.waitFor({ state: "hidden" });
    assert.deepEqual([await tab.ends(), tab.made(calls)], [["ERR_SESSION_CANCELLED", "ERR_SESSION_CANCELLED", 200], [before[0] + again.length, before[1]]]);
  });
});

describe("two people with one account at the broker", AT_ONCE, () => {
  test("who may not log in is told that an operator was called, and goes on when that one did", async (t) => {
    const { app, tab, calls, before } = await waiting(t, { calls: [ORDER] });
    const bob = await (await app.person("bob")).tab();
    const read = bob.made([HOLDINGS]);
    await bob.begin(HOLDINGS);
    await bob.says("[part=what]", /^An operator was called at \d\d:\d\d, and can log in to ICICI Direct Breeze\. What you started goes on by itself afterwards\.$/);
    assert.equal(await bob.dialog.getByRole("textbox").count() + (await bob.login.count()), 0, "nothing that would be refused is offered");
    await tab.paste(await app.token());
    await Promise.all([tab.goesOn(calls, before), bob.goesOn([HOLDINGS], read)]);
  });

  test("two operators: the second one's dialog goes by itself, whatever was half typed in it", async (t) => {
    const { app, tab, calls, before } = await waiting(t, { calls: [ORDER] });
    const other = await (await app.person("ada")).tab();
    await other.begin(HOLDINGS);
    const read = other.made([HOLDINGS]);
    await other.field.fill("half of a tok");
    await tab.paste(await app.token());
    await Promise.all([tab.goesOn(calls, before), other.goesOn([HOLDINGS], read)]);
  });
});

describe("an approval on the phone", AT_ONCE, () => {
  const PROFILE = ["/api/upstox/v2/user/profile", {}, "GET /v2/user/profile"];
  /** An operator whose call waits while the phone is asked. */
  async function asking(t) {
    const app = await startApp(t, browser, "upstox");
    const { notify_path: path } = await app.status();
    await app.standIn.act("configure", { notifierUrl: app.app + path });
    const tab = await (await app.person("ada")).tab();
    await tab.begin(PROFILE);
    await tab.says("[part=approve]", "Approve the login to Upstox on your phone.");
    return { app, tab };
  }
  const goesOn = async (tab) => {
    await tab.says("[part~=done]", "Updated. Carrying on.");
    await tab.dialog.waitFor({ state: "hidden" });
    assert.deepEqual(await tab.ends(), [200]);
  };

  test("given: the dialog goes by itself, and the call goes on", async (t) => {
    const { app, tab } = await asking(t);
    await app.standIn.act("approve");
    await goesOn(tab);
  });

  test("refused, of which nobody is told: it says so, keeps what was typed, asks again, and the call goes on", async (t) => {
    const { app, tab } = await asking(t);
    await tab.field.fill("half of a tok");
    await app.standIn.act("reject");
    await tab.says("[part~=hint] >> nth=0", "This page is not told of a refusal. If nothing comes, ask again.");
    // Nobody is asked more than once in a minute.
    await app.pass(61_000);
    await tab.dialog.getByRole("button", { name: "Ask the phone again" }).click();
    await until("the phone to be asked again", async () => (await app.standIn.act("pending")).pending);
    assert.deepEqual([await tab.field.inputValue(), await tab.ends()], ["half of a tok", [null]]);
    await app.standIn.act("approve");
    await goesOn(tab);
  });
});
