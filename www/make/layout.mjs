// What is around the text of each page.

import { GROUPS, addressOf } from "./pages.mjs";
import { escape } from "./markdown.mjs";

/**
 * @param {{ name: string, title: string, summary: string }} page
 * @param {{ html: string, headings: { depth: number, id: string, text: string }[] }} content
 * @param {ReadonlyMap<string, string>} titles of all pages
 * @param {string} sheet the style sheet's address
 */
export function layout({ name, title, summary }, { html, headings }, titles, sheet) {
  const order = [...titles.keys()];
  const at = order.indexOf(name);
  const [before, next] = [order[at - 1], order[at + 1]];
  // What a group says already is not said again.
  const short = (/** @type {string} */ to) => escape((titles.get(to) ?? "").replace(/^(Coming from|API:) /, "").replace(/^\w/, (first) => (to.startsWith("from") ? first : first.toUpperCase())).replace(/^Everlit(?=\/| and|$)/, (own) => (to.startsWith("api") ? "everlit" : own)));
  const link = (/** @type {string} */ to) => `<a href="${addressOf(to)}"${to === name ? ' aria-current="page"' : ""}>${short(to)}</a>`;
  const groups = GROUPS.map(({ title: group, pages }) => `<section><h2>${group}</h2><ul>${pages.map((each) => `<li>${link(each)}</li>`).join("")}</ul></section>`).join("\n        ");
  const [, heading = "", rest = ""] = /^([^]*?<\/h1>\n<p>[^]*?<\/p>\n)([^]*)$/.exec(html) ?? [];
  const parts = headings.filter(({ depth }) => depth === 2 || (depth === 3 && name.startsWith("api")));
  const contents = parts.length < 3 ? "" : `<details class="contents"${name === "troubleshoot" ? " open" : ""}><summary>On this page</summary><ul>${parts.map(({ depth, id, text }) => `<li class="depth-${depth}"><a href="#${id}">${text}</a></li>`).join("")}</ul></details>\n`;
  const turn = (/** @type {string | undefined} */ to, /** @type {string} */ way, /** @type {string} */ said) => (to ? `<a class="${way}" rel="${way}" href="${addressOf(to)}"><span>${said}</span> ${escape(titles.get(to) ?? "")}</a>` : "<span></span>");
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escape(title)} · Everlit</title>
    <meta name="description" content="${escape(summary)}">
    <meta name="color-scheme" content="light dark">
    <meta name="theme-color" content="#faf6ef" media="(prefers-color-scheme: light)">
    <meta name="theme-color" content="#110f0c" media="(prefers-color-scheme: dark)">
    <link rel="icon" href="/favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="${sheet}">
  </head>
  <body>
    <a class="skip" href="#text">To the text</a>
    <header>
      <a class="brand" href="/docs/"><img src="/favicon.svg" alt="" width="32" height="32"> <b>Everlit</b> <span>Documentation</span></a>
      <a class="menu" href="#pages">All pages</a>
      <a class="demo" href="/">Demo</a>
    </header>
    <div class="page">
      <main id="text">
${heading}${contents}${rest}
        <nav class="turn" aria-label="Next pages">${turn(before, "prev", "Before")}${turn(next, "next", "Next")}</nav>
      </main>
      <nav id="pages" aria-label="All pages">
        ${groups}
      </nav>
    </div>
  </body>
</html>
`;
}
