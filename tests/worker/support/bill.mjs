/**
 * What a session puts on the bill, counted inside the objects of a real Worker: rows, alarms, requests to objects, timers.
 *
 * The rows test and `cargo xtask cost` both count with this.
 */

import { ask, isLater } from "./asking.mjs";
import { send } from "./browser.mjs";
import { enter, startScriptedStack } from "./scripted-stack.mjs";
import { BINDING_COOKIE, SESSION_COOKIE } from "./stack.mjs";
import { pause, until } from "./until.mjs";

/** Seconds; due from its half on. */
const ACCESS_TTL = 4;
/** A window, as the alarm that guards a rotation then rings soon: what is counted is the same on every server. */
const GRACE = { window: "9s", replay: "same_pair", depth: "previous", blast: "family" };

/** @typedef {{ requests: number, alarms_rung: number, set_alarm: number, set_alarm_in_handler: number, rows_written: number, rows_read: number }} Count */
/** @typedef {Count & { by_object: { vault: Count, escrow: Count, desk: Count, index: Count } }} Step */

/** @param {any} given @returns {Count} */
const count = ({ requests, alarmsRung, armedOutside, armedInside, rowsWritten, rowsRead }) => ({
  requests, alarms_rung: alarmsRung, set_alarm: armedOutside, set_alarm_in_handler: armedInside, rows_written: rowsWritten, rows_read: rowsRead,
});
/** @param {Count} left @param {Count} right @param {1 | -1} sign */
const sum = (left, right, sign) => /** @type {Count} */ (Object.fromEntries(Object.keys(left).map((key) => [key, /** @type {any} */ (left)[key] + sign * /** @type {any} */ (right)[key]])));

/** @param {{ vault: Count, escrow: Count, desk: Count, index: Count }} by_object @returns {Step} */
const whole = (by_object) => ({ ...sum(sum(sum(by_object.vault, by_object.escrow, 1), by_object.desk, 1), by_object.index, 1), by_object });

/** Rows that are billed for a step, except alarms that are armed again inside their handler. @param {Count} step */
export const rowsOf = (step) => step.rows_written + step.set_alarm;

/**
 * Plays the life of a session.
 *
 * @param {{ build?: string }} [options]
 */
