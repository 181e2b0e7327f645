import { compile, open } from "./driver.js";
import { SessionError } from "./errors.js";
import type { Session } from "./session.js";
import type { SessionOptions } from "./types.js";

type Open = (options: SessionOptions) => Promise<Session>;

let loaded: Promise<Open> | undefined;

/** The way to open sessions, with the Wasm module compiled: fetched once per page. */
export function load(wasm: SessionOptions["wasm"] = new URL("./everlit.wasm", import.meta.url)): Promise<Open> {
  loaded ??= (async () => {
    try {
      const module = await compile(await (typeof wasm === "string" || wasm instanceof URL ? globalThis.fetch(wasm) : wasm));
      return (options: SessionOptions) => open(module, options);
    } catch (cause) {
      // The next try begins anew.
      loaded = undefined;
      throw new SessionError("ERR_SESSION_LOAD", ": is everlit.wasm served, and allowed by the CSP?", cause);
    }
  })();
  return loaded;
}
