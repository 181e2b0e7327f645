import type { SessionOptions } from "./types.js";

/** The module that the app gives, compiled. */
export async function compile(wasm: NonNullable<SessionOptions["wasm"]>): Promise<WebAssembly.Module> {
  const given = await wasm;
  if (given instanceof WebAssembly.Module) return given;
  // Not as a stream: it is small, and a server that does not know its type is no reason to fail.
  return WebAssembly.compile(await (given instanceof Response ? given : await fetch(given)).arrayBuffer());
}
