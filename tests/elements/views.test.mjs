// What the elements say, as a table of what there is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { all, inside, part, words } from "./inside.mjs";
import { BREEZE, DIALOGS, EARLY, EXPIRING, LOGIN, NOW, OPERATOR, STATUSES, UPSTOX } from "./states.mjs";

const { left, countdown, moment } = inside.words;
const SECOND = 1_000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE;
const LONDON = { locale: "en", ours: "Europe/London" };

describe("times", () => {
  test("are rounded up, so that what is over is never said to be left", () => {
    for (const [ms, says] of [[0, "0 s"], [-5, "0 s"], [1, "1 s"], [59_000, "59 s"], [59_001, "1 min"], [MINUTE, "1 min"], [MINUTE + 1, "2 min"], [59 * MINUTE + 1, "1 h"], [HOUR, "1 h"], [HOUR + 1, "1 h 1 min"], [5 * HOUR + 12 * MINUTE, "5 h 12 min"], [47 * HOUR, "47 h"], [3 * 24 * HOUR, "3 d"]]) assert.equal(left(ms), says, `${ms}`);
    for (const [ms, says] of [[0, "0:00"], [-1, "0:00"], [1, "0:01"], [7_000, "0:07"], [4 * MINUTE + 32_000, "4:32"], [75 * MINUTE, "1:15:00"], [HOUR, "1:00:00"], [24 * HOUR - 66_000, "23:58:54"], [26 * HOUR + 1_000, "26:00:01"]]) assert.equal(countdown(ms), says);
  });

  test("are said by the reader's clock, and by the provider's where that shows another time", () => {
    const theirs = "Asia/Kolkata";
    assert.equal(moment(NOW, NOW, LONDON), "22:01");
    assert.equal(moment(NOW, NOW, { ...LONDON, theirs }), "22:01 (03:31 India Time)");
    assert.throws(() => moment(1e20, NOW, { locale: "en_US" }), /Invalid time value/, "no language mends that");
    assert.equal(moment(NOW, NOW, { locale: "en", ours: theirs, theirs }), "03:31");
    assert.equal(moment(NOW, NOW, { locale: "de", ours: "Europe/Berlin", theirs: "UTC" }).slice(0, 5), "23:01");
    assert.match(moment(NOW + 30 * HOUR, NOW, LONDON), /^Wed.* 04:01$/);
  });
});

