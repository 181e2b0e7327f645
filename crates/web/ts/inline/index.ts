import { openSession as open } from "../index.js";
import type { Session } from "../session.js";
import type { SessionOptions } from "../types.js";
import base64 from "../../build/everlit_web_bg.wasm";

export * from "../index.js";

/**
 * `openSession` of `everlit`, with the Wasm module in the script: for places where a file of its own cannot be served. It is decoded
 * without a request and without a `data:` address, so a Content Security Policy needs nothing for it in `connect-src`; compiling it
 * still takes `'wasm-unsafe-eval'` in `script-src`. A page loads about 4 KB more than with `everlit`, and can load nothing in parallel.
 */
export function openSession(options: SessionOptions = {}): Promise<Session> {
  return open({ ...options, wasm: options.wasm ?? new Response(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))) });
}
