/** What is the same for every stand-in: a server of the provider's wire, a clock, faults, and the server that controls them. */

import { sendProblem, RequestError } from "../http.mjs";
import { listen } from "../listener.mjs";
import { createClock } from "./clock.mjs";
import { createControl } from "./control.mjs";
import { createFaults } from "./faults.mjs";
import { json, match, readCall } from "./wire.mjs";

/**
 * @typedef {object} Options
 * @property {import("./clock.mjs").Clock} [clock]
 * @property {number} [seed] of the faults that come by chance
 * @property {number} [port] 0 takes a free one, here and below
 * @property {number} [controlPort]
 * @property {string} [hostName] of its origin, on loopback
 * @property {import("../listener.mjs").Tls} [tls]
 * @property {(line: string) => void} [log]
 */

/**
 * A provider: what it answers, and what happens to it.
 *
 * @typedef {object} Provider
 * @property {import("./wire.mjs").Routes} routes
 * @property {(call: import("./wire.mjs").Call) => import("./wire.mjs").Answer} nowhere answers whatever no route takes
 * @property {Record<string, (call: import("./wire.mjs").Call) => import("./wire.mjs").Answer>} refusals by name
 * @property {(call: import("./wire.mjs").Call) => import("./wire.mjs").Answer} throttled what it says to too many calls
 * @property {import("./control.mjs").Actions} actions
 */

/**
 * @typedef {object} StandIn
 * @property {string} origin
 * @property {string} control origin of the control server
 * @property {import("./clock.mjs").Clock} clock
 * @property {ReturnType<typeof createFaults>} faults
 * @property {(name: string, given?: Record<string, any>) => Promise<any>} act plays one of the provider's actions
 * @property {() => Record<string, number>} counters calls by route, whatever the answer
 * @property {() => Promise<void>} close stops everything, also open connections; idempotent
 */

/**
 * Starts a provider's stand-in on 127.0.0.1, with its control server, or neither.
 *
 * @param {Options} options
 * @param {(around: { origin: string, clock: import("./clock.mjs").Clock, log: (line: string) => void }) => Provider} make
 * @returns {Promise<StandIn>}
 */
export async function startStandIn({ clock = createClock(), seed = 1, port = 0, controlPort = 0, hostName, tls, log = () => {} }, make) {
  const listener = await listen(port, { what: "stand-in", flag: "--port", name: hostName, tls });
  const control = await listen(controlPort, { what: "control server", flag: "--control-port" }).catch(async (error) => {
    await listener.close();
    throw error;
  });
  const provider = make({ origin: listener.origin, clock, log });
  const faults = createFaults({ seed, refusals: Object.keys(provider.refusals) });
  /** @type {Record<string, number>} */
  const counters = Object.fromEntries(Object.keys(provider.routes).map((route) => [route, 0]));
  const ended = new AbortController();

  listener.serve(async (req, res) => {
    try {
      const call = await readCall(req);
      const fault = faults.take(call.path);
      const answer = await answered(call, fault);
      if (fault?.kind === "slow") await pause(fault.ms ?? 0, ended.signal);
      if (fault?.kind === "lost") return res.destroy();
      const body = fault?.kind === "truncated" ? Buffer.from(answer.body).subarray(0, Math.floor(Buffer.byteLength(answer.body) / 2)) : answer.body;
      const off = fault?.kind === "skew" ? fault.ms ?? 0 : 0;
      res.writeHead(answer.status, { date: new Date(clock.now() + off).toUTCString(), "content-length": Buffer.byteLength(body), ...answer.headers });
      return res.end(body);
    } catch (error) {
      if (error instanceof RequestError) return sendProblem(res, error.status, error.message);
      log(`stand-in: ${error instanceof Error ? error.stack : error}`);
      return res.headersSent ? res.destroy() : sendProblem(res, 500, "Something went wrong.");
    }
  });

  /**
   * @param {import("./wire.mjs").Call} call
   * @param {import("./faults.mjs").Fault | undefined} fault
   * @returns {Promise<import("./wire.mjs").Answer>}
   */
  async function answered(call, fault) {
    const found = match(provider.routes, call);
    if (found) counters[found.route] = (counters[found.route] ?? 0) + 1;
    if (fault?.kind === "html") return htmlAnswer(fault.status ?? 200);
    if (fault?.kind === "throttled") return throttled(call, fault);
    if (fault?.kind === "refusal") return provider.refusals[fault.name ?? ""]?.(call) ?? json(500, {});
    return found ? found.serve({ ...call, params: found.params }) : provider.nowhere(call);
  }

  /** @param {import("./wire.mjs").Call} call @param {import("./faults.mjs").Fault} fault */
  function throttled(call, { retryAfter, as = "seconds" }) {
    const answer = provider.throttled(call);
    if (retryAfter === undefined) return answer;
    const when = as === "date" ? new Date(clock.now() + retryAfter * 1000).toUTCString() : String(retryAfter);
    return { ...answer, headers: { ...answer.headers, "retry-after": when } };
  }

  control.serve(createControl({ clock, faults, actions: provider.actions, counters: () => counters }));

  return {
    origin: listener.origin,
    control: control.origin,
    clock,
    faults,
    act: async (name, given = {}) => {
      const action = provider.actions[name];
      if (!action) throw new Error(`there is no action "${name}": ${Object.keys(provider.actions).join(", ")}`);
      return action(given);
    },
    counters: () => ({ ...counters }),
    close: async () => {
      ended.abort();
      await Promise.all([listener.close(), control.close()]);
    },
  };
}

/** What a proxy, a firewall or a maintenance page says in the provider's place. @param {number} status @returns {import("./wire.mjs").Answer} */
function htmlAnswer(status) {
  const body = "<!doctype html>\n<html><head><title>Please wait</title></head><body><h1>Please wait</h1></body></html>\n";
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body };
}

/** @param {number} ms @param {AbortSignal} signal ends it early */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); resolve(undefined); }, { once: true });
  });
}