describe("<everlit-reauth>", () => {
  const texts = inside.reauth_texts.TEXTS;
  const view = (asked, now = NOW) => inside.reauth_view.view({ asked, place: { ...LONDON, theirs: "Asia/Kolkata" }, texts }, now);
  const says = (asked, now) => words(view(asked, now)[0]);

  test("is closed while nobody is asked, and says how many calls were stopped when it was cancelled", () => {
    const [[dialog, said]] = view(undefined);
    assert.deepEqual([dialog.kids, words([said])], [[], ""]);
    const cancelled = (count) => words(inside.reauth_view.view({ cancelled: count, place: {}, texts }, NOW)[0]);
    assert.deepEqual([0, 1, 3].map(cancelled), ["Cancelled.", "Cancelled. Requests stopped: 1.", "Cancelled. Requests stopped: 3."]);
  });

  for (const [name, wanted] of Object.entries({
    asking: /^Log in to ICICI Breeze again ICICI Breeze has needed a new login since 21:30\. What you started goes on by itself afterwards\. Log in to ICICI Breeze or Token, code or address Update The whole address .* Requests waiting: 3\. Cancel stops all\. Cancel$/,
    "asking-paste": /afterwards\. Token, code or address Update .* Requests waiting: 1\. Cancel stops all\. Cancel$/,
    "asking-login": /^Log in again Your login has ended\. .* Log in Requests waiting: 2/,
    "asking-redirect": /Log in to ICICI Breeze It opens in a new tab\. or Token/,
    popup: /Log in in the window that has opened\. Show the window or Token/,
    blocked: /The browser opened no window\. .* Log in to ICICI Breeze It opens in a new tab\./,
    refused: /Token, code or address Update This token is yesterday's: log in once more and paste the new one\. Requests waiting: 3/,
    unproven: /Update ICICI Breeze does not answer just now\. The token is kept, and looked at again by itself\./,
    updating: /Updating… The whole address/,
    push: /Approve on the phone Log in to Upstox or Token/,
    approval: /Approve the login to Upstox on your phone\. 4:32 This page is not told of a refusal\. If nothing comes, ask again\. Ask the phone again Log in to Upstox or Token/,
    "approval-over": /Nobody answered on the phone in time\. Ask the phone again Log in to Upstox/,
    early: /A new login is possible from 22:10 \(03:40 India Time\), in 9 min\. Requests waiting: 3\. Cancel stops all\. Cancel$/,
    operator: /^Log in to ICICI Breeze again An operator was called at 21:30, and can log in to ICICI Breeze\. What you started goes on by itself afterwards\. Requests waiting: 3\. Cancel stops all\. Cancel$/,
    unknown: /ICICI Breeze needs a new login\. .* One moment… Requests waiting: 3/,
    done: /Updated\. Carrying on\.$/,
  })) {
    test(`says what is to be said: ${name}`, () => assert.match(says(DIALOGS[name]), wanted));
  }

  test("has a state in the table for each phase and each kind of how", () => {
    const phases = new Set(Object.values(DIALOGS).map(({ phase }) => phase));
    assert.deepEqual([...phases].sort(), ["approval", "asking", "done", "popup", "updating"]);
  });

  test("offers nothing to press but Cancel where an operator has to act, and where a login would not help yet", () => {
    for (const asked of [DIALOGS.operator, DIALOGS.early, { ...DIALOGS.operator, problem: { kind: "forbidden", says: "No." } }]) {
      const [kids] = view(asked);
      assert.deepEqual(all(kids).filter(({ tag }) => /^(a|button|input)$/.test(tag)).map(({ at }) => at["data-do"]), ["cancel"]);
    }
    assert.match(says({ ...DIALOGS.operator, problem: { kind: "forbidden", says: "Only an operator may do that." } }), /Only an operator may do that\./);
    // In that very moment it does.
    assert.ok(part(view(DIALOGS.early, DIALOGS.early.loginFrom)[0], "login"));
  });

  test("shows what comes first as the first button, and begins there; never at Cancel", () => {
    const focus = (asked) => all(view(asked)[0]).filter(({ at }) => at.autofocus).map(({ at }) => at.part);
    assert.deepEqual(focus(BREEZE), ["button primary login"]);
    assert.deepEqual(focus(UPSTOX), ["button primary ask"]);
    assert.deepEqual(focus(DIALOGS["asking-paste"]), ["field"]);
    assert.deepEqual(focus(DIALOGS["asking-redirect"]), ["button primary login"]);
    for (const name of ["operator", "early", "unknown", "approval"]) assert.deepEqual(focus(DIALOGS[name]), ["title"], name);
    assert.equal(part(view(UPSTOX)[0], "login").at.part, "button login");
  });

  test("offers the way of a page only where there is no window and no link", () => {
    const blocked = view({ ...LOGIN, problem: { kind: "popup-blocked", says: "Blocked." } })[0];
    assert.deepEqual([part(blocked, "login").at["data-do"], words([part(blocked, "login")])], ["leave", "Log in on this page"]);
    assert.equal(part(view(DIALOGS.blocked)[0], "login").tag, "a");
  });

  test("is looked at again each second while it is there, and never when it is not", () => {
    assert.deepEqual([view(undefined)[1], view(BREEZE)[1]], [false, true]);
    assert.match(says(DIALOGS.approval, DIALOGS.approval.deadline + 1), /0:00/);
  });

  test("takes each text from the app", () => {
    const own = Object.fromEntries(Object.keys(texts).map((name) => [name, typeof texts[name] === "string" ? "±" : () => "±"]));
    for (const [name, asked] of Object.entries(DIALOGS)) {
      const [kids] = inside.reauth_view.view({ asked, place: LONDON, texts: own }, NOW);
      assert.match(words(kids), /^[± ]+$/, name);
    }
  });
});

