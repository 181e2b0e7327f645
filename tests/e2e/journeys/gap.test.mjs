// What a tab missed while its event socket was away, it knows as soon as it is back; and where it missed nothing it asks nothing.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

/** Three tries to open the socket, the last of which succeeds. */
const BACK_MS = 30_000;

describe(`a gap of the event socket in ${engine.name}`, { timeout: 120_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
    // Nothing but its user mends what is broken here.
    tab = await lab.enter(browser, { options: JSON.stringify({ silent: [] }) });
  });
  after(() => lab?.close());
  beforeEach(() => until("the event socket to be open", () => lab.front.sockets.size > 0, BACK_MS));

  const questions = () => lab.front.count("/auth/token") + lab.front.count("/auth/session");
  /** What the newest socket has said, as it is on the wire: compressed perhaps. */
  const said = () => lab.front.socketBytes.toString("latin1").split("HTTP/1.1 101").at(-1)?.split("\r\n\r\n")[1] ?? "";

  /** Takes the socket away, and gives back what brings it back: that waits for its first word. */
  async function gap() {
    lab.front.fault = ({ path }) => (path === "/auth/events" ? "cut" : undefined);
    await until("the event sockets to be gone", () => {
      // Also one that another device was just about to open.
      for (const socket of lab.front.sockets) socket.destroy();
      return lab.front.sockets.size === 0;
    });
    return async () => {
      lab.front.socketBytes = Buffer.alloc(0);
      lab.front.fault = () => undefined;
      await until("the first word of the next one", () => said() !== "", BACK_MS);
    };
  }

  step("nothing was missed: nothing is asked", async () => {
    const back = await gap();
    const asked = questions();
    await back();
    assert.equal(await tab.call(), 200);
    assert.equal(await tab.state(), "active");
    assert.equal(questions(), asked);
  }, shown);

  step("the grant has died: the tab knows", async () => {
    await tab.rested();
    const back = await gap();
    lab.authority.rotation.kill(lab.authority.as.issued.filter((token) => token.startsWith("refresh-")).at(-1) ?? "");
    assert.equal(await tab.run(askAsAnother), "reauth_required");
    assert.equal(await tab.state(), "active", "nobody has told it");
    await back();
    await tab.reaches(["reauth-required"]);
    const [again, asked] = [await gap(), questions()];
    await again();
    assert.equal(await tab.state(), "reauth-required");
    assert.equal(questions(), asked, "and once it knows, it asks no more");
  }, shown);

  step("the user has logged in again elsewhere: the session goes on", async () => {
    const back = await gap();
    await browser.openTab();
    await browser.go(`${lab.front.origin}/auth/login?return_to=/lab/elsewhere.html`);
    await browser.until("the login to be done", () => browser.run(() => location.pathname === "/lab/elsewhere.html"));
    await browser.closeTab();
    // An engine that hid it meanwhile shows it now, and then it looks by itself: the first word is for those that do not.
    await back();
    await tab.reaches(["active"]);
  }, shown);

  step("its user has ended it on another device: the tab knows, and asks nothing", async () => {
    await tab.rested();
    const other = await lab.device();
    const there = await lab.enter(other);
    const back = await gap();
    assert.equal(await there.run(endOthers), 204);
    await other.quit();
    assert.equal(await tab.state(), "active", "nobody has told it");
    const asked = questions();
    await back();
    await tab.reaches(["ended", "logged-out"]);
    assert.equal(questions(), asked);
  }, shown);
});

/** Sent to the page as text: the user ends all sessions but that of this device. */
async function endOthers() {
  return (await fetch("/auth/sessions", { method: "DELETE", headers: { "everlit-version": "1" } })).status;
}

/** Sent to the page as text: what another tab would ask, which this one does not hear of. */
async function askAsAnother() {
  const { epoch, generation } = Reflect.get(globalThis, "session").token;
  const answer = await fetch("/auth/token", {
    method: "POST",
    headers: { "everlit-version": "1", "content-type": "application/json" },
    body: JSON.stringify({ v: 1, epoch, generation, reason: "forced" }),
  });
  return (await answer.json()).code;
}
