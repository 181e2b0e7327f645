// Takes from the page, before the package is loaded, what its address says: `?without=locks,channel&clock=3600000`.
"use strict";
{
  const wanted = new URLSearchParams(location.search);
  const without = new Set((wanted.get("without") ?? "").split(","));
  /** @param {object} target @param {string} name */
  const remove = (target, name) => Object.defineProperty(target, name, { value: undefined, configurable: true });
  const blocked = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };

  if (without.has("locks")) remove(Navigator.prototype, "locks");
  // As in a document whose origin is opaque: it is there, and says no.
  if (without.has("broken-locks")) navigator.locks.request = () => Promise.reject(new DOMException("denied", "SecurityError"));
  // As when a tab holds it and never ends.
  if (without.has("endless-locks")) navigator.locks.request = (_name, { signal }) => new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
  if (without.has("channel")) remove(globalThis, "BroadcastChannel");
  if (without.has("broken-channel")) {
    globalThis.BroadcastChannel = class {
      constructor() {
        blocked();
      }
    };
  }
  if (without.has("shared")) remove(globalThis, "SharedWorker");
  if (without.has("broken-shared")) {
    globalThis.SharedWorker = class {
      constructor() {
        blocked();
      }
    };
  }
  if (without.has("socket")) remove(globalThis, "WebSocket");
  if (without.has("storage")) {
    for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches"]) {
      Object.defineProperty(globalThis, name, { get: blocked, configurable: true });
    }
  }
  // As a browser does that blocks popups.
  if (without.has("popups")) globalThis.open = () => null;
  if (without.has("crypto")) remove(globalThis, "crypto");

  const wrong = Number(wanted.get("clock") ?? 0);
  if (wrong) {
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...given) {
        if (given.length === 0) super(RealDate.now() + wrong);
        else super(...given);
      }
      static now() {
        return RealDate.now() + wrong;
      }
    };
  }
}