describe("<everlit-badge>", () => {
  const { TEXTS } = inside.badge_texts;
  const standing = (status) => inside.standing.ofStatus("service:breeze", status);
  const view = (of, now = NOW) => inside.badge_view.view({ standing: of, soon: 3 * HOUR, urgent: HOUR, texts: TEXTS }, now);
  const shown = (of, now) => {
    const [kids] = view(of, now);
    return [kids[0].at.part.split(" ")[1], words([kids[0]]), words([kids[1]])];
  };

  test("has the colours and words of a broker's day", () => {
    const at = (rest) => shown(standing({ ...STATUSES.good, expires_at: NOW + rest }));
    assert.deepEqual(at(5 * HOUR), ["good", "ICICI Breeze 5 h left", ""]);
    assert.deepEqual(at(3 * HOUR + 1), ["good", "ICICI Breeze 3 h 1 min left", ""]);
    assert.deepEqual(at(3 * HOUR), ["soon", "ICICI Breeze Ends in 3 h", "ICICI Breeze: Ends within 3 h"]);
    assert.deepEqual(at(HOUR + 1), ["soon", "ICICI Breeze Ends in 1 h 1 min", "ICICI Breeze: Ends within 3 h"]);
    assert.deepEqual(at(HOUR), ["urgent", "ICICI Breeze Ends soon: 1 h left", "ICICI Breeze: Ends within 1 h"]);
    assert.deepEqual(at(0), ["over", "ICICI Breeze Expired: log in again", "ICICI Breeze: Expired: log in again"]);
    assert.deepEqual(shown(standing(STATUSES.over)), ["over", "ICICI Breeze Expired: log in again", "ICICI Breeze: Expired: log in again"]);
    assert.deepEqual(shown(standing(STATUSES.renewing)), ["soon", "ICICI Breeze Renewing…", ""]);
    assert.deepEqual(view(undefined)[0], []);
  });

  test("worries nobody about what comes again by itself", () => {
    assert.deepEqual(shown(standing({ ...STATUSES.urgent, automatic: { possible: true } })), ["good", "ICICI Breeze 42 min left", ""]);
    const session = (more) => inside.standing.ofSession({ state: "active", providers: [], token: { expiresIn: 4 * MINUTE }, ...more }, "login", NOW);
    assert.deepEqual(shown(session({})), ["good", "Session 4 min left", ""]);
    assert.deepEqual(shown(session({ state: "degraded" })), ["soon", "Session Cannot be renewed now, 4 min left", ""]);
    assert.deepEqual(shown(session({ state: "refreshing", token: undefined })), ["soon", "Session Renewing…", ""]);
    assert.deepEqual(shown(session({ state: "reauth-required" })).slice(0, 2), ["over", "Session Expired: log in again"]);
    assert.deepEqual(shown(session({ state: "logged-out", token: undefined })).slice(0, 2), ["none", "Session Not connected"]);
  });

  test("says where a linked account stands", () => {
    const linked = (state) => shown(inside.standing.ofSession({ state: "active", providers: [{ name: "kite", state }] }, "linked:kite", NOW)).slice(0, 2).join(": ");
    assert.deepEqual(["ready", "expiring", "renewing", "needs-human", "unavailable"].map(linked), ["good: kite Connected", "good: kite Connected", "soon: kite Renewing…", "over: kite Expired: log in again", "none: kite Not connected"]);
  });

  test("is looked at again each second while it counts", () => {
    const ticks = (status) => view(standing(status))[1];
    assert.deepEqual([STATUSES.good, STATUSES.over, STATUSES.renewing].map(ticks), [true, false, false]);
  });

  test("believes nothing that is no status", () => {
    for (const body of [undefined, null, "x", [], {}, { valid: "yes" }]) assert.equal(standing(body), undefined);
  });
});

