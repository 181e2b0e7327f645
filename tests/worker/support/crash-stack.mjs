/** A Worker with fault points, and an authorization server whose every token request counts. */

import { test } from "node:test";

import { ask, askOn, due, enterDue as enterDueIn, isLater, PATIENCE_MS } from "./asking.mjs";
import { FaultPoints } from "./fault-points.mjs";
import { Rotation } from "./rotating-as.mjs";
import { startScriptedStack } from "./scripted-stack.mjs";
import { assertNothingLeaked } from "./secrets.mjs";
import { SESSION_COOKIE } from "./stack.mjs";
import { until } from "./until.mjs";
import { BUILD_WITH_FAULTS } from "./workerd.mjs";

/** Seconds. Due from its half on, dead soon after; longer on a machine that is slow. */
export const BRIEF_TTL = 8;
/** Seconds for which the server with a window forgives: a request is over after a third of that. */
export const WINDOW = 12;
export const GRACE = { window: `${WINDOW}s`, replay: "same_pair", depth: "previous", blast: "family" };

/** @typedef {Awaited<ReturnType<typeof startCrashStack>>} CrashStack */
/** @typedef {import("./browser.mjs").Browser} Browser */

/** @param {{ grace?: boolean, accessTtl?: number, build?: string, change?: (given: any) => any }} [options] */
export async function startCrashStack({ grace = false, accessTtl = BRIEF_TTL, build = BUILD_WITH_FAULTS, change: also = (given) => given } = {}) {
  const faults = await FaultPoints.start();
  const change = (/** @type {any} */ given) => ({
    ...also(given),
    FAULT_POINTS: faults.url,
    PROVIDER_DEMO: { ...also(given).PROVIDER_DEMO, ...(grace && { grace: GRACE }) },
  });
  const stack = await startScriptedStack({ change, door: true, build }).catch(async (error) => {
    await faults.close();
    throw error;
  });
  stack.as.accessTtl = accessTtl;
  const rotation = new Rotation(stack.as, grace ? WINDOW * 1000 : 0);
  const close = async () => {
    await stack.close();
    await faults.close();
  };
  return { ...stack, faults, rotation, close };
}

/**
 * A test with a stack of its own: these tests wait, so they wait together.
 *
 * @param {string} name
 * @param {(stack: CrashStack) => Promise<void>} body
 * @param {Parameters<typeof startCrashStack>[0]} [options]
 */
export const play = (name, body, options) => test(name, async () => {
  const stack = await startCrashStack(options);
  try {
    await body(stack);
    assertNothingLeaked(stack, stack.as.issued);
  } catch (error) {
    console.error(`${name}: ${stack.faults.seen.join(" ")}\n${stack.workerd.output}`);
    throw error;
  } finally {
    await stack.close();
  }
});

export { ask, askOn, due };

/** A login whose token is due, and lives. @param {CrashStack} stack */
export const enterDue = (stack) => enterDueIn(stack, stack.as.accessTtl);

/**
 * Asks, and ends the process when the rotation has come to this step. It is not started again.
 *
 * @param {Pick<CrashStack, "faults" | "workerd">} stack @param {import("./fault-points.mjs").Step} step
 * @param {Browser} browser @param {any} session @param {string} [reason]
 * @returns when the step was reached
 */
export async function cutAt({ faults, workerd }, step, browser, session, reason) {
  const reached = faults.hold(step);
  const lost = answered(browser, session, reason);
  await reached;
  const at = Date.now();
  await workerd.kill();
  if (await lost) throw new Error("the caller was answered before the process ended");
  return at;
}

/** The same, and starts it again. @type {typeof cutAt} */
export async function killAt(stack, ...rest) {
  const at = await cutAt(stack, ...rest);
  await stack.workerd.begin();
  return at;
}

/** Asks until there is something new, or nobody to ask. @param {Browser} browser @param {any} session @param {string} [reason] */
async function answered(browser, session, reason) {
  for (;;) {
    const answer = await ask(browser, session, reason).catch(() => undefined);
    if (!answer || !isLater(answer, session)) return answer;
  }
}

/** In the order in which a session's row counts them. */
const OUTCOMES = [
  "success", "replayed_within_grace", "recovered_from_escrow", "resent_never_sent", "ambiguous_relogin", "revoked", "throttled", "transient", "misconfigured",
];

/**
 * What a session has counted, without what never came.
 *
 * @param {{ workerd: import("./workerd.mjs").Workerd }} stack @param {Browser} browser
 * @returns {Promise<Record<string, number>>}
 */
export async function outcomes({ workerd }, browser) {
  const [row] = await workerd.ask("SESSION_VAULT", browser.cookie(SESSION_COOKIE), "/sql", "SELECT outcomes FROM session");
  const counts = String(row.outcomes ?? "").split(",").map(Number);
  return Object.fromEntries(OUTCOMES.map((name, at) => /** @type {const} */ ([name, counts[at] ?? 0])).filter(([, count]) => count > 0));
}

/**
 * Asks until this generation is there.
 *
 * @param {Browser} browser @param {any} held @param {number} generation @param {number} [limitMs]
 */
export const untilGeneration = (browser, held, generation, limitMs = PATIENCE_MS) =>
  until(`generation ${generation}`, async () => {
    const { json } = await ask(browser, held);
    if (json.code === "reauth_required" || json.code === "session_ended") throw new Error(`the session asks its user: ${JSON.stringify(json)}`);
    return json.generation === generation && json;
  }, limitMs);
