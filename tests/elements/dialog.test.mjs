// <everlit-reauth> as a person meets it, in Chromium, by keyboard and by what a screen reader is told.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { startStage } from "./stage.mjs";
import { BREEZE, DIALOGS, LOGIN, UPSTOX } from "./states.mjs";

/** @type {Awaited<ReturnType<typeof startStage>>} */ let stage;
let page;
before(async () => (stage = await startStage()));
after(() => stage?.stop());
beforeEach(async () => {
  await page?.context().close();
  page = await stage.open();
});

const show = (...asked) => page.evaluate((given) => globalThis.stage.show(...given), asked);
const calls = () => page.evaluate(() => globalThis.stage.reauth.calls);
const dialog = () => page.getByRole("dialog");
/** What has the focus, within the element as well. */
const focused = () => page.evaluate(() => {
  const within = document.querySelector("everlit-reauth").shadowRoot.activeElement;
  return (within ?? document.activeElement).getAttribute("part") ?? document.activeElement.id;
});
const field = () => page.getByLabel("Token, code or address");
const text = (selector) => page.locator(`everlit-reauth ${selector}`).innerText();

describe("the dialog", () => {
  test("is one for all that is asked, opens by itself, and closes by itself", async () => {
    assert.equal(await dialog().count(), 0);
    await show({ ...BREEZE, open: false });
    assert.equal(await dialog().count(), 0, "nobody looks at the tab");
    await show(BREEZE, UPSTOX);
    assert.deepEqual([await dialog().count(), await page.getByRole("heading", { name: "Log in to ICICI Breeze again" }).count()], [1, 1]);
    assert.equal(await dialog().evaluate((element) => element.matches(":modal")), true);
    await show(UPSTOX);
    assert.equal(await page.getByRole("heading", { name: "Log in to Upstox again" }).count(), 1);
    await show();
    assert.equal(await dialog().count(), 0);
    assert.deepEqual(page.wrong, [], "the strict policy forbids nothing of it");
  });

  test("has a name and says what happened to who does not see it", async () => {
    await show(BREEZE);
    const found = await dialog().evaluate((element) => [element.getAttribute("aria-labelledby"), element.getAttribute("aria-describedby")].map((id) => element.getRootNode().getElementById(id).textContent));
    assert.deepEqual(found, ["Log in to ICICI Breeze again", "ICICI Breeze has needed a new login since 21:30. What you started goes on by itself afterwards."]);
  });

  test("takes the focus, keeps it, and gives it back", async () => {
    await page.locator("#work").focus();
    await show(BREEZE);
    const seen = [await focused()];
    for (let press = 0; press < 8; press++) {
      await page.keyboard.press("Tab");
      seen.push(await focused());
    }
    assert.equal(seen[0], "button primary login");
    // After the last one the browser's own controls follow, and none of the page.
    assert.ok(!seen.includes("work"), seen.join());
    assert.deepEqual([...new Set(seen)].slice(0, 4), ["button primary login", "field", "button update", "button cancel"]);
    await show();
    assert.equal(await focused(), "work");
  });

  test("never begins at Cancel, and keeps the focus in it when what had it is gone", async () => {
    for (const name of ["operator", "early", "unknown", "approval"]) {
      await show(DIALOGS[name]);
      assert.equal(await focused(), "title", name);
      await show();
    }
    await show(UPSTOX);
    assert.equal(await focused(), "button primary ask");
    await show({ ...DIALOGS.approval });
    assert.equal(await focused(), "title");
  });

  test("Escape cancels, once and then again, and it is said how many requests are stopped", async () => {
    await page.locator("#work").focus();
    await show(BREEZE);
    assert.match(await text("[part=waiting]"), /^Requests waiting: 3\. Cancel stops all\.$/);
    await page.keyboard.press("Escape");
    assert.deepEqual(await calls(), [["cancel", "service:breeze"]]);
    assert.deepEqual([await dialog().count(), await focused()], [0, "work"]);
    assert.equal(await text("> [role=status]"), "Cancelled. Requests stopped: 3.");
    // Asked again at once, with no click in between: the browser would close it without a question.
    await show({ ...BREEZE, waiting: 1 });
    await page.keyboard.press("Escape");
    assert.equal((await calls()).length, 2);
    await show(BREEZE);
    await page.keyboard.press("Escape");
    assert.equal((await calls()).length, 3);
    assert.equal(await dialog().count(), 0);
  });

  test("the button Cancel does the same", async () => {
    await show({ ...BREEZE, waiting: 0 });
    assert.equal(await text("[part=waiting]"), "");
    await page.getByRole("button", { name: "Cancel" }).click();
    assert.deepEqual(await calls(), [["cancel", "service:breeze"]]);
    assert.equal(await text("> [role=status]"), "Cancelled.");
  });
});

