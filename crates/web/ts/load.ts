import { SessionError } from "./errors.js";
import { explain } from "./explanation.js";
import type { SessionOptions } from "./types.js";

/** The Wasm module: a byte in each character. The build writes it at the end of this script, see `moduleAsText` in build.mjs. */
declare const WASM: string;

let own: Promise<WebAssembly.Module> | undefined;

/** The Wasm module, compiled: this script's own, once per page, unless the app gives another. */
export const load = (wasm: SessionOptions["wasm"]): Promise<WebAssembly.Module> =>
  (wasm ? import("./given.js").then(({ compile }) => compile(wasm)) : (own ??= compile())).catch(async (cause: unknown) => {
    throw new SessionError("ERR_SESSION_LOAD", await explain("wasm", ": the Wasm module", wasm, cause), cause);
  });

async function compile(): Promise<WebAssembly.Module> {
  const bytes = new Uint8Array(WASM.length).map((_, at) => WASM.charCodeAt(at) ^ 75);
  try {
    // At once takes a millisecond, to be told of another thread's work several.
    return new WebAssembly.Module(bytes);
  } catch {
    // Browsers of before refuse that to a page, and what is wrong with it is said here too.
    return WebAssembly.compile(bytes);
  }
}
