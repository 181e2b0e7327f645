/** `everlit dev` of a project, from its start to its end. */

import { spawn } from "node:child_process";

import { until, within } from "../../worker/support/until.mjs";
import { commandOf, ENVIRONMENT } from "./package.mjs";

const START_MS = 90_000;

export class Running {
  /** @param {string} project @param {string[]} [words] */
  constructor(project, words = []) {
    this.out = "";
    this.err = "";
    this.child = spawn(process.execPath, [commandOf(project), "dev", ...words], { cwd: project, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout.setEncoding("utf8").on("data", (text) => { this.out += text; });
    this.child.stderr.setEncoding("utf8").on("data", (text) => { this.err += text; });
    /** @type {Promise<number | null>} */
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
    this.over = false;
    this.ended.then(() => { this.over = true; });
  }

  /** The address that it says to open. */
  async address() {
    const found = () => {
      if (this.over) throw new Error(`everlit dev ended:\n${this.out}${this.err}`);
      return /^Open (http:\S+)$/m.exec(this.out)?.[1];
    };
    return until("everlit dev to name its address", found, START_MS);
  }

  /** Ends it as Ctrl-C does. @returns the exit code */
  async stop() {
    if (!this.over) this.child.kill("SIGINT");
    return within("everlit dev to end", this.ended, 20_000);
  }
}
