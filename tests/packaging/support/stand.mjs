// Where a built app is opened: the lab's Worker and authorization server, and a list of all that the page asked for.

import { Lab } from "../../e2e/lab/lab.mjs";

/** @typedef {(req: import("node:http").IncomingMessage, res: import("node:http").ServerResponse) => unknown} Handler */

export class Stand {
  /** Every file that the browser asked for, with the status it got. @type {{ path: string, status: number }[]} */
  files = [];

  /** @param {Lab} lab */
  constructor(lab) {
    this.lab = lab;
    /** Where the app is. */
    this.origin = lab.front.origin;
  }

  /** @param {Handler} app what answers beside the Worker @param {Parameters<typeof Lab.start>[0]} [options] */
  static async open(app, { change = (/** @type {import("../../e2e/lab/lab.mjs").Variables} */ given) => given, ...more } = {}) {
    const lab = await Lab.start({
      change(given) {
        // The frame works here: the test's authorization server lets itself be framed and needs no cookie of its own.
        const PROVIDER_DEMO = Object.assign(given.PROVIDER_DEMO, { silent: ["frame"] });
        return change({ ...given, PROVIDER_DEMO });
      },
      ...more,
    });
    const stand = new Stand(lab);
    lab.front.app = stand.watched(app);
    return stand;
  }

  /** Writes down what it answers. @param {Handler} app @returns {Handler} */
  watched(app) {
    return (req, res) => {
      const { pathname: path } = new URL(req.url ?? "/", "http://any");
      res.once("close", () => this.files.push({ path, status: res.statusCode }));
      return app(req, res);
    };
  }

  close() {
    return this.lab.close();
  }
}
