/** The steps that the package's README tells: the test takes them from there, so that they are what a reader does. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { REPO } from "./package.mjs";

const README = join(REPO, "crates/web/README.md");

/**
 * A step is a command, or a file to be written.
 * @typedef {{ command: string } | { file: string, text: string }} Step
 */

/** The steps of a section: each line of its shell blocks, and each block that begins with a file's name. @param {string} heading @returns {Step[]} */
export function stepsOf(heading) {
  const text = readFileSync(README, "utf8");
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`));
  if (!section) throw new Error(`${README} has no section "${heading}"`);
  /** @type {Step[]} */
  const steps = [];
  for (const [, language, code = ""] of section.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) {
    const lines = code.split("\n").filter((line) => line.trim());
    if (language === "sh") {
      steps.push(...lines.map((line) => ({ command: line.replace(/\s+#.*$/, "").trim() })));
      continue;
    }
    const file = /^\/\/ (\S+)$/.exec(lines[0] ?? "")?.[1];
    if (!file) throw new Error(`a block of "${heading}" does not begin with its file's name: ${lines[0]}`);
    steps.push({ file, text: code.slice(code.indexOf("\n") + 1) });
  }
  return steps;
}

/** Lines that somebody has to write; blank ones are nobody's work. @param {Step[]} steps */
export const ownLines = (steps) => steps.flatMap((step) => ("file" in step ? step.text.split("\n").filter((line) => line.trim()) : []));
