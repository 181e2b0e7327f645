import { SessionError } from "./errors.js";
import type { SessionOptions } from "./types.js";

type Driver = typeof import("./driver.js");

let loaded: Promise<Driver> | undefined;

/** The driver, with its Wasm module running. Both are fetched at the same time, once per page. */
export function load(wasm: SessionOptions["wasm"]): Promise<Driver> {
  loaded ??= fetchBoth(wasm).catch((cause: unknown) => {
    // The next try begins anew.
    loaded = undefined;
    throw new SessionError("ERR_SESSION_LOAD", "the Wasm module could not be loaded; is it served, and does the CSP allow it?", cause);
  });
  return loaded;
}

async function fetchBoth(wasm: SessionOptions["wasm"] = new URL("./everlit.wasm", import.meta.url)): Promise<Driver> {
  const given = typeof wasm === "string" || wasm instanceof URL ? globalThis.fetch(wasm) : Promise.resolve(wasm);
  // Whoever waits for the driver first must not miss that this one failed.
  given.catch(() => {});
  const driver = await import("./driver.js");
  await driver.start(given);
  return driver;
}
