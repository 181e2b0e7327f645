/** A provider's own SDK, in a process of its own that does what a test asks. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** An SDK is loaded in two seconds, on a busy machine in many. */
const START_MS = 120_000;
const ANSWER_MS = 60_000;

/** What the SDK raised. */
export class SdkError extends Error {
  /** @param {{ type: string, message: string, status: number | null, body: string | null }} raised */
  constructor({ type, message, status, body }) {
    super(message);
    this.type = type;
    this.status = status;
    this.body = body;
  }

  /** The code in the error that came over the wire. */
  get wire() {
    return JSON.parse(this.body ?? "null");
  }
}

/**
 * Starts `../sdk/<name>.py`; it is gone with the test.
 *
 * @param {{ after: (end: () => Promise<void>) => void }} t
 * @param {string} name
 * @param {string[]} args
 * @returns {Promise<(act: string, given?: Record<string, unknown>) => Promise<any>>}
 */
export async function openSdk(t, name, args) {
  const python = process.env.EVERLIT_BROKERS_PYTHON;
  if (!python) {
    throw new Error("EVERLIT_BROKERS_PYTHON is to name a Python that has the brokers' SDKs: `cargo xtask setup` makes one and says where, `cargo xtask test` passes it on");
  }
  const script = fileURLToPath(new URL(`../sdk/${name}.py`, import.meta.url));
  // One of them writes logs into the folder that it is started in.
  const folder = await mkdtemp(join(tmpdir(), "everlit-sdk-"));
  const child = spawn(python, ["-B", script, ...args], { cwd: folder, env: { PATH: process.env.PATH, PYTHONUNBUFFERED: "1" }, stdio: "pipe" });
  const closed = once(child, "close");
  child.stdin.on("error", () => {});
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text) => { complaint = (complaint + text).slice(-4_000); });
  t.after(async () => {
    child.kill("SIGKILL");
    await closed.catch(() => {});
    await rm(folder, { recursive: true, force: true });
  });

  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** @param {number} ms @param {string} what */
  const next = async (ms, what) => {
    const late = new Error(`${name}.py: ${what}: nothing within ${ms} ms`);
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const limit = new Promise((_resolve, reject) => { timer = setTimeout(() => reject(late), ms); });
    try {
      const { value, done } = await Promise.race([lines.next(), /** @type {Promise<never>} */ (limit)]);
      if (done) throw new Error(`${name}.py ended (${what}): ${complaint.trim()}`);
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  };

  await next(START_MS, "start");
  return async (act, given = {}) => {
    child.stdin.write(`${JSON.stringify({ do: act, given })}\n`);
    const { value, error } = await next(ANSWER_MS, act);
    if (error) throw new SdkError(error);
    return value;
  };
}
