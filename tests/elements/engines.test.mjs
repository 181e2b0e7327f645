// The elements in Chromium, Firefox and WebKit: what a browser does with them, and no test of ours can do in its place.
//
// What an engine lacks is skipped by name. What the elements decide is the same everywhere, and is tested in views.test.mjs.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { missing } from "../e2e/driver-process.mjs";
import { engines } from "../e2e/engines.mjs";
import { KEYS } from "../e2e/webdriver.mjs";
import { Seen } from "./engine.mjs";
import { servePages } from "./stage.mjs";
import { BREEZE, DIALOGS, EXPIRING, OPERATOR, STATUSES, UPSTOX } from "./states.mjs";

/** In continuous integration an engine that is missing is a failure. */
const everywhere = process.env.CI === "true";
/** For one test: how long all of them take is the tier's matter. */
const LIMIT_MS = 60_000;

// Each waits for its browser most of the time.
describe("the elements", { concurrency: 3 }, () => {
  for (const engine of Object.values(engines)) {
    describe(`in ${engine.name}`, { concurrency: 1, skip: !everywhere && missing(engine) }, () => {
      /** @type {Awaited<ReturnType<typeof servePages>>} */ let pages;
      /** @type {Seen} */ let seen;
      let first;
      before(async () => {
        pages = await servePages();
        seen = await Seen.start(engine, pages.address);
        first = await seen.browser.window();
      });
      after(async () => {
        await seen?.stop();
        await pages?.stop();
      });
      afterEach(() => seen.only(first));

      /** A test with a page of its own, which complains of nothing. */
      const on = (name, work, options = {}) => test(name, { timeout: LIMIT_MS }, async () => {
        await seen.open(options);
        await work();
        assert.deepEqual(await seen.wrong(), [], "the strict policy forbids nothing of it");
      });

      on("the dialog is one for all that is asked, above the page, opens by itself and closes by itself", async () => {
        assert.equal(await seen.dialog(), false);
        await seen.show({ ...BREEZE, open: false });
        assert.equal(await seen.dialog(), false, "nobody looks at the tab");
        await seen.show(BREEZE, UPSTOX);
        assert.deepEqual([await seen.dialog(), await seen.text("reauth", "h2")], [true, "Log in to ICICI Breeze again"]);
        await seen.show(UPSTOX);
        assert.deepEqual([await seen.dialog(), await seen.text("reauth", "h2")], [true, "Log in to Upstox again"]);
        await seen.show();
        assert.equal(await seen.dialog(), false);
      });

      on("a screen reader is told what each thing is", async () => {
        // As with a screen reader, there is somebody who listens before the dialog comes: Firefox makes its tree for the first who asks.
        assert.deepEqual(await seen.browser.spoken(() => document.querySelector("#work")), { role: "button", name: "Go on" });
        await seen.show(BREEZE);
        /** @type {Record<string, object>} */
        const spoken = {};
        for (const of of ["dialog", "h2", "input", ".login", ".update", ".cancel", ".status"]) spoken[of] = await seen.spoken("reauth", of);
        assert.deepEqual(spoken, {
          dialog: { role: "dialog", name: "Log in to ICICI Breeze again" },
          h2: { role: "heading", name: "Log in to ICICI Breeze again" },
          input: { role: "textbox", name: "Token, code or address" },
          ".login": { role: "button", name: "Log in to ICICI Breeze" },
          ".update": { role: "button", name: "Update" },
          ".cancel": { role: "button", name: "Cancel" },
          ".status": { role: "status", name: "" },
        });
        // They are no parts of the page: who looks for its banner is not to find a dialog's.
        for (const of of [".header", ".footer"]) assert.doesNotMatch((await seen.spoken("reauth", of)).role, /banner|contentinfo/, of);
        await seen.show(DIALOGS.approval);
        assert.deepEqual(await seen.spoken("reauth", "[role=timer]"), { role: "timer", name: "5 min left" });
        await seen.show(DIALOGS.blocked);
        assert.deepEqual([await seen.spoken("reauth", "a"), (await seen.spoken("reauth", "[role=alert]")).role], [{ role: "link", name: "Log in to ICICI Breeze" }, "alert"]);
      });

      on("what is read out is said in a region that was there before", async () => {
        await seen.show(BREEZE);
        // A region that comes with its words is read out by no screen reader.
        const before = await seen.run(() => !!(window.before = document.querySelector("everlit-reauth").shadowRoot.querySelector(".status[role=status]")));
        assert.equal(before, true);
        await seen.show({ ...BREEZE, phase: "updating" });
        assert.equal(await seen.run(() => window.before.isConnected && window.before.textContent), "Updating…");
        await seen.show(DIALOGS.done);
        assert.equal(await seen.run(() => window.before.isConnected && window.before.textContent), "Updated. Carrying on.");
      });

      on("the dialog takes the focus, keeps it, and gives it back", async () => {
        await seen.run(() => document.querySelector("#work").focus());
        await seen.show(BREEZE);
        const had = [await seen.focused()];
        for (let press = 0; press < 8; press++) {
          await seen.keys(KEYS.tab);
          had.push(await seen.focused());
        }
        // After the last one the browser's own controls follow, and none of the page.
        assert.ok(!had.includes("work"), had.join());
        assert.deepEqual([...new Set(had)].slice(0, 4), ["button primary login", "field", "button update", "button cancel"]);
        await seen.show();
        assert.equal(await seen.focused(), "work");
      });

      on("the focus never begins at Cancel, and stays within when what had it is gone", async () => {
        for (const name of ["operator", "early", "unknown", "approval"]) {
          await seen.show(DIALOGS[name]);
          assert.equal(await seen.focused(), "title", name);
          await seen.show();
        }
        await seen.show(UPSTOX);
        assert.equal(await seen.focused(), "button primary ask");
        await seen.show(DIALOGS.approval);
        assert.equal(await seen.focused(), "title");
      });

      on("Escape cancels, as often as it is asked, and the focus is where it was", async () => {
        await seen.run(() => document.querySelector("#work").focus());
        for (const count of [1, 2, 3]) {
          await seen.show(BREEZE);
          await seen.keys(KEYS.escape);
          assert.deepEqual([(await seen.calls()).length, await seen.dialog(), await seen.focused()], [count, false, "work"]);
          assert.equal(await seen.text("reauth", "[role=status]"), "Cancelled. Requests stopped: 3.");
        }
      });

      on("the page beneath can be neither clicked nor reached", async () => {
        await seen.run(() => document.querySelector("#work").addEventListener("click", () => void (window.clicked = true)));
        await seen.show(BREEZE);
        await seen.run(() => document.querySelector("#work").focus());
        assert.notEqual(await seen.focused(), "work");
        const hit = await seen.run(() => {
          const { left, top } = document.querySelector("#work").getBoundingClientRect();
          return document.elementFromPoint(left + 2, top + 2).localName;
        });
        assert.equal(hit, "everlit-reauth");
      });

      on("what is typed is handed in by Enter and by the button, kept while it is wrong, and typed anew in its place", async () => {
        await seen.show(DIALOGS["asking-paste"]);
        assert.equal(await seen.focused(), "field");
        await seen.keys(..." a b ", KEYS.enter);
        assert.deepEqual(await seen.calls(), [["submit", "service:breeze", " a b "]]);
        await seen.show({ ...DIALOGS["asking-paste"], phase: "updating" });
        await seen.keys("x", KEYS.enter);
        assert.deepEqual([await seen.typed(), await seen.focused(), (await seen.calls()).length], [" a b ", "field", 1], "nothing is handed in twice");
        await seen.show({ ...DIALOGS["asking-paste"], problem: { kind: "over", says: "This token is over." } });
        assert.deepEqual([await seen.typed(), await seen.focused(), await seen.text("reauth", "[role=alert]")], [" a b ", "field", "This token is over."]);
        await seen.keys(..."new");
        assert.equal(await seen.typed(), "new");
        await seen.press("reauth", ".update");
        assert.deepEqual((await seen.calls()).at(-1), ["submit", "service:breeze", "new"]);
        await seen.show(UPSTOX);
        assert.equal(await seen.typed(), "", "not for another provider");
      });

      on("what is typed stays while the list changes around it", async () => {
        await seen.show(BREEZE);
        await seen.press("reauth", "label");
        await seen.keys(..."half");
        await seen.show({ ...BREEZE, waiting: 9 }, UPSTOX);
        await seen.show({ ...BREEZE, phase: "popup" });
        await seen.keys(..." of");
        assert.deepEqual([await seen.typed(), await seen.focused()], ["half of", "field"]);
      });

      on("the login is asked for within the user's gesture", async () => {
        await seen.run(() => void (globalThis.stage.reauth.openLogin = () => void (window.active = navigator.userActivation.isActive)));
        await seen.show(BREEZE);
        await seen.press("reauth", ".login");
        assert.equal(await seen.run(() => window.active), true);
      });

      on("an approval counts down by the Worker's clock, and a login that helps only later comes by itself", async () => {
        await seen.show(DIALOGS.approval);
        for (const [time, shown] of [["0s", "4:32"], ["1s", "4:31"], ["31s", "4:00"], ["10m", "0:00"]]) {
          await seen.kit((kit, time) => kit.advance(time), time);
          assert.equal(await seen.text("reauth", "[role=timer]"), shown);
        }
        await seen.open();
        await seen.show(DIALOGS.early);
        // India's time is called otherwise in some.
        assert.match(await seen.text("reauth", "[part=from]"), /^A new login is possible from 22:10 \(03:40 [^)]+\), in 9 min\.$/);
        assert.equal(await seen.text("reauth", ".login"), "");
        await seen.kit((kit) => kit.advance("9m"));
        assert.equal(await seen.text("reauth", ".login"), "Log in to ICICI Breeze");
      });

      on("the end is said in the same place, with nothing left to press", async () => {
        await seen.show(BREEZE);
        const box = () => seen.run(() => {
          const { x, y, width, height } = document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog").getBoundingClientRect();
          return [x, y, width, height].map(Math.round);
        });
        const before = await box();
        await seen.show(DIALOGS.done);
        assert.deepEqual([await box(), await seen.text("reauth", ".done")], [before, "Updated. Carrying on."]);
        await seen.keys(KEYS.tab, KEYS.enter);
        assert.deepEqual(await seen.calls(), []);
        const visible = await seen.run(() => [...document.querySelector("everlit-reauth").shadowRoot.querySelectorAll("a, button, input")].filter((each) => each.checkVisibility({ visibilityProperty: true })).length);
        assert.equal(visible, 0);
      });

      on("colours follow the page's scheme, the app's variables and its rules for parts", async () => {
        await seen.show(BREEZE);
        const look = () => seen.run(() => {
          const { shadowRoot } = document.querySelector("everlit-reauth");
          const of = (selector) => getComputedStyle(shadowRoot.querySelector(selector));
          return { ground: of("dialog").backgroundColor, ink: of("dialog").color, button: of(".primary").backgroundColor, border: of("dialog").borderTopWidth, done: of(".cancel").color };
        });
        const scheme = async (value) => {
          await seen.run((value) => void (document.documentElement.style.colorScheme = value), value);
          await seen.still();
        };
        await scheme("light");
        const light = await look();
        await scheme("dark");
        const dark = await look();
        assert.deepEqual([light.ground, dark.ground, light.button, dark.button], ["rgb(255, 255, 255)", "rgb(27, 27, 31)", "rgb(24, 24, 27)", "rgb(244, 244, 245)"]);
        await seen.run(() => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync("everlit-reauth { --everlit-accent: #5b3df5; --everlit-ground: #010203 } everlit-reauth::part(dialog) { border-width: 3px }");
          document.adoptedStyleSheets = [sheet];
        });
        await seen.still();
        const own = await look();
        assert.deepEqual([own.button, own.ground, own.border], ["rgb(91, 61, 245)", "rgb(1, 2, 3)", "3px"]);
      });

      on("it moves little, and not at all for those who want no motion", async () => {
        await seen.show(BREEZE);
        const [still, lasts] = await seen.run(() => [matchMedia("(prefers-reduced-motion: reduce)").matches, getComputedStyle(document.querySelector("everlit-reauth").shadowRoot.querySelector("dialog")).transitionDuration]);
        assert.equal(lasts, still ? "0s" : "0.16s");
      });

      on("from right to left it is the other way round, but for what is typed", async () => {
        const places = () => seen.run(() => {
          const { shadowRoot } = document.querySelector("everlit-reauth");
          const at = (selector) => shadowRoot.querySelector(selector).getBoundingClientRect().left;
          return { mark: at(".mark") < at("h2"), field: at("input") < at(".update"), cancel: at(".waiting") < at(".cancel"), typed: getComputedStyle(shadowRoot.querySelector("input")).direction };
        });
        await seen.show(BREEZE);
        assert.deepEqual(await places(), { mark: true, field: true, cancel: true, typed: "ltr" });
        await seen.run(() => void (document.dir = "rtl"));
        assert.deepEqual(await places(), { mark: false, field: false, cancel: false, typed: "ltr" });
      });

      test("it fits into 320 px, by 256 px of height as well, with nothing cut off and no scrollbar where there is room", { timeout: LIMIT_MS }, async () => {
        await seen.browser.go(`${pages.address}/page/narrow.html`);
        await seen.browser.until("the stage", () => seen.run(() => frames[0].document.documentElement.dataset.ready === ""));
        await seen.run(() => frames[0].stage.open());
        for (const height of [900, 256]) {
          const found = await seen.run(async (states, height) => {
            const frame = document.querySelector("iframe");
            frame.height = height;
            const { stage, document: inner } = frame.contentWindow;
            const wrong = [];
            for (const [name, asked] of Object.entries(states)) {
              await stage.show(asked);
              const dialog = inner.querySelector("everlit-reauth").shadowRoot.querySelector("dialog");
              await Promise.all(dialog.getAnimations().map(({ finished }) => finished));
              const { x, y, width, height: high } = dialog.getBoundingClientRect();
              if (x < 0 || y < 0 || x + width > 320 || y + high > height) wrong.push([name, x, y, width, high]);
              if (dialog.scrollWidth > dialog.clientWidth) wrong.push([name, "is cut off at its side", dialog.scrollWidth, dialog.clientWidth]);
              if (height === 900 && dialog.scrollHeight > dialog.clientHeight) wrong.push([name, "scrolls", dialog.scrollHeight, dialog.clientHeight]);
            }
            return [frame.contentWindow.innerWidth, Object.keys(states).length, wrong, frame.contentWindow.wrong];
          }, DIALOGS, height);
          assert.deepEqual(found, [320, Object.keys(DIALOGS).length, [], []]);
        }
      });

      on("an element that goes takes the dialog with it, and brings it back", async () => {
        await seen.show(BREEZE);
        const open = await seen.run(async () => {
          window.gone = document.querySelector("everlit-reauth");
          window.gone.remove();
          await window.stage.drawn();
          return !!window.gone.shadowRoot.querySelector("dialog[open]");
        });
        assert.equal(open, false);
        await seen.run(() => document.querySelector("main").append(window.gone));
        assert.equal(await seen.dialog(), true);
        await seen.run(() => {
          window.gone.session = undefined;
          return window.stage.drawn();
        });
        assert.equal(await seen.dialog(), false);
      });

      on("a badge counts down in words and in colours", async () => {
        await seen.set("badge", { vault: "service:breeze" });
        await seen.status(STATUSES.good);
        const colours = new Set();
        for (const [time, word, says] of [["0s", "good", "ICICI Breeze 5 h 12 min left"], ["132m", "soon", "ICICI Breeze Ends in 3 h"], ["2h", "urgent", "ICICI Breeze Ends soon: 1 h left"], ["1h", "over", "ICICI Breeze Expired: log in again"]]) {
          await seen.kit((kit, time) => kit.advance(time), time);
          assert.equal(await seen.text("badge", `[part~=${word}]`), says);
          colours.add(await seen.run(() => getComputedStyle(document.querySelector("everlit-badge").shadowRoot.querySelector("[part~=badge] :first-child")).color));
        }
        assert.equal(colours.size, 4);
        assert.equal(await seen.run(() => document.querySelector("everlit-badge").shadowRoot.querySelector("[role=status]").textContent), "ICICI Breeze: Expired: log in again");
      });

      on("a banner says that the network is gone, and for ten seconds that it is back", async () => {
        const network = (is) => seen.run((is) => {
          // No driver takes the network from Firefox or WebKit: the browser's word for it is told.
          Object.defineProperty(navigator, "onLine", { get: () => is, configurable: true });
          dispatchEvent(new Event(is ? "online" : "offline"));
          return globalThis.stage.drawn();
        }, is);
        const says = () => seen.text("banner", "[part~=banner]");
        await network(false);
        await seen.kit((kit) => kit.advance("2s"));
        assert.match(await says(), /^You are offline\./);
        assert.equal((await seen.spoken("banner", "[part~=text]")).role, "status");
        await network(true);
        assert.equal(await says(), "You are back online.");
        await seen.kit((kit) => kit.advance("9s"));
        assert.equal(await says(), "You are back online.");
        await seen.kit((kit) => kit.advance("1s"));
        assert.equal(await says(), "");
      });

      on("a banner tells of a broker's login, offers what helps, and is gone ten seconds after it is well", async () => {
        const says = () => seen.text("banner", "[part~=banner]");
        await seen.set("banner", { vault: "login service:breeze" });
        await seen.status(EXPIRING);
        assert.match(await says(), /^The login at ICICI Breeze ends at 22:26 \(03:56 [^)]+\)\. 25 min left Log in$/);
        await seen.press("banner", "a");
        await seen.browser.until("a window", async () => (await seen.browser.windows()).length === 2);
        await seen.only(first);
        await seen.status(OPERATOR);
        assert.equal(await says(), "ICICI Breeze needs a login by an operator, who was called at 21:30.");
        await seen.status(STATUSES.good);
        assert.equal(await says(), "ICICI Breeze is logged in again.");
        await seen.kit((kit) => kit.advance("10s"));
        assert.equal(await says(), "");
      });

      on("a source says since when other data are shown and why, and goes away by itself", async () => {
        const change = (detail) => seen.run((detail) => {
          globalThis.stage.kit.session.dispatchEvent(new CustomEvent("sourcechange", { detail }));
          return globalThis.stage.drawn();
        }, { upstream: "quotes", since: STATUSES.good.server_time, ...detail });
        const says = () => seen.text("source", "[role=status]");
        assert.equal(await says(), "");
        await change({ source: "fallback", reason: "timeout" });
        assert.equal(await says(), "Fallback data since 22:01: the source takes too long");
        await change({ source: "primary" });
        assert.equal(await says(), "");
      });

      /** The dialog of a session of its own, opened as a banner does: for a vault that needs a person. */
      async function needed() {
        await seen.set("banner", { vault: "service:breeze" });
        await seen.status(STATUSES.over);
        await seen.press("banner", "a");
        await seen.says("reauth", ".login", "Log in to ICICI Breeze");
        await seen.still();
      }
      const real = { session: undefined, real: true, windows: true };
      /** Some of the page's time, in which it looks at its windows. */
      const passes = () => seen.kit((kit) => kit.advance("600ms"));
      /** Somebody has logged in. */
      const well = (good) => void (globalThis.stage.statuses.breeze = good);

      on("the login opens in a window, which is gone when it is done, and the dialog says so and goes", async () => {
        await needed();
        await seen.press("reauth", ".login");
        await seen.says("reauth", ".login", "Show the window");
        const windows = await seen.browser.windows();
        assert.equal(windows.length, 2);
        await seen.run(well, STATUSES.good);
        await seen.browser.switchTo(windows.find((each) => each !== first));
        await seen.browser.until("the login's page", async () => (await seen.browser.url()).endsWith("/service/breeze/login"));
        assert.equal(await seen.run(() => window.name), "everlit popup");
        await seen.run(() => new BroadcastChannel("everlit-reauth").postMessage({ v: 1, vault: "service:breeze", kind: "answered" }));
        await seen.browser.switchTo(first);
        await seen.says("reauth", ".done", "Updated. Carrying on.");
        await seen.browser.until("one window", async () => (await seen.browser.windows()).length === 1);
        await seen.kit((kit) => kit.advance("5s"));
        assert.equal(await seen.dialog(), false);
      }, real);

      on("a window that is closed before the login is done is told, and opens again", async () => {
        await needed();
        await seen.press("reauth", ".login");
        await seen.says("reauth", ".login", "Show the window");
        await seen.only(first);
        await seen.says("reauth", "[role=alert]", "The window was closed before the login was done. Open it again.", passes);
        await seen.press("reauth", ".login");
        await seen.says("reauth", ".login", "Show the window");
        assert.equal((await seen.browser.windows()).length, 2);
      }, real);

      on("where no window opens, a link opens the login in a tab", async () => {
        await needed();
        // A blocker of popups answers as the browser's own does: no driver's browser blocks any.
        await seen.run(() => void (window.open = () => null));
        await seen.press("reauth", ".login");
        await seen.says("reauth", "[role=alert]", "The browser opened no window. Allow popups for this page, or log in in a new tab.");
        await seen.press("reauth", "a");
        await seen.browser.until("a tab", async () => (await seen.browser.windows()).length === 2);
        assert.equal(await seen.dialog(), true);
      }, real);

      on("a login that is done in another tab closes this one's dialog by itself", async () => {
        await needed();
        // One of its own, so that both are seen.
        const other = await seen.browser.openTab("window");
        await seen.open(real);
        await needed();
        for (const tab of [first, other]) {
          await seen.browser.switchTo(tab);
          await seen.run(well, STATUSES.good);
          await seen.run(() => void (globalThis.stage.answer = (method) => method === "PUT" && { status: 200, body: { verdict: "accepted" } }));
        }
        await seen.press("reauth", "label");
        await seen.keys(..."today", KEYS.enter);
        await seen.says("reauth", ".done", "Updated. Carrying on.");
        await seen.browser.switchTo(first);
        await seen.says("reauth", ".done", "Updated. Carrying on.");
        await seen.kit((kit) => kit.advance("5s"));
        assert.equal(await seen.dialog(), false);
      }, real);

      on("a session and texts that are given before an element is defined are not lost", async () => {
        const shown = await seen.run(async () => {
          const early = document.createElement("everlit-later");
          early.session = globalThis.stage.kit.session;
          early.texts = { name: () => "Mine" };
          document.body.append(early);
          const { EverlitBadge } = await import("/package/elements/auto/index.js");
          customElements.define("everlit-later", class extends EverlitBadge {});
          await globalThis.stage.drawn();
          return early.shadowRoot.textContent;
        });
        assert.match(shown, /^Mine /);
      });

      test("importing defines nothing but where that is asked for, and each element comes alone", { timeout: LIMIT_MS }, async () => {
        await seen.browser.go(`${pages.address}/nothing`);
        const defined = (path, work) => seen.run(async (path, work) => {
          const module = await import(path);
          if (work) module.define();
          return ["reauth", "badge", "banner", "source"].filter((name) => customElements.get(`everlit-${name}`));
        }, path, work);
        assert.deepEqual(await defined("/package/elements/index.js", false), []);
        assert.deepEqual(await defined("/package/elements/badge/index.js", true), ["badge"]);
        assert.deepEqual(await defined("/package/elements/auto/index.js", false), ["reauth", "badge", "banner", "source"]);
      });
    });
  }
});
