/** `everlit dev` of a project, from its start to its end. */

import { spawn } from "node:child_process";

import { until, within } from "../../worker/support/until.mjs";
import { commandOf, ENVIRONMENT } from "./package.mjs";

const START_MS = 90_000;

export class Running {
  /** @param {string} project @param {string[]} [words] @param {string[]} [command] what runs it, such as npx; it has a process group of its own */
  constructor(project, words = [], command) {
    this.out = "";
    this.err = "";
    const [program = "", ...before] = command ?? [process.execPath, commandOf(project)];
    this.child = spawn(program, [...before, "dev", ...words], { cwd: project, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"], detached: command !== undefined });
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

  /** Ends what may be left of its process group. */
  clear() {
    endGroup(this.child);
  }

  /** Ends it as Ctrl-C does. @returns the exit code */
  async stop() {
    if (!this.over) this.child.kill("SIGINT");
    return within("everlit dev to end", this.ended, 20_000);
  }
}

/** @param {import("node:child_process").ChildProcess} leader of a process group of its own */
export function endGroup({ pid }) {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
  } catch {
    // Nothing is left of it, as it should be.
  }
}
