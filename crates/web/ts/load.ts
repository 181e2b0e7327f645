import { SessionError } from "./errors.js";
import type { Session } from "./session.js";
import type { SessionOptions } from "./types.js";

type Open = (options: SessionOptions) => Promise<Session>;

let loaded: Promise<Open> | undefined;

/** The driver, with its Wasm module compiled. Both are fetched at the same time, once per page. */
export function load(wasm: SessionOptions["wasm"]): Promise<Open> {
  loaded ??= fetchBoth(wasm).catch((cause: unknown) => {
    // The next try begins anew.
    loaded = undefined;
    throw new SessionError("ERR_SESSION_LOAD", undefined, cause);
  });
  return loaded;
}

async function fetchBoth(wasm: SessionOptions["wasm"] = new URL("./everlit.wasm", import.meta.url)): Promise<Open> {
  const given = typeof wasm === "string" || wasm instanceof URL ? globalThis.fetch(wasm) : Promise.resolve(wasm);
  // Whoever waits for the driver first must not miss that this one failed.
  given.catch(() => {});
  const { compile, open } = await import("./driver.js");
  const module = await compile(await given);
  return (options) => open(module, options);
}
