// What pages of somebody else do in the browser of a person who is logged in. Whatever they send, the session is as it was, and
// nothing of it can be read.

import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { BINDING_COOKIE, SESSION_COOKIE } from "../../worker/support/stack.mjs";
import { Lab, engine } from "./lab.mjs";
import { Neighbour } from "./neighbour.mjs";
import { step, until } from "./step.mjs";

/** What the session cookie would authorize: address, method, attacks that can make such a request. */
const TARGETS = /** @type {const} */ ([
  ["/auth/token", "POST", ["plain", "asked", "nobody", "form", "beacon"]],
  ["/auth/logout", "POST", ["plain", "asked", "nobody", "form", "beacon"]],
  ["/auth/session", "GET", ["plain", "asked", "nobody", "read", "image", "script", "frame"]],
  ["/api/orders", "GET", ["plain", "asked", "nobody", "read", "image", "script", "frame"]],
  ["/api/orders", "POST", ["plain", "asked", "nobody", "form", "beacon"]],
  ["/auth/events", "GET", ["socket"]],
]);
/** A login is a navigation of the whole page, and never begins behind its user's back. */
const LOGINS = ["/auth/login", "/auth/login?prompt=none&via=frame&relogin=abc", "/auth/callback/demo?code=theirs&state=theirs"];

/** By which a page of the app leaves, and no other, and what whoever else leads there is answered. */
const LEAVES = /** @type {const} */ ([["/auth/end-session", 403], ["/auth/login?prompt=none&via=redirect", 400]]);

/**
 * Has them do it.
 * @param {string} title
 * @param {readonly (readonly [what: string, host: string, isSibling: boolean])[]} neighbours `isSibling`: of the same site as the Worker, whose cookies a browser sends along
 * @param {{ beside?: boolean }} [place] `beside`: the Worker is on a sibling host of the app's
 */
