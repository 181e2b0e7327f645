// Answers that are not the Worker's, and words on the channel and the event socket that are nobody's: none of it ends anything.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe } from "node:test";
import { Lab, engine } from "../lab/lab.mjs";
import { step, until } from "../lab/step.mjs";

const HTML = "<!doctype html><title>Welcome to the hotel</title><form action='/pay'>Room number</form>";
const json = (/** @type {unknown} */ value, status = 200) => ({ status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) });
const problem = (/** @type {string} */ code, /** @type {number} */ status) => ({
  status,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({ type: `urn:everlit:problem:${code}`, title: "A problem", status, code }),
});

/** What may come in place of an answer of the Worker's endpoints. @type {Record<string, import("../lab/front.mjs").Fault>} */
const ANSWERS = {
  "a captive portal's page, with 200": { status: 200, body: HTML },
  "a captive portal's redirect": { status: 302, headers: { location: "/lab/elsewhere.html" } },
  "a proxy's 502 in HTML": { status: 502, body: HTML },
  "a proxy's 401 in HTML": { status: 401, body: HTML },
  "a proxy's 404 in HTML": { status: 404, body: HTML },
  "an answer of the next wire version": json({ v: 2, state: "logged_out", providers: [], server_time: 1 }),
  "an answer without a version": json({ state: "logged_out" }),
  "a Worker that does not speak our version": problem("unsupported_version", 400),
  "a problem of a name that nobody knows": problem("everything_is_over", 401),
  "a problem that is not one of ours": { ...problem("session_ended", 401), body: '{"type":"about:blank","title":"Unauthorized","status":401,"code":"session_ended"}' },
  "half of an answer": { status: 200, headers: { "content-type": "application/json" }, body: '{"v":1,"epoch":17' },
  "an answer with a lifetime that is no number": json({ v: 1, epoch: 1, generation: 9, expires_in: "soon", lifetime: -1, idle_left: null, absolute_left: 1, server_time: 1 }),
  "no answer at all": "cut",
};

/** What may be said on a channel by whoever is of this origin. */
const WORDS = [
  null, true, 0, -1, 1.5, 2 ** 53, "everlit", "", [], [0], [1, 2], [99, 1, 1], [0, -1, 1], [0, 1.5, 1], [0, 2 ** 53, 1], [1, "1"], [null, null],
  [1, Number.NaN], [1, Number.POSITIVE_INFINITY], {}, { v: 2, kind: "logged_out" }, { everlit: 2, relogin: "0af", outcome: "done" },
  { everlit: 1, relogin: "0af", outcome: "done" }, { everlit: 1 }, Array.from({ length: 1000 }, () => 0),
];

/** What may come over a socket that is not, or not yet, our Worker's. */
const FRAMES = [
  "", "pong", "null", "[]", "{}", "0", '"logged_out"', "not json", "{", HTML, "x".repeat(50_000),
  '{"v":2,"kind":"logged_out","epoch":1,"generation":1}', '{"kind":"logged_out","epoch":1,"generation":1}',
  '{"v":1,"kind":"everything_is_over","epoch":1,"generation":1}', '{"v":1,"kind":"logged_out"}', '{"v":1,"kind":"logged_out","epoch":"1","generation":1}',
  '{"v":1,"kind":"ended","epoch":-1,"generation":1}', '{"v":1,"kind":"moved","epoch":1.5,"generation":1}',
  '{"v":1,"kind":"ended","epoch":1,"generation":1}', '{"v":1,"kind":"logged_out","epoch":1,"generation":1}',
];

