// .dev.vars: the secrets of this machine, a line NAME=value for each, as wrangler reads it.

import { randomBytes } from "node:crypto";
import { appendFileSync, chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { textOf } from "./files.js";

export const DEV_VARS = ".dev.vars";

/** What is set, or undefined where there is no such file. One of an environment's own is in the place of the other, as for wrangler. */
export function readDevVars(folder: string, env?: string): Map<string, string> | undefined {
  const text = (env && textOf(join(folder, `${DEV_VARS}.${env}`))) || textOf(join(folder, DEV_VARS));
  if (text === undefined) return undefined;
  const lines = text.split(/\r?\n/).flatMap((line) => {
    const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    return [[name, value.replace(/^(["'])(.*)\1$/, "$2")] as const];
  });
  return new Map(lines);
}

/** Adds what is not set yet, and touches nothing else. Says which were added. */
export function addDevVars(folder: string, wanted: Readonly<Record<string, string>>): string[] {
  const path = join(folder, DEV_VARS);
  const there = readDevVars(folder);
  const lacking = Object.entries(wanted).filter(([name]) => !there?.get(name));
  if (!lacking.length) return [];
  const before = textOf(path) ?? "";
  const isNew = !existsSync(path);
  const gap = before && !before.endsWith("\n") ? "\n" : "";
  appendFileSync(path, gap + lacking.map(([name, value]) => `${name}=${value}\n`).join(""), { mode: 0o600 });
  if (isNew) chmodSync(path, 0o600);
  return lacking.map(([name]) => name);
}

/** 32 random bytes in base64url, as a session key has to be. */
export const freshSecret = (): string => randomBytes(32).toString("base64url");
