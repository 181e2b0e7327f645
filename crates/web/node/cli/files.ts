import { existsSync, readFileSync } from "node:fs";
import { Problem, said } from "./problem.js";

/** A file's text; undefined where there is none. */
export function textOf(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

/** A JSON file; undefined where there is none. */
export function jsonOf(path: string): Record<string, unknown> | undefined {
  const text = textOf(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (error) {
    throw new Problem(`${path} is not JSON: ${said(error)}`, "Mend it first: nothing was changed.");
  }
  throw new Problem(`${path} is not a JSON object`, "Mend it first: nothing was changed.");
}
