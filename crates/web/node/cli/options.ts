// The words after a command's name.

import { parseArgs, type ParseArgsConfig } from "node:util";
import { near } from "./near.js";
import { Problem } from "./problem.js";

/** Which options a command has; each is a text or a switch. */
export type Known = Record<string, "text" | "switch">;

/** What was given. */
export interface Given {
  readonly text: Readonly<Record<string, string | undefined>>;
  readonly on: (name: string) => boolean;
  /** What is no option. */
  readonly rest: readonly string[];
}

/** Every command has these. */
const ALWAYS: Known = { help: "switch" };

export function readOptions(command: string, words: string[], known: Known, most: number): Given {
  const all: Known = { ...known, ...ALWAYS };
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const [name, kind] of Object.entries(all)) options[name] = { type: kind === "text" ? "string" : "boolean", ...(name === "help" && { short: "h" }) };
  // Not strict: an option that is unknown is answered with the nearest that is known.
  const { tokens } = parseArgs({ args: words, options, allowPositionals: true, strict: false, tokens: true });
  const text: Record<string, string | undefined> = {};
  const on = new Set<string>();
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    const kind = Object.hasOwn(all, token.name) ? all[token.name] : undefined;
    if (!kind) {
      const meant = near(token.name, Object.keys(all));
      const list = Object.keys(all).map((name) => `--${name}`).join(", ");
      throw new Problem(`everlit ${command} has no option ${token.rawName}${meant ? `; did you mean --${meant}?` : ""}`, `It has ${list}.`);
    }
    if (kind === "switch") {
      if (token.value !== undefined) throw new Problem(`--${token.name} takes no value, and was given ${JSON.stringify(token.value)}`);
      on.add(token.name);
    } else {
      // A value that looks like an option is one that was forgotten.
      if (token.value === undefined || (!token.inlineValue && token.value.startsWith("-"))) throw new Problem(`--${token.name} wants a value`, `everlit ${command} --help`);
      text[token.name] = token.value;
    }
  }
  if (rest.length > most) throw new Problem(`everlit ${command} takes ${most || "no"} word${most === 1 ? "" : "s"} beside its options, and was given ${rest.map((each) => JSON.stringify(each)).join(", ")}`, `everlit ${command} --help`);
  return { text, on: (name) => on.has(name), rest };
}

/** An option that is a port. */
export function portOf(given: Given, name: string): number | undefined {
  const text = given.text[name];
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw new Problem(`--${name} wants a port from 1 to 65535, and was given ${JSON.stringify(text)}`);
  return port;
}
