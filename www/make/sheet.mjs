// The documentation's style sheet: its own, and what its pictures bring along as files.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { FOLDER } from "./source.mjs";

/** An entry for esbuild. @param {string} folder where docs.css is */
export function sheet(folder) {
  const styles = readdirSync(FOLDER).filter((file) => file.endsWith(".svg")).map((file) => {
    const [, style] = /<style>([^]*?)<\/style>/.exec(readFileSync(join(FOLDER, file), "utf8")) ?? [];
    if (!style) throw new Error(`docs/${file} has no style of its own, which it needs where it is looked at by itself`);
    return style;
  });
  return { contents: `@import "./docs.css";\n${[...new Set(styles)].join("\n")}`, loader: /** @type {const} */ ("css"), resolveDir: folder, sourcefile: "docs-all.css" };
}
