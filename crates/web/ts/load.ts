import { SessionError } from "./errors.js";
import { explain } from "./explanation.js";
import type { SessionOptions } from "./types.js";

/** The Wasm module: a byte in each character, turned by 75, and a multiple of four of them. The build writes it at the end of this script, see `moduleAsText` in build.mjs. */
declare const WASM: string;

let own: Promise<WebAssembly.Module> | undefined;

/** The Wasm module, compiled: this script's own, once per page, unless the app gives another. */
export const load = (wasm: SessionOptions["wasm"]): Promise<WebAssembly.Module> =>
  (wasm ? import("./given.js").then(({ compile }) => compile(wasm)) : (own ??= compile())).catch(async (cause: unknown) => {
    throw new SessionError("ERR_SESSION_LOAD", await explain("wasm", ": the Wasm module", wasm, cause), cause);
  });

async function compile(): Promise<WebAssembly.Module> {
  // Four bytes at once, where the browser finds them in the text by itself: one by one they take a millisecond more.
  const found = (Uint8Array as { fromBase64?(text: string): Uint8Array }).fromBase64?.(btoa(WASM));
  const bytes = found ? new Uint32Array(found.buffer).map((four) => four ^ 0x4b4b4b4b) : new Uint8Array(WASM.length).map((_, at) => WASM.charCodeAt(at) ^ 75);
  try {
    // At once takes a millisecond, to be told of another thread's work several.
    return new WebAssembly.Module(bytes);
  } catch {
    // Browsers of before refuse that to a page, and what is wrong with it is said here too.
    return WebAssembly.compile(bytes);
  }
}
