// A wrangler file that somebody writes while wrangler reads it: an editor or a program that empties the file first.

import { setTimeout as pause } from "node:timers/promises";
import { Problem } from "./problem.js";
import { readProject, type Project } from "./project.js";
import { loginProvider } from "./provider.js";
import { stampOf } from "./wrangler-file.js";

/** The file has to be the same for so long before it is believed. */
const STILL_MS = 250;
/** Nothing is said of a file that is whole again sooner. */
const PATIENCE_MS = 1500;

/** The project, once its wrangler file is whole; undefined where somebody asks to stop. */
export async function readable(folder: string, signal: AbortSignal): Promise<Project | undefined> {
  let told = "";
  for (const began = Date.now(); !signal.aborted; ) {
    const stamp = stampOf(folder);
    await pause(STILL_MS, undefined, { signal }).catch(() => undefined);
    if (stampOf(folder) !== stamp) continue;
    const found = read(folder);
    if (typeof found !== "string") return found;
    if (found === told || Date.now() - began < PATIENCE_MS) continue;
    console.error(`${found}; the Worker starts again when that is mended`);
    told = found;
  }
  return undefined;
}

/** The project, or what its wrangler file lacks. */
function read(folder: string): Project | string {
  try {
    const project = readProject(folder);
    const file = project.wrangler;
    if (!file) return "there is no wrangler.toml any more";
    if (typeof file.config.main !== "string") return `${file.name} names no Worker (main)`;
    return loginProvider(project.vars) ? project : `${file.name} has no provider in [vars]`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.message;
  }
}
