// <everlit-badge>, <everlit-banner> and <everlit-source> on a page, and what the package promises of importing them.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { startStage } from "./stage.mjs";
import { EARLY, EXPIRING, OPERATOR, STATUSES } from "./states.mjs";

/** @type {Awaited<ReturnType<typeof startStage>>} */ let stage;
let page;
before(async () => (stage = await startStage()));
after(() => stage?.stop());
beforeEach(async () => {
  await page?.context().close();
  page = await stage.open();
});

const within = (name, selector) => page.locator(`everlit-${name} ${selector}`);
const text = async (name, selector) => (await within(name, selector).innerText()).replace(/\s+/g, " ").trim();
/** Does this with the kit, and waits until it is drawn. */
const kit = (work, given) => page.evaluate(async ([work, given]) => {
  await new Function("kit", "given", `return (${work})(kit, given)`)(globalThis.stage.kit, given);
  await globalThis.stage.drawn();
}, [`${work}`, given]);
const status = (of) => page.evaluate((of) => globalThis.stage.status("breeze", of), of);
const set = (name, attributes) => page.evaluate(([name, attributes]) => {
  const element = document.querySelector(`everlit-${name}`);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return globalThis.stage.drawn();
}, [name, attributes]);
const until = async (look, wanted) => {
  for (let seen, tries = 0; ; tries++) {
    seen = await look();
    if (wanted.test(seen)) return;
    if (tries > 100) assert.match(seen, wanted);
    await new Promise((later) => setTimeout(later, 20));
  }
};

describe("<everlit-badge>", () => {
  test("counts the session's token down, and worries nobody: it is renewed", async () => {
    assert.match(await text("badge", "[part~=badge]"), /^Session 5 min left$/);
    await kit((kit) => kit.advance("2m"));
    assert.match(await text("badge", "[part~=good]"), /3 min left/);
    await kit((kit) => kit.needHuman());
    assert.match(await text("badge", "[part~=over]"), /Expired: log in again/);
  });

  test("shows a broker's day: colour, words, and what is read out", async () => {
    await set("badge", { vault: "service:breeze" });
    await status(STATUSES.good);
    assert.equal(await text("badge", "[part~=good]"), "ICICI Breeze 5 h 12 min left");
    await kit((kit) => kit.advance("132m"));
    assert.equal(await text("badge", "[part~=soon]"), "ICICI Breeze Ends in 3 h");
    assert.equal(await text("badge", "[role=status]"), "ICICI Breeze: Ends within 3 h");
    await kit((kit) => kit.advance("2h"));
    assert.equal(await text("badge", "[part~=urgent]"), "ICICI Breeze Ends soon: 1 h left");
    await kit((kit) => kit.advance("1h"));
    assert.equal(await text("badge", "[part~=over]"), "ICICI Breeze Expired: log in again");
    // And at once another one, when somebody has logged in, in whichever tab.
    await status({ ...STATUSES.good, expires_at: STATUSES.good.expires_at + 24 * 3_600_000 });
    assert.match(await text("badge", "[part~=good]"), /left$/);
    assert.deepEqual(page.wrong, []);
  });

  test("asks once a minute while it is seen, never else, and once at the end of a token", async () => {
    await set("badge", { vault: "service:breeze" });
    await status({ ...STATUSES.good, expires_at: STATUSES.good.server_time + 90_000 });
    const asked = async (work) => {
      const before = await page.evaluate(() => globalThis.stage.asked.length);
      await kit(work);
      return (await page.evaluate(() => globalThis.stage.asked.length)) - before;
    };
    assert.equal(await asked((kit) => kit.advance("60s")), 1);
    assert.equal(await asked((kit) => kit.advance("40s")), 1, "its end, and no second time though the Worker says the same");
    await kit((kit) => kit.hide());
    assert.equal(await asked((kit) => kit.advance("10m")), 0);
    assert.ok((await asked((kit) => kit.show())) >= 1);
    await page.evaluate(() => document.querySelector("everlit-badge").remove());
    assert.equal(await asked((kit) => kit.advance("10m")), 0);
  });

  test("takes other thresholds, and says nothing of what it may not know", async () => {
    await set("badge", { vault: "service:breeze", soon: "36000", urgent: "nonsense" });
    await status(STATUSES.good);
    assert.equal(await within("badge", "[part~=soon]").count(), 1);
    await page.evaluate(() => void delete globalThis.stage.statuses.breeze);
    await status(undefined);
    assert.equal(await within("badge", "*").count(), 0);
  });
});

