// The debug panel in a real page, under a policy as strict as can be, with Trusted Types: what it shows is what happens, what it plays
// is what it says, and nothing of it is left when it is closed.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { search } from "../lab/search.mjs";
import { step, until } from "../lab/step.mjs";

const RECOVERY_MS = 30_000;

describe(`the debug panel in ${engine.name}`, { timeout: 150_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const downloads = mkdtempSync(join(tmpdir(), "everlit-debug-"));
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    lab.front.headers = {
      "content-security-policy":
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types everlit",
    };
    browser = await lab.device();
    tab = await lab.enter(browser);
  });
  after(async () => {
    await lab?.close();
    rmSync(downloads, { recursive: true });
  });

  const text = () => tab.run(textInPage);
  const press = (/** @type {string} */ css) => tab.run(pressInPage, css);
  /** @param {string} what */
  const shows = (what) => browser.until(`the panel to show "${what}"`, async () => (await text()).includes(what), { timeout: RECOVERY_MS, seen: text });
  /** What the browser has written to a file. Only Chromium says where. */
  const download = async () => {
    await browser.devtools("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: downloads });
    await press("[data-report]");
    await until("the file to be there", () => readdirSync(downloads).includes("everlit-report.json"));
    return readFileSync(join(downloads, "everlit-report.json"), "utf8");
  };
  const pressed = (/** @type {string} */ trouble) => tab.run(pressedInPage, trouble);

  step("it opens, once, and shows where the session stands", async () => {
    assert.equal(await tab.run(openInPage), true, "a second call gives the open one");
    const seen = await text();
    for (const part of ["active", "Token ends in", "100 of 100", "number 1", "ready", "Nothing yet."]) assert.ok(seen.includes(part), `${part} is in ${seen}`);
    await browser.until("the deadline to count down", async () => (await text()) !== seen);
  }, shown);

  step("it shows a transition with its reason", async () => {
    await tab.kick();
    await shows("active → refreshing");
    await shows("forced");
    await tab.reaches(["active"]);
  }, shown);

  step("503 turns the session degraded without a question to the Worker, and it recovers by itself", async () => {
    const asked = lab.front.count("/auth/token");
    await press("[data-trouble=unavailable]");
    assert.equal(await pressed("unavailable"), "true");
    await tab.reaches(["degraded"]);
    await shows("temporarily_unavailable");
    await shows("refreshing → degraded");
    assert.equal(lab.front.count("/auth/token"), asked, "the Worker heard nothing of it");
    await press("[data-trouble=unavailable]");
    await tab.reaches(["active"], RECOVERY_MS);
    assert.ok(lab.front.count("/auth/token") + lab.front.count("/auth/session") > asked);
  }, shown);

  step("429 and no network do the same, each by its own name", async () => {
    await press("[data-trouble=throttled]");
    await tab.reaches(["degraded"]);
    assert.ok((await tab.run(() => Reflect.get(globalThis, "session").health.reasons)).includes("throttled"));
    await press("[data-trouble=throttled]");
    await tab.reaches(["active"], RECOVERY_MS);
    await press("[data-trouble=offline]");
    await tab.reaches(["degraded"]);
    await press("[data-trouble=offline]");
    await tab.reaches(["active"], RECOVERY_MS);
  }, shown);

  step("a lost reply is one that the Worker gave", async () => {
    const since = lab.front.asked.length;
    await press("[data-trouble=lost]");
    await shows("ended: Lose a reply");
    const [first] = lab.front.asked.slice(since);
    assert.deepEqual([first?.path, first?.status], ["/auth/token", 200]);
    await tab.reaches(["active"], RECOVERY_MS);
  }, shown);

  step("an end of the token is met by another question, and a skew is noticed", async () => {
    const since = lab.front.count("/auth/token");
    await press("[data-trouble=expiry]");
    await shows("ended: Token ends");
    await browser.until("the session to ask again", async () => lab.front.count("/auth/token") >= since + 2, { timeout: RECOVERY_MS, seen: text });
    await tab.reaches(["active"], RECOVERY_MS);
    await press("[data-trouble=skew]");
    await browser.until("health to say so", () => tab.run(() => Reflect.get(globalThis, "session").health.reasons.includes("skewed")), { timeout: RECOVERY_MS, seen: text });
    await shows("skewed");
    assert.ok((await text()).includes("+1 h 00 min"));
    await press("[data-trouble=skew]");
    await browser.until("the clock to be right", () => tab.run(() => !Reflect.get(globalThis, "session").health.reasons.includes("skewed")), { timeout: RECOVERY_MS, seen: text });
  }, shown);

  step("frozen, it lets go of its event socket, and takes it up again", async () => {
    await until("the event socket to be open", () => lab.front.sockets.size === 1);
    await press("[data-trouble=sleep]");
    await until("the event socket to be closed", () => lab.front.sockets.size === 0);
    await press("[data-trouble=sleep]");
    await until("the event socket to be open again", () => lab.front.sockets.size === 1);
    await tab.reaches(["active"], RECOVERY_MS);
  }, shown);

  step("the report is downloaded, and neither in it nor in the panel is a token, a cookie or the user", async () => {
    const inPage = JSON.stringify(await tab.run(() => Reflect.get(globalThis, "session").report()));
    const text = engine.name === "chromium" ? await download() : inPage;
    assert.ok(text.length >= inPage.length, "what is downloaded is what the session reports, indented");
    const made = JSON.parse(text);
    assert.equal(made["everlit-report"], 1);
    assert.ok(made.timeline.some((/** @type {any} */ { kind, to }) => kind === "statechange" && to === "degraded"));
    assert.ok(made.timeline.some((/** @type {any} */ { kind, trouble }) => kind === "played" && trouble === "unavailable"));
    assert.deepEqual(made.environment.has, { locks: true, channels: true, sharedWorkers: true, sockets: true, storage: true });
    const user = await tab.run(() => ({ ...Reflect.get(globalThis, "session").user }));
    assert.ok(user.sub);
    const secrets = new Map(lab.authority.as.issued.map((token) => [token, "a token"]));
    for (const { value } of await browser.cookies()) secrets.set(value, "a cookie");
    for (const [claim, value] of Object.entries(user)) secrets.set(String(value), `the user's ${claim}`);
    const places = [{ place: "the report", text }, { place: "the panel", text: await tab.run(markupInPage) }];
    assert.deepEqual(search(places, secrets), []);
    assert.equal(search([{ place: "a sentence", text: `${user.sub} ${[...secrets.keys()][0]}` }], secrets).length, 2, "the search finds them");
  }, shown);

  step("closed, it is gone with all that it played, and no policy was violated", async () => {
    const isOwn = () => tab.run(() => Reflect.get(globalThis, "recorder").realFetch === fetch);
    await press("[data-trouble=offline]");
    await tab.reaches(["degraded"]);
    // A test's script has the page's own globals in Chromium and WebKit only.
    if (engine.name !== "firefox") assert.equal(await isOwn(), false);
    await press("[aria-label=Close]");
    assert.equal(await tab.run(() => document.querySelector("everlit-debug")), null);
    if (engine.name !== "firefox") assert.equal(await isOwn(), true);
    await tab.reaches(["active"], RECOVERY_MS);
    assert.equal(await tab.does("refresh"), "", "questions are asked again");
    const seen = await tab.run(() => Reflect.get(globalThis, "recorder").seen);
    assert.deepEqual(seen.filter((/** @type {{ kind: string, text: string }} */ { kind }) => ["csp", "error", "unhandledrejection"].includes(kind)).filter(({ text }) => !text.includes("/favicon.ico")), []);
    await tab.run(openInPage);
    assert.equal(await tab.run(removeInPage), false, "taken out of the document by the app, it ends as well");
    await tab.run(openInPage);
  }, shown);

  step("a logout elsewhere ends the session here", async () => {
    await press("[data-trouble=logout]");
    await tab.reaches(["logged-out", "ended"]);
    await shows("logged out");
  }, shown);
});

