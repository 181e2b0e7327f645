/*
 * Runs in workerd: counts what the platform puts on the bill of a Durable Object, and timers that keep one from being free.
 */

/** By object, so that the counts outlive an instance. @type {Map<string, Meter>} */
const meters = new Map();
/** Whose storage a call was made on. @type {WeakMap<object, Meter>} */
const owners = new WeakMap();

/** Wraps a method of a platform's class, once for all of its instances. @param {any} instance @param {string} name @param {(meter: Meter, result: any) => void} note */
function watch(instance, name, note) {
  const prototype = Object.getPrototypeOf(instance);
  const real = prototype[name];
  if (real.isWatched) return;
  /** @this {any} @param {any[]} given */
  const watched = function (...given) {
    const result = real.apply(this, given);
    const meter = owners.get(this);
    if (meter) note(meter, result);
    return result;
  };
  prototype[name] = Object.assign(watched, { isWatched: true });
}

export class Meter {
  /** How often the object was made: once, and after every reset and every eviction. */
  instances = 0;
  requests = 0;
  /** What came in on sockets and was handed to the object; not what the runtime answered by itself. */
  messages = 0;
  alarmsRung = 0;
  /** How many of them came to the end of their handler. */
  alarmsEnded = 0;
  /** Calls of `setAlarm`: each is billed as a row written. */
  armedOutside = 0;
  armedInside = 0;
  rowsRead = 0;
  rowsWritten = 0;
  #inAlarm = 0;

  /** The meter of one object, over all of its instances. @param {string} object @param {any} storage */
  static of(object, storage) {
    const meter = meters.get(object) ?? new Meter();
    meters.set(object, meter);
    meter.instances += 1;
    meter.#watch(storage);
    return meter;
  }

  /** @param {any} storage */
  #watch(storage) {
    // Held: whose they are must not be forgotten while the object lives.
    this.held = [storage, storage.sql];
    owners.set(storage, this);
    owners.set(storage.sql, this);
    watch(storage.sql, "exec", (meter, cursor) => queueMicrotask(() => meter.#add(cursor)));
    watch(storage, "setAlarm", (meter) => (meter.#inAlarm > 0 ? (meter.armedInside += 1) : (meter.armedOutside += 1)));
  }

  /** A cursor knows what its statement cost when it was read to its end, which the bundle does at once. @param {{ rowsRead: number, rowsWritten: number }} cursor */
  #add({ rowsRead, rowsWritten }) {
    this.rowsRead += rowsRead;
    this.rowsWritten += rowsWritten;
  }

  /** @template T @param {() => Promise<T>} handler */
  async duringAlarm(handler) {
    this.alarmsRung += 1;
    this.#inAlarm += 1;
    return handler().finally(() => {
      this.#inAlarm -= 1;
      this.alarmsEnded += 1;
    });
  }

  get counts() {
    const { instances, requests, messages, alarmsRung, alarmsEnded, armedOutside, armedInside, rowsRead, rowsWritten } = this;
    return { instances, requests, messages, alarmsRung, alarmsEnded, armedOutside, armedInside, rowsRead, rowsWritten };
  }
}

/** Of the bundle. @type {Set<unknown>} */
const pending = new Set();

/** From now on, timers are counted. */
export function countTimers() {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  Object.assign(globalThis, {
    setTimeout: (/** @type {any} */ work, /** @type {number} */ ms, /** @type {any[]} */ ...given) => {
      const id = setTimeout((...all) => { pending.delete(id); work(...all); }, ms, ...given);
      pending.add(id);
      return id;
    },
    clearTimeout: (/** @type {any} */ id) => { pending.delete(id); clearTimeout(id); },
    setInterval: (/** @type {any[]} */ ...given) => { const id = /** @type {any} */ (setInterval)(...given); pending.add(id); return id; },
    clearInterval: (/** @type {any} */ id) => { pending.delete(id); clearInterval(id); },
  });
}

export const timersPending = () => pending.size;
