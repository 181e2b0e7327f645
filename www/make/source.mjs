// The source of a page: Markdown, with what it takes from elsewhere put in its place.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryText } from "./api.mjs";
import { configurationText } from "./configuration.mjs";
import { NAMES } from "./pages.mjs";

export const FOLDER = fileURLToPath(new URL("../docs/", import.meta.url));
export const REPOSITORY = fileURLToPath(new URL("../../", import.meta.url));

/** `<!-- types: everlit -->`, `<!-- configuration -->` (of the Worker, or `: services`), `<!-- file: crates/web/ERRORS.md -->`, `<!-- example: www/examples/… -->` in a line of its own. */
const TAKEN = /^<!-- (types|configuration|file|example)(?:: (\S+))? -->$/gm;

/** A file that a reader copies, whole. @param {string} path */
function exampleText(path) {
  const language = path.endsWith(".py") ? "py" : "bash";
  return `\`\`\`${language} from=${path}\n${readFileSync(join(REPOSITORY, path), "utf8").trimEnd()}\n\`\`\``;
}

/**
 * @param {string} name
 * @returns {{ name: string, title: string, summary: string, text: string }} the title is its first line, the summary its first paragraph
 */
export function sourceOf(name) {
  const written = readFileSync(join(FOLDER, `${name}.md`), "utf8");
  const [, title, summary] = /^# (.+)\n\n([^]+?)\n(?:\n|$)/.exec(written) ?? [];
  if (!title || !summary) throw new Error(`docs/${name}.md begins with "# Title", an empty line and a paragraph that says what the page is for`);
  const text = written.replace(TAKEN, (_, kind, what) => {
    if (kind === "types") return entryText(what);
    if (kind === "configuration") return configurationText(what);
    if (kind === "example") return exampleText(what);
    // Its own title is the page's, and what to do is a paragraph of its own.
    return readFileSync(join(REPOSITORY, what), "utf8").replace(/^# .+\n/, "").replace(/\n(?=\*\*(Why|What to do)\.)/g, "\n\n");
  });
  return { name, title, summary: summary.replace(/\s+/g, " ").replace(/\[([^\]]+)\]\([^)]+\)/g, "$1").replace(/[`*]/g, ""), text };
}

export const sources = () => NAMES.map(sourceOf);
