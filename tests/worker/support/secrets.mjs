/** What must not be seen: looked for in everything that the Worker ever answered and logged. */

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { BINDING_COOKIE, SESSION_COOKIE } from "./stack.mjs";

/**
 * @param {{ workerd: import("./workerd.mjs").Workerd, browsers: import("./browser.mjs").Browser[], secrets: string[] }} stack
 * @param {string[]} tokens
 */
export function assertNothingLeaked({ workerd, browsers, secrets }, tokens) {
  const hidden = [...secrets, ...tokens];
  assert.ok(hidden.length > 3 && hidden.every((secret) => secret.length > 20), "there is something to look for");
  const answers = browsers.flatMap((browser) => browser.seen).filter((answer) => answer.url.hostname === "localhost");
  assert.ok(answers.length > 0, "there is something to look in");
  for (const answer of answers) {
    const text = `${JSON.stringify(answer.headers)}\n${answer.text}`;
    for (const secret of hidden) assert.ok(!text.includes(secret), `a secret is in the answer to ${answer.url.pathname}`);
  }
  // The log knows neither secrets nor cookies, people nor addresses.
  const cookies = answers.flatMap((answer) => answer.headers["set-cookie"] ?? []).map((line) => line.split(";")[0]?.split("=").slice(1).join("=") ?? "");
  const values = cookies.filter((value) => value.length > 20);
  const ids = values.map((value) => value.split(".")[0] ?? "");
  for (const word of [...hidden, ...values, ...ids, "grace@example.com", "scripted-user", "Grace", "ada@example.com", "return_to", "state=", "/orders/", SESSION_COOKIE, BINDING_COOKIE]) {
    assert.ok(!workerd.output.includes(word), `the log holds ${hidden.includes(word) ? "a secret" : word}`);
  }
}

/** All bytes that the Worker has on its disk, as one text. @param {import("./workerd.mjs").Workerd} workerd */
export async function diskText(workerd) {
  for (let left = 10; ; left -= 1) {
    const files = await readdir(join(workerd.folder, "disk"), { recursive: true, withFileTypes: true });
    try {
      const texts = files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath ?? file.path, file.name), "latin1"));
      return (await Promise.all(texts)).join("\n");
    } catch (error) {
      // A database that was closed meanwhile has taken what lay beside it in, and its file is to be read again.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT" || left === 1) throw error;
    }
  }
}
