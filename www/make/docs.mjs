// The documentation: docs/*.md as pages under /docs/, without a script, every link checked.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { layout } from "./layout.mjs";
import { checkLinks } from "./links.mjs";
import { render } from "./markdown.mjs";
import { addressOf } from "./pages.mjs";
import { sources } from "./source.mjs";

/** All pages by their addresses. @param {string} sheet the style sheet's address @returns {Map<string, string>} */
export function pages(sheet) {
  const all = sources();
  const titles = new Map(all.map(({ name, title }) => [name, title]));
  const made = new Map(all.map((page) => [addressOf(page.name), layout(page, render(page.text, page.name), titles, sheet)]));
  const broken = checkLinks(made);
  if (broken.length) throw new Error(`links that lead nowhere:\n${broken.join("\n")}`);
  return made;
}

/** @param {string} folder @param {string} sheet */
export function writeDocs(folder, sheet) {
  for (const [address, html] of pages(sheet)) {
    const file = join(folder, address, "index.html");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, html);
  }
}
