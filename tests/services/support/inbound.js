/* A Worker of a few lines: what workerd hands over of a request, what it sends of one, and what a socket of its brings. */

import { connect } from "cloudflare:sockets";

/** @param {Request} request */
async function seen(request) {
  const isEmpty = request.body === null;
  return { method: request.method, isEmpty, text: await request.text(), contentLength: request.headers.get("content-length") };
}

/** @param {Request} request */
async function dialled(request) {
  const { port, secureTransport, text } = await request.json();
  const socket = connect({ hostname: "localhost", port }, { secureTransport, allowHalfOpen: false });
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
  const answer = await new Response(socket.readable).text();
  await socket.close();
  return { answer };
}

/** @param {Request} request */
async function fetched(request) {
  const { url } = await request.json();
  return { answer: await (await fetch(url, { method: "GET", body: "{}" })).text() };
}

/** @type {Record<string, (request: Request) => Promise<object>>} */
const ACTS = { "/seen": seen, "/dialled": dialled, "/fetched": fetched };

export default {
  /** @param {Request} request @param {{ SELF: { fetch: typeof fetch } }} env */
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bound") return env.SELF.fetch(new Request(new URL("/seen", request.url), request));
    try {
      return Response.json(await ACTS[pathname]?.(request));
    } catch (error) {
      return Response.json({ error: String(error) });
    }
  },
};