describe("<everlit-banner>", () => {
  const { NOTHING, step } = inside.banner_machine;
  const texts = inside.banner_texts.TEXTS;
  const standing = (status) => inside.standing.ofStatus("service:breeze", status);
  const well = standing(STATUSES.good);
  const facts = (more) => ({ online: true, state: "active", presence: "present", standings: [well], ...more });
  const view = (memory, of, now) => inside.banner_view.view({ memory, facts: of, busy: false, place: { ...LONDON, theirs: "Asia/Kolkata" }, texts }, now);
  /** What is shown after these facts, each at its second. */
  const play = (...story) => {
    let memory = NOTHING;
    return story.map(([seconds, more]) => {
      const [now, of] = [NOW + seconds * SECOND, facts(more)];
      memory = step(memory, of, now);
      const [kids, ticks] = view(memory, of, now);
      return { says: words(kids), kids, ticks };
    });
  };
  const first = (more) => play([0, more], [3, more])[1];

  test("says nothing while nothing is wrong", () => {
    const [{ says, ticks, kids }] = play([0, {}]);
    assert.deepEqual([says, ticks], ["", false]);
    // It is there all the same: only then what it says later is read out.
    assert.equal(part(kids, "text").at.role, "status");
  });

  test("says what is wrong, worst first, and offers what helps at that moment", () => {
    const action = ({ kids }) => all(kids).find(({ tag }) => /^(a|button)$/.test(tag))?.at["data-do"];
    const table = [
      [{ online: false, state: "degraded" }, /^You are offline\./, undefined],
      [{ state: "degraded" }, /^The server cannot help just now\./, "retry"],
      [{ state: "degraded", problem: "throttled" }, /^The server cannot help just now\. .* by itself\.$/, undefined],
      [{ state: "degraded", problem: "misconfigured" }, /^The server cannot help just now\. .* by itself\.$/, undefined],
      [{ standings: [standing(STATUSES.over)] }, /^ICICI Breeze needs a new login\. Log in$/, "go"],
      [{ standings: [standing({ ...STATUSES.over, login_from: NOW + HOUR })] }, /^ICICI Breeze needs a new login\. A new login is possible from 23:01 \(04:31 India Time\)\.$/, undefined],
      [{ standings: [standing(OPERATOR)] }, /^ICICI Breeze needs a login by an operator, who was called at 21:30\.$/, undefined],
      [{ standings: [standing(EXPIRING)] }, /^The login at ICICI Breeze ends at 22:26 \(03:56 India Time\)\. 25 min left Log in$/, "go"],
      [{ standings: [standing(EARLY)] }, /^The login at ICICI Breeze ends at 22:26 \(03:56 India Time\)\. A new login is possible from then on\. 25 min left$/, undefined],
      [{ standings: [standing({ ...EXPIRING, automatic: { possible: true } })] }, /^$/, undefined],
      [{ presence: "prompted", idleEndsAt: NOW + 48 * SECOND, standings: [inside.standing.ofSession({ state: "active", providers: [], token: { expiresIn: HOUR } }, "login", NOW)] }, /^Are you still there\? .* 0:45 Stay logged in$/, "stay"],
      [{ state: "reauth-required", standings: [inside.standing.ofSession({ state: "reauth-required", providers: [] }, "login", NOW)] }, /^Your login has ended\. Log in$/, "login"],
      [{ standings: [inside.standing.ofSession({ state: "active", providers: [{ name: "kite", state: "needs-human" }] }, "linked:kite", NOW)] }, /^kite needs a new login\. Log in$/, "login"],
    ];
    for (const [more, wanted, does] of table) {
      const found = first(more);
      assert.match(found.says, wanted);
      assert.equal(action(found), does, found.says);
    }
  });

  test("says nothing of what is over at once, and that it is mended for ten seconds, by itself", () => {
    const off = { online: false };
    assert.deepEqual(play([0, off], [1, off], [1.5, {}]).map(({ says }) => says), ["", "", ""]);
    const told = play([0, off], [2, off], [60, {}], [69.9, {}], [70, {}], [90, {}]);
    assert.deepEqual(told.map(({ says }) => says.slice(0, 19)), ["", "You are offline. Wh", "You are back online", "You are back online", "", ""]);
    assert.deepEqual(told.map(({ ticks }) => ticks), [true, true, true, true, false, false]);
  });

  test("does not take a further try for a success", () => {
    const told = play([0, { state: "degraded" }], [3, { state: "degraded" }], [4, { state: "refreshing" }], [5, { state: "degraded" }], [6, { state: "active" }]);
    assert.deepEqual(told.map(({ says }) => says.slice(0, 10)), ["", "The server", "The server", "The server", "You are ba"]);
    assert.equal(play([0, { state: "refreshing" }], [30, { state: "refreshing" }])[1].says, "");
  });

  test("tells that a login is back, and not that one is when nobody is logged in", () => {
    const over = { standings: [standing(STATUSES.over)] };
    assert.deepEqual(play([0, over], [5, {}]).map(({ says }) => says), ["ICICI Breeze needs a new login. Log in", "ICICI Breeze is logged in again."]);
    const renewing = { standings: [standing(STATUSES.renewing)] };
    assert.deepEqual(play([0, over], [5, renewing], [6, {}]).map(({ says }) => says), ["ICICI Breeze needs a new login. Log in", "", "ICICI Breeze is logged in again."]);
    assert.deepEqual(play([0, over], [5, renewing], [6, { standings: [] }]).map(({ says }) => says).slice(1), ["", ""]);
    assert.equal(play([0, over], [5, { standings: [] }])[1].says, "");
    const idle = { presence: "prompted", standings: [inside.standing.ofSession({ state: "active", providers: [] }, "login", NOW)] };
    assert.equal(play([0, idle], [5, {}])[1].says, "");
  });

  test("says the worse thing when it comes, and the other one again when that is gone", () => {
    const ends = { standings: [standing(EXPIRING)] };
    const told = play([0, ends], [1, { ...ends, online: false }], [4, { ...ends, online: false }], [5, ends]);
    assert.deepEqual(told.map(({ says }) => says.slice(0, 9)), ["The login", "The login", "You are o", "The login"]);
  });

  test("takes each text from the app", () => {
    const own = Object.fromEntries(Object.keys(texts).map((name) => [name, typeof texts[name] === "string" ? "±" : () => "±"]));
    for (const status of [STATUSES.over, OPERATOR, EXPIRING, EARLY]) {
      const of = facts({ standings: [standing(status)] });
      const [kids] = inside.banner_view.view({ memory: step(NOTHING, of, NOW), facts: of, busy: false, place: {}, texts: own }, NOW);
      assert.match(words(kids), /^[± ]+$/);
    }
  });
});

describe("<everlit-source>", () => {
  const view = (...told) => words(inside.source_view.view({ told, place: LONDON, texts: inside.source_texts.TEXTS }, NOW)[0]);
  const fallback = (reason, since = NOW) => ({ upstream: "quotes", source: "fallback", since, reason });

  test("says since when and why, of the source that has been out longest", () => {
    assert.equal(view(), "");
    assert.equal(view({ upstream: "quotes", source: "primary", since: NOW }), "");
    assert.equal(view(fallback("timeout"), { ...fallback("network", NOW - 5 * MINUTE), upstream: "chain" }), "Fallback data since 21:56: no answer from the source");
    const whys = ["network", "timeout", "unavailable", "throttled", "reauth", undefined].map((reason) => view(fallback(reason)));
    assert.equal(new Set(whys).size, 6);
    assert.equal(whys.at(-1), "Fallback data since 22:01");
  });
});