describe("what is asked of the Worker", () => {
  test("is asked once for all that watch a vault, and no more when the last one is gone", async () => {
    await page.evaluate((of) => void (globalThis.stage.statuses.breeze = of), STATUSES.good);
    await set("badge", { vault: "service:breeze" });
    await set("banner", { vault: "login service:breeze" });
    await until(() => text("badge", "[part~=badge]"), /5 h 12 min/);
    const asked = async (work) => {
      const before = await page.evaluate(() => globalThis.stage.asked.length);
      await kit(work);
      return (await page.evaluate(() => globalThis.stage.asked.length)) - before;
    };
    assert.equal(await asked((kit) => kit.advance("3m")), 3);
    await page.evaluate(() => document.querySelector("everlit-badge").remove());
    assert.equal(await asked((kit) => kit.advance("3m")), 3, "the banner still watches");
    await page.evaluate(() => document.querySelector("everlit-banner").remove());
    assert.equal(await asked((kit) => kit.advance("3m")), 0);
  });
});

describe("<everlit-banner>", () => {
  const banner = () => text("banner", "[part~=banner]");

  test("offline is said when it lasts, and that it is over for ten seconds", async () => {
    assert.equal(await banner(), "");
    await page.context().setOffline(true);
    await kit((kit) => kit.advance("1s"));
    assert.equal(await banner(), "");
    await kit((kit) => kit.advance("1s"));
    assert.match(await banner(), /^You are offline\./);
    assert.equal(await within("banner", ":is(a, button)").count(), 0, "nothing helps");
    await page.context().setOffline(false);
    await until(banner, /^You are back online\.$/);
    await kit((kit) => kit.advance("9s"));
    assert.match(await banner(), /back online/);
    await kit((kit) => kit.advance("1s"));
    assert.equal(await banner(), "");
  });

  test("a Worker that cannot help is asked again by hand, and says when it can", async () => {
    await kit(async (kit) => {
      kit.unavailable();
      kit.expireToken();
      await kit.advance("10m");
    });
    assert.match(await banner(), /^The server cannot help just now\. .*Try now$/s);
    await kit((kit) => kit.recover());
    await within("banner", "button").click();
    await kit((kit) => kit.settle());
    await until(banner, /^You are back online\.$/);
    await kit((kit) => kit.advance("10s"));
    assert.equal(await banner(), "");
  });

  test("a login that has ended is renewed in a popup: the page stays", async () => {
    await kit((kit) => kit.needHuman());
    assert.match(await banner(), /^Your login has ended\.\s+Log in$/);
    await within("banner", "button").click();
    await kit((kit) => kit.settle());
    assert.equal(await page.evaluate(() => globalThis.stage.kit.popups.length), 1);
    await kit((kit) => kit.loginAs({ sub: "248289761001", name: "Ada Lovelace" }));
    await until(banner, /^You are logged in again\.$/);
  });

  test("where popups are blocked, the page goes there", async () => {
    await kit(async (kit) => {
      kit.blockPopups();
      await kit.needHuman();
    });
    await within("banner", "button").click();
    await until(() => page.evaluate(() => `${globalThis.stage.kit.navigations}`), /^\/auth\/login/);
  });

  test("a user who is about to be logged out stays with one click", async () => {
    await page.context().close();
    page = await stage.open({ session: { idleLimit: "30m", options: { idle: { prompt: 60_000 } } } });
    await kit((kit) => kit.advance("29m"));
    assert.match(await banner(), /^Are you still there\?.*1:00\s+Stay logged in$/s);
    await kit((kit) => kit.advance("15s"));
    assert.equal(await text("banner", "[role=timer]"), "0:45");
    await within("banner", "button").click();
    await kit((kit) => kit.settle());
    await until(banner, /^$/);
    assert.equal(await page.evaluate(() => globalThis.stage.kit.session.presence), "present");
  });

  test("a broker's login: expiring with a link, early without, expired, by an operator, and back again", async () => {
    await set("banner", { vault: "login service:breeze" });
    await status(EXPIRING);
    assert.match(await banner(), /^The login at ICICI Breeze ends at 22:26 \(03:56 India Time\)\.\s+25 min left\s+Log in$/);
    const link = within("banner", "a");
    assert.deepEqual([await link.getAttribute("href"), await link.getAttribute("target"), await link.getAttribute("rel")], ["/service/breeze/login", "_blank", "noopener"]);
    const [popup] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
    assert.equal(await popup.evaluate(() => globalThis.name), "everlit popup");
    await status(EARLY);
    assert.match(await banner(), /A new login is possible from then on\.\s+25 min left$/);
    assert.equal(await within("banner", ":is(a, button)").count(), 0);
    await status(OPERATOR);
    assert.match(await banner(), /^ICICI Breeze needs a login by an operator, who was called at 21:30\.$/);
    await status(STATUSES.over);
    assert.match(await banner(), /^ICICI Breeze needs a new login\.\s+Log in$/);
    await status(STATUSES.good);
    assert.match(await banner(), /^ICICI Breeze is logged in again\.$/);
    await kit((kit) => kit.advance("10s"));
    assert.equal(await banner(), "");
    assert.deepEqual(page.wrong.filter((line) => !/404/.test(line)), []);
  });
});

