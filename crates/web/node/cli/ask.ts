// One request as a browser makes it. Node's own fetch sends Fetch Metadata of its own, and follows redirects.

import { request as plain, type IncomingHttpHeaders } from "node:http";
import { request as secure } from "node:https";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** By how many seconds the clock there is ahead of this machine's; undefined where it says no time. */
  readonly ahead: number | undefined;
}

export interface Asking {
  readonly method?: "GET" | "OPTIONS" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

const LIMIT_MS = 10_000;
const MOST = 1 << 20;

/** What a browser says when somebody follows a link to a page. */
export const NAVIGATION = { "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", accept: "text/html" };

export function ask(url: string | URL, { method = "GET", headers = {}, body, signal }: Asking = {}): Promise<Answer> {
  const target = new URL(url);
  const request = target.protocol === "https:" ? secure : plain;
  return new Promise((resolve, reject) => {
    const began = Date.now();
    const outgoing = request(target, { method, ...(signal && { signal }), headers: { "user-agent": "everlit doctor", ...headers } }, (incoming) => {
      const ended = Date.now();
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (part: string) => {
        text += part;
        if (text.length > MOST) incoming.destroy(new Error("the answer is too long"));
      });
      incoming.on("error", reject);
      incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, ahead: aheadBy(incoming.headers.date, (began + ended) / 2) }));
    });
    outgoing.setTimeout(LIMIT_MS, () => outgoing.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function aheadBy(date: string | undefined, here: number): number | undefined {
  const there = Date.parse(date ?? "");
  // It says whole seconds: half of one is lost on average.
  return Number.isNaN(there) ? undefined : (there + 500 - here) / 1000;
}

/** JSON, or undefined for anything else. */
export function json(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