/** Sent to the page as text: whether opening it twice gives one. */
async function openInPage() {
  const { recorder, session } = /** @type {any} */ (globalThis);
  recorder.realFetch = fetch;
  recorder.panel = await session.debug();
  return (await session.debug()) === recorder.panel && document.querySelectorAll("everlit-debug").length === 1;
}

function textInPage() {
  const root = document.querySelector("everlit-debug")?.shadowRoot;
  return root?.querySelector("section")?.innerText.replace(/\s+/g, " ") ?? "";
}

function markupInPage() {
  return document.querySelector("everlit-debug")?.shadowRoot?.innerHTML ?? "";
}

/** @param {string} css */
function pressInPage(css) {
  const root = /** @type {ShadowRoot} */ (document.querySelector("everlit-debug")?.shadowRoot);
  for (const each of root.querySelectorAll("details")) each.open = true;
  /** @type {HTMLElement} */ (root.querySelector(css)).click();
}

/** @param {string} trouble */
function pressedInPage(trouble) {
  return document.querySelector("everlit-debug")?.shadowRoot?.querySelector(`[data-trouble=${trouble}]`)?.getAttribute("aria-pressed");
}

/** Whether it still records. */
async function removeInPage() {
  const { recorder, session } = /** @type {any} */ (globalThis);
  document.querySelector("everlit-debug")?.remove();
  // Somebody who only moves it puts it back at once.
  await Promise.resolve();
  const before = recorder.panel.recording.timeline().length;
  await session.refresh();
  return recorder.panel.recording.timeline().length > before;
}
