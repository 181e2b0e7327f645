import { SessionError } from "./errors.js";
import { explain } from "./explanation.js";
import type { SessionOptions } from "./types.js";

let loaded: Promise<WebAssembly.Module> | undefined;

/** The Wasm module, compiled: fetched once per page. */
export function load(wasm: SessionOptions["wasm"] = new URL("./everlit.wasm", import.meta.url)): Promise<WebAssembly.Module> {
  loaded ??= compile(wasm).catch(async (cause: unknown) => {
    // The next try begins anew.
    loaded = undefined;
    throw new SessionError("ERR_SESSION_LOAD", await explain("wasm", ": is everlit.wasm served?", wasm, cause), cause);
  });
  return loaded;
}

async function compile(wasm: NonNullable<SessionOptions["wasm"]>): Promise<WebAssembly.Module> {
  const given = await wasm;
  if (given instanceof WebAssembly.Module) return given;
  // Not as a stream: it is small, and a server that does not know its type is no reason to fail.
  const bytes = await (given instanceof Response ? given : await fetch(given)).arrayBuffer();
  try {
    // At once takes a millisecond, to be told of another thread's work several.
    return new WebAssembly.Module(bytes);
  } catch {
    // Browsers of before refuse that to a page, and what is wrong with it is said here too.
    return WebAssembly.compile(bytes);
  }
}