export async function measureBill({ build } = {}) {
  const change = (/** @type {any} */ given) => ({ ...given, PROVIDER_DEMO: { ...given.PROVIDER_DEMO, grace: GRACE } });
  const stack = await startScriptedStack({ change, door: true, build });
  try {
    stack.as.accessTtl = ACCESS_TTL;
    const browser = stack.browser();
    const { session } = await enter(stack, browser);
    const [cookie, binding] = [browser.cookie(SESSION_COOKIE), browser.cookie(BINDING_COOKIE)];
    const counts = async () => ({
      vault: count(await stack.workerd.ask("SESSION_VAULT", cookie, "/counts")),
      escrow: count(await stack.workerd.ask("ESCROW", cookie, "/counts")),
      desk: count(await stack.workerd.ask("LOGIN_DESK", binding, "/counts")),
      index: (await stack.workerd.each("SESSION_INDEX", "/counts")).map(count).reduce((all, one) => sum(all, one, 1)),
    });
    let before = await counts();
    /** What was counted since the last time. @returns {Promise<Step>} */
    const since = async () => {
      const now = await counts();
      const [vault, escrow] = [sum(now.vault, before.vault, -1), sum(now.escrow, before.escrow, -1)];
      const [desk, index] = [sum(now.desk, before.desk, -1), sum(now.index, before.index, -1)];
      before = now;
      return whole({ vault, escrow, desk, index });
    };
    const timers = async () => (await send(`${stack.app}/door/timers`)).json;
    const rung = () => until("the alarm", async () => (await counts()).vault.alarms_rung > before.vault.alarms_rung, 20_000);
    /** @param {any} held */
    const refresh = async (held) => {
      stack.as.accessTtl = 3600;
      let answer = await ask(browser, held);
      // Who is told to come again on a machine that is slow asks once more: that request is not the refresh's.
      for (const end = Date.now() + 30_000; isLater(answer, held) && Date.now() < end; before.vault.requests += 1) answer = await ask(browser, held);
      const { json } = answer;
      if (json.generation !== held.generation + 1) throw new Error(`no refresh: ${JSON.stringify(json)}`);
      return json;
    };
    const login = whole(before);

    // The first refresh, which takes the alarm over from the end of the session. Another is made before that rings, and one
    // after: that is how it goes on for as long as the session lives.
    await pause(ACCESS_TTL * 500 + 100);
    let held = await refresh(session);
    const firstRefresh = await since();
    await rung();
    const firstAlarm = await since();

    stack.as.accessTtl = ACCESS_TTL;
    await stack.workerd.ask("SESSION_VAULT", cookie, "/sql", `UPDATE session SET access_expires_at = ${Date.now() + 1_000}`);
    // Read anew: what an object has in memory is not what a test has written over it.
    await stack.workerd.ask("SESSION_VAULT", cookie, "/reset");
    await pause(200);
    await browser.call("/auth/session");
    await since();
    held = await refresh(held);
    const steadyRefresh = await since();
    await rung();
    const steadyAlarm = await since();

    const fresh = async (/** @type {() => Promise<{ status: number }>} */ call) => {
      for (let times = 0; times < 10; times += 1) {
        const { status } = await call();
        if (status !== 200) throw new Error(`answered ${status}`);
      }
      const step = await since();
      if (Object.values(step).some((value) => typeof value === "number" && value % 10 !== 0)) throw new Error(`not ten times the same: ${JSON.stringify(step)}`);
      const tenth = (/** @type {Count} */ one) => /** @type {Count} */ (Object.fromEntries(Object.entries(one).filter(([, value]) => typeof value === "number").map(([key, value]) => [key, value / 10])));
      const { vault, escrow, desk, index } = step.by_object;
      return { ...tenth(step), by_object: { vault: tenth(vault), escrow: tenth(escrow), desk: tenth(desk), index: tenth(index) } };
    };
    const proxiedCall = await fresh(() => browser.call("/api/orders"));
    const freshToken = await fresh(() => ask(browser, held));
    const pageLoad = await fresh(() => browser.call("/auth/session"));

    const idleTimers = await timers();
    // That timers are seen at all: a caller that waits has one.
    stack.as.onToken = async (form) => ({ delayMs: 1_500, json: await stack.as.tokens(form) });
    await pause(Math.max(0, 10_200));
    const slow = ask(browser, held, "forced");
    const waitingTimers = await until("somebody to wait", timers);
    await slow;
    // What the request left behind is cleared in a moment, or never.
    let afterTimers = await timers();
    for (const end = Date.now() + 3_000; afterTimers > 0 && Date.now() < end;) afterTimers = await timers();
    await since();

    await browser.call("/auth/logout", { method: "POST" });
    await until("the revocation", () => stack.as.revoked.length > 0);
    await pause(300);
    const logout = await since();

    // A login with a `sid`, a login again in the same browser, and the end of it by a Logout Token.
    stack.as.claims = { sid: "a-session-at-the-server" };
    await enter(stack, browser);
    const second = browser.cookie(SESSION_COOKIE);
    const ofSecond = async () => ({
      vault: count(await stack.workerd.ask("SESSION_VAULT", second, "/counts")),
      escrow: count(await stack.workerd.ask("ESCROW", second, "/counts")),
      desk: count(await stack.workerd.ask("LOGIN_DESK", binding, "/counts")),
      index: (await stack.workerd.each("SESSION_INDEX", "/counts")).map(count).reduce((all, one) => sum(all, one, 1)),
    });
    /** @param {Awaited<ReturnType<typeof ofSecond>>} now @param {Partial<Awaited<ReturnType<typeof ofSecond>>>} then */
    const step = (now, then) => whole(/** @type {any} */ (Object.fromEntries(Object.entries(now).map(([name, one]) => {
      const known = /** @type {any} */ (then)[name];
      return [name, known ? sum(one, known, -1) : one];
    }))));
    const loggedIn = await ofSecond();
    const loginWithSid = step(loggedIn, { desk: before.desk, index: before.index });
    await enter(stack, browser);
    const again = await ofSecond();
    const loginAgain = step(again, loggedIn);
    const seconds = Math.floor(Date.now() / 1000);
    const logout_token = await stack.as.signed({
      iss: stack.as.issuer, aud: stack.as.clientId, iat: seconds, exp: seconds + 120, jti: "one",
      events: { "http://schemas.openid.net/event/backchannel-logout": {} }, sid: "a-session-at-the-server",
    });
    const answer = await send(`${stack.app}/auth/backchannel-logout`, {
      method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body: new URLSearchParams({ logout_token }).toString(),
    });
    if (answer.status !== 200) throw new Error(`the logout was answered ${answer.status}: ${answer.text}`);
    const logoutByToken = step(await ofSecond(), again);
    return { login, firstRefresh, firstAlarm, steadyRefresh, steadyAlarm, proxiedCall, freshToken, pageLoad, logout, loginWithSid, loginAgain, logoutByToken, timers: { idle: idleTimers, waiting: waitingTimers, after: afterTimers } };
  } finally {
    await stack.close();
  }
}
