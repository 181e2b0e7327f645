/** The servers as the process that the demo starts. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.mjs", import.meta.url));

/**
 * Starts `main.mjs`; it does not outlive the test, whatever happens there.
 *
 * @param {import("node:test").TestContext} t
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
export function start(t, args, env = {}) {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env.PATH, ...env }, stdio: "pipe" });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text) => { output.stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text) => { output.stderr += text; });
  /** @type {Promise<{ code: number | null, signal: string | null }>} */
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal }));
  t.after(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await ended;
  });

  /** The one line on stdout, parsed. */
  async function ready() {
    while (!output.stdout.includes("\n")) {
      const next = await Promise.race([once(child.stdout, "data"), ended]);
      if (!Array.isArray(next)) throw new Error(`ended before it was ready: ${output.stderr}`);
    }
    return JSON.parse(output.stdout);
  }

  return { child, output, ended, ready };
}
