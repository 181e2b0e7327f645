/** oidc-provider, with what has to be settled before it is loaded. */

import * as crypto from "node:crypto";

// It asks for Node 22 and uses two functions that early releases of Node 20 lack: better said here
// than by a TypeError in the middle of a login.
if (typeof URL.parse !== "function" || typeof crypto.hash !== "function") {
  throw new Error(`The authorization server needs a newer Node.js than ${process.version}: the last release of 20 will do, or any from 22.`);
}

// Past that check it works on Node 20, which is what these tests show; so its word about that stays unsaid.
const warn = console.warn;
console.warn = (...args) => {
  if (!String(args[0]).includes("Unsupported runtime")) warn(...args);
};
const { Provider, errors } = await import("oidc-provider");
console.warn = warn;

export { Provider, errors };
