/* Runs in workerd, around the real bundle of the services Worker: it says what came to it last, and changes nothing. */

import Worker from "./index.js";

export { ForUsers, ServiceBackup, ServiceVault } from "./index.js";

/** @type {object | undefined} */
let last;

export default {
  ...Worker,
  /** @param {Request} request @param {unknown} env @param {unknown} context */
  async fetch(request, env, context) {
    const { method, url } = request;
    const { pathname, search } = new URL(url);
    if (pathname === "/service/looked") return Response.json(last ?? null);
    last = { method, path: pathname + search, headers: Object.fromEntries(request.headers) };
    return Worker.fetch(request, env, context);
  },
};
