/** How a test or the demo asks the servers what they saw. Not part of any protocol. */

import { pathOf, sendJson, sendProblem } from "./http.mjs";

/**
 * @param {() => object | Promise<object>} read the counters as they are now
 * @returns {import("./listener.mjs").Handler}
 */
export function createControlServer(read) {
  return async (req, res) => {
    if (pathOf(req) !== "/counters") return sendProblem(res, 404, "There is nothing here but /counters.");
    if (req.method !== "GET") return sendProblem(res, 405, "Counters can only be read.", { allow: "GET" });
    return sendJson(res, 200, await read());
  };
}
