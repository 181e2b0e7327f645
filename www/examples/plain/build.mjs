// Puts the files of everlit that a page loads beside the page.

import { cpSync, readFileSync } from "node:fs";

const dist = "node_modules/everlit/dist";
const { session, later } = JSON.parse(readFileSync(`${dist}/manifest.json`, "utf8"));
for (const file of [...session, ...later]) cpSync(`${dist}/${file}`, `public/everlit/${file}`);