describe("what is pasted", () => {
  test("is handed in by Enter and by the button, as it was typed: spaces and quotes are the Worker's to forgive", async () => {
    await show(DIALOGS["asking-paste"]);
    assert.equal(await focused(), "field");
    await field().fill('  "eyJ0b2tlbg"  ');
    await page.keyboard.press("Enter");
    await field().fill("https://app.example/callback?apisession=5512#x");
    await page.getByRole("button", { name: "Update" }).click();
    assert.deepEqual(await calls(), [["submit", "service:breeze", '  "eyJ0b2tlbg"  '], ["submit", "service:breeze", "https://app.example/callback?apisession=5512#x"]]);
  });

  test("is seen, and neither kept nor completed by the browser", async () => {
    await show(BREEZE);
    const found = await field().evaluate((element) => [element.type, ...["autocomplete", "autocapitalize", "spellcheck", "name", "dir"].map((name) => element.getAttribute(name))]);
    assert.deepEqual(found, ["text", "off", "off", "false", null, "ltr"]);
  });

  for (const [what, kind, says] of [
    ["with a letter too few", "malformed", "This is no token of ICICI Breeze."],
    ["of yesterday", "over", "This token is over."],
    ["of another account", "foreign", "This token is of another account."],
    ["that the provider does not take", "refused", "ICICI Breeze does not take this token."],
    ["that had been used", "lost", "This code was used before. Log in once more."],
    ["while somebody else hands one in", "busy", "Somebody else is handing in a token just now. Try again in a moment."],
    ["while the provider is silent", "unproven", "ICICI Breeze does not answer. The token is kept."],
    ["without a network", "offline", "There is no network. Try again when it is back."],
    ["by somebody who may not any more", "forbidden", "You may not do that."],
    ["that something else is wrong with", "failed", "That did not work."],
  ]) {
    test(`${what}: what was typed is kept, and the next paste goes into its place`, async () => {
      await show(BREEZE);
      await field().fill("yesterday's");
      await field().press("Enter");
      await show({ ...BREEZE, phase: "updating" });
      assert.equal(await page.getByRole("button", { name: "Updating…" }).getAttribute("aria-disabled"), "true");
      assert.deepEqual([await field().inputValue(), await field().isEditable(), await focused()], ["yesterday's", false, "field"]);
      assert.equal(await text("[part~=status]"), "Updating…");
      // Nothing is handed in twice.
      await field().press("Enter");
      assert.equal((await calls()).length, 1);
      await show({ ...BREEZE, problem: { kind, says } });
      assert.equal(await page.getByRole("alert").innerText(), says);
      assert.deepEqual([await field().inputValue(), await focused()], ["yesterday's", "field"]);
      const described = await field().evaluate((element) => [element.getAttribute("aria-invalid"), element.getRootNode().getElementById(element.getAttribute("aria-describedby")).textContent]);
      assert.deepEqual(described, ["true", says]);
      await page.keyboard.insertText("today's");
      assert.equal(await field().inputValue(), "today's");
      await page.keyboard.press("Enter");
      assert.deepEqual((await calls()).at(-1), ["submit", "service:breeze", "today's"]);
    });
  }

  test("is gone with its dialog, and is not there for another provider", async () => {
    await show(BREEZE);
    await field().fill("secret");
    await show(UPSTOX);
    assert.equal(await field().inputValue(), "");
    await field().fill("secret");
    await show();
    await show(UPSTOX);
    assert.equal(await field().inputValue(), "");
    const everywhere = await page.evaluate(() => document.documentElement.outerHTML + document.querySelector("everlit-reauth").shadowRoot.innerHTML);
    assert.doesNotMatch(everywhere, /secret/);
  });

  test("stays while the list changes around it", async () => {
    await show(BREEZE);
    await field().fill("half of a tok");
    await show({ ...BREEZE, waiting: 9 }, UPSTOX);
    await show({ ...BREEZE, phase: "popup" });
    await show({ ...BREEZE, problem: { kind: "popup-closed", says: "The window was closed." } });
    assert.equal(await field().inputValue(), "half of a tok");
  });
});