describe("<everlit-banner> and the dialog", () => {
  test("opens the dialog for a vault that nobody waits for: what was open stays, and nothing is rejected by Cancel", async () => {
    await page.context().close();
    page = await stage.open({ session: { real: true } });
    await set("banner", { vault: "service:breeze" });
    await status(STATUSES.over);
    let popups = 0;
    page.context().on("page", () => (popups += 1));
    await within("banner", "a").click();
    await page.getByRole("heading", { name: "Log in to ICICI Breeze again" }).waitFor();
    await page.getByLabel("Token, code or address").waitFor();
    assert.deepEqual([await text("reauth", "[part~=waiting]"), popups], ["", 0]);
    await page.keyboard.press("Escape");
    assert.equal(await page.getByRole("dialog").count(), 0);
    assert.equal(await text("reauth", "> [role=status]"), "Cancelled.");
    // A token that is still there is no matter for the dialog: the link opens the login.
    await status(EXPIRING);
    await Promise.all([page.context().waitForEvent("page"), within("banner", "a").click()]);
    assert.equal(await page.getByRole("dialog").count(), 0);
  });
});

describe("<everlit-source>", () => {
  const change = (detail) => page.evaluate((detail) => {
    globalThis.stage.kit.session.dispatchEvent(new CustomEvent("sourcechange", { detail }));
    return globalThis.stage.drawn();
  }, { upstream: "quotes", since: STATUSES.good.server_time, ...detail });

  test("is there while a fallback answers, and goes away by itself", async () => {
    const source = () => text("source", "[role=status]");
    assert.equal(await source(), "");
    await change({ source: "fallback", reason: "timeout" });
    assert.equal(await source(), "Fallback data since 22:01: the source takes too long");
    await set("source", { upstream: "chain" });
    assert.equal(await source(), "");
    await change({ upstream: "chain", source: "fallback", reason: "reauth" });
    assert.equal(await source(), "Fallback data since 22:01: the source needs a new login");
    await change({ upstream: "chain", source: "primary" });
    assert.equal(await source(), "");
  });
});

describe("<everlit-source> that comes late", () => {
  test("says of a fallback that goes on already", async () => {
    await page.context().close();
    page = await stage.open({ session: { upstreams: ["orders"] } });
    const seen = await page.evaluate(async () => {
      const { kit } = globalThis.stage;
      const { session } = kit;
      kit.respond("/list", 503);
      const late = document.createElement("everlit-source");
      document.body.append(late);
      // What does not answer is asked, and then the other source.
      const answer = await session.fetch("/api/orders/list", { fallback: [async () => new Response("kept")] });
      late.session = session;
      await globalThis.stage.drawn();
      return [await answer.text(), late.shadowRoot.textContent];
    });
    assert.equal(seen[0], "kept");
    assert.match(seen[1], /^Fallback data since /);
  });
});

