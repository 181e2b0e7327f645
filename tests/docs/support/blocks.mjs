// Every code block of the documentation, of the pages as they are shown: what comes from the types' comments included.

import { readFileSync, readdirSync } from "node:fs";
import { parts } from "../../../www/make/markdown.mjs";
import { FOLDER, sources } from "../../../www/make/source.mjs";

/** @typedef {{ page: string, line: number, language: string, code: string, file?: string, from?: string, before?: string, generated: boolean }} Block */

const FENCE = /^( *)(`{3,})(.*)\n([^]*?)^\1\2 *$/gm;

/** @param {string} page @param {string} text @returns {Block[]} */
const blocksOf = (page, text) =>
  [...text.matchAll(FENCE)].map(({ index, 1: indent = "", 3: info = "", 4: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    code: code.replace(new RegExp(`^${indent}`, "gm"), ""),
    generated: info.trim().endsWith(" generated"),
    .../** @type {{ language: string }} */ (parts(info.replace(/ generated$/, ""))),
  }));

/** @returns {Block[]} */
export const blocks = () => sources().flatMap(({ name, text }) => blocksOf(name, text));

/** Those that somebody has written in `www/docs`. */
export const written = () => readdirSync(FOLDER).filter((file) => file.endsWith(".md")).flatMap((file) => blocksOf(file, readFileSync(FOLDER + file, "utf8")));