describe("the provider's login", () => {
  test("opens in the click, and its window is shown again by the same button", async () => {
    await show(BREEZE);
    await page.keyboard.press("Enter");
    assert.deepEqual(await calls(), [["openLogin", "service:breeze"]]);
    await show({ ...BREEZE, phase: "popup" });
    assert.equal(await text("[part~=status]"), "Log in in the window that has opened.");
    await page.getByRole("button", { name: "Show the window" }).click();
    assert.equal((await calls()).length, 2);
  });

  test("is called within the user's gesture", async () => {
    await page.evaluate(() => {
      globalThis.stage.reauth.openLogin = () => void (globalThis.active = navigator.userActivation.isActive);
    });
    await show(BREEZE);
    await page.getByRole("button", { name: "Log in to ICICI Breeze" }).click();
    assert.equal(await page.evaluate(() => globalThis.active), true);
  });

  test("is a link to a tab of its own where the window was blocked", async () => {
    await show(DIALOGS.blocked);
    const link = page.getByRole("link", { name: "Log in to ICICI Breeze" });
    assert.deepEqual([await link.getAttribute("href"), await link.getAttribute("target"), await link.getAttribute("rel")], ["/service/breeze/login", "_blank", "noopener"]);
    assert.match(await page.getByRole("alert").innerText(), /opened no window/);
    assert.equal(await field().getAttribute("aria-invalid"), null, "nothing is wrong with what was typed");
    const [opened] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
    await opened.waitForURL("**/service/breeze/login");
    assert.equal(await dialog().count(), 1);
  });

  test("says so where the window was closed", async () => {
    await show({ ...BREEZE, problem: { kind: "popup-closed", says: "The window was closed before the login was done." } });
    assert.equal(await page.getByRole("alert").innerText(), "The window was closed before the login was done.");
    assert.equal(await page.getByRole("button", { name: "Log in to ICICI Breeze" }).count(), 1);
  });

  test("of the session itself leaves the page only where no window comes", async () => {
    await show({ ...LOGIN, problem: { kind: "popup-blocked", says: "Blocked." } });
    await page.getByRole("button", { name: "Log in on this page" }).click();
    const went = await page.evaluate(() => globalThis.stage.kit.settle().then(() => globalThis.stage.kit.navigations));
    assert.match(went[0], /^\/auth\/login\?/);
  });
});

describe("an approval", () => {
  test("is asked for, and its time counts down by the Worker's clock", async () => {
    await show(UPSTOX);
    await page.getByRole("button", { name: "Approve on the phone" }).click();
    assert.deepEqual(await calls(), [["askApproval", "service:upstox"]]);
    await show({ ...UPSTOX, phase: "approval" });
    assert.equal(await page.getByRole("timer").count(), 0, "until when is not known yet");
    await show(DIALOGS.approval);
    const timer = page.getByRole("timer");
    assert.deepEqual([await timer.innerText(), await timer.getAttribute("aria-label")], ["4:32", "5 min left"]);
    assert.equal(await text("[part~=status]"), "Approve the login to Upstox on your phone.");
    for (const [time, shown] of [["1s", "4:31"], ["31s", "4:00"], ["1s", "3:59"], ["10m", "0:00"]]) {
      await page.evaluate((time) => globalThis.stage.kit.advance(time).then(() => globalThis.stage.drawn()), time);
      assert.equal(await timer.innerText(), shown);
    }
  });

  test("that was refused without a word, as it is at Upstox, can be asked for again while it is still open", async () => {
    await show(DIALOGS.approval);
    assert.equal(await text("[part~=hint] >> nth=0"), "This page is not told of a refusal. If nothing comes, ask again.");
    await page.getByRole("button", { name: "Ask the phone again" }).click();
    assert.deepEqual(await calls(), [["askApproval", "service:upstox"]]);
  });

  test("that is open for hours says so in hours", async () => {
    await show({ ...DIALOGS.approval, deadline: DIALOGS.approval.deadline + 19 * 3_600_000 });
    assert.equal(await page.getByRole("timer").innerText(), "19:04:32");
  });

  for (const [kind, says] of [["approval-refused", "Somebody said no on the phone."], ["approval-over", "Nobody answered on the phone in time."]]) {
    test(`that ${kind} says so, and can be asked for again`, async () => {
      await show({ ...UPSTOX, problem: { kind, says } });
      assert.equal(await page.getByRole("alert").innerText(), says);
      await page.getByRole("button", { name: "Ask the phone again" }).click();
      assert.deepEqual(await calls(), [["askApproval", "service:upstox"]]);
    });
  }
});