describe("the package", () => {
  test("importing defines nothing but where that is asked for, and each element comes alone", async () => {
    const fresh = await (await stage.browser.newContext()).newPage();
    await fresh.goto(stage.address("/nothing"));
    const defined = (path, work) => fresh.evaluate(async ([path, work]) => {
      const module = await import(path);
      if (work) module.define();
      return ["reauth", "badge", "banner", "source"].filter((name) => customElements.get(`everlit-${name}`));
    }, [path, work]);
    assert.deepEqual(await defined("/package/elements/index.js", false), []);
    assert.deepEqual(await defined("/package/elements/badge/index.js", true), ["badge"]);
    assert.deepEqual(await defined("/package/elements/source/index.js", true), ["badge", "source"]);
    // A second time, and from another part of the package, nothing happens.
    assert.deepEqual(await defined("/package/elements/index.js", true), ["reauth", "badge", "banner", "source"]);
    assert.deepEqual(await defined("/package/elements/auto/index.js", false), ["reauth", "badge", "banner", "source"]);
    await fresh.context().close();
  });

  test("the example of the documentation has all four, and the dialog in the app's own colour", async () => {
    const fresh = await (await stage.browser.newContext()).newPage();
    await fresh.goto(stage.address("/page/example.html"));
    const shown = await fresh.evaluate(async () => {
      await import("/package/elements/auto/index.js");
      const elements = ["banner", "badge", "source", "reauth"].map((name) => document.querySelector(`everlit-${name}`));
      return [elements.every(({ shadowRoot }) => shadowRoot), elements[1].vault, getComputedStyle(elements[3]).getPropertyValue("--everlit-accent")];
    });
    assert.deepEqual(shown, [true, "service:breeze", "#5b3df5"]);
    await fresh.context().close();
  });

  test("a session that is given before an element is defined is not lost", async () => {
    const shown = await page.evaluate(async () => {
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

  test("a vault or an upstream that is given before an element is defined is not lost", async () => {
    const shown = await page.evaluate(async () => {
      const { EverlitBadge, EverlitSource } = await import("/package/elements/auto/index.js");
      const [badge, source] = ["everlit-badge-later", "everlit-source-later"].map((name) => document.createElement(name));
      badge.vault = "service:breeze";
      source.upstream = "quotes";
      document.body.append(badge, source);
      customElements.define("everlit-badge-later", class extends EverlitBadge {});
      customElements.define("everlit-source-later", class extends EverlitSource {});
      return [badge.getAttribute("vault"), source.getAttribute("upstream")];
    });
    assert.deepEqual(shown, ["service:breeze", "quotes"]);
  });

  test("a badge whose chunk did not come at first asks again", async () => {
    const shown = await page.evaluate(async (status) => {
      const { stage } = globalThis;
      stage.statuses.breeze = status;
      const { session } = stage.kit;
      const { desk } = session;
      let asked = 0;
      session.desk = async () => {
        if (asked++ === 0) throw new Error("no chunk");
        return desk.call(session);
      };
      const late = document.createElement("everlit-badge");
      late.setAttribute("vault", "service:breeze");
      late.session = session;
      document.body.append(late);
      await stage.drawn();
      await stage.kit.advance("3m");
      await stage.drawn();
      return late.shadowRoot.textContent;
    }, STATUSES.good);
    assert.match(shown, /ICICI Breeze/);
  });

  test("is harmless in Node", async () => {
    for (const name of ["index", "auto/index", "reauth/index", "badge/index", "banner/index", "source/index"]) {
      const { define } = await import(new URL(`../../crates/web/dist/elements/${name}.js`, import.meta.url).href);
      assert.doesNotThrow(define);
    }
  });
});
