/** How a test or the demo moves a stand-in's clock, has it fail and plays the people around it. Not part of any provider's protocol. */

import { RequestError, pathOf, readBody, sendJson, sendProblem } from "../http.mjs";

/** @typedef {Record<string, (given: Record<string, any>) => unknown>} Actions what people and circumstances do, by name */

/**
 * @param {object} standIn
 * @param {import("./clock.mjs").Clock} standIn.clock
 * @param {ReturnType<typeof import("./faults.mjs").createFaults>} standIn.faults
 * @param {Actions} standIn.actions
 * @param {() => object} standIn.counters
 * @returns {import("../listener.mjs").Handler}
 */
export function createControl({ clock, faults, actions, counters }) {
  const time = () => ({ now: clock.now(), iso: new Date(clock.now()).toISOString() });

  /** @type {Record<string, (given: Record<string, any>) => unknown>} */
  const routes = {
    "GET /counters": counters,
    "GET /clock": time,
    "POST /clock": ({ at, advance }) => {
      const ms = typeof at === "string" ? Date.parse(at) : at;
      if (Number.isFinite(ms)) clock.set(ms);
      else if (Number.isFinite(advance)) clock.advance(advance);
      else throw new RequestError(400, 'The clock is told {"at": a time as ISO 8601 or in ms} or {"advance": ms}.');
      return time();
    },
    "GET /faults": faults.list,
    "POST /faults": (given) => {
      faults.add(/** @type {any} */ (given));
      return faults.list();
    },
    "DELETE /faults": () => {
      faults.clear();
      return [];
    },
    ...Object.fromEntries(Object.entries(actions).map(([name, act]) => [`POST /actions/${name}`, act])),
  };

  return async (req, res) => {
    try {
      const act = routes[`${req.method} ${pathOf(req)}`];
      if (!act) return sendProblem(res, 404, `There is only ${Object.keys(routes).join(", ")}.`);
      // The media type is none that a page of another site may send unasked.
      const text = req.method === "POST" ? await readBody(req, "application/json", 65_536) : "{}";
      return sendJson(res, 200, (await act(parsed(text))) ?? {});
    } catch (error) {
      if (error instanceof RequestError) return sendProblem(res, error.status, error.message);
      throw error;
    }
  };
}

/** @param {string} text @returns {Record<string, any>} */
function parsed(text) {
  try {
    const value = JSON.parse(text || "{}");
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new RequestError(400, "The body has to be a JSON object.");
}