export const hostility = (title, neighbours, { beside = false } = {}) => describe(`${title} in ${engine.name}`, { timeout: 180_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start({ beside, change: (given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, silent: ["redirect"] } }) });
    browser = await lab.device();
    tab = await lab.enter(browser);
  });
  after(() => lab?.close());

  step("the session cookie is for the server alone, for this host alone, and for no other site", async () => {
    // A browser shows those of the page.
    if (beside) await browser.go(`${lab.edge}/healthz`);
    const cookies = await browser.cookies();
    const session = cookies.find(({ name }) => name === SESSION_COOKIE);
    assert.ok(session, `a session cookie among ${cookies.map(({ name }) => name)}`);
    const { httpOnly, secure, sameSite, path, domain } = session;
    assert.deepEqual({ httpOnly, secure, sameSite, path, domain }, { httpOnly: true, secure: true, sameSite: "Strict", path: "/", domain: new URL(lab.edge).hostname });
    if (beside) await tab.open();
    assert.equal(await tab.run(() => document.cookie), "", "scripts see none");
    assert.deepEqual([...lab.front.shown].filter((name) => /^__host-/i.test(name)), [], "nor does the host of the page, where it has one of its own");
    const binding = cookies.find(({ name }) => name === BINDING_COOKIE);
    if (binding) assert.deepEqual([binding.httpOnly, binding.secure, binding.sameSite], [true, true, "Lax"]);
  }, shown);

  for (const [what, host, isSibling] of neighbours) {
    describe(what, () => {
      /** @type {Neighbour} */ let neighbour;
      /** Its window. */ let theirs = "";
      /** What the app's session had told before, and where it stood. */ let [events, generation] = [0, 0];

      before(async () => {
        [events, generation] = [(await tab.events()).length, await tab.generation()];
        neighbour = await new Neighbour({ host, tls: lab.front.tls }).open();
        await browser.openTab();
        theirs = await browser.window();
        await browser.go(`${neighbour.origin}/`);
      });
      after(async () => {
        await neighbour?.close();
        if (!theirs) return;
        await browser.switchTo(theirs);
        await browser.closeTab();
        await tab.show();
      });

      /** @param {string} attack @param {string} path @param {string} [method] */
      async function tries(attack, path, method = "GET") {
        await browser.switchTo(theirs);
        const run = (/** @type {string} */ attack, /** @type {string} */ url, /** @type {string} */ method) => Reflect.get(globalThis, "attacks")[attack](url, method);
        return browser.run(run, attack, lab.edge + path, method);
      }

      for (const [path, method, attacks] of TARGETS) {
        step(`${method} ${path} is refused: ${attacks.join(", ")}`, async () => {
          const [grants, received, sockets] = [lab.authority.grants, lab.received.length, lab.front.sockets.size];
          for (const attack of attacks) {
            const from = lab.front.asked.length;
            assert.equal(await tries(attack, path, method), "", `${attack}: nothing can be read`);
            const arrived = () => lab.front.asked.slice(from).filter((each) => each.path === path && each.origin !== lab.app);
            await until(`${attack} to arrive`, () => arrived().some(({ status }) => status > 0));
            for (const { method, status, cookies } of arrived()) {
              assert.ok(status >= 400 && status < 500, `${attack}: ${method} is answered ${status}`);
              const isPreflight = method === "OPTIONS";
              // WebKit sends it also for the frame in a sandbox, whose page is of no site.
              assert.equal(cookies.includes(SESSION_COOKIE), isSibling && !isPreflight && attack !== "asked" && (attack !== "nobody" || engine.name === "webkit"), `${attack}: whether the cookie came with it`);
            }
          }
          assert.deepEqual([lab.authority.grants, lab.received.length, lab.front.sockets.size], [grants, received, sockets]);
        }, shown);
      }

      step("no login is begun or ended in a frame, an image or a script", async () => {
        const asked = lab.authority.codes.length;
        for (const path of LOGINS) {
          for (const attack of ["image", "script", "frame"]) assert.equal(await tries(attack, path), "", `${attack} of ${path}`);
        }
        assert.equal(lab.authority.codes.length, asked, "the authorization server was not asked");
      }, shown);

      step("a callback that it made up, as a page of its own, ends nothing and logs nobody in", async () => {
        await browser.switchTo(theirs);
        await browser.go(`${lab.edge}/auth/callback/demo?code=theirs&state=theirs`);
        const [{ status = 0 } = {}] = lab.front.asked.slice(-1);
        assert.equal(status, 400);
        await browser.go(`${neighbour.origin}/`);
      }, shown);

      step("the app's own page is taken nowhere, nor is one of theirs, where only the app leads", async () => {
        await browser.switchTo(theirs);
        const asked = lab.authority.codes.length;
        for (const [path, answered] of LEAVES) {
          for (const attack of ["window", "link"]) {
            await browser.switchTo(theirs);
            const from = lab.front.asked.length;
            await tries(attack, `${path}${path.includes("?") ? "&" : "?"}return_to=${encodeURIComponent(lab.back(tab))}`, `${lab.app}/lab/`);
            await browser.click("button");
            const arrived = () => lab.front.asked.slice(from).find((each) => each.path === path.replace(/\?.*/, "") && each.status > 0);
            await until(`${attack} to ${path}`, () => arrived() !== undefined);
            assert.equal(arrived()?.status, answered, `${attack} to ${path}`);
          }
        }
        assert.equal(lab.authority.codes.length, asked, "the authorization server was not asked");
        for (const other of await browser.windows()) {
          if (other === theirs || other === tab.handle) continue;
          await browser.switchTo(other);
          await browser.closeTab();
        }
        await browser.switchTo(theirs);
      }, { ...shown, skip: engine.name === "webkit" ? "a third window that a page opens asks for nothing in WebKitGTK under WebDriver" : undefined });

      step("and the session is as it was", async () => {
        assert.deepEqual([await tab.state(), await tab.generation(), await tab.call()], ["active", generation, 200]);
        assert.equal((await tab.events()).length, events, "and has heard of nothing");
      }, shown);

      step("a link of its own to the login is followed", async () => {
        await browser.switchTo(theirs);
        await browser.run((href) => {
          const link = Object.assign(document.createElement("a"), { href });
          document.documentElement.append(link);
          link.click();
        }, `${lab.edge}/auth/login?return_to=${encodeURIComponent(lab.back(tab))}`);
        await browser.until("the app to be shown", async () => (await browser.url()).startsWith(`${lab.app}/lab/`));
        // A call that was made under the login before is sent under no other: this tab has to have heard of it.
        await browser.until("the app's other tab to go on with that login", async () => (await tab.call()) === 200);
      }, shown);
    });
  }
});
