// What `everlit init` writes comes from templates/, with the project's own words put in.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE } from "./package-folder.js";

export const TEMPLATES = ["plain", "vite", "react"] as const;
export type Template = (typeof TEMPLATES)[number];

const FOLDER = join(PACKAGE, "templates");

/** The project's own words: NAME for each __NAME__. */
export type Words = Readonly<Record<string, string>>;

/** A file of templates/, with the words put in. */
export function rendered(path: string, words: Words): string {
  return readFileSync(join(FOLDER, path), "utf8").replace(/__([A-Z]+(?:_[A-Z]+)*?)__/g, (whole, name: string) => words[name] ?? whole);
}

/** All files of a template but its .gitignore, by their path in the project. */
export function filesOf(template: Template): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(FOLDER, template, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      return entry.isDirectory() ? below(path) : [path];
    });
  return below("").filter((path) => path !== "gitignore");
}

/** Lines for .gitignore; npm packs no file of that name. */
export function ignoredBy(template: Template | undefined): string[] {
  const files = ["gitignore", ...(template ? [`${template}/gitignore`] : [])];
  return files.flatMap((file) => readFileSync(join(FOLDER, file), "utf8").split("\n").filter(Boolean));
}
