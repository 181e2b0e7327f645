// What `everlit init` writes comes from templates/, with the project's own words put in.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE } from "./package-folder.js";

export const TEMPLATES = ["plain", "vite", "react"] as const;
export type Template = (typeof TEMPLATES)[number];

const FOLDER = join(PACKAGE, "templates");

/** The project's own words: NAME for each __NAME__. */
export type Words = Readonly<Record<string, string>>;

/** Files that several templates have, by their path in a project. */
const VITE = { "src/style.css": "style.css", "public/_headers": "_headers", "index.html": "index.html", "vite.config.ts": "vite.config.ts", "tsconfig.json": "tsconfig.json" };
const SHARED: Readonly<Record<Template, Readonly<Record<string, string>>>> = {
  plain: { "public/style.css": "style.css", "public/_headers": "_headers", "public/index.html": "index.html" },
  vite: VITE,
  react: VITE,
};

const read = (path: string) => readFileSync(join(FOLDER, path), "utf8");

/** What differs in the page: where its script and its look come from, and what is in it until the script runs. */
const PAGES: Readonly<Record<Template, () => Words>> = {
  plain: () => ({ HEAD: '<link rel="stylesheet" href="/style.css">\n    <script type="module" src="/app.js"></script>', BODY: read("shared/body.html").trim() }),
  vite: () => ({ HEAD: '<script type="module" src="/src/main.ts"></script>', BODY: read("shared/body.html").trim() }),
  react: () => ({ HEAD: '<script type="module" src="/src/main.tsx"></script>', BODY: '<main id="root"></main>' }),
};

/** Puts the words in, also where they are in words themselves. */
const put = (text: string, words: Words): string => text.replace(/__([A-Z]+(?:_[A-Z]+)*?)__/g, (whole, name: string) => (words[name] === undefined ? whole : put(words[name], words)));

/** A file of templates/, with the words put in. */
export const rendered = (path: string, words: Words): string => put(read(path), words);

/** A file of a new project, by its path there. */
export function fileOf(template: Template, path: string, words: Words): string {
  const shared = SHARED[template][path];
  return rendered(shared ? `shared/${shared}` : `${template}/${path}`, { ...PAGES[template](), ...words });
}

/** All files of a template but its .gitignore, by their path in the project. */
export function filesOf(template: Template): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(FOLDER, template, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder ? `${folder}/${entry.name}` : entry.name;
      return entry.isDirectory() ? below(path) : [path];
    });
  return [...below("").filter((path) => path !== "gitignore"), ...Object.keys(SHARED[template])];
}

/** Lines for .gitignore; npm packs no file of that name. */
export function ignoredBy(template: Template | undefined): string[] {
  const files = ["gitignore", ...(template ? [`${template === "plain" ? "plain" : "shared"}/gitignore`] : [])];
  return files.flatMap((file) => read(file).split("\n").filter(Boolean));
}
