/** Somebody who is told of alerts over HTTP: a receiver of the test's own that refuses, is away, and takes. */

import { once } from "node:events";
import { createServer } from "node:http";

/** @typedef {{ path: string, headers: Record<string, string>, text: string, json: any, at: number }} Post */
/** @typedef {Awaited<ReturnType<typeof receiver>>} Receiver */

/** `answers` are given one after the other, the last one again and again. @param {{ after: (end: () => void) => void }} t */
export async function receiver(t) {
  /** @type {Post[]} */ const posts = [];
  /** @type {(number | { status: number, headers?: Record<string, string> })[]} */ let answers = [200];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const headers = /** @type {Record<string, string>} */ (request.headers);
    posts.push({ path: request.url ?? "", headers, text, json: JSON.parse(text), at: Date.now() });
    const answer = (answers.length > 1 ? answers.shift() : answers[0]) ?? 200;
    const { status, headers: more = {} } = typeof answer === "number" ? { status: answer } : answer;
    response.writeHead(status, more).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => { server.close(); });
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/alerts`,
    posts,
    /** @param {typeof answers} next */
    say: (...next) => { answers = next; },
    /** The alerts of a kind, by what they say. @param {string} words */
    about: (words) => posts.filter(({ text }) => text.includes(words)),
    /** The kinds, of a receiver of JSON, in their order. */
    kinds: () => posts.map(({ json }) => json.type.replace("everlit.service.", "")),
  };
}
