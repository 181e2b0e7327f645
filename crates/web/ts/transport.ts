import { HEADER_VERSION, VERSION } from "./abi.js";

/** How a question to the Worker ended. */
export interface Answer {
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;
  /** The body, if it was JSON. */
  readonly body?: unknown;
  /** What `Retry-After` asks for, in milliseconds; NaN without it. */
  readonly retryAfter: number;
}

/** Asks one of the Worker's own endpoints. Never rejects: no answer is an answer too, also where there is no question to send. */
export type Transport = (path: string, signal: AbortSignal, body?: () => object, method?: string) => Promise<Answer>;

/** Asks with `fetch`: a POST if there is a body, else a GET, unless another method is named. */
export const ask: Transport = async (path, signal, body, method = body && "POST") => {
  try {
    const response = await fetch(path, {
      // What is undefined is not there.
      body: JSON.stringify(body?.()),
      headers: { [HEADER_VERSION]: `${VERSION}`, "content-type": "application/json" },
      cache: "no-store",
      // Whatever sends us elsewhere is not our Worker.
      redirect: "manual",
      // Also where the Worker has an origin of its own.
      credentials: "include",
      // A logout must arrive even if the page goes away meanwhile.
      keepalive: !!body,
      signal,
      method,
    });
    const { status, headers } = response;
    // What a redirect is answered is not shown.
    return { status: status || 302, retryAfter: waitOf(headers), body: await response.json().catch(() => undefined) };
  } catch {
    return { status: 0, retryAfter: NaN };
  }
};

/**
 * Both forms of RFC 9110, section 10.2.3: seconds, and a date. The date is the server's, so it is compared with what the same
 * answer says the time is, and never with a clock of ours that may be wrong. A wait beyond counting is the longest there is.
 */
export function waitOf(headers: Headers): number {
  const header = headers.get("retry-after") as string;
  const wait = /^\d+$/.test(header) ? +header * 1000 : Date.parse(header) - Date.parse(headers.get("date") as string);
  return Math.min(Math.max(0, wait), 9e12);
}