describe("what else there is to say", () => {
  test("the end: Updated. Carrying on. It is read out, in the same size, with nothing to press", async () => {
    await show(BREEZE);
    const before = await dialog().boundingBox();
    await show(DIALOGS.done);
    assert.equal(await page.getByRole("status").filter({ hasText: "Updated. Carrying on." }).count(), 1);
    assert.equal(await dialog().getByRole("button").filter({ visible: true }).count(), 0);
    assert.deepEqual(await dialog().boundingBox(), before);
    await page.keyboard.press("Escape");
    assert.equal(await text("> [role=status]"), "");
  });

  test("an hour later it is the same dialog, with what was typed, and the same since", async () => {
    await show(BREEZE);
    await field().fill("kept");
    await page.evaluate(() => globalThis.stage.kit.advance("1h").then(() => globalThis.stage.drawn()));
    assert.deepEqual([await field().inputValue(), await text("[part=what]")], ["kept", "ICICI Breeze has needed a new login since 21:30. What you started goes on by itself afterwards."]);
  });

  test("a login that helps only later: the button comes by itself in that moment", async () => {
    await show(DIALOGS.early);
    assert.equal(await text("[part=from]"), "A new login is possible from 22:10 (03:40 India Time), in 9 min.");
    assert.equal(await dialog().getByRole("button").count(), 1);
    await page.evaluate(() => globalThis.stage.kit.advance("8m").then(() => globalThis.stage.drawn()));
    assert.match(await text("[part=from]"), /in 1 min\.$/);
    await page.evaluate(() => globalThis.stage.kit.advance("1m").then(() => globalThis.stage.drawn()));
    assert.equal(await page.getByRole("button", { name: "Log in to ICICI Breeze" }).count(), 1);
  });

  test("an operator was called: when, and no fields", async () => {
    await show(DIALOGS.operator);
    assert.match(await text("[part=what]"), /^An operator was called at 21:30,/);
    assert.deepEqual([await dialog().getByRole("textbox").count(), await dialog().getByRole("button").count()], [0, 1]);
  });

  test("texts, language and time zone are the app's", async () => {
    await page.evaluate(() => {
      const element = document.querySelector("everlit-reauth");
      element.lang = "de";
      element.setAttribute("zone", "America/New_York");
      element.texts = { title: ({ title }) => `Bei ${title} anmelden`, loginFrom: (at, ms) => `Ab ${at}, in ${ms / 60_000} Minuten` };
    });
    await show(DIALOGS.early);
    assert.equal(await text("[part=title]"), "Bei ICICI Breeze anmelden");
    assert.match(await text("[part=from]"), /^Ab 22:10 \(17:10 .*New York.*\), in 9 Minuten$/);
    assert.equal(await page.getByRole("button", { name: "Cancel" }).count(), 1, "what was not given is English");
  });

  test("a language tag or a time zone that is none keeps no dialog from opening", async () => {
    const opens = await page.evaluate(async (asked) => {
      document.documentElement.lang = "en_US";
      document.querySelector("everlit-reauth").setAttribute("zone", "Nowhere/Land");
      await globalThis.stage.show(asked);
      return document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog").open;
    }, { vault: "service:breeze", provider: "breeze", title: "ICICI Breeze", how: ["paste"], who: "you", since: Date.parse("2026-11-23T20:01:00Z"), waiting: 1, open: true, phase: "asking" });
    assert.equal(opens, true);
  });

  test("nothing is parsed: a title that is markup is a text", async () => {
    await show({ ...BREEZE, title: "<img src=x onerror=alert(1)>" });
    assert.equal(await text("[part=title]"), "Log in to <img src=x onerror=alert(1)> again");
    assert.equal(await page.locator("everlit-reauth img").count(), 0);
  });

  test("it is quick to those who want no motion, and moves little for all others", async () => {
    const moves = (context) => context.evaluate(() => getComputedStyle(document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog")).transitionDuration);
    await show(BREEZE);
    assert.equal(await moves(page), "0s");
    await page.emulateMedia({ reducedMotion: "no-preference" });
    assert.equal(await moves(page), "0.16s");
  });

  test("it fits into 320 px, by 256 px of height as well", async () => {
    for (const size of [{ width: 320, height: 900 }, { width: 320, height: 256 }, { width: 1280, height: 900 }]) {
      await page.setViewportSize(size);
      for (const asked of Object.values(DIALOGS)) {
        await show(asked);
        const { x, y, width, height } = await dialog().boundingBox();
        assert.ok(x >= 0 && y >= 0 && x + width <= size.width && y + height <= size.height, `${JSON.stringify({ x, y, width, height })} in ${JSON.stringify(size)}`);
        assert.ok(await dialog().evaluate((element) => element.scrollWidth <= element.clientWidth), "nothing is cut off at its side");
        if (size.height === 900) assert.ok(await dialog().evaluate((element) => element.scrollHeight <= element.clientHeight), "nothing is scrolled where there is room");
      }
    }
  });

  test("a session or an element that goes takes the dialog with it", async () => {
    await show(BREEZE);
    await page.evaluate(() => void (globalThis.gone = document.querySelector("everlit-reauth")).remove());
    assert.equal(await dialog().count(), 0);
    await page.evaluate(() => document.body.append(globalThis.gone));
    assert.equal(await dialog().count(), 1);
    await page.evaluate(() => void (globalThis.gone.session = undefined));
    assert.equal(await dialog().count(), 0);
  });
});
