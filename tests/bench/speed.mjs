/** Starts both sides and both floors, and says which requests to send where. */

import { askNothing, askToken, callOrders } from "./requests.mjs";
import { startEverlit, startJavaScript, startJavaScriptFloor, startRustFloor } from "./sides.mjs";
import { serve } from "./until-told.mjs";
import { startUpstream } from "./upstream.mjs";

/** One for each connection: tabs of one session only would queue at one object. */
const SESSIONS = 32;

const upstream = await startUpstream();
const everlit = await startEverlit(upstream.origin, SESSIONS);
const javascript = await startJavaScript(upstream.origin, SESSIONS);
const floors = { rust: await startRustFloor(), javascript: await startJavaScriptFloor() };

const target = (/** @type {{ port: number, pid?: number }} */ { port, pid }, /** @type {string[]} */ requests) => ({ port, pid, requests });
const path = (/** @type {(port: number, held: import("./requests.mjs").Held) => string} */ ask) => {
  const on = (/** @type {typeof everlit | typeof javascript} */ { workerd, held }) => target(workerd, held.map((one) => ask(workerd.port, one)));
  return { rust: on(everlit), javascript: on(javascript) };
};
const nothing = (/** @type {import("../worker/support/workerd-process.mjs").WorkerdProcess} */ workerd) => target(workerd, [askNothing(workerd.port)]);

serve(
  { token: path(askToken), proxied: path(callOrders), nothing: { rust: nothing(floors.rust), javascript: nothing(floors.javascript) } },
  [everlit.close, javascript.close, () => floors.rust.close(), () => floors.javascript.close(), upstream.close],
);
