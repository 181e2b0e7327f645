// The Content Security Policy that the page is served with.

import type { Answer } from "../ask.js";
import { fail, ok, warn, type Check } from "./check.js";

const NAME = "content security policy";

/** @param edge where the Worker is */
export function policy({ headers }: Answer, origin: string, edge = origin): Check {
  const header = headers["content-security-policy"];
  if (!header) return ok(NAME, "the page has none");
  // Several policies hold all together.
  for (const text of String(header).split(",")) {
    const found = judge(directives(text), origin, edge);
    if (found.verdict !== "ok") return found;
  }
  return ok(NAME, "lets the session run");
}

function directives(text: string): Map<string, string[]> {
  const all = new Map<string, string[]>();
  for (const part of text.split(";")) {
    const [name = "", ...sources] = part.trim().split(/\s+/);
    // Only the first of a name counts.
    if (name && !all.has(name.toLowerCase())) all.set(name.toLowerCase(), sources);
  }
  return all;
}

function judge(all: Map<string, string[]>, origin: string, edge: string): Check {
  const first = (...names: string[]) => names.map((name) => all.get(name)).find((each) => each !== undefined);
  const allows = (sources: string[] | undefined, ...wanted: string[]) => !sources || sources.some((source) => wanted.includes(source.toLowerCase()));
  const own = ["'self'", "*", origin, `${new URL(origin).protocol}`];
  const script = first("script-src", "default-src");
  if (!allows(script, "'wasm-unsafe-eval'", "'unsafe-eval'")) return fail(NAME, "script-src lets no Wasm run: openSession() rejects", "Add 'wasm-unsafe-eval' to script-src.");
  if (!allows(first("connect-src", "default-src"), ...own)) return fail(NAME, "connect-src does not allow the page's own origin: openSession() rejects", "Add 'self' to connect-src.");
  if (edge !== origin) {
    const wanted = [edge, edge.replace("http", "ws")];
    const connect = first("connect-src", "default-src");
    const scheme = new URL(edge).protocol;
    const lacking = wanted.filter((each) => !allows(connect, "*", each, new URL(each).protocol));
    if (lacking.length) return fail(NAME, `connect-src does not allow the Worker's origin (${lacking.join(" ")}): ${lacking.includes(edge) ? "openSession() rejects" : "nothing is heard from other tabs and devices"}`, `Add ${wanted.join(" ")} to connect-src.`);
    if (!allows(first("frame-src", "child-src", "default-src"), "*", edge, scheme)) return warn(NAME, "frame-src does not allow the Worker's origin: no silent login in a frame", `Add ${edge} to frame-src, and the origin of the authorization server.`);
  }
  if (!allows(first("worker-src", "child-src", "script-src", "default-src"), ...own, "'strict-dynamic'")) return warn(NAME, "worker-src does not allow the page's own origin: each tab holds an event socket of its own", "Add worker-src 'self'.");
  return ok(NAME, "lets the session run");
}
