// Markdown to HTML: headings with anchors, code coloured by classes, links between sources turned into addresses.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Marked } from "marked";
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import ini from "highlight.js/lib/languages/ini";
import json from "highlight.js/lib/languages/json";
import python from "highlight.js/lib/languages/python";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import { addressOfType } from "./api.mjs";
import { NAMES, addressOf } from "./pages.mjs";
import { FOLDER } from "./source.mjs";

/** What a code block may be written in. Each is compiled, run or read by tests/docs. */
export const LANGUAGES = { ts: typescript, tsx: typescript, js: typescript, sh: bash, bash, py: python, toml: ini, json, html: xml };
for (const [name, language] of Object.entries(LANGUAGES)) hljs.registerLanguage(name, language);

/** @param {string} text */
export const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");

/** The anchor of a heading, as GitHub makes it. @param {string} text */
export const slug = (text) => text.trim().toLowerCase().replace(/<[^>]+>/g, "").replace(/[^\p{L}\p{N}_ -]/gu, "").replace(/ /g, "-");

/** What is said beside a code block's language: `file=src/app.tsx`. @param {string} info */
export function parts(info) {
  const [language = "", ...more] = info.trim().split(/\s+/);
  return { language, ...Object.fromEntries(more.map((each) => each.split("="))) };
}

/** An address in a source, as the page has it. @param {string} href @param {string} of */
export function link(href, of) {
  if (/^(https?:|mailto:|#|\/)/.test(href)) return href;
  const [path = "", anchor] = href.split("#");
  const name = path.replace(/\.md$/, "");
  if (path.endsWith(".md") && NAMES.includes(name)) return addressOf(name) + (anchor ? `#${anchor}` : "");
  throw new Error(`docs/${of}.md links to ${href}, which is no page: pages are ${NAMES.join(", ")}`);
}

/** Code whose types lead to what is said of them. @param {string} html */
const linked = (html) => html.replace(/(<[^>]+>)|\b[A-Z]\w+/g, (name, tag) => {
  const to = tag ? undefined : addressOfType(name);
  return to ? `<a href="${to}">${name}</a>` : name;
});

/** A picture as a part of the page, so that its words can be found and read. Its own style is left to the page's sheet. @param {string} file */
function picture(file) {
  return readFileSync(join(FOLDER, file), "utf8").replace(/<style>[^]*?<\/style>\s*/, "").trim();
}

/**
 * @param {string} text
 * @param {string} name the page's
 * @returns {{ html: string, headings: { depth: number, id: string, text: string }[] }}
 */
export function render(text, name) {
  /** @type {{ depth: number, id: string, text: string }[]} */
  const headings = [];
  const taken = new Set();
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const said = this.parser.parseInline(tokens);
        const [, inner = said, own] = /^(.*?)\s*\{#([\w.-]+)\}$/.exec(said) ?? [];
        const plain = inner.replace(/<[^>]+>/g, "");
        const id = own ?? slug(plain.replace(/&[a-z0-9#]+;/g, ""));
        if (taken.has(id)) throw new Error(`docs/${name}.md has two headings with the anchor #${id}`);
        taken.add(id);
        headings.push({ depth, id, text: plain });
        if (depth === 1) return `<h1 id="${id}">${inner}</h1>\n`;
        return `<h${depth} id="${id}">${inner} <a class="anchor" href="#${id}" aria-label="Link to this section">#</a></h${depth}>\n`;
      },
      code({ text: code, lang = "" }) {
        const { language, file, from } = parts(lang);
        if (!Object.hasOwn(LANGUAGES, language)) throw new Error(`docs/${name}.md has a code block in "${language}"; there are ${Object.keys(LANGUAGES).join(", ")}`);
        const title = file ?? from;
        const plain = hljs.highlight(code, { language, ignoreIllegals: true }).value;
        const coloured = lang.endsWith(" generated") ? linked(plain) : plain;
        const block = `<pre tabindex="0"><code class="language-${language}">${coloured}\n</code></pre>`;
        return `<figure class="code">${title ? `<figcaption>${escape(title)}</figcaption>` : ""}${block}</figure>\n`;
      },
      table(token) {
        const row = (/** @type {any[]} */ cells, /** @type {string} */ tag) => `<tr>${cells.map((cell) => `<${tag}>${this.parser.parseInline(cell.tokens)}</${tag}>`).join("")}</tr>`;
        // A table without words at its head has none for readers, too.
        const head = token.header.some((cell) => cell.text) ? `<thead>${row(token.header, "th")}</thead>` : "";
        return `<div class="table" tabindex="0"><table>${head}<tbody>${token.rows.map((cells) => row(cells, "td")).join("")}</tbody></table></div>\n`;
      },
      link({ href, tokens }) {
        // A file of the repository has no address here: it is named.
        if (href.startsWith("../../")) {
          if (!existsSync(join(FOLDER, href))) throw new Error(`docs/${name}.md names ${href}, which is not there`);
          return `${this.parser.parseInline(tokens)} (<code>${escape(href.slice(6))}</code> in the repository)`;
        }
        return `<a href="${escape(link(href, name))}">${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text: alt }) {
        if (!href.endsWith(".svg")) throw new Error(`docs/${name}.md shows ${href}; pictures are SVG files beside it`);
        return `<figure class="picture" role="group" aria-label="${escape(alt)}"><div tabindex="0">${picture(href)}</div></figure>`;
      },
    },
  });
  return { html: /** @type {string} */ (marked.parse(text, { async: false })), headings };
}
