/*
 * What the runtime calls, handed on to the Wasm module of the Worker that this is bundled with.
 *
 * worker-build writes a shim that does the same through proxies, one more for every call of every object; they cost more than
 * what they hand on (`tests/bench/PROFILE.md`). What it does for a Wasm module that has trapped is done here as well: the next
 * call finds a fresh one, and an object is made again in it.
 */

import * as wasm from "everlit:wasm";

const state = wasm.__worker_init_state();

/** A trap leaves the module's memory as it was in the middle of something: nothing may call it again. */
function note(/** @type {unknown} */ thrown) {
  if (thrown instanceof WebAssembly.RuntimeError) state.criticalError = true;
}

addEventListener("error", ({ error }) => note(error));
addEventListener("unhandledrejection", ({ reason }) => note(reason));

/** @template T @param {() => T} call @returns {T} */
export function whole(call) {
  if (state.criticalError) {
    console.log('{"event":"wasm_restarted"}');
    // Raises `instanceId` too.
    wasm.__wbg_reset_state();
    state.criticalError = false;
  }
  try {
    return call();
  } catch (thrown) {
    note(thrown);
    throw thrown;
  }
}

/** A Durable Object class, around the one in the module. Not all of them have an alarm, and one has sockets. @param {any} Inner */
export const object = (Inner) =>
  class {
    #context;
    #env;
    #inner;
    #instance;

    /** @param {unknown} context @param {unknown} env */
    constructor(context, env) {
      this.#context = context;
      this.#env = env;
      whole(() => this.#current());
    }

    #current() {
      if (this.#instance !== state.instanceId) {
        this.#inner = new Inner(this.#context, this.#env);
        this.#instance = state.instanceId;
      }
      return this.#inner;
    }

    /** @param {Request} request */
    fetch(request) {
      return whole(() => this.#current().fetch(request));
    }

    alarm() {
      return whole(() => this.#current().alarm());
    }

    /** @param {WebSocket} socket @param {string | ArrayBuffer} message */
    webSocketMessage(socket, message) {
      return whole(() => this.#current().socket_said(socket, message));
    }

    /** @param {WebSocket} socket */
    webSocketClose(socket) {
      return whole(() => this.#current().socket_closed(socket));
    }

    /** The runtime takes it away by itself; without this it would say so on the console. */
    webSocketError() {}
  };

/** What answers requests. */
export const handler = {
  /** @param {Request} request @param {unknown} env @param {unknown} context */
  fetch: (request, env, context) => whole(() => wasm.fetch(request, env, context)),
};
