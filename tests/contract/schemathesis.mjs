/** The property-based client, as a process: told where to ask and in whose name. */

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Made by `cargo xtask setup`, which also says where. */
const PYTHON = process.env.EVERLIT_SCHEMATHESIS_PYTHON ?? "python3";
const CHECKS = [
  "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
  "response_schema_conformance", "unsupported_method", "allow_header_conformance",
];
const LIMIT_MS = 180_000;

/**
 * @typedef {object} Asked
 * @property {string} app where
 * @property {string} document address or file of the OpenAPI document
 * @property {Record<string, string>} headers of every request
 * @property {string[]} [select] which operations
 * @property {number} [examples] how many of each are made up
 */

/**
 * Asks, and says whether all was well and what was answered: `GET /auth/session 200`, each once.
 *
 * @param {Asked} asked
 */
export async function ask({ app, document, headers, select = [], examples = 24 }) {
  const folder = await mkdtemp(join(tmpdir(), "everlit-contract-"));
  try {
    const har = join(folder, "asked.har");
    const named = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
    const { code, output } = await run([
      "-m", "schemathesis.cli", "run", document, "--url", app, ...named, ...select, "--seed", "20260101", "--max-examples", String(examples),
      "--phases", "coverage,fuzzing", "--checks", CHECKS.join(","), "--continue-on-failure", "--generation-database", "none",
      "--warnings", "off", "--no-color", "--report-har-path", har,
    ], folder);
    const entries = JSON.parse(await readFile(har, "utf8")).log.entries;
    const met = new Set(entries.map((/** @type {any} */ { request, response }) => `${request.method} ${new URL(request.url).pathname} ${response.status}`));
    return { isWell: code === 0, output, met, count: entries.length };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {string[]} words @param {string} cwd @returns {Promise<{ code: number | null, output: string }>} */
function run(words, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(PYTHON, words, { cwd, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS, killSignal: "SIGKILL" });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
    child.once("error", reject).once("close", (code) => resolve({ code, output }));
  });
}
