// The story as a program of its own: `<runtime> program.mjs <url of the built entry>`, what it is given on stdin, what came of it on stdout.

import { story } from "./story.mjs";

let text = "";
const decoder = new TextDecoder();
const input = globalThis.Deno ? Deno.stdin.readable : globalThis.Bun ? Bun.stdin.stream() : process.stdin;
for await (const part of input) text += typeof part === "string" ? part : decoder.decode(part, { stream: true });
const { entry, ...given } = JSON.parse(text);
console.log(JSON.stringify(await story(await import(entry), given)));
