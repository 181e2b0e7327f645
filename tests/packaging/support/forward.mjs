// Hands a request on to another server, as the zone of an app does.

import { request } from "node:http";

/** @param {number} port @returns {import("./stand.mjs").Handler} */
export const forward = (port) => (req, res) => {
  const to = request({ host: "127.0.0.1", port, agent: false, path: req.url, method: req.method, headers: req.headers }, (answer) => {
    const { connection: _, "transfer-encoding": __, ...headers } = answer.headers;
    res.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(res);
  });
  to.once("error", () => res.destroy());
  req.pipe(to);
};
