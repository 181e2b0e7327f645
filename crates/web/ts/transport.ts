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

/** Asks one of the Worker's own endpoints. Never rejects: no answer is an answer too. */
export type Transport = (path: string, signal: AbortSignal, body?: unknown) => Promise<Answer>;

/** Asks with `fetch`: a POST if there is a body, else a GET. */
export const ask: Transport = async (path, signal, body) => {
  try {
    const response = await globalThis.fetch(path, {
      ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
      headers: { [HEADER_VERSION]: `${VERSION}`, "content-type": "application/json" },
      cache: "no-store",
      credentials: "same-origin",
      // Whatever sends us elsewhere is not our Worker.
      redirect: "error",
      // A logout must arrive even if the page goes away meanwhile.
      keepalive: body !== undefined,
      signal,
    });
    const { status } = response;
    const retryAfter = waitOf(response.headers.get("retry-after"));
    return { status, retryAfter, body: await response.json().catch(() => undefined) };
  } catch {
    return { status: 0, retryAfter: NaN };
  }
};

/** Both forms of RFC 9110, section 10.2.3: seconds, and a date. */
function waitOf(header: string | null): number {
  if (!header) return NaN;
  const wait = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Math.max(0, wait);
}
