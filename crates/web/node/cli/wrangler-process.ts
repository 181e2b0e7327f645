// `wrangler dev` of a project, with all that it starts.

import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { jsonOf } from "./files.js";
import { Problem } from "./problem.js";
import { installed } from "./project.js";
import { table } from "./wrangler-file.js";

/** How long it may take to end by itself. */
const PATIENCE_MS = 3000;

export class WranglerProcess {
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  /** Its last lines. */
  readonly #tail: string[] = [];

  constructor(folder: string, words: readonly string[], show: (line: string) => boolean) {
    const program = programOf(folder);
    const windows = process.platform === "win32";
    const env = { ...process.env, WRANGLER_SEND_METRICS: "false", WRANGLER_HIDE_BANNER: "true", CI: "1" };
    // A group of its own: it starts processes that it may leave behind.
    this.#child = spawn(process.execPath, [program, "dev", "--local", ...words], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"], detached: !windows });
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => resolve(signal ?? code ?? 0));
      this.#child.once("error", (error) => resolve(error.message));
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        if (this.#tail.push(line) > 30) this.#tail.shift();
        if (show(line)) console.error(line);
      });
    }
  }

  get tail(): string {
    return this.#tail.join("\n");
  }

  /** Ends it, and whatever it has started. */
  async stop(): Promise<void> {
    this.#signal("SIGTERM");
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.ended, late]);
    clearTimeout(timer);
    // What is left of the group drains its connections, and keeps the port meanwhile.
    this.#signal("SIGKILL");
    await this.ended;
  }

  #signal(name: "SIGTERM" | "SIGKILL"): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    if (process.platform === "win32") spawnSync("taskkill", ["/pid", String(pid), "/T", "/F"]);
    else {
      try {
        process.kill(-pid, name);
      } catch {
        // It has ended already.
      }
    }
  }
}

/** The project's own wrangler. */
function programOf(folder: string): string {
  const found = installed(folder, "wrangler");
  if (!found) throw new Problem("wrangler, which runs the Worker, is not installed in this project", "npm install --save-dev wrangler");
  const bin = table(jsonOf(join(found, "package.json"))?.bin)?.wrangler;
  return join(found, typeof bin === "string" ? bin : "bin/wrangler.js");
}