describe(`what is not ours in ${engine.name}`, { timeout: 180_000 }, () => {
  /** @type {Lab} */ let lab;
  /** @type {import("../webdriver.mjs").Browser} */ let browser;
  /** @type {import("../lab/tab.mjs").Tab} */ let tab;
  const shown = { browser: () => browser };

  before(async () => {
    lab = await Lab.start();
    browser = await lab.device();
    tab = await lab.enter(browser);
  });
  beforeEach(() => {
    lab.front.fault = () => undefined;
  });
  after(() => lab?.close());

  /** @param {import("../lab/front.mjs").Fault} answer */
  const answerAll = (answer) => {
    lab.front.fault = ({ path }) => (path === "/auth/token" || path === "/auth/session" ? answer : undefined);
  };

  for (const [words, answer] of Object.entries(ANSWERS)) {
    step(`${words}: degraded, with its calls, and then as before`, async () => {
      answerAll(answer);
      const since = Date.now();
      assert.equal(await tab.does("refresh"), "ERR_SESSION_UNAVAILABLE");
      assert.equal(await tab.state(), "degraded");
      assert.equal(await tab.call(), 200, "the token still lives");
      lab.front.fault = () => undefined;
      assert.equal(await tab.does("refresh"), "");
      assert.equal(await tab.state(), "active");
      const questions = lab.front.count("/auth/token", since) + lab.front.count("/auth/session", since);
      assert.ok(questions <= 6, `${questions} questions`);
    }, shown);
  }

  step("a page that is opened behind a captive portal does not know, and finds out by itself", async () => {
    answerAll(ANSWERS["a captive portal's page, with 200"]);
    const late = await lab.another(browser);
    assert.equal(await late.state(), "degraded");
    await late.beginCall();
    lab.front.fault = () => undefined;
    await late.reaches(["active"]);
    assert.equal(await late.called(), 200);
    await late.close();
    await tab.show();
  }, shown);

  step("words on the channel that are no messages change nothing", async () => {
    const [since, before] = [Date.now(), (await tab.events()).length];
    const channels = await tab.run((words) => {
      const { seen } = Reflect.get(globalThis, "recorder");
      const heard = seen.filter((/** @type {{ kind: string }} */ { kind }) => kind === "channel").map((/** @type {{ text: string }} */ { text }) => text);
      const names = [...new Set([...heard, "everlit 1", "everlit 1 relogin", "everlit"])];
      for (const name of names) {
        const channel = new BroadcastChannel(name);
        for (const word of words) channel.postMessage(word);
        channel.postMessage(new ArrayBuffer(8));
        channel.postMessage([1n, 2n]);
        channel.close();
      }
      return heard;
    }, WORDS);
    assert.ok(channels.length > 0, "the session has a channel");
    await unmoved(since, before);
  }, shown);

  step("words on the event socket that are no notices, or of a login long ago, change nothing", async () => {
    await until("the event socket to be open", () => lab.front.sockets.size > 0);
    const [since, before] = [Date.now(), (await tab.events()).length];
    for (const text of FRAMES) lab.front.tellAll(text);
    await unmoved(since, before);
    assert.ok(lab.front.count("/auth/events", since) <= 1, "it is not opened anew for each of them");
  }, shown);

  step("an event socket that is answered by a portal's page is tried again, seldom", async () => {
    lab.front.fault = ({ path }) => (path === "/auth/events" ? { status: 200, body: HTML } : undefined);
    const since = Date.now();
    for (const socket of lab.front.sockets) socket.destroy();
    await until("a second try", () => lab.front.count("/auth/events", since) >= 2, 30_000);
    const took = Date.now() - since;
    assert.ok(took > 200, `the second try came after ${took} ms`);
    assert.equal(await tab.state(), "active");
    assert.equal(await tab.call(), 200);
    lab.front.fault = () => undefined;
    await until("the event socket to be open again", () => lab.front.sockets.size > 0, 60_000);
  }, shown);

  /** @param {number} since @param {number} before how many events there were */
  async function unmoved(since, before) {
    // The call goes out after everything that was said before it.
    assert.equal(await tab.call(), 200);
    assert.equal(await tab.state(), "active");
    const moved = (await tab.events()).slice(before).filter(({ type, detail }) => type === "loggedout" || ["logged-out", "ended", "reauth-required"].includes(detail?.to));
    assert.deepEqual(moved, []);
    const questions = lab.front.count("/auth/token", since) + lab.front.count("/auth/session", since);
    assert.ok(questions <= 2, `${questions} questions`);
  }
});
