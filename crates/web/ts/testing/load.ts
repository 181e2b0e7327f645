import type { SessionOptions } from "../types.js";

interface Files {
  readFileSync(file: URL): Uint8Array<ArrayBuffer>;
}

/** Node, Deno and Bun have it; a bundler has nothing to find here. */
declare const process: { getBuiltinModule?(name: "node:fs"): Files } | undefined;

let own: WebAssembly.Module | undefined;

/** The package's own module, or what the test names. */
export async function load(wasm: SessionOptions["wasm"]): Promise<WebAssembly.Module> {
  if (wasm === undefined && own) return own;
  // In words that Vite does not take for an asset: with a document it would make the address one of its own server.
  const given = await (wasm ?? import.meta.url.replace(/testing\/[^/]*$/, "everlit.wasm"));
  if (given instanceof WebAssembly.Module) return given;
  const module = await WebAssembly.compile(await bytesOf(given));
  if (wasm === undefined) own = module;
  return module;
}

async function bytesOf(given: string | URL | Response): Promise<BufferSource> {
  if (typeof (given as Response).arrayBuffer === "function") return (given as Response).arrayBuffer();
  const address = new URL(given as string | URL, import.meta.url);
  if (address.protocol !== "file:") return (await globalThis.fetch(address)).arrayBuffer();
  const files = typeof process === "object" ? process.getBuiltinModule?.("node:fs") : undefined;
  if (!files) {
    throw new Error(`createTestSession: ${address} cannot be read here; Node 20.16, Deno 2 or Bun can, or give { wasm }: a URL, a Response or a Module`);
  }
  return files.readFileSync(address);
}
